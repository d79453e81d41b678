//go:build !race

package e2e

// raceEnabled says that the tests run under the race detector; the binary they drive then does too.
const raceEnabled = false
