package daypass_test

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/daypass/daypass"

// floors is the house of docs/architecture.md: a package imports only from lower floors.
// A path covers its sub-packages unless a longer path is listed.
var floors = map[string]int{
	"oauth":           1,
	"internal/secret": 1,
	"internal/jose":   1,

	"internal/auth": 2,

	"internal/store":   3,
	"internal/outbox":  3,
	"internal/i18n":    3,
	"internal/httpkit": 3,

	"internal/accounts": 4,
	"internal/grants":   4,
	"internal/clients":  4,
	"internal/keys":     4,
	"internal/feed":     4,

	"internal/exchange":  5,
	"internal/authorize": 5,
	"internal/login":     5,
	"internal/gate":      5,
	"internal/admin":     5,

	"internal/protocol": 6,
	"internal/pages":    6,
	"internal/api":      6,
	"internal/demo":     6,

	"internal/app": 7,
	"cmd/daypass":  8,
	"tools":        9,
	"examples":     9,
}

// doors are importable by internal/app and by tests alone; the value is the highest floor a door itself may lean on.
var doors = map[string]int{
	"internal/store/sqlite":    3,
	"internal/store/postgres":  3,
	"internal/store/storetest": 3,
	"internal/upstream":        3,
	"internal/outbound":        3,
	"internal/mail":            3,
	"internal/telemetry":       3,
	"internal/config":          3,
}

// public packages lean on the vocabulary and compact JWS alone, so that importing them never drags the server in.
var public = []string{"resource", "resource/resourcetest"}

// httpAllowed lists who below floor 6 may speak HTTP.
var httpAllowed = []string{"internal/httpkit", "resource", "resource/resourcetest", "internal/outbound", "internal/telemetry"}

type goPackage struct {
	ImportPath string
	Imports    []string
}

// TestFloors fails when a package imports a sibling, a higher floor, a side door it may not open, or net/http too low.
func TestFloors(t *testing.T) {
	t.Parallel()
	for _, p := range listPackages(t) {
		for _, complaint := range judgeImports(p) {
			t.Errorf("%s: %s", p.ImportPath, complaint)
		}
	}
}

// TestFloorsCanFail proves that the judge above refuses what the house forbids.
func TestFloorsCanFail(t *testing.T) {
	t.Parallel()
	for name, p := range map[string]goPackage{
		"upwards":            {module + "/internal/store", []string{module + "/internal/grants"}},
		"sibling":            {module + "/internal/grants", []string{module + "/internal/keys"}},
		"side door":          {module + "/internal/grants", []string{module + "/internal/store/sqlite"}},
		"http below floor 6": {module + "/internal/grants", []string{"net/http"}},
		"public drags":       {module + "/resource", []string{module + "/internal/auth"}},
		"unknown package":    {module + "/internal/util", nil},
	} {
		if len(judgeImports(p)) == 0 {
			t.Errorf("%s: want a complaint, got none", name)
		}
	}
}

func listPackages(t *testing.T) []goPackage {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", "./...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []goPackage
	dec := json.NewDecoder(strings.NewReader(string(out)))
	for {
		var p goPackage
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("go list output: %v", err)
		}
		all = append(all, p)
	}
	if len(all) < 10 {
		t.Fatalf("go list found %d packages, want the whole house", len(all))
	}
	return all
}

func judgeImports(p goPackage) []string {
	from := strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, module), "/")
	if from == "" {
		return nil
	}
	own, isDoor := place(doors, from)
	ownFloor, isFloor := place(floors, from)
	isPublic := slices.Contains(public, from)
	if isDoor == "" && isFloor == "" && !isPublic {
		return []string{"stands on no floor: name it in floors_test.go and docs/architecture.md"}
	}
	level := ownFloor
	if isDoor != "" {
		level = own + 1
	}
	var complaints []string
	for _, path := range p.Imports {
		if path == "net/http" && isDoor == "" && !isPublic && level < 6 && !slices.Contains(httpAllowed, from) {
			complaints = append(complaints, "imports net/http below floor 6")
		}
		if path == "net/http" && isDoor != "" && !slices.Contains(httpAllowed, isDoor) {
			complaints = append(complaints, "imports net/http below floor 6")
		}
		if rest, ok := strings.CutPrefix(path, module+"/"); ok {
			if c := judgeOwnImport(from, level, isDoor, isFloor, isPublic, rest); c != "" {
				complaints = append(complaints, c)
			}
		}
	}
	return complaints
}

func judgeOwnImport(from string, level int, door, floor string, isPublic bool, target string) string {
	if isPublic {
		if target == "oauth" || target == "internal/jose" || slices.Contains(public, target) {
			return ""
		}
		return "is public and imports " + target
	}
	if _, d := place(doors, target); d != "" {
		// storetest opens real databases for the tests of everybody else.
		if d == door || floor == "internal/app" || level >= 9 || door == "internal/store/storetest" {
			return ""
		}
		return "opens the side door " + target
	}
	if slices.Contains(public, target) {
		if level >= 6 {
			return ""
		}
		return "imports the public package " + target + " below floor 6"
	}
	targetFloor, t := place(floors, target)
	switch {
	case t == "":
		return "imports " + target + ", which stands on no floor"
	case t == floor && door == "":
		return "" // its own sub-package
	case targetFloor >= level:
		return "imports " + target + ", not on a lower floor"
	}
	return ""
}

// place finds the longest listed path that covers pkg.
func place(in map[string]int, pkg string) (int, string) {
	for path := pkg; path != ""; {
		if n, ok := in[path]; ok {
			return n, path
		}
		i := strings.LastIndexByte(path, '/')
		if i < 0 {
			break
		}
		path = path[:i]
	}
	return 0, ""
}
