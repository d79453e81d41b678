package config

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

const base = "issuer: https://id.example.com\ndatabase: sqlite:d.db\nmaster_key_file: m.key\n"

// files is a file system of texts.
type files map[string]string

func (f files) read(path string) ([]byte, error) {
	if content, ok := f[path]; ok {
		return []byte(content), nil
	}
	return nil, &fs.PathError{Op: "open", Path: path, Err: errors.New("no such file")}
}

// load reads a YAML text, with base in front unless it has an issuer of its own.
func load(yaml string, o Options, more files) (Config, error) {
	if !strings.Contains(yaml, "issuer:") {
		yaml = base + yaml
	}
	all := files{"etc/daypass.yaml": yaml}
	for path, content := range more {
		all[path] = content
	}
	o.File, o.ReadFile = "etc/daypass.yaml", all.read
	return Load(o)
}

// faultsOf returns the faults' lines, nil for none.
func faultsOf(t *testing.T, err error) []string {
	t.Helper()
	if err == nil {
		return nil
	}
	var faults *Faults
	if !errors.As(err, &faults) {
		t.Fatalf("err is a %T, want *Faults", err)
	}
	var lines []string
	for _, f := range faults.List {
		if f.Key == "" || f.Problem == "" || f.Write == "" {
			t.Errorf("fault %+v lacks its key, what is wrong or what to write", f)
		}
		lines = append(lines, f.String())
	}
	return lines
}

func TestDefaultsAreValid(t *testing.T) {
	t.Parallel()
	got, err := load("", Options{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := Config{
		Issuer: "https://id.example.com", Listen: "127.0.0.1:8080", Database: Database{Path: "d.db"}, MasterKeyFile: "m.key",
		Log:         Log{Format: "text", Level: slog.LevelInfo},
		Refresh:     Refresh{ReplayWindow: 30 * time.Second, Idle: 30 * day, Absolute: 90 * day},
		Session:     Session{Idle: 7 * day, Absolute: 30 * day, MaxPerUser: 100},
		AccessToken: AccessToken{Lifetime: 10 * time.Minute, Algorithm: "ES256"},
		Password:    Password{MinLength: 15},
		SignUp:      "open", CodeLifetime: time.Minute, PushedRequests: "allowed",
		Mail:         Mail{Encryption: "starttls"},
		Registration: Registration{Mode: "closed", Scopes: []string{"openid", "profile", "email", "offline_access"}, PKCE: "required", Unused: 30 * day},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestFlagsBeatTheEnvironmentBeatsTheFile(t *testing.T) {
	t.Parallel()
	got, err := load("listen: :1\nrefresh:\n  idle: 1d\n  absolute: 2d\nlog.level: warn\ntrusted_proxies: [10.0.0.0/8]\n", Options{
		Environ: []string{
			"DAYPASS_LISTEN=:2", "DAYPASS_REFRESH_IDLE=1h", "DAYPASS_LOG_FORMAT=", "DAYPASS_TEST_X=1", "HOME=/",
			"DAYPASS_TRUSTED_PROXIES=192.0.2.1, 2001:db8::/32", "DAYPASS_RESOURCES=[{uri: 'https://api.example.com', first_party: true}]",
			"DAYPASS_FIRST_PARTY_RESOURCES=urn:x:y https://b.example.com",
		},
		Flags: map[string]string{"listen": ":3"},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got.Listen != ":3" || got.Refresh.Idle != time.Hour || got.Refresh.Absolute != 2*day || got.Log.Level != slog.LevelWarn || got.Log.Format != "text" {
		t.Errorf("got %+v", got)
	}
	if want := []netip.Prefix{netip.MustParsePrefix("192.0.2.1/32"), netip.MustParsePrefix("2001:db8::/32")}; !slices.Equal(got.TrustedProxies, want) {
		t.Errorf("trusted_proxies = %v, want %v", got.TrustedProxies, want)
	}
	if want := []string{"urn:x:y", "https://b.example.com", "https://api.example.com"}; !slices.Equal(got.FirstParty(), want) {
		t.Errorf("first party = %v, want %v", got.FirstParty(), want)
	}
}

func TestEveryKeyIsReadFromTheEnvironment(t *testing.T) {
	t.Parallel()
	for _, k := range Keys() {
		_, err := load("", Options{Environ: []string{k.Env() + "=\x01"}}, nil)
		lines := faultsOf(t, err)
		if len(lines) == 0 || !strings.HasPrefix(lines[0], k.Name) || !strings.Contains(lines[0], k.Env()) {
			t.Errorf("%s: faults %q, want one that names the key and the variable", k.Env(), lines)
		}
	}
	if got := serverKeys()[2].Env(); got != "DAYPASS_METRICS_LISTEN" {
		t.Errorf("metrics.listen is %s, want DAYPASS_METRICS_LISTEN", got)
	}
}

func TestAllFaultsAreReportedAtOnce(t *testing.T) {
	t.Parallel()
	_, err := load("issuer: ftp://x\nrefresh:\n  replay_windw: 1s\n  idle: 20x\nlisten: [a]\nlisten: :1\nlog: text\n", Options{
		Environ: []string{"DAYPASS_LITSEN=:1", "DAYPASS_ACCESS_TOKEN_LIFETIME=2h"},
		Flags:   map[string]string{"log.level": "loud", "colour": "red"},
	}, nil)
	want := []string{
		`issuer (daypass.yaml:1): the scheme is neither https nor http; write: https://HOST or https://HOST:PORT without a path, such as https://id.example.com (http:// for localhost alone)`,
		`refresh.replay_windw (daypass.yaml:3): there is no key of that name; write: refresh.replay_window, if that was meant`,
		`refresh.idle (daypass.yaml:4): "20x" is not a duration; write: a duration from 1s to 3650d, such as 30d`,
		`listen (daypass.yaml:5): one value is expected, not a list or a section; write: HOST:PORT, such as 127.0.0.1:8080 or :8443`,
		`listen (daypass.yaml:6): the key stands in the file twice; write: it once; the other is at daypass.yaml:5`,
		`log (daypass.yaml:7): a section is expected; write: lines of key: value, indented`,
		`access_token.lifetime (DAYPASS_ACCESS_TOKEN_LIFETIME): 2h is more than 1h; write: a duration from 1m to 1h, such as 10m`,
		`DAYPASS_LITSEN (environment): there is no key of that name; write: DAYPASS_LISTEN, if that was meant`,
		`colour (--colour): there is no key of that name; write: nothing: leave the flag out`,
		`log.level (--log.level): "loud" is no level; write: debug, info, warn or error`,
		`database: the key is not set; write: sqlite:PATH or postgres://USER@HOST/NAME`,
		`master_key_file: the key is not set; write: the path of a file with lines version:base64 of 32 bytes`,
	}
	if got := faultsOf(t, err); !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if !strings.HasPrefix(err.Error(), "12 faults in the configuration\n  issuer") {
		t.Errorf("error = %s", err)
	}
}

func TestAFaultyFileIsOneFault(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ yaml, want string }{
		"not YAML":      {base + "a: [", "--config (etc/daypass.yaml): line"},
		"two documents": {base + "---\nlisten: :1\n", "more than one document"},
		"a list":        {"- issuer: x\n", "a section is expected"},
		"an alias":      {base + "log: {format: &f json, level: *f}\n", "log.level (daypass.yaml:4): aliases are not read"},
		"an odd name":   {base + "[a]: b\n", "a name is expected before the colon"},
		"an empty key":  {base + "listen:\n", "listen (daypass.yaml:4): there is no value"},
	} {
		_, err := load(c.yaml, Options{}, nil)
		if lines := faultsOf(t, err); len(lines) == 0 || !strings.Contains(lines[0], c.want) {
			t.Errorf("%s: got %q, want %q", name, lines, c.want)
		}
	}
	_, err := Load(Options{File: "gone.yaml", ReadFile: files{}.read})
	if lines := faultsOf(t, err); len(lines) == 0 || lines[0] != "--config (gone.yaml): the file cannot be read: no such file; write: the path of a YAML file" {
		t.Errorf("missing file: %q", lines)
	}
}

func TestASectionWithoutLinesIsNoFault(t *testing.T) {
	t.Parallel()
	if _, err := load("refresh:\n#  idle: 1d\nsession: {}\n", Options{}, nil); err != nil {
		t.Error(err)
	}
}

func TestEachKeyHasItsRule(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ line, want string }{
		{"refresh.replay_window: 0", ""},
		{"refresh.replay_window: 10m", ""},
		{"refresh.replay_window: 10m1s", "refresh.replay_window"},
		{"refresh.replay_window: -1s", "refresh.replay_window"},
		{"refresh.idle: 0", "refresh.idle"},
		{"refresh.idle: 91d", "refresh.idle"},
		{"refresh.absolute: 29d", "refresh.idle"},
		{"refresh.absolute: 3651d", "refresh.absolute"},
		{"refresh.idle: 5s", ""},
		{"session.idle: 31d", "session.idle"},
		{"session.absolute: 1d12h", "session.idle"},
		{"session: {idle: 1h, absolute: 1h}", ""},
		{"access_token.lifetime: 1m", ""},
		{"access_token.lifetime: 59s", "access_token.lifetime"},
		{"access_token.lifetime: 61m", "access_token.lifetime"},
		{"access_token.algorithm: EdDSA", ""},
		{"access_token.algorithm: HS256", "access_token.algorithm"},
		{"access_token.algorithm: none", "access_token.algorithm"},
		{"session.max_per_user: 1", ""},
		{"session.max_per_user: 0", "session.max_per_user"},
		{"session.max_per_user: 1001", "session.max_per_user"},
		{"password.min_length: 8", ""},
		{"password.min_length: 7", "password.min_length"},
		{"password.min_length: 129", "password.min_length"},
		{"password.min_length: many", "password.min_length"},
		{"listen: localhost:0", ""},
		{"listen: '[::1]:80'", ""},
		{"listen: '8080'", "listen"},
		{"listen: 'x:http'", "listen"},
		{"listen: 'x:65536'", "listen"},
		{"listen: 'http://x:80'", "listen"},
		{"metrics: {listen: ':9090'}", ""},
		{"metrics: {listen: nowhere}", "metrics.listen"},
		{"listen: ':9090'\nmetrics: {listen: ':9090'}", "metrics.listen"},
		{"listen: '127.0.0.1:0'\nmetrics: {listen: '127.0.0.1:0'}", ""},
		{"log.format: xml", "log.format"},
		{"log.level: INFO", "log.level"},
		{"trusted_proxies: [10.0.0.1, 'fd00::/8']", ""},
		{"trusted_proxies: 10.0.0.1", "trusted_proxies"},
		{"trusted_proxies: [10.0.0.1/8]", "trusted_proxies[0]"},
		{"trusted_proxies: [10.0.0.1, 0.0.0.0/0]", "trusted_proxies[1]"},
		{"trusted_proxies: ['::/0']", "trusted_proxies[0]"},
		{"trusted_proxies: ['::ffff:10.0.0.0/104']", "trusted_proxies[0]"},
		{"trusted_proxies: [proxy]", "trusted_proxies[0]"},
		{"trusted_proxies: ['fe80::1%eth0']", "trusted_proxies[0]"},
		{"first_party_resources: [https://api.example.com/v1]", ""},
		{"first_party_resources: [api]", "first_party_resources[0]"},
		{"first_party_resources: ['https://api.example.com/#x']", "first_party_resources[0]"},
		{"first_party_resources: [https://API.example.com]", "first_party_resources[0]"},
		{"first_party_resources: [https://u@api.example.com]", "first_party_resources[0]"},
		{"first_party_resources: [HTTPS://api.example.com]", "first_party_resources[0]"},
		{"tls.cert_file: c", "tls.key_file"},
		{"tls.key_file: c", "tls.cert_file"},
		{"tls: {cert_file: c, key_file: k}", "tls.cert_file"},
	} {
		expectFault(t, c.line, c.want)
	}
}

// expectFault wants that the first fault of a line is about the key given; "": none.
func expectFault(t *testing.T, line, want string) {
	t.Helper()
	_, err := load(line+"\n", Options{}, nil)
	lines := faultsOf(t, err)
	if want == "" && len(lines) > 0 || want != "" && (len(lines) == 0 || !strings.HasPrefix(lines[0], want+" ") && !strings.HasPrefix(lines[0], want+":")) {
		t.Errorf("%s: faults %q, want %q", line, lines, want)
	}
}

func TestMailKeysHaveTheirRules(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ line, want string }{
		{"mail: {server: 'smtp.example.com:587', from: Example <login@example.com>}", ""},
		{"mail: {server: 'localhost:25', from: login@example.com, encryption: none}", ""},
		{"sign_up: confirm", "mail.server"},
		{"sign_up: shut", "sign_up"},
		{"sign_up: closed", ""},
		{"sign_up: confirm\nmail: {server: 'smtp.example.com:587', from: login@example.com}", ""},
		{"mail: {server: 'smtp.example.com:25', from: login@example.com, encryption: none}", "mail.encryption"},
		{"mail: {server: smtp.example.com, from: login@example.com}", "mail.server"},
		{"mail: {server: ':25', from: login@example.com}", "mail.server"},
		{"mail: {server: 'smtp.example.com:587'}", "mail.from"},
		{"mail: {server: 'smtp.example.com:587', from: nobody}", "mail.from"},
		{"mail: {from: login@example.com}", "mail.from"},
		{"mail: {server: 'smtp.example.com:587', from: login@example.com, encryption: ssl}", "mail.encryption"},
		{"mail: {server: 'smtp.example.com:587', from: login@example.com, username: u}", "mail.password_file"},
		{"mail: {server: 'smtp.example.com:587', from: login@example.com, password_file: p}", "mail.password_file"},
		{"mail: {server: 'smtp.example.com:587', from: login@example.com, username: u, password_file: gone}", "mail.password_file"},
		{"mail: {server: 'localhost:25', from: login@example.com, username: u, password_file: gone, encryption: none}", "mail.encryption"},
	} {
		expectFault(t, c.line, c.want)
	}
}

func TestTheIssuerIsAnOriginInCanonicalSpelling(t *testing.T) {
	t.Parallel()
	for issuer, good := range map[string]bool{
		"https://id.example.com": true, "https://id.example.com:8443": true, "http://localhost:8080": true, "http://localhost": true,
		"http://127.0.0.1:8080": true, "http://[::1]:8080": true, "https://[2001:db8::1]": true, "https://xn--bcher-kva.example": true,
		"http://id.example.com": false, "https://id.example.com/": false, "https://id.example.com/auth": false, "https://id.example.com?": false,
		"https://id.example.com#": false, "https://id.example.com?a=b": false, "https://ID.example.com": false, "HTTPS://id.example.com": false,
		"https://id.example.com:443": false, "http://localhost:80": false, "https://id.example.com:": false, "https://id.example.com:0443": false,
		"https://id.example.com:99999": false, "https://user@id.example.com": false, "https://": false, "id.example.com": false,
		"https:id.example.com": false, "https://bücher.example": false, "https://id example": false, "http://localhost.evil.example": false, "": false,
	} {
		if got, problem := parseIssuer(issuer); (problem == "") != good || good && got != issuer {
			t.Errorf("%q: got %q %q, want good = %v", issuer, got, problem, good)
		}
	}
}

func TestTheIssuersFaultIsNamed(t *testing.T) {
	t.Parallel()
	for issuer, want := range map[string]string{
		"https://id.example.com/auth": "has a path", "https://id.example.com/": "ends with a slash", "https://id.example.com?x": "query",
		"http://id.example.com": "in the clear", "https://u@id.example.com": "user name", "https://ID.example.com": "lower case",
		"https://id.example.com:443": "default port", "ftp://x": "neither https nor http", "x": "not an absolute URL",
	} {
		if _, problem := parseIssuer(issuer); !strings.Contains(problem, want) {
			t.Errorf("%q: %q, want something about %q", issuer, problem, want)
		}
	}
}

func TestDurationsAreGosWithDays(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]time.Duration{
		"0": 0, "0s": 0, "0d": 0, "30s": 30 * time.Second, "1h30m": 90 * time.Minute, "30d": 30 * day, "1d12h": 36 * time.Hour, "1.5h": 90 * time.Minute,
		"": -1, "d": -1, "30": -1, "-1s": -1, "+1s": -1, "1d-1h": -1, "1.5d": -1, "1h1d": -1, "-1d": -1, "36501d": -1, "1dd": -1, "99999999999d": -1, "900000h": -1, "1 d": -1,
	} {
		got, problem := parseDuration(s)
		if problem != "" {
			got = -1
		}
		if got != want {
			t.Errorf("%q: got %v (%s), want %v", s, got, problem, want)
		}
		if problem == "" {
			if again, _ := parseDuration(formatDuration(got)); again != got {
				t.Errorf("%v is written %q, which reads as %v", got, formatDuration(got), again)
			}
		}
	}
}

func TestTheDatabaseIsAFileOrAURL(t *testing.T) {
	t.Parallel()
	for value, good := range map[string]bool{
		"sqlite:d.db": true, "sqlite:/var/lib/d.db": true, "postgres://u:canary@db/x": true, "postgresql://db/x": true, "postgres:///x?host=/run": true,
		"postgres://u:canary@one:5432,two:5433/x?target_session_attrs=read-write": true, "postgres://u:canary@one,two/x": true,
		"postgres:///x?host=/run/one,/run/two&target_session_attrs=read-write": true, "postgres://u:canary@one:5432,two/x": false,
		"sqlite:": false, "sqlite::memory:": false, "sqlite:d.db?mode=ro": false, "postgres://": false, "postgres://u:canary@db:port/x": false,
		"mysql://u:canary@db": false, "canary": false,
	} {
		got, err := load("issuer: https://id.example.com\nmaster_key_file: m\ndatabase: '"+value+"'\n", Options{}, nil)
		if (err == nil) != good {
			t.Errorf("%q: %v, want good = %v", value, err, good)
		}
		if err != nil && strings.Contains(err.Error(), "canary") || strings.Contains(fmt.Sprintf("%+v %#v", got, got), "canary") {
			t.Errorf("%q: the password is printed: %v %+v", value, err, got)
		}
		if good && got.Database.IsSQLite() != strings.HasPrefix(value, "sqlite:") {
			t.Errorf("%q: IsSQLite = %v", value, got.Database.IsSQLite())
		}
	}
}

func TestTheDatabaseURLCanComeFromAFile(t *testing.T) {
	t.Parallel()
	const head = "issuer: https://id.example.com\nmaster_key_file: m\ndatabase_file: db.url\n"
	got, err := load(head, Options{}, files{"db.url": "postgres://u:p@db/x\n"})
	if err != nil || got.Database.URL.Reveal() != "postgres://u:p@db/x" {
		t.Errorf("got %q, %v", got.Database.URL.Reveal(), err)
	}
	for name, c := range map[string]struct {
		head    string
		content files
		want    string
	}{
		"missing": {head, nil, "the file cannot be read: no such file"},
		"empty":   {head, files{"db.url": "\n"}, "the file is empty"},
		"wrong":   {head, files{"db.url": "canary"}, "begins with neither"},
		"both":    {head + "database: sqlite:x\n", files{"db.url": "sqlite:y"}, "database is set as well"},
	} {
		_, err := load(c.head, Options{}, c.content)
		if lines := faultsOf(t, err); len(lines) != 1 || !strings.Contains(lines[0], c.want) || strings.Contains(lines[0], "canary") {
			t.Errorf("%s: %q, want %q", name, lines, c.want)
		}
	}
}

func TestDataAndDevFillWhatIsMissing(t *testing.T) {
	t.Parallel()
	got, err := Load(Options{Dev: true, Data: "daypass-data", Flags: map[string]string{"listen": "127.0.0.1:9000"}})
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, Dev("daypass-data", "127.0.0.1:9000")) {
		t.Errorf("Load gives %+v, Dev gives %+v", got, Dev("daypass-data", "127.0.0.1:9000"))
	}
	if got.Issuer != "http://localhost:9000" || got.Database.Path != "daypass-data/daypass.db" || got.MasterKeyFile != "daypass-data/master.key" || !got.PlainHTTP() {
		t.Errorf("got %+v", got)
	}
	got, err = Load(Options{Data: "x", Offline: true, Environ: []string{"DAYPASS_DATABASE=postgres://db/x"}})
	if err != nil || got.Issuer != "" || got.Database.IsSQLite() || got.MasterKeyFile != "x/master.key" {
		t.Errorf("offline: %+v, %v", got, err)
	}
	if _, err = Load(Options{Data: "x"}); len(faultsOf(t, err)) != 1 {
		t.Errorf("without issuer: %v, want one fault", err)
	}
	if _, err = Load(Options{Data: "x", Dev: true, Flags: map[string]string{"issuer": "https://id.example.com"}}); len(faultsOf(t, err)) != 1 {
		t.Errorf("dev under a public name: %v, want one fault", err)
	}
	if got := LocalIssuer("127.0.0.1:80"); got != "http://localhost" {
		t.Errorf("port 80: issuer %q", got)
	}
}

func TestTLSFilesMustFit(t *testing.T) {
	t.Parallel()
	const tlsLines = "tls: {cert_file: c, key_file: k}\n"
	for name, c := range map[string]struct {
		yaml    string
		content files
		o       Options
		want    string
	}{
		"missing":     {base + tlsLines, files{"c": "x"}, Options{}, "tls.key_file (daypass.yaml:4): the file cannot be read"},
		"not PEM":     {base + tlsLines, files{"c": "x", "k": "y"}, Options{}, "tls.cert_file (daypass.yaml:4): tls: failed to find any PEM"},
		"offline":     {base + tlsLines, nil, Options{Offline: true}, ""},
		"http issuer": {"issuer: http://localhost:1\ndatabase: sqlite:d\nmaster_key_file: m\n" + tlsLines, nil, Options{Offline: true}, "issuer (daypass.yaml:1): tls.cert_file is set"},
		"empty":       {base + "tls: {cert_file: , key_file: k}\n", nil, Options{}, "tls.cert_file (daypass.yaml:4): there is no value"},
	} {
		_, err := load(c.yaml, c.o, c.content)
		lines := faultsOf(t, err)
		if c.want == "" && lines != nil || c.want != "" && (len(lines) != 1 || !strings.HasPrefix(lines[0], c.want)) {
			t.Errorf("%s: %q, want %q", name, lines, c.want)
		}
	}
}

func TestPasswordOfTheMailServerIsReadFromItsFile(t *testing.T) {
	t.Parallel()
	const line = "mail: {server: 'smtp.example.com:465', encryption: tls, from: login@example.com, username: u, password_file: p}\n"
	got, err := load(line, Options{}, files{"p": "hush\n"})
	if err != nil || got.Mail.Password.Reveal() != "hush" {
		t.Errorf("got %q, %v, want the content without its line break", got.Mail.Password.Reveal(), err)
	}
	if _, err := load(line, Options{}, files{"p": ""}); err == nil {
		t.Error("an empty file: want a fault")
	}
	if _, err := load(line, Options{Offline: true}, nil); err != nil {
		t.Errorf("a command that sends no mail: %v", err)
	}
}
