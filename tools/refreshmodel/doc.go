// Package refreshmodel is the reference of the refresh rules (docs/refresh.md): a few lines that know
// no clock, no database and no cryptography, and a bounded visit of every state that they can reach.
//
// It is written independently of internal/auth and imports nothing of Daypass, so that the two can be
// held against each other: by the exhaustive test of auth.Judge, and by the state machine that drives
// the real store. Change a rule here first and see which promise breaks. Only tests import it.
package refreshmodel
