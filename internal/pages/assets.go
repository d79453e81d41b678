package pages

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

const assetPrefix = "/assets/"

// asset is one file as it is served.
type asset struct {
	path      string // "/assets/NAME.HASH.EXT"
	mediaType string
	body      []byte
}

// assets maps plain names ("daypass.css", "demo.js", "mark.svg") to what is served for them.
type assets struct {
	byName map[string]*asset
	byPath map[string]*asset
}

// importLine finds the static imports of our modules: `from './name.js'`.
var importLine = regexp.MustCompile(`from '\./([a-z-]+\.js)'`)

// loadAssets reads styles/*.css (joined in the order of their names into daypass.css), modules/*.js and
// images/*.svg. A module imports its neighbours by plain name; the name is replaced by the hashed one, so
// that a module's hash covers everything it loads and a cached graph is never of two releases.
func loadAssets(files fs.FS) (*assets, error) {
	a := &assets{byName: map[string]*asset{}, byPath: map[string]*asset{}}
	style, err := joinStyles(files)
	if err != nil {
		return nil, err
	}
	a.add("daypass.css", "text/css; charset=utf-8", style)
	images, err := fs.Glob(files, "images/*.svg")
	if err != nil {
		return nil, fmt.Errorf("list images: %w", err)
	}
	for _, name := range images {
		body, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		a.add(path.Base(name), "image/svg+xml", body)
	}
	modules, err := fs.Glob(files, "modules/*.js")
	if err != nil {
		return nil, fmt.Errorf("list modules: %w", err)
	}
	for _, name := range modules {
		if _, err := a.addModule(files, path.Base(name), nil); err != nil {
			return nil, err
		}
	}
	return a, nil
}

func joinStyles(files fs.FS) ([]byte, error) {
	names, err := fs.Glob(files, "styles/*.css")
	if err != nil || len(names) == 0 {
		return nil, cmp.Or(err, errors.New("no stylesheet is embedded"))
	}
	slices.Sort(names)
	var all bytes.Buffer
	for _, name := range names {
		body, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		all.Write(body)
	}
	return all.Bytes(), nil
}

// addModule adds a module after those it imports; parents are the modules whose imports led here.
func (a *assets) addModule(files fs.FS, name string, parents []string) (*asset, error) {
	if done, ok := a.byName[name]; ok {
		return done, nil
	}
	if slices.Contains(parents, name) {
		return nil, fmt.Errorf("module %s imports itself by way of %v", name, parents)
	}
	body, err := fs.ReadFile(files, "modules/"+name)
	if err != nil {
		return nil, fmt.Errorf("read module: %w", err)
	}
	parents = append(slices.Clone(parents), name)
	var failed error
	body = importLine.ReplaceAllFunc(body, func(line []byte) []byte {
		imported, err := a.addModule(files, string(importLine.FindSubmatch(line)[1]), parents)
		if err != nil {
			failed = cmp.Or(failed, err)
			return line
		}
		return []byte("from '" + imported.path + "'")
	})
	if failed != nil {
		return nil, failed
	}
	return a.add(name, "text/javascript; charset=utf-8", body), nil
}

func (a *assets) add(name, mediaType string, body []byte) *asset {
	sum := sha256.Sum256(body)
	ext := path.Ext(name)
	hash := base64.RawURLEncoding.EncodeToString(sum[:9])
	x := &asset{path: assetPrefix + strings.TrimSuffix(name, ext) + "." + hash + ext, mediaType: mediaType, body: body}
	a.byName[name], a.byPath[x.path] = x, x
	return x
}

// url is the template function "asset". An unknown name fails the rendering, which New tries.
func (a *assets) url(name string) (string, error) {
	x, ok := a.byName[name]
	if !ok {
		return "", fmt.Errorf("no asset %q is embedded", name)
	}
	return x.path, nil
}

// serve answers GET /assets/{name}. The name holds the hash of the content, so what was fetched once is
// good for ever; a name with another hash is 404, never another content.
func (p *Pages) serveAsset(w http.ResponseWriter, r *http.Request) {
	x, ok := p.assets.byPath[r.URL.Path]
	if !ok {
		p.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("Content-Type", x.mediaType)
	h.Set("Content-Length", strconv.Itoa(len(x.body)))
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write(x.body) // the reader is gone when this fails
}
