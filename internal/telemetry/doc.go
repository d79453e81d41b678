// Package telemetry makes the logger and the metrics of the process. It is a side door: internal/app builds one of each
// here; everybody else sees *slog.Logger, and metrics are fed from the wrapper around all requests.
//
// The logger's handler is the last net under the rule that no credential is ever logged (LG-01). Values under keys that name a
// credential are dropped, and whatever looks like one of our tokens is cut out of messages, keys, strings, errors and
// groups before a line is written. It is not a licence: code that logs a password under the key "comment" has a bug
// that nothing here can see, which is why credentials travel as secret.Token.
//
// One record is one line: the formats of log/slog escape line breaks, and nothing here undoes that.
package telemetry
