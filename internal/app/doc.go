// Package app builds every object once, starts what has to run and stops it again. It is the only place
// that opens the side doors (drivers, configuration, telemetry) and that knows both sides of an
// interface.
//
// It decides nothing about tokens. [Open] gives the use cases to a command, [App.Serve] serves them, and
// [Dev] prepares a folder with the demo's user and clients first.
package app
