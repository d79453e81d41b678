package config

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Options says where Load looks. The zero value looks nowhere.
type Options struct {
	// File is the path of the YAML file, "" for none.
	File string
	// Environ are the variables of the process as os.Environ gives them. Those that begin with DAYPASS_ must be keys,
	// save DAYPASS_TEST_…, which belongs to the project's own tests; an empty one counts as not set.
	Environ []string
	// Flags are values given on the command line, by the name of the key: "listen", not "--listen".
	Flags map[string]string
	// Data is the folder of the embedded default: its daypass.db and master.key hold unless other keys are set.
	Data string
	// Dev makes the issuer http://localhost:PORT of listen unless one is set, and refuses one that is not local.
	Dev bool
	// Offline is for verbs that open the database and serve nothing: the issuer may be missing, TLS files are not read.
	Offline bool
	// ReadFile reads File and the files that keys name; nil is os.ReadFile.
	ReadFile func(path string) ([]byte, error)
}

// loader carries one Load.
type loader struct {
	o      Options
	keys   map[string]Key
	config Config
	faults Faults
	set    map[string]string // key → source, for what somebody set
}

// Load returns the configuration, or a *Faults with everything that is wrong and the zero Config.
func Load(o Options) (Config, error) {
	if o.ReadFile == nil {
		o.ReadFile = os.ReadFile
	}
	l := &loader{o: o, keys: map[string]Key{}, set: map[string]string{}}
	for _, k := range Keys() {
		l.keys[k.Name] = k
	}
	l.presets()
	if o.File != "" {
		l.file()
	}
	l.environment()
	l.flags()
	if l.o.Dev && l.set["issuer"] == "" {
		l.config.Issuer = LocalIssuer(l.config.Listen)
	}
	l.check()
	if len(l.faults.List) > 0 {
		return Config{}, &l.faults
	}
	return l.config, nil
}

// Dev returns what `daypass dev` runs with when nobody says otherwise: everything on this machine, the data in dir.
func Dev(dir, listen string) Config {
	l := &loader{o: Options{Data: dir}}
	l.presets()
	l.config.Listen = listen
	l.config.Issuer = LocalIssuer(listen)
	return l.config
}

// LocalIssuer returns the issuer of a server on plain-HTTP localhost that listens on host:port.
func LocalIssuer(listen string) string {
	_, port, err := net.SplitHostPort(listen)
	if err != nil || port == "80" {
		return "http://localhost"
	}
	return "http://localhost:" + port
}

// presets applies the defaults through the same functions as everything else; TestDefaultsAreValid holds them right.
func (l *loader) presets() {
	for _, k := range Keys() {
		if k.Default != "" {
			node := scalarNode(k.Default)
			if k.List {
				node = listNode(k.Default)
			}
			k.apply(&setting{loader: l, key: k, node: node})
		}
	}
	if l.o.Data != "" {
		l.config.Database = Database{Path: filepath.Join(l.o.Data, "daypass.db")}
		l.config.MasterKeyFile = filepath.Join(l.o.Data, "master.key")
	}
}

func (l *loader) read(path string) ([]byte, error) { return l.o.ReadFile(path) }

// readFault tells why a file could not be read in words that do not repeat its path, which stands beside them.
func readFault(err error) string {
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		return pathErr.Err.Error()
	}
	return err.Error()
}

func (l *loader) environment() {
	given := map[string]string{}
	for _, entry := range l.o.Environ {
		name, value, _ := strings.Cut(entry, "=")
		if strings.HasPrefix(name, envPrefix) && !strings.HasPrefix(name, envPrefix+"TEST_") {
			given[name] = value
		}
	}
	var names []string
	for _, k := range Keys() {
		names = append(names, k.Env())
		if value := given[k.Env()]; value != "" {
			l.applyText(k, value, k.Env())
		}
		delete(given, k.Env())
	}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		l.faults.add(name, "environment", "there is no key of that name", instead(nearest(name, names), "nothing: unset it"))
	}
}

func (l *loader) flags() {
	for _, name := range slices.Sorted(maps.Keys(l.o.Flags)) {
		k, known := l.keys[name]
		if !known {
			l.faults.add(name, "--"+name, "there is no key of that name", instead(nearest(name, l.names()), "nothing: leave the flag out"))
			continue
		}
		l.applyText(k, l.o.Flags[name], "--"+name)
	}
}

// applyText applies a value that is one string: lists are split, declarative lists are YAML (or JSON) in it.
func (l *loader) applyText(k Key, raw, source string) {
	s := &setting{loader: l, key: k, source: source}
	switch {
	case k.Fields != nil:
		s.node = new(yaml.Node)
		if err := yaml.Unmarshal([]byte(raw), s.node); err != nil || len(s.node.Content) != 1 {
			s.fault("the value is not YAML")
			return
		}
		s.node = s.node.Content[0]
	case k.List:
		s.node = listNode(raw)
	default:
		s.node = scalarNode(raw)
	}
	l.set[k.Name] = source
	k.apply(s)
}

// listNode is a list whose items were separated by commas or blanks.
func listNode(raw string) *yaml.Node {
	n := &yaml.Node{Kind: yaml.SequenceNode}
	for _, item := range strings.FieldsFunc(raw, func(r rune) bool { return r == ',' || r == ' ' || r == '\n' || r == '\t' }) {
		n.Content = append(n.Content, scalarNode(item))
	}
	return n
}

func (l *loader) names() []string {
	return slices.Sorted(maps.Keys(l.keys))
}

func scalarNode(s string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: s}
}

func instead(near, otherwise string) string {
	if near == "" {
		return otherwise
	}
	return fmt.Sprintf("%s, if that was meant", near)
}
