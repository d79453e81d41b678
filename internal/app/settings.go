package app

import (
	"io"
	"log/slog"

	"github.com/daypass/daypass/internal/config"
	"github.com/daypass/daypass/internal/telemetry"
)

// Config is the checked configuration. It is named here because the commands see no side door.
type Config = config.Config

// Options say where a configuration is read from.
type Options = config.Options

// LoadConfig reads the configuration; the error lists every fault at once.
func LoadConfig(o Options) (Config, error) { return config.Load(o) }

// NewLogger makes the logger of the process, which drops whatever looks like a credential.
func NewLogger(w io.Writer, c Config) *slog.Logger {
	return telemetry.NewLogger(w, c.Log.Format, c.Log.Level)
}
