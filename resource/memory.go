package resource

import (
	"crypto/sha256"
	"sync"
	"time"
)

// fingerprint is the SHA-256 of a token: what the memory knows it by, so that the memory holds no token.
type fingerprint [sha256.Size]byte

// memory keeps verdicts, each for a span of time, at most so many. It may forget at any moment: whoever asks in vain
// finds out anew. That is why no revocation may ever be kept in one.
type memory[V any] struct {
	shards []shard[V]
}

// shard is a ring of slots in the order of their filling, and an index into it.
type shard[V any] struct {
	mu    sync.Mutex
	limit int
	index map[fingerprint]int
	slots []slot[V] // grows up to limit
	next  int       // the slot filled longest ago, once there are limit of them
}

type slot[V any] struct {
	key         fingerprint
	from, until time.Time // until is zero in a slot that is free
	value       V
}

const (
	shardCount = 16
	// shardFloor is the size from which sharding pays.
	shardFloor = 256
	// lookAhead is how many of the oldest slots are looked at for one that has expired.
	lookAhead = 8
)

// newMemory makes a memory for limit verdicts in all; with a limit of zero or less it remembers nothing.
func newMemory[V any](limit int) *memory[V] {
	n := 1
	if limit >= shardFloor {
		n = shardCount
	}
	m := &memory[V]{shards: make([]shard[V], n)}
	for i := range m.shards {
		s := &m.shards[i]
		s.limit = max(0, limit/n)
		if i < limit%n {
			s.limit++
		}
		s.index = make(map[fingerprint]int)
	}
	return m
}

func (m *memory[V]) shard(key fingerprint) *shard[V] { return &m.shards[int(key[0])%len(m.shards)] }

// get returns what is known of key at the time now, which lies in the span of the verdict.
func (m *memory[V]) get(key fingerprint, now time.Time) (value V, ok bool) {
	s := m.shard(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	i, ok := s.index[key]
	if !ok {
		return value, false
	}
	switch e := &s.slots[i]; {
	case !now.Before(e.until):
		s.free(i)
	case !now.Before(e.from): // else the clock was turned back, or read before another request was judged
		return e.value, true
	}
	return value, false
}

// put remembers value from one time to another, that one excluded.
func (m *memory[V]) put(key fingerprint, value V, from, until, now time.Time) {
	s := m.shard(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.limit == 0 || !now.Before(until) {
		return
	}
	i, known := s.index[key]
	if !known {
		i = s.room(now)
	}
	s.slots[i] = slot[V]{key, from, until, value}
	s.index[key] = i
}

// drop forgets key.
func (m *memory[V]) drop(key fingerprint) {
	s := m.shard(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	if i, ok := s.index[key]; ok {
		s.free(i)
	}
}

// free empties a slot that is in use.
func (s *shard[V]) free(i int) {
	delete(s.index, s.slots[i].key)
	s.slots[i] = slot[V]{}
}

// room finds a slot: a new one while there may be more, else one near the oldest whose time is over, else the oldest.
func (s *shard[V]) room(now time.Time) int {
	if len(s.slots) < s.limit {
		s.slots = append(s.slots, slot[V]{})
		return len(s.slots) - 1
	}
	i := s.next
	for step := range min(lookAhead, s.limit) {
		if at := (s.next + step) % s.limit; !now.Before(s.slots[at].until) {
			i = at
			break
		}
	}
	s.next = (i + 1) % s.limit
	if !s.slots[i].until.IsZero() {
		s.free(i)
	}
	return i
}
