package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/config"
	"github.com/daypass/daypass/internal/secret"
	"github.com/daypass/daypass/internal/store"
	"github.com/daypass/daypass/internal/store/storetest"
	"github.com/daypass/daypass/internal/telemetry"
	"github.com/daypass/daypass/oauth"
)

// logs is a writer that several goroutines may use.
type logs struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logs) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logs) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func load(t *testing.T, dir string, environ ...string) config.Config {
	t.Helper()
	c, err := config.Load(config.Options{Data: dir, Dev: true, Environ: environ, Flags: map[string]string{"listen": "127.0.0.1:0"}})
	if err != nil {
		t.Fatal(err)
	}
	c.Issuer = "http://localhost:8080"
	return c
}

// node is an opened app behind a test server.
type node struct {
	*App
	url string
	out *logs
}

func start(t *testing.T, c config.Config) *node {
	t.Helper()
	out := &logs{}
	a, err := Open(t.Context(), DevConfig(c), telemetry.NewLogger(out, telemetry.FormatText, c.Log.Level), ForServe)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	if _, err := a.seed(t.Context(), t.TempDir()); err != nil {
		t.Fatal(err)
	}
	if err := a.declare(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := a.mountDev(); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	t.Cleanup(stop)
	a.running.Go(func() { a.follow(ctx) })
	server := httptest.NewServer(a.handler)
	t.Cleanup(server.Close)
	return &node{App: a, url: server.URL, out: out}
}

func (n *node) post(t *testing.T, path, kind, body string) (int, map[string]any) {
	t.Helper()
	return n.postAs(t, path, "", kind, body)
}

// postAs sends a body with a bearer token, "" for none.
func (n *node) postAs(t *testing.T, path, bearer, kind, body string) (int, map[string]any) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, n.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", kind)
	if bearer != "" {
		req.Header.Set("Authorization", "Bearer "+bearer)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if len(raw) > 0 {
		if err := json.Unmarshal(raw, &m); err != nil {
			t.Fatalf("%s: %q: %v", path, raw, err)
		}
	}
	return resp.StatusCode, m
}

func (n *node) get(t *testing.T, path, bearer string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, n.url+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if bearer != "" {
		req.Header.Set("Authorization", "Bearer "+bearer)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(raw)
}

const logInBody = `{"email": "` + demoEmail + `", "password": "` + demoPassword + `"}`

func (n *node) logIn(t *testing.T) (access, refresh string) {
	t.Helper()
	status, m := n.post(t, "/v1/login", "application/json", logInBody)
	if status != http.StatusOK {
		t.Fatalf("log-in: got %d %v", status, m)
	}
	access, _ = m["access_token"].(string)
	refresh, _ = m["refresh_token"].(string)
	return access, refresh
}

func (n *node) refresh(t *testing.T, token string) (int, map[string]any) {
	t.Helper()
	return n.post(t, "/oauth/token", "application/x-www-form-urlencoded", "grant_type=refresh_token&client_id=daypass&refresh_token="+token)
}

func TestTheMainJobOnBothDatabases(t *testing.T) {
	t.Parallel()
	for name, database := range map[string]func(t *testing.T) config.Database{
		"sqlite": func(t *testing.T) config.Database { return config.Database{Path: filepath.Join(t.TempDir(), "d.db")} },
		"postgres": func(t *testing.T) config.Database {
			return config.Database{URL: secret.FromString(storetest.Postgres(t))}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := load(t, t.TempDir())
			if c.Database = database(t); !c.Database.IsSQLite() {
				masterKey(t, c)
			}
			n := start(t, c)
			access, refresh := n.logIn(t)
			if status, body := n.get(t, "/demo/api/hello", access); status != http.StatusOK {
				t.Errorf("protected API: got %d %s", status, body)
			}
			if status, _ := n.get(t, "/demo/api/hello", ""); status != http.StatusUnauthorized {
				t.Errorf("protected API without a token: got %d", status)
			}
			status, next := n.refresh(t, refresh)
			if status != http.StatusOK || next["refresh_token"] == refresh {
				t.Errorf("refresh: got %d %v", status, next)
			}
			newest, _ := next["refresh_token"].(string)
			if status, _ := n.post(t, "/v1/logout", "application/json", `{"refresh_token": "`+newest+`"}`); status != http.StatusNoContent {
				t.Errorf("log-out: got %d", status)
			}
			if status, m := n.refresh(t, newest); status != http.StatusBadRequest || m["error"] != string(oauth.InvalidGrant) {
				t.Errorf("after the log-out: got %d %v", status, m)
			}
			for _, path := range []string{"/v1/me", "/demo/api/hello"} {
				if status, _ := n.get(t, path, access); status != http.StatusUnauthorized {
					t.Errorf("%s after the log-out: got %d, want 401", path, status)
				}
			}
			if status, body := n.get(t, "/readyz", ""); status != http.StatusOK {
				t.Errorf("readyz: got %d %s", status, body)
			}
		})
	}
}

func masterKey(t *testing.T, c config.Config) {
	t.Helper()
	if err := os.WriteFile(c.MasterKeyFile, []byte("1:"+strings.Repeat("A", 43)+"=\n"), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestNodesOnOneDatabaseBehaveAsOne(t *testing.T) {
	t.Parallel()
	c := load(t, t.TempDir())
	c.Database = config.Database{URL: secret.FromString(storetest.Postgres(t))}
	masterKey(t, c)
	a, b := start(t, c), start(t, c)
	access, token := a.logIn(t)
	var wg sync.WaitGroup
	successors := make([]any, 20)
	for i := range successors {
		wg.Go(func() {
			_, m := []*node{a, b}[i%2].refresh(t, token)
			successors[i] = m["refresh_token"]
		})
	}
	wg.Wait()
	for _, s := range successors {
		if s == nil || s != successors[0] {
			t.Fatalf("two nodes gave different successors: %v", successors)
		}
	}
	if status, _ := b.get(t, "/v1/me", access); status != http.StatusOK {
		t.Errorf("token of one node at the other: got %d", status)
	}
	// A client that one node disables is refused by the other within a second, though it had it cached.
	form := "grant_type=client_credentials&client_id=extra&client_secret=" + strings.Repeat("s", 40)
	hash := secret.FromString(strings.Repeat("s", 40)).Hash()
	extra := auth.Client{ID: "extra", SecretHashes: [][32]byte{hash}, Grants: []oauth.GrantType{oauth.GrantClientCredentials}}
	if err := a.db.Update(t.Context(), func(tx *store.Tx) error { _, err := tx.Clients.Insert(t.Context(), extra); return err }); err != nil {
		t.Fatal(err)
	}
	if status, m := b.post(t, "/oauth/token", "application/x-www-form-urlencoded", form); status != http.StatusOK {
		t.Fatalf("new client at the other node: got %d %v", status, m)
	}
	extra.DisabledAt = time.Now()
	if err := a.db.Update(t.Context(), func(tx *store.Tx) error { _, err := tx.Clients.Update(t.Context(), extra); return err }); err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(5 * time.Second)
	for {
		status, _ := b.post(t, "/oauth/token", "application/x-www-form-urlencoded", form)
		if status == http.StatusUnauthorized {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the other node still serves a disabled client")
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func TestDataFolderOfTheOtherVerbIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := claim(dir, markDev); err != nil {
		t.Fatal(err)
	}
	if err := claim(dir, markDev); err != nil {
		t.Errorf("a second start of the same verb: %v", err)
	}
	err := Serve(t.Context(), load(t, dir), dir, telemetry.NewLogger(io.Discard, "text", nil))
	if err == nil || !strings.Contains(err.Error(), "daypass dev") {
		t.Errorf("got %v, want a refusal that names the other verb", err)
	}
}

func TestADatabaseOfTheOtherVerbIsRefused(t *testing.T) {
	t.Parallel()
	c := load(t, t.TempDir())
	n := start(t, c)
	if err := n.markDatabase(t.Context(), markDev); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := n.markDatabase(t.Context(), markDev); err != nil {
			t.Errorf("the same verb again: %v", err)
		}
	}
	c.Listen = "127.0.0.1:0"
	err := Serve(t.Context(), c, "", telemetry.NewLogger(io.Discard, "text", nil)) // another folder, or none: the same database
	if err == nil || !strings.Contains(err.Error(), "daypass dev") {
		t.Errorf("got %v, want a refusal that names the other verb", err)
	}
}

func TestServeAnswersUnderItsOwnNamesOnly(t *testing.T) {
	t.Parallel()
	c := load(t, t.TempDir())
	a, err := Open(t.Context(), c, telemetry.NewLogger(io.Discard, "text", nil), ForServe)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = a.Close() }()
	a.config.Issuer = "https://id.example"
	if err := a.mount(nil); err != nil {
		t.Fatal(err)
	}
	for host, want := range map[string]int{
		"id.example": 200, "id.example:443": 200, "ID.example": 200, "localhost:8080": 200, "127.0.0.1": 200,
		"evil.example": 421, "id.example.evil": 421,
	} {
		r := httptest.NewRequest(http.MethodGet, "/login", nil)
		r.Host = host
		w := httptest.NewRecorder()
		a.handler.ServeHTTP(w, r)
		if w.Code != want {
			t.Errorf("Host %s: got %d, want %d", host, w.Code, want)
		}
	}
	for path, want := range map[string]int{"/healthz": 200, "/v1/demo/state": 404, "/demo": 404, "/oauth/nothing": 404, "/nothing": 404} {
		r := httptest.NewRequest(http.MethodGet, path, nil)
		if r.Host = "id.example"; path == "/healthz" {
			r.Host = "10.0.0.7:8080"
		}
		w := httptest.NewRecorder()
		a.handler.ServeHTTP(w, r)
		if w.Code != want {
			t.Errorf("%s: got %d, want %d", path, w.Code, want)
		}
	}
}

func TestALostMasterKeyIsToldAndNotReplaced(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c := load(t, dir)
	log := telemetry.NewLogger(io.Discard, "text", nil)
	a, err := Open(t.Context(), c, log, ForServe)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(c.MasterKeyFile)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("master key file: got %v, %v, want mode 0600", info, err)
	}
	if err := os.Remove(c.MasterKeyFile); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), c, log, ForServe); err == nil || !strings.Contains(err.Error(), "backup") {
		t.Errorf("lost key: got %v, want an error that says to put it back", err)
	}
	if _, err := os.Stat(c.MasterKeyFile); err == nil {
		t.Error("a new master key was made for an old database")
	}
	masterKey(t, c)
	if _, err := Open(t.Context(), c, log, ForServe); err == nil || strings.Contains(err.Error(), "AAAA") {
		t.Errorf("another key: got %v, want an error without the key", err)
	}
}

func TestNoSecretReachesTheLog(t *testing.T) {
	t.Parallel()
	n := start(t, load(t, t.TempDir()))
	access, refresh := n.logIn(t)
	_, next := n.refresh(t, refresh)
	newest, _ := next["refresh_token"].(string)
	n.get(t, "/v1/me", access)
	n.get(t, "/v1/me?access_token="+access, "")
	n.post(t, "/v1/login", "application/json", `{"email": "`+demoEmail+`", "password": "canary-wrong-password"}`)
	n.post(t, "/oauth/token?refresh_token="+newest, "application/x-www-form-urlencoded", "grant_type=refresh_token&client_id=daypass")
	n.post(t, "/oauth/token", "application/x-www-form-urlencoded", "grant_type=client_credentials&client_id=demo-service&client_secret=canary-client-secret")
	n.post(t, "/v1/logout", "application/json", `{"refresh_token": "`+newest+`"}`)
	n.refresh(t, newest)
	out := n.out.String()
	if !strings.Contains(out, "verdict=Revoked") {
		t.Errorf("the log does not tell the verdict of a refused refresh:\n%s", out)
	}
	for _, canary := range []string{access, refresh, newest, "canary", demoPassword, newest[20:60]} {
		if strings.Contains(out, canary) {
			t.Errorf("the log holds %.12q…", canary)
		}
	}
}

func TestUnknownHostIsRefusedUnderDev(t *testing.T) {
	t.Parallel()
	n := start(t, load(t, t.TempDir()))
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, n.url+"/demo", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Host = "evil.example"
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusMisdirectedRequest {
		t.Errorf("got %d, want 421", resp.StatusCode)
	}
}

func TestDevAnswersThisMachineAlone(t *testing.T) {
	t.Parallel()
	n := start(t, load(t, t.TempDir()))
	for peer, want := range map[string]int{"127.0.0.1:5000": 200, "[::1]:5000": 200, "[::ffff:127.0.0.1]:5000": 200, "192.168.1.7:5000": 403, "garbage": 403} {
		r := httptest.NewRequest(http.MethodGet, "/healthz", nil)
		r.Host, r.RemoteAddr = "localhost", peer
		w := httptest.NewRecorder()
		n.handler.ServeHTTP(w, r)
		if w.Code != want {
			t.Errorf("from %s: got %d, want %d", peer, w.Code, want)
		}
	}
}

// TestNothingRedirectsABody: a path that could be mended is refused, since a 307 would repeat the password.
func TestNothingRedirectsABody(t *testing.T) {
	t.Parallel()
	n := start(t, load(t, t.TempDir()))
	for path, want := range map[string]int{"//v1/login": 404, "/v1/../v1/login": 404, "/v1/./login": 404, "/nope": 404, "/account": 405, "/oauth": 404, "/v1": 404} {
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(logInBody))
		r.Host, r.RemoteAddr, r.URL.Path = "localhost", "127.0.0.1:5000", path
		w := httptest.NewRecorder()
		n.handler.ServeHTTP(w, r)
		if w.Code != want {
			t.Errorf("POST %s: got %d, want %d", path, w.Code, want)
		}
	}
}

func TestServeStopsGracefully(t *testing.T) {
	t.Parallel()
	dir, out := t.TempDir(), &logs{}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	c, err := config.Load(config.Options{Data: dir, Dev: true, Flags: map[string]string{"listen": "127.0.0.1:0"}})
	if err != nil {
		t.Fatal(err)
	}
	banner := &logs{}
	go func() { done <- Dev(ctx, c, dir, telemetry.NewLogger(out, "text", c.Log.Level), banner) }()
	deadline := time.Now().Add(20 * time.Second)
	for !strings.Contains(banner.String(), demoEmail) {
		if time.Now().After(deadline) {
			t.Fatalf("no banner; log:\n%s", out)
		}
		time.Sleep(10 * time.Millisecond)
	}
	stop()
	select {
	case err := <-done:
		if err != nil {
			t.Errorf("got %v, want a clean stop", err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("does not stop")
	}
}

func TestACommandWithoutIssuerRecognisesTheServersTokens(t *testing.T) {
	t.Parallel()
	c := load(t, t.TempDir())
	n := start(t, c)
	access, _ := n.logIn(t)
	before, err := n.clients.Find(t.Context(), auth.FirstPartyClient)
	if err != nil {
		t.Fatal(err)
	}
	c.Issuer = ""
	command, err := Open(t.Context(), c, telemetry.NewLogger(io.Discard, "text", nil), ForLook)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = command.Close() }()
	told, err := command.Admin.Explain(t.Context(), secret.FromString(access))
	if err != nil || !told.Good {
		t.Errorf("explain: got %+v, %v, want a good access token", told, err)
	}
	n.clients.Forget()
	after, err := n.clients.Find(t.Context(), auth.FirstPartyClient)
	if err != nil || !sameClient(before, after) {
		t.Errorf("the command changed the built-in client: %+v, %v", after, err)
	}
}

func TestAThiefsHeaderCannotSaveTheGrant(t *testing.T) {
	t.Parallel()
	c := load(t, t.TempDir(), "DAYPASS_REFRESH_REPLAY_WINDOW=0s")
	c.Database = config.Database{URL: secret.FromString(storetest.Postgres(t))}
	masterKey(t, c)
	n := start(t, c)
	_, stolen := n.logIn(t)
	token := stolen
	for range 2 {
		_, m := n.refresh(t, token)
		token, _ = m["refresh_token"].(string)
	}
	form := "grant_type=refresh_token&client_id=daypass&refresh_token=" + stolen
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, n.url+"/oauth/token", strings.NewReader(form))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("User-Agent", "\xff\xfe not text") // PostgreSQL takes no such text
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusBadRequest {
		t.Errorf("the thief: got %d, want 400", resp.StatusCode)
	}
	if status, m := n.refresh(t, token); status != http.StatusBadRequest {
		t.Errorf("the grant lives on after a reuse: %d %v", status, m)
	}
}

// TestLookingChangesNothing: a command that looks must not migrate a database under an older server, make
// keys, or leave the trace of a wrong key.
func TestLookingChangesNothing(t *testing.T) {
	t.Parallel()
	log := telemetry.NewLogger(io.Discard, "text", nil)
	c := load(t, t.TempDir())
	if _, err := Open(t.Context(), c, log, ForLook); err == nil {
		t.Error("looked at a database that is not there")
	}
	if _, err := os.Stat(c.Database.Path); err == nil {
		t.Error("looking made a database file")
	}
	c.Database = config.Database{URL: secret.FromString(storetest.Postgres(t))}
	masterKey(t, c)
	if _, err := Open(t.Context(), c, log, ForLook); !errors.Is(err, errSchema) {
		t.Errorf("an empty database: got %v, want errSchema", err)
	}
	a, err := Open(t.Context(), c, log, ForServe)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = a.Close() }()
	good, err := os.ReadFile(c.MasterKeyFile)
	if err != nil {
		t.Fatal(err)
	}
	write := func(content string) {
		t.Helper()
		if err := os.WriteFile(c.MasterKeyFile, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("2:" + strings.Repeat("I", 43) + "=\n") // somebody's mistake
	for _, why := range []Purpose{ForLook, ForServe} {
		if _, err := Open(t.Context(), c, log, why); err == nil {
			t.Errorf("purpose %d: opened with a key that this database never saw", why)
		}
	}
	write(string(good) + "2:" + strings.Repeat("E", 43) + "=\n") // the real rotation
	b, err := Open(t.Context(), c, log, ForServe)
	if err != nil {
		t.Fatalf("the rotation after the mistake: %v", err)
	}
	_ = b.Close()
}

func TestClientBehindATrustedProxyIsKnownByItsOwnAddress(t *testing.T) {
	t.Parallel()
	n := start(t, load(t, t.TempDir(), "DAYPASS_TRUSTED_PROXIES=127.0.0.0/8"))
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, n.url+"/v1/me", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Forwarded-For", "198.51.100.77")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if !strings.Contains(n.out.String(), "client_ip=198.51.100.77") {
		t.Errorf("the log knows another client: %s", n.out.String())
	}
}

func TestPageAskedWithAnotherMethodSaysWhichItTakes(t *testing.T) {
	t.Parallel()
	n := start(t, load(t, t.TempDir()))
	for path, want := range map[string]string{"/login": "GET, HEAD, POST", "/account": "GET, HEAD", "/account/sessions/end": "POST"} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, n.url+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusMethodNotAllowed || resp.Header.Get("Allow") != want {
			t.Errorf("%s: got %d, Allow %q, want 405 and %q", path, resp.StatusCode, resp.Header.Get("Allow"), want)
		}
	}
}

// A server and its database come back from the same power cut, in whatever order.
func TestAStartWaitsForItsDatabase(t *testing.T) {
	t.Parallel()
	cluster := storetest.PostgresCluster(t, storetest.InsecureNoFsync())
	c := load(t, t.TempDir())
	c.Database = config.Database{URL: secret.FromString(cluster.Database())}
	if err := os.WriteFile(c.MasterKeyFile, []byte("1:"+strings.Repeat("A", 43)+"=\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cluster.Kill()
	said := &logs{}
	opened := make(chan error, 1)
	go func() {
		a, err := openPatiently(t.Context(), c, telemetry.NewLogger(said, telemetry.FormatText, c.Log.Level))
		if err == nil {
			err = a.Close()
		}
		opened <- err
	}()
	for !strings.Contains(said.String(), "waiting for it") {
		select {
		case err := <-opened:
			t.Fatalf("it did not wait: %v", err)
		case <-time.After(10 * time.Millisecond):
		}
	}
	cluster.Start()
	if err := <-opened; err != nil {
		t.Errorf("once the database answers: %v", err)
	}
}
