package telemetry

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/secret"
)

// tokens are canaries, each in a shape that must never pass through; every one holds the word "canary" or "CANARY".
func tokens() map[string]string {
	return map[string]string{
		"refresh token":       "dpr_AAcanaryAAAA-_09",
		"access token":        "dpa_AAcanaryAAAA",
		"later token":         "dpx_canary",
		"JWT":                 "eyJhbGciOiJFUzI1NiJ9.eyJcanary.sigcanary-_",
		"JWT cut":             "eyJhbGciOiJFUzI1NiJ9.eyJcanary",
		"JWE":                 "eyJhbGciOiJFUzI1NiJ9..canary.canary.canary",
		"bearer":              "Bearer canary",
		"bearer, other case":  "beARer canary.canary",
		"basic":               "Basic canarycanarycanary==",
		"dpop":                "DPoP canarycanarycanary",
		"URL with a password": "postgres://user:canary@db/x",
		"URL, @ in password":  "postgres://user:can@canary@db/x",
		"query":               "https://x/?code=canary&refresh_token=canary",
		"form":                "grant_type=password&password=canary",
		"JSON":                `{"email":"a","password":"canary"}`,
		"JSON, spaced":        `{"client_secret" : "can\"canary"}`,
		"JSON, cut":           `{"password":"canary`,
	}
}

func leaked(s string) bool { return strings.Contains(strings.ToLower(s), "canary") }

func TestNothingThatLooksLikeATokenIsLogged(t *testing.T) {
	t.Parallel()
	for _, format := range []string{FormatText, FormatJSON} {
		for name, tok := range tokens() {
			inside := fmt.Sprintf("before %s, after", tok)
			for place, log := range map[string]func(*slog.Logger){
				"message":       func(l *slog.Logger) { l.Info(inside) },
				"string":        func(l *slog.Logger) { l.Info("m", "k", inside) },
				"alone":         func(l *slog.Logger) { l.Info("m", "k", tok) },
				"error":         func(l *slog.Logger) { l.Info("m", "err", fmt.Errorf("x: %w", errors.New(inside))) },
				"joined errors": func(l *slog.Logger) { l.Info("m", "err", errors.Join(io.EOF, errors.New(inside))) },
				"group":         func(l *slog.Logger) { l.Info("m", slog.Group("g", slog.Group("h", "k", inside))) },
				"with":          func(l *slog.Logger) { l.With("k", inside).Info("m") },
				"with group":    func(l *slog.Logger) { l.WithGroup("g").With("k", inside).Info("m") },
				"group name":    func(l *slog.Logger) { l.WithGroup(inside).Info("m", "k", 1) },
				"key":           func(l *slog.Logger) { l.Info("m", inside, 1) },
				"stringer":      func(l *slog.Logger) { l.Info("m", "k", stringer{inside}) },
				"log valuer":    func(l *slog.Logger) { l.Info("m", "k", valuer{inside}) },
				"text":          func(l *slog.Logger) { l.Info("m", "k", texter{inside}) },
				"named string":  func(l *slog.Logger) { l.Info("m", "k", named(inside)) },
				"slice":         func(l *slog.Logger) { l.Info("m", "k", []string{"a", inside}) },
				"mixed slice":   func(l *slog.Logger) { l.Info("m", "k", []any{1, errors.New(inside), valuer{inside}}) },
				"struct":        func(l *slog.Logger) { l.Info("m", "k", struct{ A string }{inside}) },
				"pointer":       func(l *slog.Logger) { l.Info("m", "k", &struct{ A string }{inside}) },
				"map":           func(l *slog.Logger) { l.Info("m", "k", map[string]string{"a": inside}) },
				"bytes":         func(l *slog.Logger) { l.Info("m", "k", []byte(inside)) },
				"raw JSON":      func(l *slog.Logger) { l.Info("m", "k", json.RawMessage(`"`+tok+`"`)) },
			} {
				var out bytes.Buffer
				log(NewLogger(&out, format, slog.LevelInfo))
				if leaked(out.String()) || out.Len() == 0 {
					t.Errorf("%s, %s as %s: %s", format, name, place, out.String())
				}
			}
		}
	}
}

type stringer struct{ s string }

func (s stringer) String() string { return s.s }

type valuer struct{ s string }

func (v valuer) LogValue() slog.Value { return slog.GroupValue(slog.String("k", v.s)) }

type texter struct{ s string }

func (v texter) MarshalText() ([]byte, error) { return []byte(v.s), nil }

type named string

// The number is longer than the fraction of a second, in which four digits turned up now and then.
func TestValuesUnderTheNameOfACredentialAreDropped(t *testing.T) {
	t.Parallel()
	for _, key := range []string{
		"password", "Password", "new_password", "newPassword", "token", "refresh_token", "access-token", "accessToken", "secret",
		"client_secret", "clientSecret", "authorization", "Authorization", "cookie", "Set-Cookie", "code", "user_code", "device.code",
		"assertion", "client_assertion", "code_verifier", "otp", "dpop_proof", "request_uri", "master_key", "credentials", "database_dsn",
	} {
		for place, log := range map[string]func(*slog.Logger){
			"string":        func(l *slog.Logger) { l.Info("m", key, "canary") },
			"error":         func(l *slog.Logger) { l.Info("m", key, errors.New("canary")) },
			"number":        func(l *slog.Logger) { l.Info("m", key, 471100004711) },
			"group":         func(l *slog.Logger) { l.Info("m", slog.Group(key, "k", "canary", slog.Group("h", "k", 471100004711))) },
			"with":          func(l *slog.Logger) { l.With(key, "canary").Info("m") },
			"with group":    func(l *slog.Logger) { l.WithGroup(key).WithGroup("h").With("k", "canary").Info("m", "n", 471100004711) },
			"inside valuer": func(l *slog.Logger) { l.WithGroup(key).Info("m", "k", valuer{"canary"}) },
		} {
			var out bytes.Buffer
			log(NewLogger(&out, FormatJSON, slog.LevelInfo))
			if leaked(out.String()) || strings.Contains(out.String(), "471100004711") || !strings.Contains(out.String(), redacted) {
				t.Errorf("%s as %s: %s", key, place, out.String())
			}
		}
	}
}

func TestWhatIsHarmlessPasses(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	NewLogger(&out, FormatJSON, slog.LevelInfo).Info("the token was refused: basic authentication failed",
		"route", "POST /oauth/token", "grant_id", "0b2f", "problem", "invalid_grant", "token_type", "Bearer", "status_code", 200,
		"password_set", true, "n", 7, "f", 1.5, "d", time.Second, "ip", netip.MustParseAddr("192.0.2.1"),
		"list", []string{"a", "b"}, "named", named("x"), "url", "https://id.example.com:8443/oauth/jwks", "err", error(nil),
		"client", "https://client.example/@name", "key_id", "k1", "secret_value_type", true)
	var got map[string]any
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	delete(got, "time")
	want := `{"client":"https://client.example/@name","d":1000000000,"err":null,"f":1.5,"grant_id":"0b2f","ip":"192.0.2.1","key_id":"k1",` +
		`"level":"INFO","list":["a","b"],"msg":"the token was refused: basic authentication failed","n":7,"named":"x",` +
		`"password_set":true,"problem":"invalid_grant","route":"POST /oauth/token","secret_value_type":true,"status_code":200,` +
		`"token_type":"Bearer","url":"https://id.example.com:8443/oauth/jwks"}`
	if text, _ := json.Marshal(got); string(text) != want {
		t.Errorf("got  %s\nwant %s", text, want)
	}
}

func TestOneRecordIsOneLine(t *testing.T) {
	t.Parallel()
	evil := "a\r\nlevel=INFO msg=forged\nb\u2028c\x1b[31m"
	for _, format := range []string{FormatText, FormatJSON} {
		var out bytes.Buffer
		l := NewLogger(&out, format, slog.LevelInfo)
		l.With(evil, evil).WithGroup(evil).Info(evil, evil, evil, "e", errors.New(evil), "s", []string{evil})
		if got := out.String(); strings.Count(got, "\n") != 1 || !strings.HasSuffix(got, "\n") || strings.ContainsAny(got, "\r\x1b") {
			t.Errorf("%s: %q", format, got)
		}
	}
}

func TestSecretsAndBrokenValuesArePlaceholders(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	var nothing *broken
	NewLogger(&out, FormatText, slog.LevelInfo).Info("m", "a", secret.FromString("canary"), "b", []any{secret.FromString("canary")},
		"c", error(nothing), "d", refusing{}, "e", []byte("canary"))
	if got := out.String(); leaked(got) || strings.Count(got, "[secret]") != 2 || !strings.Contains(got, "[*telemetry.broken]") ||
		!strings.Contains(got, "[[]uint8]") {
		t.Errorf("got %s", got)
	}
}

type broken struct{ s string }

func (b *broken) Error() string { return b.s }

type refusing struct{}

func (refusing) MarshalText() ([]byte, error) { return nil, errors.New("canary") }

func TestLevelFormatAndUTC(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	l := NewLogger(&out, FormatText, slog.LevelWarn)
	l.Info("quiet")
	if out.Len() != 0 {
		t.Errorf("info below level warn was written: %s", out.String())
	}
	l.Warn("loud")
	if got := out.String(); !strings.HasPrefix(got, "time=") || !strings.Contains(got, "Z level=WARN msg=loud\n") {
		t.Errorf("got %q, want text with a UTC time", got)
	}
	out.Reset()
	NewLogger(&out, FormatJSON, slog.LevelWarn).Warn("loud")
	if !json.Valid(out.Bytes()) {
		t.Errorf("got %q, want JSON", out.String())
	}
}

func FuzzRedactText(f *testing.F) {
	for _, tok := range tokens() {
		f.Add(tok)
	}
	d := newRedactor()
	f.Fuzz(func(t *testing.T, around string) {
		for _, tok := range []string{"dpr_CANARYcanaryCANARY", "eyJhbGciOiJFUzI1NiJ9.eyJCANARY.sigCANARY"} {
			if got := d.text(around + tok + around); strings.Contains(got, "CANARY") && !strings.Contains(around, "CANARY") {
				t.Errorf("%q around a token gives %q", around, got)
			}
		}
	})
}

func BenchmarkRequestEvent(b *testing.B) {
	l := NewLogger(io.Discard, FormatJSON, slog.LevelInfo)
	for b.Loop() {
		l.LogAttrs(b.Context(), slog.LevelInfo, "request", slog.String("method", "POST"), slog.String("route", "POST /oauth/token"),
			slog.Int("status", 200), slog.Float64("duration_ms", 0.7), slog.Int64("bytes", 900),
			slog.String("request_id", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"), slog.String("client_ip", "192.0.2.1"), slog.String("grant_id", "0b2f"))
	}
}
