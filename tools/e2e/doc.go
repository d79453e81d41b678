// Package e2e drives the daypass binary from outside, as a user does: it builds the binary, starts `daypass dev`
// on a free port with a data directory of its own, and clicks through its pages in a real Chromium.
//
// The package owns the kit; the stories are its tests, one file per story. [Daypass] starts a server, [Browser] a
// browser, and the helpers [Open], [Fill], [Submit], [Click], [WaitText] and [Screenshot] are the words of a story.
// Every helper ends the test when it cannot do what it says, so a story reads as a list of steps.
//
// A story also fails when a page throws, breaks its own Content-Security-Policy or asks another machine for anything,
// although nobody looked. Where no Chromium is installed the tests are skipped with the reason; under CI=true they fail.
// Whatever a test leaves behind (processes, profiles, data) is removed when the test process ends, however it ends.
package e2e
