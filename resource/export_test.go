package resource

// What tests of the package from outside need of its inside.

// WithoutClaims takes away what Claims decodes, so that tokens can be compared as text.
func WithoutClaims(t Token) Token {
	t.said = nil
	return t
}

// Remembered counts the tokens in memory.
func (p *Protector) Remembered() int {
	n := 0
	for i := range p.memory.shards {
		s := &p.memory.shards[i]
		s.mu.Lock()
		n += len(s.index)
		s.mu.Unlock()
	}
	return n
}

// ParseMetadata reads an issuer's metadata document.
func ParseMetadata(doc []byte, issuer string) (jwks, introspection string, err error) {
	m, err := parseMetadata(doc, issuer)
	return m.JWKSURI, m.Introspection, err
}
