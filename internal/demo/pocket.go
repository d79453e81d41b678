package demo

import (
	"sync"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/secret"
)

// pocketSize bounds how many stolen copies are kept; the oldest makes room.
const pocketSize = 64

// loot is one stolen copy.
type loot struct {
	token      secret.Token
	generation int64
}

// pocket is where the demo's thief keeps copies, one for each grant: in memory, gone with the process.
type pocket struct {
	mu    sync.Mutex
	loot  map[auth.ID]loot
	order []auth.ID // oldest first
}

func newPocket() *pocket { return &pocket{loot: map[auth.ID]loot{}} }

func (p *pocket) put(grant auth.ID, l loot) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, known := p.loot[grant]; !known {
		if len(p.order) == pocketSize {
			delete(p.loot, p.order[0])
			p.order = p.order[1:]
		}
		p.order = append(p.order, grant)
	}
	p.loot[grant] = l
}

func (p *pocket) get(grant auth.ID) (loot, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	l, ok := p.loot[grant]
	return l, ok
}
