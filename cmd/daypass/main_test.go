package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/daypass/daypass/internal/store/storetest"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"daypass": main})
}

// TestScripts runs the real command line, as age and the go command test theirs.
func TestScripts(t *testing.T) {
	t.Parallel()
	p := scripts()
	p.Dir = "testdata"
	testscript.Run(t, p)
}

// TestScriptsOnPostgres runs what differs with the other database.
func TestScriptsOnPostgres(t *testing.T) {
	t.Parallel()
	url := storetest.Postgres(t)
	p := scripts()
	p.Dir = "testdata/postgres"
	p.Setup = func(e *testscript.Env) error {
		e.Setenv("DAYPASS_DATABASE", url)
		return nil
	}
	testscript.Run(t, p)
}

func scripts() testscript.Params {
	return testscript.Params{
		RequireExplicitExec: true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits, "get": get, "freeport": freeport, "ready": ready, "seed": seed,
		},
	}
}

// exits CODE command args…: runs a command that must end with the exit code.
func exits(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	var exit *exec.ExitError
	got := 0
	if errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d\nstdout: %s\nstderr: %s", got, want, ts.ReadFile("stdout"), ts.ReadFile("stderr"))
	}
}

// get NAME PATH [stdout|stderr]: reads a value of the last JSON output, as in users.0.sub, into $NAME. Without
// anything at PATH it fails, or with ! succeeds.
func get(ts *testscript.TestScript, neg bool, args []string) {
	from := "stdout"
	if len(args) > 2 {
		from = args[2]
	}
	var v any
	if err := json.Unmarshal([]byte(ts.ReadFile(from)), &v); err != nil {
		ts.Fatalf("%s is no JSON: %v\n%s", from, err, ts.ReadFile(from))
	}
	for step := range strings.SplitSeq(args[1], ".") {
		switch in := v.(type) {
		case map[string]any:
			v = in[step]
		case []any:
			v = nil
			if i, err := strconv.Atoi(step); err == nil && i < len(in) {
				v = in[i]
			}
		default:
			v = nil
		}
	}
	if (v == nil) != neg {
		ts.Fatalf("%s is %v in %s", args[1], v, ts.ReadFile(from))
	}
	ts.Setenv(args[0], fmt.Sprint(v))
}

// freeport NAME: puts a port that nobody listens on into $NAME.
func freeport(ts *testscript.TestScript, _ bool, args []string) {
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	ts.Check(err)
	_, port, err := net.SplitHostPort(l.Addr().String())
	ts.Check(err)
	ts.Check(l.Close())
	ts.Setenv(args[0], port)
}

// ready URL: waits until the server answers 200.
func ready(ts *testscript.TestScript, _ bool, args []string) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, args[0], nil)
		ts.Check(err)
		res, err := http.DefaultClient.Do(req)
		if err == nil {
			_ = res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return
			}
		}
		select {
		case <-ctx.Done():
			ts.Fatalf("%s does not answer: %v", args[0], err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}
