//go:build linux

package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// world is everything of one run: servers, database, devices and what is known about them.
type world struct {
	opt     options
	guard   *guard
	binary  string
	config  string // path of the configuration file
	data    string // the directory that a copy can be put back to
	nodes   []*node
	pg      *cluster // the database, and what stands before it; nil with SQLite
	relay   *relay
	disk    bool     // the data directory is a small disk of its own
	key     string   // path of the master key file
	keys    []string // its lines
	secret  string   // of the confidential client
	notRun  []string // what cannot be done here, and why
	standby *standby
	journal *journal
	wire    *wire
	tally   *tally
	falls   falls
	ends    ledgerOfEnds
	steps   spell // the clock is being set
	clock   clock
	serial  atomic.Uint64
	dialled atomic.Uint64
	kills   chan struct{} // asks for a kill at once
	files   sync.RWMutex  // held for writing while the data directory is replaced
}

// newWorld builds daypass and starts it over an empty database.
func newWorld(ctx context.Context, opt options, g *guard) (_ *world, err error) {
	w := &world{
		opt: opt, guard: g, clock: newClock(), secret: newMasterKey(), data: filepath.Join(g.dir, "data"), config: filepath.Join(g.dir, "daypass.yaml"),
		journal: newJournal(), wire: newWire(), tally: newTally(), kills: make(chan struct{}, 1),
	}
	if opt.clock {
		opt.changes = append(settableClock(), opt.changes...)
	}
	if w.binary, err = build(ctx, g.dir, opt.changes...); err != nil {
		return nil, err
	}
	if err := os.Mkdir(w.data, 0o700); err != nil {
		return nil, err
	}
	ports := make([]string, opt.nodes)
	for i := range ports {
		if ports[i], err = freePort(); err != nil {
			return nil, err
		}
	}
	database, err := w.database()
	if err != nil {
		return nil, err
	}
	if err := w.configure(ports[0], database); err != nil {
		return nil, err
	}
	for _, port := range ports {
		w.nodes = append(w.nodes, &node{
			url: "http://127.0.0.1:" + port, binary: w.binary, guard: g, journal: w.journal,
			env:  []string{envClock + "=" + w.clockFile()},
			args: []string{"serve", "--config", w.config, "--listen", "127.0.0.1:" + port},
		})
	}
	err = w.startAll(ctx)
	return w, err
}

// database makes an empty database and returns its address.
func (w *world) database() (address string, err error) {
	if w.opt.engine == "sqlite" {
		if err := w.mountDisk(); err != nil {
			w.notRun = append(w.notRun, "disk full: "+err.Error())
		}
		return "sqlite:" + filepath.Join(w.data, "daypass.db"), nil
	}
	if w.pg, err = newCluster(w.guard, "pg"); err != nil {
		return "", err
	}
	if err := errors.Join(w.pg.initialize(), w.pg.start()); err != nil {
		return "", err
	}
	if _, err := w.pg.sql("postgres", "CREATE DATABASE daypass"); err != nil {
		return "", err
	}
	if w.relay, err = newRelay(w.pg.socket()); err != nil {
		return "", err
	}
	return "postgres://postgres@" + w.relay.address() + "/daypass?sslmode=disable", nil
}

// close ends what the guard would end otherwise.
func (w *world) close() error {
	var err error
	for _, n := range w.nodes {
		err = errors.Join(err, n.kill())
	}
	if w.standby != nil {
		w.standby.stream.close()
		err = errors.Join(err, w.standby.kill())
	}
	if w.relay != nil {
		w.relay.close()
	}
	if w.pg != nil {
		err = errors.Join(err, w.pg.kill())
	}
	return errors.Join(err, w.unmountDisk())
}

// configure writes the configuration file and the master key.
func (w *world) configure(port, database string) error {
	w.key = filepath.Join(w.guard.dir, "master.key")
	secretFile := filepath.Join(w.guard.dir, "client.secret")
	text := fmt.Sprintf(`issuer: http://localhost:%s
database: %s
master_key_file: %s
log: {format: json}
refresh: {replay_window: %s}
clients:
  - {id: %s, public: true, redirect_uris: ["%s"]}
  - {id: %s, public: true, first_party: true, scopes: [openid], redirect_uris: ["%s"]}
  - {id: %s, secret_file: %s, first_party: true, refresh: rotate, scopes: [openid], redirect_uris: ["%s"]}
`, port, database, w.key, w.opt.window, stranger, callback, application, callback, confidential, secretFile, callback)
	return errors.Join(w.addKey(), os.WriteFile(secretFile, []byte(w.secret), 0o600), os.WriteFile(w.config, []byte(text), 0o600))
}

// addKey adds a master key, which is active in whatever starts from now on.
func (w *world) addKey() error {
	w.keys = append(w.keys, fmt.Sprintf("%d:%s\n", len(w.keys)+1, newMasterKey()))
	next := w.key + ".next"
	return errors.Join(os.WriteFile(next, []byte(strings.Join(w.keys, "")), 0o600), os.Rename(next, w.key))
}

func newMasterKey() string {
	raw := make([]byte, 32)
	_, _ = rand.Read(raw) // never fails: crypto/rand ends the process instead
	return base64.StdEncoding.EncodeToString(raw)
}

func (w *world) startAll(ctx context.Context) error {
	for _, n := range w.nodes {
		if err := n.start(); err != nil {
			return err
		}
		if err := n.awaitReady(ctx); err != nil {
			return err
		}
	}
	return nil
}

// rng is the source of one part of the run, so that a part added later changes no other.
func (w *world) rng(part uint64) *mathrand.Rand {
	return mathrand.New(mathrand.NewPCG(w.opt.seed, part))
}

// node is one of the nodes.
func (w *world) node(pick uint64) *node { return w.nodes[pick%uint64(len(w.nodes))] }

// refresh sends one refresh with its fate and counts the answer.
func (w *world) refresh(h holder, p plan) reply {
	n := w.node(p.node)
	r, err := w.refreshRequest(context.Background(), n.url, p.door, h)
	if err != nil {
		return reply{class: unknownErr, code: err.Error()}
	}
	got := w.carry(r, n, p.fate)
	w.tally.answer(got)
	return got
}

// carry takes a request to a node and its answer back, as its fate wills.
func (w *world) carry(r *http.Request, n *node, f fate) reply {
	if f != hungUp && f != cutInside {
		return w.wire.send(r)
	}
	from, life := w.address(), n.life.Load()
	got := w.wire.broken(r, f, from)
	got.ended = func() { w.finished(n, life, from) }
	return got
}

// address is a loopback address that nothing else in the run uses, so that the server's log tells one request.
func (w *world) address() string {
	n := w.dialled.Add(1)
	return fmt.Sprintf("127.%d.%d.%d", 1+n>>16&0x7f, n>>8&0xff, n&0xff)
}

// finished waits until a node is done with the request of an address: it logged it, or its process ended.
func (w *world) finished(n *node, life int64, from string) {
	for until := time.Now().Add(patience); time.Now().Before(until); pause(3 * time.Millisecond) {
		if w.journal.saw(from) || n.life.Load() != life {
			return
		}
	}
}

// insist refreshes until the server answers for good, as a client that means it.
func (w *world) insist(ctx context.Context, h holder, pick uint64) reply {
	for {
		// A request is not cut off when the run ends: its answer would be missing in the count.
		request, err := w.refreshRequest(context.WithoutCancel(ctx), w.node(pick).url, door(pick%2), h)
		if err != nil {
			return reply{class: unknownErr, code: err.Error()}
		}
		r := w.wire.send(request)
		w.tally.answer(r)
		if r.definite() || !sleep(ctx, 50*time.Millisecond) {
			return r
		}
		pick++
	}
}

// explain is what the servers logged about the grant of a token.
func (w *world) explain(token string) string {
	lines := w.journal.about(grantOf(token))
	return strings.Join(lines[max(0, len(lines)-40):], "\n    ")
}

// account is a user of the run.
type account struct{ email, password string }

func (w *world) newAccount(kind string) account {
	return account{fmt.Sprintf("%s-%d@example.com", kind, w.serial.Add(1)), newMasterKey()}
}

// enter signs the account up or logs it in, until the server has answered.
func (w *world) enter(ctx context.Context, a account, fresh bool) (reply, error) {
	return w.enterAs(ctx, a, fresh, "token")
}

// enterAs is enter in a mode of the API, "token" or "cookie".
func (w *world) enterAs(ctx context.Context, a account, fresh bool, mode string) (reply, error) {
	path := "/v1/login"
	if fresh {
		path = "/v1/signup"
	}
	body := map[string]string{"email": a.email, "password": a.password, "mode": mode}
	for try := uint64(0); ; try++ {
		r := w.wire.call(ctx, http.MethodPost, w.node(w.serial.Add(1)).url+path, "", body)
		switch {
		case r.class == granted:
			return r, nil
		case r.code == "email_taken" && fresh && try > 0: // the answer to an earlier try was lost
			path, fresh = "/v1/login", false
		case r.status != 0 && r.class != unavail:
			return r, fmt.Errorf("%s: %d %s", path, r.status, r.code)
		}
		if !sleep(ctx, 50*time.Millisecond) {
			return r, ctx.Err()
		}
	}
}

// perUser is how many devices one user has; only the first costs a sign-up more than a log-in.
const perUser = 4

// populate logs the devices in, a few users at a time.
func (w *world) populate(ctx context.Context, devices int) ([]*device, error) {
	var mu sync.Mutex
	var all []*device
	var failed error
	var users sync.WaitGroup
	places := make(chan struct{}, 8)
	for first := 0; first < devices; first += perUser {
		a, count := w.newAccount("owner"), min(perUser, devices-first)
		places <- struct{}{}
		users.Go(func() {
			defer func() { <-places }()
			mine, err := w.settleIn(ctx, a, count, first/perUser < 3+devices/100)
			mu.Lock()
			defer mu.Unlock()
			all, failed = append(all, mine...), errors.Join(failed, err)
		})
	}
	users.Wait()
	return all, failed
}

// settleIn gives a new user devices of each kind in turn: programs in token mode, of which the last may be two processes
// that share a file, a browser, and an application that gets its tokens by a code from that browser's session.
func (w *world) settleIn(ctx context.Context, a account, count int, sharing bool) (mine []*device, err error) {
	var b browser
	for i := range count {
		asked := time.Now()
		var store holder
		switch i {
		case 1:
			r, err := w.enterAs(ctx, a, false, "cookie")
			if err != nil {
				return mine, err
			}
			b = browser{account: a, session: r.session, asked: asked, born: time.Now()}
			store = holder{token: r.token, access: r.access, cookies: true}
		case 2:
			c, r := w.newCode(ctx, b, application)
			if r.class == granted {
				r = w.redeem(c, arrives)
			}
			if r.class != granted {
				return mine, fmt.Errorf("code flow: %s", r)
			}
			store = c.bought(r)
		default:
			r, err := w.enter(ctx, a, i == 0)
			if err != nil {
				return mine, err
			}
			store = holder{token: r.token, access: r.access}
			if sharing && i == perUser-1 {
				d, err := w.newSharingDevice(store, asked)
				if err != nil {
					return mine, err
				}
				mine = append(mine, d)
				continue
			}
		}
		mine = append(mine, w.newDevice(store, asked))
	}
	return mine, nil
}
