package main

import (
	"context"
	"io"
	"runtime"
	"runtime/debug"

	"github.com/urfave/cli/v3"
)

// build says what this binary is.
type build struct {
	Version string `json:"version"`
	Commit  string `json:"commit,omitempty"`
	Go      string `json:"go"`
	OS      string `json:"os"`
	Arch    string `json:"arch"`
}

// buildInfo reads what the Go tool stamped into the binary.
func buildInfo() build {
	b := build{Version: "devel", Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		b.Version = v
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			b.Commit = s.Value
		}
	}
	return b
}

func (p *program) version() *cli.Command {
	return &cli.Command{
		Name: "version", Usage: "tell the version",
		Action: func(_ context.Context, c *cli.Command) error {
			if err := nothing(c); err != nil {
				return err
			}
			b := buildInfo()
			return p.print(b, func(w io.Writer) { row(w, "daypass", b.Version, b.Commit, b.Go, b.OS+"/"+b.Arch) })
		},
	}
}
