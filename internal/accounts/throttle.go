package accounts

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/store"
)

// throttlePurpose is what the key of the counters' names is derived for.
const throttlePurpose = "daypass throttle key v1"

// What a counter counts; part of its name.
const (
	countAccount       = "account"
	countDevice        = "device"
	countAddress       = "address"
	countNetwork       = "network"
	countSession       = "session"
	countSignUpAddress = "sign-up address"
	countSignUpNetwork = "sign-up network"
	countSignUpRefused = "sign-up refused"
	countClient        = "client"
	countClientAddress = "client address"
	countClientNetwork = "client network"
	countCode          = "code"
	countCodeUser      = "code mailed for"
	countCodeAddress   = "code mailed to"
	countCodeNetwork   = "code mailed to, from"
	countSignUpSpent   = "sign-up spent"

	countRegistrationAddress = "registration address"
	countRegistrationNetwork = "registration network"
)

// counter is one counter that a try moves.
type counter struct {
	key   store.ThrottleKey
	rule  auth.ThrottleRule
	reset bool          // a success forgets all of it, not only itself
	mine  auth.Throttle // as this try left it
}

// try is one look at a password, counted as a failure when it begins, so that a thousand at once are a
// thousand, and taken back when it was none.
type try struct {
	seat     seat
	counters []counter
}

// tryLogIn is a try at the account of an address, whose user is the zero one when there is none. A device that has
// logged in to it before is judged by its own counter alone, so that no stranger's tries can keep it out; everybody else
// by those of the account, of the address and of the network they come from.
func (s *Service) tryLogIn(address string, user auth.User, ask auth.LoginAsk) *try {
	if d, ok := auth.ReadDevice(ask.Device, s.needs.Keys); ok && d.Knows(user, s.needs.Keys) {
		c := s.counter(s.rules.Device, countDevice, string(d.ID[:]), user.ID.String())
		c.reset = true
		return newTry(known(user.ID, ask.Caller), []counter{c})
	}
	account := s.counter(s.rules.Account, countAccount, address)
	account.reset = true
	counters := s.places(ask.Caller, s.rules.Address, countAddress, s.rules.Network, countNetwork)
	return newTry(s.strange(ask.Caller, address), append(counters, account))
}

// trySignUp is a sign-up: it is counted whatever becomes of it.
func (s *Service) trySignUp(address string, caller auth.Caller) *try {
	return newTry(s.strange(caller, address), s.places(caller, s.rules.SignUpAddress, countSignUpAddress, s.rules.SignUpNetwork, countSignUpNetwork))
}

// strange is the seat of a stranger: the host, or, where that is no place, the account that is tried.
func (s *Service) strange(caller auth.Caller, address string) seat {
	if host, network, ok := placesOf(caller); ok {
		return seat{strangers, network, host}
	}
	return seat{line: strangers, who: address}
}

// known is the seat of a user who has been here before.
func known(user auth.ID, caller auth.Caller) seat {
	_, network, _ := placesOf(caller)
	return seat{familiar, network, user.String()}
}

// tryAgain is a password asked again within a session: only who holds the session can move its counter.
func (s *Service) tryAgain(user, session auth.ID, caller auth.Caller) *try {
	c := s.counter(s.rules.Session, countSession, session.String())
	c.reset = true
	return newTry(known(user, caller), []counter{c})
}

// Forgive forgets the failed log-ins at the account of a normalised address, when an operator vouches for its owner.
func (s *Service) Forgive(ctx context.Context, tx *store.Tx, email string) error {
	c := s.counter(s.rules.Account, countAccount, email)
	if _, err := tx.Throttles.Lock(ctx, c.key); err != nil {
		return err
	}
	return tx.Throttles.Set(ctx, c.key, auth.Throttle{}, time.Time{})
}

// tryCode is a mailed code typed in within a session.
func (s *Service) tryCode(session auth.ID) *try {
	c := s.counter(s.rules.Session, countCode, session.String())
	c.reset = true
	return newTry(seat{}, []counter{c})
}

// tryCodeMail is a code mailed to an address, asked for from somewhere and, unless it is zero, by a user: nobody's mailbox
// is to be filled, and nobody elsewhere keeps the address from its own codes.
func (s *Service) tryCodeMail(user auth.ID, address string, caller auth.Caller) *try {
	_, network, _ := placesOf(caller)
	counters := []counter{
		s.counter(s.rules.CodeMail, countCodeNetwork, address, network), s.counter(s.rules.CodeMailAddress, countCodeAddress, address),
	}
	if !user.IsZero() {
		counters = append(counters, s.counter(s.rules.CodeMail, countCodeUser, user.String()))
	}
	return newTry(seat{}, counters)
}

// newTry sorts the counters as Throttles.Lock wants them.
func newTry(at seat, counters []counter) *try {
	slices.SortFunc(counters, func(a, b counter) int { return bytes.Compare(a.key[:], b.key[:]) })
	return &try{seat: at, counters: counters}
}

// places are the counters of where a try comes from; none for what is no place.
func (s *Service) places(caller auth.Caller, host auth.ThrottleRule, hostName string, network auth.ThrottleRule, networkName string) []counter {
	one, all, ok := placesOf(caller)
	if !ok {
		return nil
	}
	return []counter{s.counter(host, hostName, one), s.counter(network, networkName, all)}
}

// placesOf names where a caller is: one host (an IPv6 host has a whole /64) and its network. This machine itself is no
// place: behind it stands a proxy that nobody told us of, and with it everybody.
func placesOf(caller auth.Caller) (host, network string, ok bool) {
	ip, err := netip.ParseAddr(caller.IP)
	if err != nil || ip.IsLoopback() {
		return "", "", false
	}
	ip = ip.WithZone("").Unmap()
	hostBits, networkBits := 32, 24
	if ip.Is6() {
		hostBits, networkBits = 64, 48
	}
	prefix := func(bits int) string {
		p, _ := ip.Prefix(bits) // the bits fit the kind
		return p.String()
	}
	return prefix(hostBits), prefix(networkBits), true
}

func (s *Service) counter(rule auth.ThrottleRule, parts ...string) counter {
	mac := hmac.New(sha256.New, s.throttleKey.Bytes())
	_, _ = mac.Write([]byte(strings.Join(parts, "\x00"))) // never fails
	return counter{key: store.ThrottleKey(mac.Sum(nil)[:len(store.ThrottleKey{})]), rule: rule}
}

func (t *try) keys() []store.ThrottleKey {
	keys := make([]store.ThrottleKey, len(t.counters))
	for i, c := range t.counters {
		keys[i] = c.key
	}
	return keys
}

// allowed looks at the counters and changes none: most of a flood ends here. The error is *auth.Throttled or
// the store's.
func (t *try) allowed(ctx context.Context, tx *store.Tx, now time.Time) error {
	if len(t.counters) == 0 {
		return nil
	}
	found, err := tx.Throttles.Find(ctx, t.keys()...)
	if err != nil {
		return err
	}
	var wait time.Duration
	for _, c := range t.counters {
		wait = max(wait, c.rule.Wait(found[c.key], now))
	}
	if wait > 0 {
		return &auth.Throttled{Wait: wait}
	}
	return nil
}

// begin counts the try at every counter, or at none when one of them says that it must wait: *auth.Throttled.
func (s *Service) begin(ctx context.Context, t *try) error {
	if len(t.counters) == 0 {
		return nil
	}
	now := s.now()
	return s.needs.DB.Update(ctx, func(tx *store.Tx) error {
		var wait time.Duration
		before := make([]auth.Throttle, len(t.counters))
		for i, c := range t.counters {
			var err error
			if before[i], err = tx.Throttles.Lock(ctx, c.key); err != nil {
				return err
			}
			wait = max(wait, c.rule.Wait(before[i], now))
		}
		if wait > 0 {
			return &auth.Throttled{Wait: wait}
		}
		for i := range t.counters {
			c := &t.counters[i]
			c.mine = c.rule.Add(before[i], now)
			if err := tx.Throttles.Set(ctx, c.key, c.mine, c.rule.Forgotten(c.mine)); err != nil {
				return err
			}
		}
		return nil
	})
}

// succeed takes the try back. What others did at the same address or network stays counted, or an attacker with
// an account of their own could wash the counter clean.
func (t *try) succeed(ctx context.Context, tx *store.Tx, now time.Time) error {
	for _, c := range t.counters {
		is, err := tx.Throttles.Lock(ctx, c.key)
		if err != nil {
			return err
		}
		next := auth.Throttle{}
		if !c.reset {
			next = c.rule.Undo(is, c.mine, now)
		}
		if err := tx.Throttles.Set(ctx, c.key, next, c.rule.Forgotten(next)); err != nil {
			return err
		}
	}
	return nil
}

// delays tells whether the try made the next one wait.
func (t *try) delays() bool {
	return slices.ContainsFunc(t.counters, func(c counter) bool { return !c.mine.Until.IsZero() })
}
