// Command bench measures the daypass binary from outside and prints each figure beside the limit that the same machine
// set in the same run, the bar that was promised, and whether it holds: `go run ./tools/bench`, or `make bench`.
//
// It builds the binary, serves SQLite and a PostgreSQL of its own, fills their tables, and drives POST /v1/refresh over
// loopback connections. The limits are an echo server that signs one ES256 token per request over bare net/http, one UPDATE
// by primary key through the same driver, a bare signature check and a bare argon2id. Server, database, limits and generator
// share the cores; CPU per request comes from the operating system's accounting, the figure that noise disturbs least.
//
// A missed bar is printed and does not fail the run: machines differ. What does fail it is a wrong answer, such as a
// refresh that is refused. Nothing outlives the run: processes and data are removed however it ends.
package main
