package httpkit

import "net/http"

// recorder remembers what was sent, for the event and for the decision whether a panic can still be answered.
type recorder struct {
	http.ResponseWriter
	status int
	bytes  int64
}

var _ http.ResponseWriter = (*recorder)(nil)

// WriteHeader records the first final status. Informational replies (1xx) may come before it; 101 is final.
func (w *recorder) WriteHeader(status int) {
	if w.status == 0 && (status >= 200 || status == http.StatusSwitchingProtocols) {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *recorder) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	n, err := w.ResponseWriter.Write(b)
	w.bytes += int64(n)
	return n, err
}

// FlushError is found by http.ResponseController before Unwrap, so that a flush, which sends the header, is recorded.
func (w *recorder) FlushError() error {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return http.NewResponseController(w.ResponseWriter).Flush()
}

// Unwrap lets http.ResponseController reach deadlines, full duplex and hijacking of the writer below.
func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// sent tells whether the header has left.
func (w *recorder) sent() bool { return w.status != 0 }
