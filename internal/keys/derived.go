package keys

import (
	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/secret"
)

var _ auth.DerivedKeys = (*Masters)(nil)

// Derived implements auth.DerivedKeys. The caller names its purpose; the purposes of this package are in masters.go.
func (m *Masters) Derived(version byte, purpose string) (secret.Token, bool) {
	if purpose == auth.OpaquePurpose { // asked for with every token
		key, ok := m.opaque[version]
		return key, ok
	}
	master, ok := m.keys[version]
	if !ok {
		return secret.Token{}, false
	}
	return secret.Derive(master, purpose), true
}
