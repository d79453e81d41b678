package demo

import (
	"testing"

	"github.com/daypass/daypass/internal/auth"
)

func TestThePocketIsBoundedAndForgetsTheOldest(t *testing.T) {
	t.Parallel()
	p := newPocket()
	id := func(n int) auth.ID { return auth.ID{14: byte(n >> 8), 15: byte(n)} }
	for n := range pocketSize + 10 {
		p.put(id(n), loot{generation: int64(n)})
		p.put(id(n), loot{generation: int64(n) + 1000}) // a second theft from one grant takes no more room
	}
	if len(p.loot) != pocketSize || len(p.order) != pocketSize {
		t.Errorf("got %d copies in order of %d, want %d", len(p.loot), len(p.order), pocketSize)
	}
	if _, ok := p.get(id(9)); ok {
		t.Error("the oldest copies must be gone")
	}
	if l, ok := p.get(id(pocketSize + 9)); !ok || l.generation != pocketSize+9+1000 {
		t.Errorf("the newest: got %+v, %v", l, ok)
	}
}
