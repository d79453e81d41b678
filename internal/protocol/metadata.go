package protocol

import (
	"encoding/json"
	"net/http"

	"github.com/daypass/daypass/oauth"
)

// document is the authorization server metadata (RFC 8414 §2), generated from the route table: what is
// not served is not told. The issuer comes from the configuration, never from the Host header.
func (p *Protocol) document() oauth.Metadata {
	m := oauth.Metadata{Issuer: p.c.Issuer}
	for _, route := range p.Routes() {
		if route.Describe != nil {
			route.Describe(&m)
		}
	}
	return m
}

// metadata answers both documents with the same facts.
func (p *Protocol) metadata(w http.ResponseWriter, _ *http.Request) {
	body, err := json.Marshal(p.document())
	if err != nil {
		http.Error(w, "the metadata cannot be written", http.StatusInternalServerError)
		return
	}
	public(w.Header())
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(body)
}

// jwks answers the public signing keys (RFC 7517 §5).
func (p *Protocol) jwks(w http.ResponseWriter, _ *http.Request) {
	public(w.Header())
	w.Header().Set("Content-Type", "application/jwk-set+json")
	_, _ = w.Write(p.c.Keys.KeySet())
}

// public lets caches and the scripts of every origin read a reply that concerns nobody in particular.
func public(h http.Header) {
	h.Set("Cache-Control", "public, max-age=300")
	h.Set("Access-Control-Allow-Origin", "*")
}
