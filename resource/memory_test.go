package resource

import (
	"crypto/sha256"
	"encoding/binary"
	"sync"
	"testing"
	"time"
)

func numbered(n int) fingerprint {
	return sha256.Sum256(binary.BigEndian.AppendUint64(nil, uint64(n)))
}

func (m *memory[V]) size() (n int) {
	for i := range m.shards {
		n += len(m.shards[i].index)
	}
	return n
}

func TestMemoryNeverHoldsMoreThanItsLimit(t *testing.T) {
	t.Parallel()
	now := time.Unix(1e9, 0)
	for _, limit := range []int{-5, 0, 1, 2, 15, 255, 256, 257, 1000} {
		m := newMemory[int](limit)
		for n := range 4 * max(limit, 10) {
			m.put(numbered(n), n, now, now.Add(time.Minute), now)
			if got := m.size(); got > max(limit, 0) {
				t.Fatalf("limit %d: holds %d", limit, got)
			}
		}
		slots := 0
		for i := range m.shards {
			slots += len(m.shards[i].slots)
		}
		if slots > max(limit, 0) {
			t.Fatalf("limit %d: %d slots", limit, slots)
		}
	}
}

func TestMemoryHoldsAVerdictForItsSpanAlone(t *testing.T) {
	t.Parallel()
	from := time.Unix(1e9, 0)
	until := from.Add(time.Minute)
	for _, tc := range []struct {
		at   time.Time
		want bool
	}{
		{from.Add(-1), false},
		{from, true},
		{until.Add(-1), true},
		{until, false},
		{until.Add(time.Hour), false},
	} {
		m := newMemory[int](10)
		m.put(numbered(1), 7, from, until, from)
		if got, ok := m.get(numbered(1), tc.at); ok != tc.want || ok && got != 7 {
			t.Errorf("at %v: got %v, %v", tc.at.Sub(from), got, ok)
		}
		if _, ok := m.get(numbered(2), from); ok {
			t.Error("another key was found")
		}
	}
	m := newMemory[int](10)
	m.put(numbered(1), 7, from, until, until)
	if m.size() != 0 {
		t.Error("what has expired was remembered")
	}
}

func TestMemoryForgetsTheExpiredBeforeTheOldest(t *testing.T) {
	t.Parallel()
	now := time.Unix(1e9, 0)
	later := now.Add(30 * time.Second)
	m := newMemory[int](4)
	for n, life := range []time.Duration{time.Hour, time.Second, time.Hour, time.Hour} {
		m.put(numbered(n), n, now, now.Add(life), now)
	}
	want := func(what string, keys ...int) {
		t.Helper()
		for _, k := range keys {
			if got, ok := m.get(numbered(k), later); !ok || got != k {
				t.Errorf("%s: %d was forgotten", what, k)
			}
		}
		if m.size() != len(keys) {
			t.Errorf("%s: holds %d", what, m.size())
		}
	}
	m.put(numbered(4), 4, later, later.Add(time.Hour), later)
	want("one had expired", 0, 2, 3, 4)
	m.put(numbered(5), 5, later, later.Add(time.Hour), later)
	m.put(numbered(6), 6, later, later.Add(time.Hour), later)
	m.put(numbered(7), 7, later, later.Add(time.Hour), later)
	for _, young := range []int{5, 6, 7} {
		if _, ok := m.get(numbered(young), later); !ok {
			t.Errorf("%d, of the youngest, was forgotten before older ones", young)
		}
	}
	m.drop(numbered(6))
	m.drop(numbered(6))
	if _, ok := m.get(numbered(6), later); ok {
		t.Error("dropped, and still there")
	}
	m.put(numbered(7), 70, later, later.Add(time.Hour), later)
	if got, _ := m.get(numbered(7), later); got != 70 {
		t.Errorf("got %d, want what was put last", got)
	}
}

func TestMemoryServesManyAtOnce(t *testing.T) {
	t.Parallel()
	now := time.Unix(1e9, 0)
	m := newMemory[int](300)
	var wg sync.WaitGroup
	for worker := range 8 {
		wg.Go(func() {
			for n := range 2000 {
				k := (n*7 + worker) % 500
				m.put(numbered(k), k, now, now.Add(time.Minute), now)
				if got, ok := m.get(numbered(k), now); ok && got != k {
					t.Errorf("got the verdict of %d for %d", got, k)
				}
				if n%5 == 0 {
					m.drop(numbered(k))
				}
			}
		})
	}
	wg.Wait()
	if m.size() > 300 {
		t.Errorf("holds %d", m.size())
	}
}
