package main

import (
	"crypto/rand"
	"net/http"
	"net/url"
	"sync"
	"time"
)

const (
	sessionCookie = "notes_session"
	sessionLife   = 8 * time.Hour
)

// session is one user in one browser. Subject is what to store a user under: an email address can change.
type session struct {
	Subject, Email string
	idToken        string // for the log-out
	ends           time.Time
}

// sessions are in memory, so a restart logs everybody out; a real application keeps them in its database.
type sessions struct {
	mu   sync.Mutex
	byID map[string]session
}

// begin returns the id of a new session.
func (s *sessions) begin(user session) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	for id, old := range s.byID {
		if now.After(old.ends) {
			delete(s.byID, id)
		}
	}
	if s.byID == nil {
		s.byID = map[string]session{}
	}
	id := rand.Text()
	user.ends = now.Add(sessionLife)
	s.byID[id] = user
	return id
}

// of returns the session of a request; nobody's is empty.
func (s *sessions) of(r *http.Request) session {
	cookie, err := r.Cookie(sessionCookie)
	if err != nil {
		return session{}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if found := s.byID[cookie.Value]; time.Now().Before(found.ends) {
		return found
	}
	return session{}
}

// end forgets the session of a request and returns it.
func (s *sessions) end(r *http.Request) session {
	ended := s.of(r)
	if cookie, err := r.Cookie(sessionCookie); err == nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.byID, cookie.Value)
	}
	return ended
}

// logOut ends the session here, and then at the issuer: else the next log-in would ask for no password.
func (a *app) logOut(w http.ResponseWriter, r *http.Request) {
	ended := a.sessions.end(r)
	http.SetCookie(w, a.cookie(sessionCookie, "", -time.Second))
	if ended.idToken == "" {
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	query := url.Values{"id_token_hint": {ended.idToken}, "post_logout_redirect_uri": {a.address + "/"}}
	http.Redirect(w, r, a.endSession+"?"+query.Encode(), http.StatusSeeOther)
}
