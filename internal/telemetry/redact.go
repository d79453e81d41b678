package telemetry

import (
	"encoding"
	"fmt"
	"log/slog"
	"reflect"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"unicode"
)

const redacted = "[redacted]"

// redactor knows what a credential looks like. It is safe for concurrent use.
type redactor struct {
	keys     sync.Map // of string: judgement, of the first maxKeys keys that were judged
	kept     atomic.Int64
	patterns []pattern
	words    map[string]bool // a key with one of these words names a credential
	wholes   map[string]bool // so does each of these keys
	harmless map[string]bool // and none of these does, whatever its words
}

// judgement is what is known of a key.
type judgement struct {
	clean  string
	hidden bool
}

// maxKeys is more than there are keys in the code.
const maxKeys = 512

// pattern replaces what find matches. A string without any of hints cannot match, which spares most strings the
// regular expression.
type pattern struct {
	hints   []string
	find    *regexp.Regexp
	replace string
}

func newRedactor() *redactor {
	const names = `password|passwd|passphrase|secret|client_secret|token|access_token|refresh_token|id_token|code|` +
		`code_verifier|device_code|user_code|assertion|client_assertion|subject_token|request_uri|otp`
	return &redactor{
		patterns: []pattern{
			// Our own formats: dpr_ refresh, dpa_ access, and whatever dp?_ comes later.
			{[]string{"dp"}, regexp.MustCompile(`dp[a-z]_[A-Za-z0-9_-]{4,}`), redacted},
			// A compact JWS or JWE, also one cut off after its second part.
			{[]string{"eyJ"}, regexp.MustCompile(`eyJ[A-Za-z0-9_-]*(\.[A-Za-z0-9_-]*)+`), redacted},
			{[]string{"r ", "R ", "r:", "R:", "r=", "R="}, regexp.MustCompile(`(?i)\bbearer[\s:=]+[A-Za-z0-9._~+/=-]+`), redacted},
			// At least 16, or "basic authentication" would be taken for a credential.
			{[]string{"c ", "C ", "p ", "P "}, regexp.MustCompile(`(?i)\b(basic|dpop) +[A-Za-z0-9._~+/=-]{16,}`), redacted},
			// A password in a URL, as database drivers like to quote it.
			{[]string{"://"}, regexp.MustCompile(`(://[^/\s:@]*):[^\s]*@`), "$1:" + redacted + "@"},
			{[]string{"="}, regexp.MustCompile(`(?i)\b(` + names + `)=[^\s&"']+`), "$1=" + redacted},
			{[]string{`":`, `" :`}, regexp.MustCompile(`(?i)"(` + names + `)"\s*:\s*"(\\.|[^"\\])*"?`), `"$1":"` + redacted + `"`},
		},
		words: set("password", "passwords", "passwd", "passphrase", "token", "tokens", "secret", "secrets", "authorization",
			"cookie", "cookies", "code", "codes", "assertion", "verifier", "otp", "proof", "credential", "credentials", "dsn"),
		wholes:   set("request_uri", "private_key", "master_key", "signing_key", "api_key"),
		harmless: set("token_type", "status_code", "error_code", "exit_code", "code_challenge_method"),
	}
}

func set(names ...string) map[string]bool {
	m := make(map[string]bool, len(names))
	for _, n := range names {
		m[n] = true
	}
	return m
}

// text cuts credentials out of s.
func (d *redactor) text(s string) string {
	if plain(s) {
		return s
	}
	for _, p := range d.patterns {
		if containsAny(s, p.hints) {
			s = p.find.ReplaceAllString(s, p.replace)
		}
	}
	return s
}

// plain tells at one glance that none of the patterns can match: each needs one of these bytes or pairs.
func plain(s string) bool {
	var before byte
	for i := range len(s) {
		switch c := s[i]; c {
		case ' ', ':', '=':
			return false
		case 'p':
			if before == 'd' {
				return false
			}
		case 'y':
			if before == 'e' {
				return false
			}
		}
		before = s[i]
	}
	return true
}

func containsAny(s string, hints []string) bool {
	for _, h := range hints {
		if strings.Contains(s, h) {
			return true
		}
	}
	return false
}

// namesCredential judges a key by its words, however they are joined: client_secret, client-secret, clientSecret.
func (d *redactor) namesCredential(key string) bool {
	snake := snakeCase(key)
	if d.harmless[snake] {
		return false
	}
	if d.wholes[snake] {
		return true
	}
	for word := range strings.SplitSeq(snake, "_") {
		if d.words[word] {
			return true
		}
	}
	return false
}

func snakeCase(key string) string {
	var b strings.Builder
	lower := false
	for _, r := range key {
		switch {
		case r == '-' || r == '.' || r == ' ':
			r, lower = '_', false
		case unicode.IsUpper(r):
			if lower {
				b.WriteByte('_')
			}
			lower = false
		default:
			lower = unicode.IsLower(r) || unicode.IsDigit(r)
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// attr cleans one attribute; hidden says that a group around it names a credential.
func (d *redactor) attr(a slog.Attr, hidden bool) slog.Attr {
	k := d.judge(a.Key)
	return slog.Attr{Key: k.clean, Value: d.value(a.Value, hidden || k.hidden)}
}

// judge looks at a key, at most keys once.
func (d *redactor) judge(key string) judgement {
	known, _ := d.keys.Load(key)
	if j, ok := known.(judgement); ok {
		return j
	}
	j := judgement{clean: d.text(key), hidden: d.namesCredential(key)}
	if d.kept.Add(1) <= maxKeys {
		d.keys.Store(strings.Clone(key), j)
	}
	return j
}

func (d *redactor) value(v slog.Value, hidden bool) slog.Value {
	v = v.Resolve()
	switch v.Kind() {
	case slog.KindGroup:
		group := v.Group()
		clean := make([]slog.Attr, len(group))
		for i, a := range group {
			clean[i] = d.attr(a, hidden)
		}
		return slog.GroupValue(clean...)
	case slog.KindTime:
		return slog.TimeValue(v.Time().UTC())
	case slog.KindBool, slog.KindDuration:
		return v // says nothing of the credential itself: password_set=true
	}
	if hidden {
		return slog.StringValue(redacted)
	}
	switch v.Kind() {
	case slog.KindString:
		return slog.StringValue(d.text(v.String()))
	case slog.KindAny:
		return slog.AnyValue(d.any(v.Any()))
	}
	return v // numbers
}

// any turns a value of any type into something whose text has been looked at. A struct, a map or bytes are told by
// their type alone: their fields have no keys here that could be judged, and log/slog would print them whole.
func (d *redactor) any(x any) (out any) {
	defer func() {
		if recover() != nil { // an Error or String method of a nil pointer: a log line must not end the request
			out = fmt.Sprintf("[%T]", x)
		}
	}()
	switch v := x.(type) {
	case nil:
		return nil
	case error:
		return d.text(v.Error())
	case slog.LogValuer: // inside a slice; slog resolves those at the top itself
		return d.value(v.LogValue(), false).Any()
	case fmt.Stringer:
		return d.text(v.String())
	case encoding.TextMarshaler:
		b, err := v.MarshalText()
		if err != nil {
			return fmt.Sprintf("[%T]", x)
		}
		return d.text(string(b))
	}
	return d.reflected(reflect.ValueOf(x))
}

func (d *redactor) reflected(v reflect.Value) any {
	switch v.Kind() {
	case reflect.String:
		return d.text(v.String())
	case reflect.Bool:
		return v.Bool()
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return v.Int()
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return v.Uint()
	case reflect.Float32, reflect.Float64:
		return v.Float()
	case reflect.Slice, reflect.Array:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			break
		}
		list := make([]any, v.Len())
		for i := range list {
			list[i] = d.any(v.Index(i).Interface())
		}
		return list
	}
	return fmt.Sprintf("[%s]", v.Type())
}
