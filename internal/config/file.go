package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v3"
)

// file lays the YAML file over the defaults. It walks the nodes itself instead of decoding into a struct, so that every
// fault has its key and line and none hides another.
func (l *loader) file() {
	name := filepath.Base(l.o.File)
	content, err := l.read(l.o.File)
	if err != nil {
		l.faults.add("--config", l.o.File, "the file cannot be read: "+readFault(err), "the path of a YAML file")
		return
	}
	dec := yaml.NewDecoder(bytes.NewReader(content))
	var doc yaml.Node
	if err := dec.Decode(&doc); errors.Is(err, io.EOF) {
		return // nothing but comments
	} else if err != nil {
		l.faults.add("--config", l.o.File, strings.TrimPrefix(err.Error(), "yaml: "), "YAML: lines of key: value")
		return
	}
	if err := dec.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		l.faults.add("--config", l.o.File, "there is more than one document", "one document, without a line of ---")
	}
	l.section(name, "", doc.Content[0])
}

// section walks a mapping whose keys stand below path. A key may also be written in one piece: `refresh.idle: 7d`.
func (l *loader) section(file, path string, n *yaml.Node) {
	source := fmt.Sprintf("%s:%d", file, n.Line)
	if n.Kind == yaml.ScalarNode && n.Tag == "!!null" {
		return // a section whose lines are all commented out
	}
	if n.Kind != yaml.MappingNode {
		l.faults.add(sectionName(path), source, "a section is expected", "lines of key: value, indented")
		return
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		name := path + k.Value
		source := fmt.Sprintf("%s:%d", file, k.Line)
		switch key, known := l.keys[name]; {
		case k.Kind != yaml.ScalarNode || k.Value == "":
			l.faults.add(sectionName(path), source, "a name is expected before the colon", "key: value")
		case known && l.set[name] != "":
			l.faults.add(name, source, "the key stands in the file twice", "it once; the other is at "+l.set[name])
		case known:
			l.set[name] = source
			key.apply(&setting{loader: l, key: key, node: v, source: source, file: file})
		case l.isSection(name):
			l.section(file, name+".", v)
		default:
			l.faults.add(name, source, "there is no key of that name", instead(nearest(name, l.names()), "nothing: take the line out"))
		}
	}
}

func (l *loader) isSection(name string) bool {
	for key := range l.keys {
		if strings.HasPrefix(key, name+".") {
			return true
		}
	}
	return false
}

func sectionName(path string) string {
	if path == "" {
		return "the file"
	}
	return strings.TrimSuffix(path, ".")
}
