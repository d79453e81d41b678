package daypass_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// checklist is how many lines each family of the build checklist has; they are numbered from 01 without gaps. The checklist
// itself is not part of this repository, so its size is fixed here: a line can only leave docs/requirements.md on purpose.
const checklist = `AZ 26 TE 20 RT 15 AT 8 IN 6 RV 5 MD 5 JK 5 OI 18 LO 9 PA 10 DP 8 MT 6 DV 5 TX 5 CB 4 DR 7 CI 5 PR 5 SU 2 CO 4 BR 7
	LS 14 SE 5 RS 15 KM 4 LG 4 HH 7 DS 8 FA 5 SS 4 OP 6`

// TestRequirementsTellTheTruth fails when a requirement is missing, stands twice or points to a test that is not there.
func TestRequirementsTellTheTruth(t *testing.T) {
	t.Parallel()
	page, divergences := readDoc(t, "docs/requirements.md"), readDoc(t, "docs/divergences.md")
	for _, complaint := range judgeRequirements(page, divergences, testFunctions(t)) {
		t.Error(complaint)
	}
}

// TestRequirementsCanFail proves that the judge above sees each kind of untruth.
func TestRequirementsCanFail(t *testing.T) {
	t.Parallel()
	const good = "| SS-03 | events | not yet | later |"
	page, divergences := readDoc(t, "docs/requirements.md"), readDoc(t, "docs/divergences.md")
	if strings.Count(page, good) != 1 {
		t.Fatalf("the row this test changes is gone: %s", good)
	}
	tests := testFunctions(t)
	for name, tc := range map[string]struct{ row, want string }{
		"dropped":            {"", "SS-03: has no row"},
		"twice":              {good + "\n" + good, "SS-03: stands twice"},
		"not in the list":    {good + "\n" + strings.Replace(good, "SS-03", "SS-05", 1), "SS-05: is not in the checklist"},
		"unknown state":      {strings.Replace(good, "not yet", "soon", 1), "SS-03: the state \"soon\""},
		"no reason":          {strings.Replace(good, "later", "", 1), "SS-03: says neither where nor why not"},
		"done without test":  {strings.Replace(good, "not yet", "done", 1), "SS-03: is done and names no test"},
		"unknown test":       {strings.Replace(good, "later", "`oauth.TestNoSuchThing`", 1), "SS-03: oauth.TestNoSuchThing does not exist"},
		"unknown folder":     {strings.Replace(good, "later", "`internal/nowhere.TestFloors`", 1), "SS-03: internal/nowhere.TestFloors does not exist"},
		"test without place": {strings.Replace(good, "later", "TestFloors", 1), "SS-03: TestFloors is not written as `folder.TestName`"},
		"differs in silence": {strings.Replace(good, "not yet", "differs", 1), "SS-03: differs, and docs/divergences.md does not tell"},
		"broken row":         {"| SS-03 | events | not yet |", "SS-03: has 3 columns"},
	} {
		got := judgeRequirements(strings.Replace(page, good, tc.row, 1), divergences, tests)
		if !slices.ContainsFunc(got, func(s string) bool { return strings.HasPrefix(s, tc.want) }) {
			t.Errorf("%s: got %q, want %q", name, got, tc.want)
		}
	}
}

var (
	requirementID = regexp.MustCompile(`^[A-Z]{2}-[0-9]{2}$`)
	placedTest    = regexp.MustCompile("`([a-z0-9/_-]+)\\.((?:Test|Fuzz|Example)[A-Z]?\\w*)`")
	looseTest     = regexp.MustCompile(`\b(?:Test|Fuzz)[A-Z]\w*`)
)

// judgeRequirements returns a sentence for each untruth of the page. tests holds "folder.Name" of each test function.
func judgeRequirements(page, divergences string, tests map[string]bool) []string {
	var complaints []string
	missing := requirementIDs()
	seen := map[string]bool{}
	for line := range strings.Lines(page) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		id := strings.TrimSpace(cells[0])
		if !strings.HasPrefix(line, "|") || !requirementID.MatchString(id) {
			continue
		}
		say := func(format string, args ...any) {
			complaints = append(complaints, id+": "+fmt.Sprintf(format, args...))
		}
		switch {
		case seen[id]:
			say("stands twice")
		case !missing[id]:
			say("is not in the checklist")
		}
		seen[id] = true
		delete(missing, id)
		if len(cells) != 4 {
			say("has %d columns, want 4", len(cells))
			continue
		}
		judgeRow(say, id, strings.TrimSpace(cells[2]), strings.TrimSpace(cells[3]), divergences, tests)
	}
	for _, id := range slices.Sorted(maps.Keys(missing)) {
		complaints = append(complaints, id+": has no row")
	}
	return complaints
}

func judgeRow(say func(string, ...any), id, state, where, divergences string, tests map[string]bool) {
	named := placedTest.FindAllStringSubmatch(where, -1)
	for _, m := range named {
		if place := m[1] + "." + m[2]; !tests[place] {
			say("%s does not exist", place)
		}
	}
	for _, loose := range looseTest.FindAllString(placedTest.ReplaceAllString(where, ""), -1) {
		say("%s is not written as `folder.TestName`", loose)
	}
	switch {
	case !slices.Contains([]string{"done", "part", "not yet", "differs"}, state):
		say("the state %q is not one of the four", state)
	case where == "":
		say("says neither where nor why not")
	case state == "done" && len(named) == 0:
		say("is done and names no test")
	case state == "differs" && !strings.Contains(divergences, id):
		say("differs, and docs/divergences.md does not tell")
	}
}

func requirementIDs() map[string]bool {
	ids := map[string]bool{}
	fields := strings.Fields(checklist)
	for i := 0; i < len(fields); i += 2 {
		var last int
		if _, err := fmt.Sscan(fields[i+1], &last); err != nil {
			panic(err)
		}
		for n := range last {
			ids[fmt.Sprintf("%s-%02d", fields[i], n+1)] = true
		}
	}
	return ids
}

func readDoc(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// testFunctions finds every test function of the tree, helpers of the same prefix left out.
func testFunctions(t *testing.T) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	err := fs.WalkDir(os.DirFS("."), ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && name != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata"):
			return fs.SkipDir
		case d.IsDir() || !strings.HasSuffix(name, "_test.go"):
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, decl := range file.Decls {
			if fn, ok := decl.(*ast.FuncDecl); ok && fn.Recv == nil && isTest(fn) {
				found[path.Dir(name)+"."+fn.Name.Name] = true
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// isTest asks for the signature that `go test` asks for.
func isTest(fn *ast.FuncDecl) bool {
	params := fn.Type.Params.NumFields()
	if strings.HasPrefix(fn.Name.Name, "Example") {
		return params == 0
	}
	return params == 1 && (strings.HasPrefix(fn.Name.Name, "Test") || strings.HasPrefix(fn.Name.Name, "Fuzz"))
}
