package config

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/daypass/daypass/internal/secret"
)

func keyFiles() files {
	return files{"pw": "correct horse battery staple\n", "short": "canary pw\n", "long": strings.Repeat("s", 43) + "\r\n", "weak": "canary"}
}

func TestDeclaredListsAreRead(t *testing.T) {
	t.Parallel()
	got, err := load(`
users:
  - {email: ada@example.com, password_file: pw, roles: [admin, staff]}
  - {email: bob@example.com, password_hash: "$argon2id$v=19$m=1,t=1,p=1$c2FsdA$aGFzaA"}
clients:
  - {id: app, public: true, name: App, redirect_uris: ["https://app.example.com/cb", "com.example.app:/cb"], scopes: [openid], refresh: rotate, first_party: true}
  - {id: svc, secret_file: long, grants: [client_credentials], resources: [https://api.example.com], refresh: fixed}
resources:
  - {uri: https://api.example.com, scopes: ["a:read"], first_party: true}
`, Options{}, keyFiles())
	if err != nil {
		t.Fatal(err)
	}
	want := []any{
		[]User{
			{Email: "ada@example.com", Password: secret.FromString("correct horse battery staple"), Roles: []string{"admin", "staff"}},
			{Email: "bob@example.com", PasswordHash: secret.FromString("$argon2id$v=19$m=1,t=1,p=1$c2FsdA$aGFzaA")},
		},
		[]Client{
			{
				ID: "app", Name: "App", Public: true, RedirectURIs: []string{"https://app.example.com/cb", "com.example.app:/cb"},
				Scopes: []string{"openid"}, Refresh: "rotate", FirstParty: true,
			},
			{
				ID: "svc", Name: "svc", Secret: secret.FromString(strings.Repeat("s", 43)), Grants: []string{"client_credentials"},
				Resources: []string{"https://api.example.com"}, Refresh: "fixed",
			},
		},
		[]Resource{{URI: "https://api.example.com", Name: "https://api.example.com", Scopes: []string{"a:read"}, FirstParty: true}},
	}
	if all := []any{got.Users, got.Clients, got.Resources}; !reflect.DeepEqual(all, want) {
		t.Errorf("got  %+v\nwant %+v", all, want)
	}
	if printed := fmt.Sprintf("%+v %#v", got, got); strings.Contains(printed, "battery") || strings.Contains(printed, "argon2id") {
		t.Errorf("a secret is printed: %s", printed)
	}
}

func TestDeclaredEntriesHaveTheirRules(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ yaml, want string }{
		{"users: ada", "users (daypass.yaml:4): a list is expected"},
		{"users: [ada]", "users[0] (daypass.yaml:4): an entry with members"},
		{"users: [{password_file: pw}]", "users[0].email (daypass.yaml:4): there is no address"},
		{"users: [{email: a b@c, password_file: pw}]", "users[0].email"},
		{"users: [{email: a@b@c, password_file: pw}]", "users[0].email"},
		{"users: [{email: a@b, password_file: pw}, {email: A@B, password_file: pw}]", "users[1].email (daypass.yaml:4): another entry"},
		{"users: [{email: a@b}]", "users[0] (daypass.yaml:4): there must be a password_file or"},
		{"users: [{email: a@b, password_file: pw, password_hash: $a$b$c}]", "users[0] (daypass.yaml:4): there must be"},
		{"users: [{email: a@b, password_hash: canary}]", "users[0].password_hash (daypass.yaml:4): the value is not a password hash"},
		{"users: [{email: a@b, password_file: gone}]", "users[0].password_file (daypass.yaml:4): the file cannot be read"},
		{"users: [{email: a@b, password_file: short}]", "users[0].password_file (daypass.yaml:4): the password is too short"},
		{"users: [{email: a@b, password: canary}]", "users[0].password (daypass.yaml:4): there is no member of that name"},
		{"users: [{email: a@b, email: c@d, password_file: pw}]", "users[0].email (daypass.yaml:4): the member stands there twice"},
		{"users: [{email: a@b, password_file: pw, roles: admin}]", "users[0].roles (daypass.yaml:4): a list is expected"},
		{"users: [{email: a@b, password_file: pw, roles: [a, 'b c']}]", "users[0].roles[1]"},
		{"clients: [{public: true}]", "clients[0].id"},
		{"clients: [{id: a b, public: true}]", "clients[0].id"},
		{"clients: [{id: daypass, public: true}]", "clients[0].id (daypass.yaml:4): this is the built-in client"},
		{"clients: [{id: a, public: true}, {id: a, public: true}]", "clients[1].id"},
		{"clients: [{id: a}]", "clients[0] (daypass.yaml:4): the client has no secret and is not public"},
		{"clients: [{id: a, public: false}]", "clients[0] (daypass.yaml:4): the client has no secret"},
		{"clients: [{id: a, public: maybe}]", "clients[0].public"},
		{"clients: [{id: a, public: true, secret_file: long}]", "clients[0].secret_file (daypass.yaml:4): a public client"},
		{"clients: [{id: a, secret_file: weak}]", "clients[0].secret_file (daypass.yaml:4): the secret has fewer"},
		{"clients: [{id: a, secret_file: gone}]", "clients[0].secret_file (daypass.yaml:4): the file cannot"},
		{"clients: [{id: a, public: true, grants: [client_credentials]}]", "clients[0].grants"},
		{"clients: [{id: a, public: true, grants: [password]}]", "clients[0].grants[0]"},
		{"clients: [{id: a, public: true, refresh: fixed}]", "clients[0].refresh"},
		{"clients: [{id: a, public: true, refresh: never}]", "clients[0].refresh"},
		{"clients: [{id: a, public: true, redirect_uris: [/cb]}]", "clients[0].redirect_uris[0]"},
		{"clients: [{id: a, public: true, redirect_uris: ['https://x/#f']}]", "clients[0].redirect_uris[0]"},
		{"clients: [{id: a, public: true, scopes: ['a b']}]", "clients[0].scopes[0]"},
		{"clients: [{id: a, public: true, resources: [api]}]", "clients[0].resources[0]"},
		{"clients: [{id: a, public: true, redirect_uri: [/cb]}]", "clients[0].redirect_uri (daypass.yaml:4): there is no member of that name; write: redirect_uris, if that was meant"},
		{"resources: [{name: x}]", "resources[0].uri"},
		{"resources: [{uri: urn:a}, {uri: urn:a}]", "resources[1].uri"},
		{"resources: [{uri: urn:a, scopes: ['']}]", "resources[0].scopes[0] (daypass.yaml:4): there is no value"},
		{"resources: [{uri: urn:a, first_party: yes}]", "resources[0].first_party"},
	} {
		_, err := load(c.yaml+"\n", Options{}, keyFiles())
		lines := faultsOf(t, err)
		if len(lines) == 0 || !strings.HasPrefix(lines[0], c.want) {
			t.Errorf("%s: got %q, want %q", c.yaml, lines, c.want)
		}
		if strings.Contains(strings.Join(lines, ""), "canary") {
			t.Errorf("%s: a secret is repeated: %q", c.yaml, lines)
		}
	}
}

func FuzzLoad(f *testing.F) {
	for _, s := range []string{base, base + "users: [{email: a@b, password_file: pw}]", "a: &a [*a]", "{{", "? [a]\n: b", "- - -", "refresh: {idle: 1d}", "clients: [{id: x, grants: [a], <<: {b: c}}]", "!!binary x: y", "?"} {
		f.Add(s, "DAYPASS_LISTEN=:1")
		f.Add(s, "DAYPASS_USERS="+s)
	}
	f.Fuzz(func(t *testing.T, content, env string) {
		all := keyFiles()
		all["f"] = content
		c, err := Load(Options{File: "f", Environ: []string{env}, ReadFile: all.read})
		if err != nil {
			if lines := faultsOf(t, err); len(lines) == 0 {
				t.Error("an error without a fault")
			}
			return
		}
		if again, problem := parseIssuer(c.Issuer); problem != "" || again != c.Issuer {
			t.Errorf("accepted issuer %q: %s", c.Issuer, problem)
		}
		if c.Refresh.Idle > c.Refresh.Absolute || c.Refresh.ReplayWindow < 0 || !utf8.ValidString(c.Listen) {
			t.Errorf("accepted %+v", c)
		}
	})
}

func FuzzParseDuration(f *testing.F) {
	for _, s := range []string{"1d", "1d1h", "0", "-1s", "1.5h", "99999d", "d"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, problem := parseDuration(s)
		if problem != "" {
			return
		}
		if again, problem := parseDuration(formatDuration(d)); d < 0 || problem != "" || again != d {
			t.Errorf("%q is %v, written %q, read as %v %s", s, d, formatDuration(d), again, problem)
		}
	})
}
