package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"
)

// wire is one kept HTTP/1.1 connection that does as little as it can, so that the generator takes little of the cores it
// shares with what it measures: requests are written in one piece, replies must have a Content-Length.
type wire struct {
	conn   net.Conn
	reader *bufio.Reader
	head   []byte // of a POST, up to the length
	out    []byte
	body   []byte

	location []byte // of the last reply; good until the next call
}

const wireTimeout = 30 * time.Second

// dial connects to address (host:port on this machine) for POST requests to path with a JSON body.
func dial(address, path string) (*wire, error) {
	conn, err := net.DialTimeout("tcp", address, wireTimeout)
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	head := fmt.Appendf(nil, "POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ", path)
	return &wire{conn: conn, reader: bufio.NewReaderSize(conn, 8<<10), head: head}, nil
}

func (w *wire) close() { _ = w.conn.Close() }

// post sends one request and returns status and body of the reply; the body is good until the next call.
func (w *wire) post(body []byte) (status int, reply []byte, err error) {
	w.out = append(w.out[:0], w.head...)
	w.out = strconv.AppendInt(w.out, int64(len(body)), 10)
	return w.send(append(append(w.out, "\r\n\r\n"...), body...))
}

// send sends a whole request and reads its reply.
func (w *wire) send(request []byte) (status int, reply []byte, err error) {
	w.out = request
	if err := w.conn.SetDeadline(time.Now().Add(wireTimeout)); err != nil {
		return 0, nil, err
	}
	if _, err := w.conn.Write(w.out); err != nil {
		return 0, nil, fmt.Errorf("send: %w", err)
	}
	return w.read()
}

func (w *wire) read() (status int, reply []byte, err error) {
	line, err := w.reader.ReadSlice('\n')
	if err != nil {
		return 0, nil, fmt.Errorf("receive: %w", err)
	}
	if len(line) < 12 || !bytes.HasPrefix(line, []byte("HTTP/1.1 ")) {
		return 0, nil, fmt.Errorf("not a reply: %q", line)
	}
	if status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return 0, nil, fmt.Errorf("not a reply: %q", line)
	}
	length := -1
	w.location = w.location[:0]
	for {
		if line, err = w.reader.ReadSlice('\n'); err != nil {
			return 0, nil, fmt.Errorf("receive: %w", err)
		}
		if len(line) <= 2 {
			break
		}
		if value, found := bytes.CutPrefix(line, []byte("Content-Length: ")); found {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil {
				return 0, nil, fmt.Errorf("not a length: %q", value)
			}
		}
		if value, found := bytes.CutPrefix(line, []byte("Location: ")); found {
			w.location = append(w.location, bytes.TrimSpace(value)...)
		}
	}
	if length < 0 || length > 1<<20 {
		return 0, nil, errors.New("a reply without a usable Content-Length")
	}
	if cap(w.body) < length {
		w.body = make([]byte, length)
	}
	w.body = w.body[:length]
	if _, err := io.ReadFull(w.reader, w.body); err != nil {
		return 0, nil, fmt.Errorf("receive: %w", err)
	}
	return status, w.body, nil
}

// member returns the text of a string member of a flat JSON object whose values need no escaping, as tokens do.
func member(object []byte, name string) (string, bool) {
	_, rest, found := bytes.Cut(object, []byte(`"`+name+`":"`))
	if !found {
		return "", false
	}
	value, _, found := bytes.Cut(rest, []byte(`"`))
	return string(value), found && len(value) > 0
}
