package httpkit

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
)

// What ReadForm and ReadJSON refuse, to be told apart with errors.Is; ErrDuplicate with errors.As.
var (
	// ErrContentType: not exactly one Content-Type of the expected media type, another charset than UTF-8, or a coded body.
	ErrContentType = errors.New("unsupported content type")
	// ErrTooLarge: the body exceeds MaxBody.
	ErrTooLarge = errors.New("body too large")
	// ErrMalformed: the body is not what its media type says, or could not be read to its end.
	ErrMalformed = errors.New("malformed body")
)

// ErrDuplicate tells that a parameter or a member name came twice.
type ErrDuplicate struct {
	// Name is safe to show: it is empty unless it is at most 64 letters, digits, '_', '-' and '.'.
	Name string
}

func (e ErrDuplicate) Error() string {
	if e.Name == "" {
		return "duplicate parameter"
	}
	return "duplicate parameter " + e.Name
}

func duplicate(name string) error {
	if len(name) > 64 {
		return ErrDuplicate{}
	}
	for i := range len(name) {
		if c := name[i]; !isAlnum(c) && c != '_' && c != '-' && c != '.' {
			return ErrDuplicate{}
		}
	}
	return ErrDuplicate{Name: name}
}

// readBody reads the whole body, at most MaxBody bytes of it.
func readBody(r *http.Request) ([]byte, error) {
	if r.Body == nil {
		return nil, nil
	}
	if r.ContentLength > MaxBody {
		return nil, ErrTooLarge // before a byte of it is awaited
	}
	body := make([]byte, 0, max(r.ContentLength, 0)+bytes.MinRead)
	buffer := bytes.NewBuffer(body) // of the size that the client told, so that it need not grow
	_, err := buffer.ReadFrom(io.LimitReader(r.Body, MaxBody+1))
	body = buffer.Bytes()
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge), len(body) > MaxBody:
		return nil, ErrTooLarge
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return body, nil
}

// hasContentType tells whether the request bears exactly one Content-Type, of the media type want, in UTF-8 and with
// no content coding.
func hasContentType(r *http.Request, want string) bool {
	values := r.Header.Values("Content-Type")
	if len(values) != 1 || len(r.Header.Values("Content-Encoding")) != 0 {
		return false
	}
	if values[0] == want {
		return true
	}
	media, params, err := mime.ParseMediaType(values[0])
	if err != nil || media != want {
		return false
	}
	charset, given := params["charset"]
	return !given || strings.EqualFold(charset, "utf-8")
}
