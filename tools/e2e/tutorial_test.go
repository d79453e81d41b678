package e2e

import (
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// block is one fenced block of a tutorial. Its info string says what it is: "sh" is typed and ends, "sh waits" goes on in a
// terminal of its own, and everything else names the file under examples/ that it comes from and is saved under its last name.
type block struct{ language, of, text string }

func (b block) waits() bool  { return b.language == "sh" && b.of == "waits" }
func (b block) isFile() bool { return b.language != "sh" }

var fence = regexp.MustCompile("(?ms)^```(\\S*) ?([^\n]*)\n(.*?)^```$")

func tutorialBlocks(t *testing.T, name string) (blocks []block) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(checkout(t), "docs", "tutorials", name+".md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range fence.FindAllStringSubmatch(string(text), -1) {
		blocks = append(blocks, block{m[1], m[2], m[3]})
	}
	return blocks
}

func checkout(t *testing.T) string {
	t.Helper()
	root, err := moduleRoot()
	if err != nil {
		t.Fatal(err)
	}
	return root
}

// tutorials are all there are, each with the files it has its reader save or look at.
func tutorials() map[string][]string {
	return map[string][]string{
		"web-app-go":      {"examples/web-app-go/home.html", "examples/web-app-go/login.go", "examples/web-app-go/main.go", "examples/web-app-go/session.go"},
		"single-page-app": {"examples/single-page-app/app.js", "examples/single-page-app/index.html", "examples/single-page-app/main.go", "examples/single-page-app/oauth.js"},
		"native-app":      {"examples/native-app/login.go", "examples/native-app/main.go", "examples/native-app/token.go"},
		"machine-client":  {"examples/machine-client/main.go", "examples/protect-api/main.go"},
	}
}

// TestTutorialsPrintTheirProgramsAsTheyAre compares each block with its file, and knows each tutorial.
func TestTutorialsPrintTheirProgramsAsTheyAre(t *testing.T) {
	t.Parallel()
	root := checkout(t)
	pages, err := filepath.Glob(filepath.Join(root, "docs", "tutorials", "*.md"))
	if err != nil || len(pages) != len(tutorials()) {
		t.Errorf("there are %d tutorials (%v), this test knows %d", len(pages), err, len(tutorials()))
	}
	for name, want := range tutorials() {
		printed := map[string]string{}
		for _, b := range tutorialBlocks(t, name) {
			if b.isFile() {
				printed[b.of] += b.text
			}
		}
		if got := slices.Sorted(maps.Keys(printed)); !slices.Equal(got, want) {
			t.Errorf("%s prints %q, want %q", name, got, want)
		}
		for file, text := range printed {
			is, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(file)))
			if err != nil || string(is) != text {
				t.Errorf("%s prints %s otherwise than it is (%v)", name, file, err)
			}
		}
	}
}

// reader follows a tutorial to the letter: what is printed is saved, what is to be typed is typed into one shell. Only the ports
// are others, the program is built already, and the folder that stands for the repository is empty, so that nothing is left in it.
type reader struct {
	t           *testing.T
	dir         string
	environment []string // further variables, where a program is run as it is
	local       *strings.Replacer
	blocks      []block
}

// newReader starts the server and sits down before the tutorial. port is the one that the tutorial uses beside Daypass's, or
// "", and address is where that is here.
func newReader(t *testing.T, name, port string) (r *reader, s *Server, address string) {
	t.Helper()
	if testing.Short() {
		t.Skip("builds and starts programs")
	}
	s = Daypass(t)
	address = "localhost:" + freePort(t)
	r = &reader{t: t, dir: tempDir(t, "tutorial-"), blocks: tutorialBlocks(t, name)}
	replace := []string{"http://localhost:8080", s.URL, "go run ./cmd/daypass", program(t), "daypass-data", s.Data}
	if port != "" {
		replace = append(replace, "localhost:"+port, address)
	}
	r.local = strings.NewReplacer(replace...)
	if err := os.MkdirAll(filepath.Join(r.dir, "daypass"), 0o750); err != nil {
		t.Fatal(err)
	}
	r.write(filepath.Join(r.dir, "where"), filepath.Join(r.dir, "daypass")+"\n")
	r.write(filepath.Join(r.dir, "variables"), "")
	if first := r.blocks[0]; !first.waits() || first.text != "make run\n" {
		t.Fatalf("the tutorial begins with %q, want make run", first.text)
	}
	r.blocks = r.blocks[1:]
	return r, s, address
}

// goOn does what comes next until something was started that stays, or until the end, and returns what the typed lines
// printed. What stays prints into stays; nil: nothing was started.
func (r *reader) goOn() (printed string, stays *lockedBuffer) {
	r.t.Helper()
	for len(r.blocks) > 0 {
		b := r.blocks[0]
		r.blocks = r.blocks[1:]
		switch {
		case b.waits():
			return printed, r.start(b.text)
		case !b.isFile():
			printed += r.typed(b.text)
		case strings.HasPrefix(b.of, "examples/protect-api/"): // is looked at, and run where it is
		default:
			r.write(filepath.Join(r.where(), filepath.Base(b.of)), r.local.Replace(b.text))
		}
	}
	return printed, nil
}

func (r *reader) write(path, text string) {
	r.t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		r.t.Fatal(err)
	}
}

func (r *reader) where() string {
	r.t.Helper()
	dir, err := os.ReadFile(filepath.Join(r.dir, "where"))
	if err != nil {
		r.t.Fatal(err)
	}
	return strings.TrimSpace(string(dir))
}

// shell is a bash that goes on where the last one ended.
func (r *reader) shell(ctx context.Context, script string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "bash", "-c", "set -eo pipefail; . ../variables; cd \"$(cat ../where)\"\n"+script)
	cmd.Dir, cmd.Env = filepath.Join(r.dir, "daypass"), r.environ()
	return cmd
}

// environ lets nothing be downloaded: the modules are those that this repository has too, vouched for by its go.sum. What the
// programs keep for their user does not go to the developer's home.
func (r *reader) environ() []string {
	return append(append(cleanEnviron(), "GOPROXY=off", "GOSUMDB=off", "GOFLAGS=-mod=mod", "XDG_CONFIG_HOME="+filepath.Join(r.dir, "config")), r.environment...)
}

func (r *reader) typed(lines string) string {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), 4*stepTimeout) // it compiles
	defer cancel()
	out, err := r.shell(ctx, r.local.Replace(lines)+"\nexport -p >"+r.dir+"/variables; pwd >"+r.dir+"/where").CombinedOutput()
	if err != nil {
		r.t.Fatalf("typed:\n%s%v, printed:\n%s", lines, err, out)
	}
	return string(out)
}

var goRun = regexp.MustCompile(`\bgo run (\S+)`)

// start starts what stays. `go run` would leave its child behind when it is killed, so what it would build is built before.
func (r *reader) start(line string) *lockedBuffer {
	r.t.Helper()
	if m := goRun.FindStringSubmatch(line); m != nil {
		from := r.where()
		if m[1] != "." {
			from = checkout(r.t)
		}
		binary := filepath.Join(r.dir, "started")
		r.typed(fmt.Sprintf("(cd %s && go build -o %s %s)\n", from, binary, m[1]))
		line = strings.Replace(line, m[0], "exec "+binary, 1)
	} else {
		line = "exec " + line
	}
	return background(r.t, r.shell(context.Background(), r.local.Replace(line)), r.environ()...)
}

// awaitPrinted waits until a program has printed something, and returns it.
func awaitPrinted(t *testing.T, by *lockedBuffer, what *regexp.Regexp) (found string) {
	t.Helper()
	waitFor(t, what.String(), func() bool {
		found = what.FindString(by.String())
		return found != ""
	})
	return found
}

func waitFor(t *testing.T, what string, happened func() bool) {
	t.Helper()
	if err := poll(t.Context(), func(context.Context) (bool, error) { return happened(), nil }); err != nil {
		t.Fatalf("waited for %s: %v", what, err)
	}
}
