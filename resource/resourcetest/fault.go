package resourcetest

import (
	"net/http"
	"sync"
)

// Fault is something wrong with an issuer.
type Fault int

// The faults, of which an issuer has one at a time.
const (
	// Healthy is no fault.
	Healthy Fault = iota
	// Down answers 500 to everything.
	Down
	// Garbage answers everything with a page of HTML, as a captive portal or a misconfigured proxy does.
	Garbage
	// WrongKeys publishes other keys under the names of the right ones.
	WrongKeys
	// WrongIssuer publishes the metadata of another issuer.
	WrongIssuer
	// Forgetful finds no token active.
	Forgetful
)

// SetFault makes something wrong, or with Healthy right again.
func (i *Issuer) SetFault(f Fault) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.fault = f
}

// SetDown is SetFault with Down or Healthy.
func (i *Issuer) SetDown(down bool) {
	if down {
		i.SetFault(Down)
	} else {
		i.SetFault(Healthy)
	}
}

// Hold makes the issuer infinitely slow: every request waits until release is called, the client hangs up or the issuer
// is closed. Each request that waits is announced on arrived, where a test can wait for it in turn.
func (i *Issuer) Hold() (arrived <-chan struct{}, release func()) {
	const announced = 100 // more than any test waits for
	h := &hold{arrived: make(chan struct{}, announced), over: make(chan struct{})}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.held = h
	return h.arrived, sync.OnceFunc(func() {
		i.mu.Lock()
		defer i.mu.Unlock()
		if i.held == h {
			i.held = nil
		}
		close(h.over)
	})
}

// hold is one Hold.
type hold struct {
	arrived, over chan struct{}
}

// faulty stands in front of every endpoint.
func (i *Issuer) faulty(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		i.mu.Lock()
		held, fault := i.held, i.fault
		i.mu.Unlock()
		if held != nil {
			i.wait(held, r)
		}
		switch fault {
		case Down:
			http.Error(w, "down", http.StatusInternalServerError)
		case Garbage:
			w.Header().Set("Content-Type", "text/html")
			_, _ = w.Write([]byte("<!doctype html><title>Welcome</title>")) // a client that hung up is its own affair
		default:
			next(w, r)
		}
	}
}

func (i *Issuer) wait(h *hold, r *http.Request) {
	select {
	case h.arrived <- struct{}{}:
	default:
	}
	select {
	case <-h.over:
	case <-r.Context().Done():
	case <-i.closed:
	}
}
