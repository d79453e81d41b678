-- Counters of failed log-ins and of sign-ups. id is a keyed hash of what is counted, so that no address can be read here.

-- +goose Up
CREATE TABLE throttles (
    id        @BLOB  NOT NULL PRIMARY KEY,
    tries     @INT   NOT NULL,
    at        @INT   NOT NULL,
    until     @INT   NOT NULL,
    forget_at @INT   NOT NULL
) @TABLE;
CREATE INDEX throttles_forget ON throttles (forget_at);
