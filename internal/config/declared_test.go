package config

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/go-crypt/crypt/algorithm/argon2"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/secret"
)

func keyFiles() files {
	return files{"pw": "correct horse battery staple\n", "short": "canary pw\n", "long": strings.Repeat("s", 43) + "\r\n", "weak": "canary"}
}

func TestDeclaredListsAreRead(t *testing.T) {
	t.Parallel()
	got, err := load(`
users:
  - {email: " Ada@Example.com", password_file: pw, roles: [admin, staff]}
  - {email: bob@example.com, password_hash: "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2U"}
clients:
  - {id: app, public: true, name: App, redirect_uris: ["https://app.example.com/cb", "com.example.app:/cb"], scopes: [openid], refresh: rotate, first_party: true}
  - {id: svc, secret_file: long, grants: [client_credentials], resources: [https://api.example.com], refresh: fixed}
resources:
  - {uri: https://api.example.com, scopes: ["a:read"], first_party: true}
  - {uri: urn:dark, name: Dark, lifetime: 90s, format: opaque, introspection_clients: [svc]}
scopes:
  - {name: "a:read", words: {en: Read your files, de: Deine Dateien lesen}, claims: [email]}
`, Options{}, keyFiles())
	if err != nil {
		t.Fatal(err)
	}
	want := []any{
		[]User{
			{Email: "ada@example.com", Password: secret.FromString("correct horse battery staple"), Roles: []string{"admin", "staff"}},
			{Email: "bob@example.com", PasswordHash: secret.FromString("$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2U")},
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
		[]Resource{
			{URI: "https://api.example.com", Name: "https://api.example.com", Scopes: []string{"a:read"}, FirstParty: true},
			{URI: "urn:dark", Name: "Dark", Lifetime: 90 * time.Second, Format: "opaque", Introspection: []string{"svc"}},
		},
		[]auth.Scope{{Name: "a:read", Words: map[string]string{"en": "Read your files", "de": "Deine Dateien lesen"}, Claims: []string{"email"}}},
	}
	if all := []any{got.Users, got.Clients, got.Resources, got.Scopes}; !reflect.DeepEqual(all, want) {
		t.Errorf("got  %+v\nwant %+v", all, want)
	}
	if printed := fmt.Sprintf("%+v %#v", got, got); strings.Contains(printed, "battery") || strings.Contains(printed, "argon2id") {
		t.Errorf("a secret is printed: %s", printed)
	}
}

// OP-01: all standard claims of a user and all metadata of a client, by their registered names.
func TestDeclaredClaimsAndMetadataAreRead(t *testing.T) {
	t.Parallel()
	got, err := load(`
users:
  - email: ada@example.com
    password_file: pw
    name: Ada Lovelace
    birthdate: 1815-12-10
    phone_number: "+44 20 7946 0000"
    phone_number_verified: true
    email_verified: true
    address: {street_address: "1 Road\nFlat 2", country: GB}
clients:
  - id: web
    token_endpoint_auth_method: private_key_jwt
    jwks: {keys: [{kty: OKP, crv: Ed25519, kid: a, x: 11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo}]}
    redirect_uris: [https://app.example.com/cb]
    post_logout_redirect_uris: [https://app.example.com/bye]
    default_max_age: 0
    subject_type: public
    pkce: when_sent
    verified: true
    require_pushed_authorization_requests: true
    allowed_origins: [https://app.example.com]
`, Options{}, keyFiles())
	if err != nil {
		t.Fatal(err)
	}
	never := int64(0)
	profile := auth.Profile{
		Name: "Ada Lovelace", Birthdate: "1815-12-10", PhoneNumber: "+44 20 7946 0000", PhoneVerified: true, EmailVerified: true,
		Address: &auth.Address{StreetAddress: "1 Road\nFlat 2", Country: "GB"},
	}
	metadata := auth.ClientMetadata{
		AuthMethod: "private_key_jwt", JWKS: []byte(`{"keys":[{"crv":"Ed25519","kid":"a","kty":"OKP","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}`),
		PostLogoutRedirectURIs: []string{"https://app.example.com/bye"}, DefaultMaxAge: &never, Subject: auth.SubjectPublic,
		PKCE: auth.PKCEWhenSent, Verified: true, RequirePAR: true, AllowedOrigins: []string{"https://app.example.com"},
	}
	if !reflect.DeepEqual(got.Users[0].Profile, profile) {
		t.Errorf("got  %+v\nwant %+v", got.Users[0].Profile, profile)
	}
	if !reflect.DeepEqual(got.Clients[0].Metadata, metadata) {
		t.Errorf("got  %+v\nwant %+v", got.Clients[0].Metadata, metadata)
	}
	// Every member of the metadata can be written, but those that registration over HTTP alone sets.
	var names []string
	for _, f := range clientFields() {
		names = append(names, f.Name)
	}
	for i := range reflect.TypeFor[auth.ClientMetadata]().NumField() {
		name, _, _ := strings.Cut(reflect.TypeFor[auth.ClientMetadata]().Field(i).Tag.Get("json"), ",")
		name = strings.TrimPrefix(name, "daypass_")
		if !slices.Contains(names, name) && !slices.Contains([]string{"registered", "unvouched", "registration_hash", "secret_expires"}, name) {
			t.Errorf("clients: there is no member %s", name)
		}
	}
}

// entryFault is an entry and how its first fault begins.
type entryFault struct{ yaml, want string }

func resourceFaults() []entryFault {
	return []entryFault{
		{"resources: [{name: x}]", "resources[0].uri"},
		{"resources: [{uri: 'https://API.example'}]", "resources[0].uri (daypass.yaml:4): \"https://API.example\": write scheme and host in lower case"},
		{"resources: [{uri: 'https://u:canary@api.example'}]", "resources[0].uri (daypass.yaml:4): no user name is allowed"},
		{"resources: [{uri: 'urn:a#b'}]", "resources[0].uri"},
		{"resources: [{uri: urn:a, scopes: [a b]}]", "resources[0].scopes[0]"},
		{"resources: [{uri: urn:a}, {uri: urn:a}]", "resources[1].uri"},
		{"resources: [{uri: urn:a, scopes: ['']}]", "resources[0].scopes[0] (daypass.yaml:4): there is no value"},
		{"resources: [{uri: urn:a, first_party: yes}]", "resources[0].first_party"},
		{"resources: [{uri: urn:a, lifetime: 2h}]", "resources[0].lifetime (daypass.yaml:4): \"2h0m0s\": write whole seconds"},
		{"resources: [{uri: urn:a, lifetime: 0}]", "resources[0].lifetime (daypass.yaml:4): \"0\" is no time"},
		{"resources: [{uri: urn:a, algorithm: none}]", "resources[0].algorithm (daypass.yaml:4): \"none\": write ES256"},
		{"resources: [{uri: urn:a, format: paseto}]", "resources[0].format (daypass.yaml:4): \"paseto\": write jwt or opaque"},
		{"resources: [{uri: urn:a, introspection_clients: [a b]}]", "resources[0].introspection_clients[0]"},
		{"scopes: [{words: {en: Read}}]", "scopes[0].name"},
		{"scopes: [{name: a b}]", "scopes[0].name (daypass.yaml:4): \"a b\": write printable ASCII"},
		{"scopes: [{name: a}, {name: a}]", "scopes[1].name (daypass.yaml:4): another entry"},
		{"scopes: [{name: a, words: Read}]", "scopes[0].words (daypass.yaml:4): a section is expected"},
		{"scopes: [{name: a, words: {english please: Read}}]", "scopes[0].words (daypass.yaml:4): \"english please\": write a language"},
		{"scopes: [{name: a, words: {en: \"a\\nb\"}}]", "scopes[0].words.en (daypass.yaml:4): write 1 to 200"},
		{"scopes: [{name: a, words: {en: }}]", "scopes[0].words.en (daypass.yaml:4): there is no value"},
		{"scopes: [{name: a, claims: [password]}]", "scopes[0].claims[0] (daypass.yaml:4): \"password\": there is no claim"},
	}
}

func TestDeclaredEntriesHaveTheirRules(t *testing.T) {
	t.Parallel()
	for _, c := range append(resourceFaults(), []entryFault{
		{"users: ada", "users (daypass.yaml:4): a list is expected"},
		{"users: [ada]", "users[0] (daypass.yaml:4): an entry with members"},
		{"users: [{password_file: pw}]", "users[0].email (daypass.yaml:4): there is no address"},
		{"users: [{email: a@b, password_file: pw}]", "users[0].email (daypass.yaml:4): \"a@b\" is not an email address"},
		{"users: [{email: , password_file: pw}]", "users[0].email (daypass.yaml:4): there is no value"},
		{"users: [{email: a b@c.test, password_file: pw}]", "users[0].email"},
		{"users: [{email: a@b@c.test, password_file: pw}]", "users[0].email"},
		{"users: [{email: a@b.test, password_file: pw}, {email: A@B.test, password_file: pw}]", "users[1].email (daypass.yaml:4): another entry"},
		{"users: [{email: a@b.test}]", "users[0] (daypass.yaml:4): there must be a password_file or"},
		{"users: [{email: a@b.test, password_file: pw, password_hash: $a$b$c}]", "users[0] (daypass.yaml:4): there must be"},
		{"users: [{email: a@b.test, password_hash: canary}]", "users[0].password_hash (daypass.yaml:4): it is not an argon2id hash, nor"},
		{"users: [{email: a@b.test, password_hash: $2b$12$canarycanarycanarycanarycanarycanarycanarycanarycanary.}]", "users[0].password_hash (daypass.yaml:4): its salt and key are not 53"},
		{"users: [{email: a@b.test, password_hash: '$argon2id$v=19$m=9999999,t=2,p=1$c2FsdHNhbHRzYWx0$a2V5a2V5a2V5a2V5a2V5'}]", "users[0].password_hash (daypass.yaml:4): it costs more"},
		{"users: [{email: a@b.test, password_file: gone}]", "users[0].password_file (daypass.yaml:4): the file cannot be read"},
		{"users: [{email: a@b.test, password_file: short}]", "users[0].password_file (daypass.yaml:4): the password is too short"},
		{"users: [{email: a@b.test, password: canary}]", "users[0].password (daypass.yaml:4): there is no member of that name"},
		{"users: [{email: a@b.test, email: c@d.test, password_file: pw}]", "users[0].email (daypass.yaml:4): the member stands there twice"},
		{"users: [{email: a@b.test, password_file: pw, roles: admin}]", "users[0].roles (daypass.yaml:4): a list is expected"},
		{"users: [{email: a@b.test, password_file: pw, roles: [a, 'b c']}]", "users[0].roles[1]"},
		{"clients: [{public: true}]", "clients[0].id"},
		{"clients: [{id: , public: true}]", "clients[0].id (daypass.yaml:4): there is no value"},
		{"clients: [{id: daypass, public: true}]", "clients[0].id (daypass.yaml:4): this is the built-in client"},
		{"clients: [{id: a, secret_file: long}, {id: a, secret_file: long}]", "clients[1].id (daypass.yaml:4): another entry"},
		{"clients: [{id: a}]", "clients[0] (daypass.yaml:4): the client has no secret and is not public"},
		{"clients: [{id: a, public: false}]", "clients[0] (daypass.yaml:4): the client has no secret"},
		{"clients: [{id: a, public: maybe}]", "clients[0].public"},
		{"clients: [{id: a, public: true, secret_file: long}]", "clients[0].secret_file (daypass.yaml:4): a public client"},
		{"clients: [{id: a, secret_file: weak}]", "clients[0].secret_file (daypass.yaml:4): the secret has fewer"},
		{"clients: [{id: a, secret_file: gone}]", "clients[0].secret_file (daypass.yaml:4): the file cannot"},
		{"clients: [{id: a, public: true, redirect_uri: [/cb]}]", "clients[0].redirect_uri (daypass.yaml:4): there is no member of that name; write: redirect_uris, if that was meant"},
		{"clients: [{id: a, secret_file: long, scopes: x}]", "clients[0].scopes (daypass.yaml:4): a list is expected"},
		{"clients: [{id: a, secret_file: long, scopes: [[x]]}]", "clients[0].scopes[0] (daypass.yaml:4): one value is expected"},
		{"clients: [{id: a, secret_file: long, scopes: ['']}]", "clients[0].scopes[0] (daypass.yaml:4): there is no value"},
		{"users: [{email: a@b.test, password_file: pw, birthdate: 2001-02-29}]", "users[0].birthdate (daypass.yaml:4): write YYYY-MM-DD"},
		{"users: [{email: a@b.test, password_file: pw, address: {country: X, planet: Y}}]", "users[0].address.planet (daypass.yaml:4): there is no member of that name"},
		{"users: [{email: a@b.test, password_file: pw, address: Paris}]", "users[0].address (daypass.yaml:4): a section is expected"},
		{"users: [{email: a@b.test, password_file: pw, address: {country: \"a\\nb\"}}]", "users[0].address.country (daypass.yaml:4): write at most"},
		{"users: [{email: a@b.test, password_file: pw, email_verified: perhaps}]", "users[0].email_verified (daypass.yaml:4): \"perhaps\" is neither"},
		{"clients: [{id: a, secret_file: long, token_endpoint_auth_method: private_key_jwt, jwks_uri: https://a.example/jwks}]", "clients[0].secret_file (daypass.yaml:4): a client that signs"},
		{"clients: [{id: a, secret_file: long, jwks: nothing}]", "clients[0].jwks (daypass.yaml:4): a section with keys"},
		{"clients: [{id: a, secret_file: long, default_max_age: 1h}]", "clients[0].default_max_age (daypass.yaml:4): \"1h\" is no number of seconds"},
	}...) {
		_, err := load(c.yaml+"\n", Options{}, keyFiles())
		lines := faultsOf(t, err)
		if len(lines) == 0 || !strings.HasPrefix(lines[0], c.want) {
			t.Errorf("%s: got %q, want %q", c.yaml, lines, c.want)
		}
		slices.Sort(lines)
		where := func(line string) string { before, _, _ := strings.Cut(line, "): "); return before }
		if once := slices.CompactFunc(slices.Clone(lines), func(a, b string) bool { return where(a) == where(b) }); len(once) < len(lines) {
			t.Errorf("%s: one thing said twice: %q", c.yaml, lines)
		}
		if strings.Contains(strings.Join(lines, ""), "canary") {
			t.Errorf("%s: a secret is repeated: %q", c.yaml, lines)
		}
	}
}

// What a command refuses to register is a fault of the configuration too, with the key, the line and what is wrong.
func TestDeclaredClientsObeyTheRulesOfEveryClient(t *testing.T) {
	t.Parallel()
	const app, service = "id: a, public: true, redirect_uris: [https://app.example/cb]", "id: a, secret_file: long"
	for _, c := range []struct{ members, key, problem string }{
		{service + ", scopes: [a, 'b c']", "scopes[1]", "printable ASCII"},
		{service + ", resources: [api]", "resources[0]", "not an absolute URI"},
		{service + ", resources: [urn:a, 'https://API.example']", "resources[1]", "lower case"},
		{service + ", resources: ['https://api.example/#x']", "resources[0]", "no fragment"},
		{service + ", grants: [password]", "grants[0]", "write authorization_code, refresh_token or client_credentials"},
		{service + ", grants: [authorization_code]", "redirect_uris", "at least one"},
		{service + ", redirect_uris: ['com.example.app:/cb']", "redirect_uris[0]", "for public (native) clients only"},
		{service + ", name: \"a\\nb\"", "name", "1 to 100 characters"},
		{"secret_file: long, id: a b", "id", "1 to 128 letters"},
		{"secret_file: long, id: 'https://app.example/client.json'", "id", "1 to 128 letters"},
		{"secret_file: long, id: 0193a3f0-7d2a-7cc2-98c4-dc0c0c07398f", "id", "a UUID could be taken for a user"},
		{"secret_file: long, id: 0193A3F0-7D2A-7CC2-98C4-DC0C0C07398F", "id", "a UUID could be taken for a user"},
		{"id: a, public: true", "redirect_uris", "at least one"},
		{app + ", grants: [client_credentials]", "grants", "confidential clients only"},
		{app + ", refresh: fixed", "refresh", "always rotate"},
		{app + ", refresh: never", "refresh", "write fixed or rotate"},
		{"id: a, public: true, redirect_uris: [https://app.example/cb, 'javascript:alert(1)']", "redirect_uris[1]", "use https"},
		{"id: a, public: true, redirect_uris: ['data:text/html,x']", "redirect_uris[0]", "use https"},
		{"id: a, public: true, redirect_uris: ['file:///etc/passwd']", "redirect_uris[0]", "use https"},
		{"id: a, public: true, redirect_uris: ['http://app.example/cb']", "redirect_uris[0]", "plain http"},
		{"id: a, public: true, redirect_uris: ['https://*.app.example/cb']", "redirect_uris[0]", "without wildcards"},
		{"id: a, public: true, redirect_uris: ['https://app.example/*']", "redirect_uris[0]", "no wildcards"},
		{"id: a, public: true, redirect_uris: ['https://app.example/#f']", "redirect_uris[0]", "no fragment"},
		{"id: a, public: true, redirect_uris: ['https://u:canary@app.example']", "redirect_uris[0]", "no user name"},
		{"id: a, public: true, redirect_uris: [/cb]", "redirect_uris[0]", "not an absolute URI"},
		{"id: a, public: true, redirect_uris: ['myapp:/cb']", "redirect_uris[0]", "a scheme with a dot"},
		{service + ", logo_uri: 'https://u:canary@app.example'", "logo_uri", "no user name"},
		{service + ", contacts: [a@b.test, \"a\\nb\"]", "contacts[1]", "write an address"},
		{service + ", jwks: {keys: [{kty: oct, k: canary, kid: a}]}", "jwks", "public keys"},
		{service + ", id_token_signed_response_alg: none", "id_token_signed_response_alg", "write ES256"},
		{app + ", pkce: when_sent", "pkce", "always uses PKCE"},
		{app + ", allowed_origins: ['https://app.example', '*']", "allowed_origins[1]", "not an absolute URI"},
		{"id: a, token_endpoint_auth_method: private_key_jwt", "token_endpoint_auth_method", "jwks or jwks_uri"},
	} {
		_, err := load("clients: [{"+c.members+"}]\n", Options{}, keyFiles())
		lines := faultsOf(t, err)
		if len(lines) != 1 || !strings.HasPrefix(lines[0], "clients[0]."+c.key+" (daypass.yaml:4): ") || !strings.Contains(lines[0], c.problem) {
			t.Errorf("%s: got %q, want one fault of %s: %s", c.members, lines, c.key, c.problem)
		}
		if strings.Contains(strings.Join(lines, ""), "canary") {
			t.Errorf("%s: a secret is repeated: %q", c.members, lines)
		}
	}
	_, err := load(`clients:
  - {id: a b, public: true, redirect_uris: ["javascript:alert(1)", "http://app.example"], scopes: [a b], resources: [api], refresh: no}
  - {id: `+strings.Repeat("a", 128)+`, secret_file: long, redirect_uris: ["data:x"]}
`, Options{}, keyFiles())
	if lines := faultsOf(t, err); len(lines) != 7 {
		t.Errorf("got %d faults, want all seven at once: %q", len(lines), lines)
	}
}

// Whatever the configuration lets pass as a hash, a log-in can verify.
func TestAnAcceptedPasswordHashCanBeDecoded(t *testing.T) {
	t.Parallel()
	for _, cost := range []string{"m=19456,t=2,p=1", "m=262144,t=16,p=16", "m=8,t=1,p=1", "m=128,t=1,p=16"} {
		hash := "$argon2id$v=19$" + cost + "$c2FsdHNhbHQ$a2V5a2V5a2V5a2V5a2V5a2U"
		got, err := load("users: [{email: a@b.test, password_hash: '"+hash+"'}]\n", Options{}, nil)
		if err != nil {
			t.Errorf("%s: %v", cost, err)
			continue
		}
		if _, err := argon2.DecodeVariant(argon2.VariantID)(got.Users[0].PasswordHash.Reveal()); err != nil {
			t.Errorf("%s: %v", cost, err)
		}
	}
}

func FuzzLoad(f *testing.F) {
	for _, s := range []string{base, base + "users: [{email: a@b.test, password_file: pw}]", "a: &a [*a]", "{{", "? [a]\n: b", "- - -", "refresh: {idle: 1d}", "clients: [{id: x, grants: [a], <<: {b: c}}]", "!!binary x: y", "?"} {
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
