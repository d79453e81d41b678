package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/user"

	"github.com/daypass/daypass/internal/admin"
	"github.com/daypass/daypass/internal/app"
)

const defaultData = "daypass-data"

// purpose is what a verb wants the configuration for.
type purpose int

const (
	forLook   purpose = iota // works on a database that must be there
	forCreate                // may be the first to use a database
	forServe
	forDev
)

// settings is the configuration with what stands beside it.
type settings struct {
	config app.Config
	dir    string // the data folder of the embedded default; empty with --config, but for dev
	log    *slog.Logger
}

// settings reads the configuration from --config or --data, the environment and --listen.
func (p *program) settings(why purpose, listen string) (settings, error) {
	if p.configFile != "" && p.data != "" {
		return settings{}, usagef("--config and --data are two ways to say where the database is: write one of them")
	}
	s := settings{dir: p.data}
	if s.dir == "" && (p.configFile == "" || why == forDev) { // dev keeps its demo's secrets in a folder of its own
		s.dir = defaultData
	}
	if why == forLook && s.dir != "" {
		if _, err := os.Stat(s.dir); errors.Is(err, os.ErrNotExist) {
			return settings{}, usagef("there is no data folder %q: name it with --data DIR, or the configuration with --config FILE; `daypass dev` makes one", s.dir)
		}
	}
	o := app.Options{
		File: p.configFile, Data: s.dir, Environ: os.Environ(), Flags: map[string]string{},
		Dev: why == forDev, Offline: why == forLook || why == forCreate,
	}
	if listen != "" {
		o.Flags["listen"] = listen
	}
	var err error
	if s.config, err = app.LoadConfig(o); err != nil {
		return settings{}, &configError{err}
	}
	logged := s.config
	if why == forLook || why == forCreate {
		logged.Log.Level = max(logged.Log.Level, slog.LevelWarn) // a verb's own answer is not to be buried
	}
	s.log = app.NewLogger(p.errOut, logged)
	return s, nil
}

// withAdmin opens the database for one use case and closes it again.
func (p *program) withAdmin(ctx context.Context, why purpose, do func(*admin.Service) error) error {
	s, err := p.settings(why, "")
	if err != nil {
		return err
	}
	open := app.ForLook
	if why == forCreate {
		open = app.ForCreate
	}
	a, err := app.Open(ctx, s.config, s.log, open)
	if err != nil {
		return err
	}
	err = do(a.Admin)
	if closing := a.Close(); err == nil && closing != nil {
		err = fmt.Errorf("close the database: %w", closing)
	}
	return err
}

// actor names the person at this machine, for the events.
func actor() admin.Actor {
	name := "command line"
	if u, err := user.Current(); err == nil {
		name += ", " + u.Username
	}
	return admin.Actor{Name: printable(name)}
}
