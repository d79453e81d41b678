// Package mail sends mail by SMTP, or prints it where nobody runs a mail server. It is a side door: internal/app builds
// one of the two, and the outbox feeds it.
package mail
