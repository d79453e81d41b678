-- One text for both engines: @BLOB and @INT are the engine's types for bytes and 64-bit integers, @TABLE and @HOT its storage options.
-- Times are milliseconds since 1970 in UTC, 0 for none. Lists are space-separated.

-- +goose Up
CREATE TABLE users (
    id               @BLOB  NOT NULL PRIMARY KEY,
    email            TEXT   NOT NULL UNIQUE,
    password         TEXT   NOT NULL,
    password_version @INT   NOT NULL,
    roles            TEXT   NOT NULL,
    created_at       @INT   NOT NULL,
    disabled_at      @INT   NOT NULL
) @TABLE;

CREATE TABLE sessions (
    id           @BLOB  NOT NULL PRIMARY KEY,
    user_id      @BLOB  NOT NULL,
    token_hash   @BLOB  NOT NULL UNIQUE,
    auth_time    @INT   NOT NULL,
    amr          TEXT   NOT NULL,
    acr          TEXT   NOT NULL,
    ip           TEXT   NOT NULL,
    user_agent   TEXT   NOT NULL,
    created_at   @INT   NOT NULL,
    last_used_at @INT   NOT NULL,
    expires_at   @INT   NOT NULL,
    ended_at     @INT   NOT NULL,
    end_reason   TEXT   NOT NULL
) @TABLE;
CREATE INDEX sessions_user ON sessions (user_id);
CREATE INDEX sessions_expiry ON sessions (expires_at);

-- One row per grant, updated in place. No column that a rotation changes stands in an index, so that
-- PostgreSQL can update on the same page (HOT) and SQLite touches one tree.
CREATE TABLE grants (
    id                @BLOB  NOT NULL PRIMARY KEY,
    secret_hash       @BLOB  NOT NULL,
    current_gen       @INT   NOT NULL,
    current_key       @INT   NOT NULL,
    first_gen         @INT   NOT NULL,
    last_gen          @INT   NOT NULL,
    since             @INT   NOT NULL,
    last_used_at      @INT   NOT NULL,
    user_id           @BLOB  NOT NULL,
    session_id        @BLOB  NOT NULL,
    client_id         TEXT   NOT NULL,
    scopes            TEXT   NOT NULL,
    resources         TEXT   NOT NULL,
    offline           @INT   NOT NULL,
    binding           TEXT   NOT NULL,
    auth_time         @INT   NOT NULL,
    amr               TEXT   NOT NULL,
    acr               TEXT   NOT NULL,
    created_at        @INT   NOT NULL,
    expires_at        @INT   NOT NULL,
    revoked_at        @INT   NOT NULL,
    revoked_reason    TEXT   NOT NULL,
    replay_noted_at   @INT   NOT NULL,
    misbound_noted_at @INT   NOT NULL
) @HOT;
CREATE INDEX grants_user ON grants (user_id);
CREATE INDEX grants_session ON grants (session_id);
CREATE INDEX grants_client ON grants (client_id);
CREATE INDEX grants_expiry ON grants (expires_at);

CREATE TABLE clients (
    id            TEXT   NOT NULL PRIMARY KEY,
    name          TEXT   NOT NULL,
    public        @INT   NOT NULL,
    secret_hashes @BLOB  NOT NULL,
    grant_types   TEXT   NOT NULL,
    redirect_uris TEXT   NOT NULL,
    scopes        TEXT   NOT NULL,
    resources     TEXT   NOT NULL,
    refresh       TEXT   NOT NULL,
    first_party   @INT   NOT NULL,
    epoch         @INT   NOT NULL,
    created_at    @INT   NOT NULL,
    disabled_at   @INT   NOT NULL
) @TABLE;

-- Private keys are sealed under a key derived from the master key of that version.
CREATE TABLE signing_keys (
    kid            TEXT   NOT NULL PRIMARY KEY,
    alg            TEXT   NOT NULL,
    master_version @INT   NOT NULL,
    sealed         @BLOB  NOT NULL,
    created_at     @INT   NOT NULL,
    retired_at     @INT   NOT NULL
) @TABLE;

CREATE TABLE events (
    id         @BLOB  NOT NULL PRIMARY KEY,
    at         @INT   NOT NULL,
    kind       TEXT   NOT NULL,
    user_id    @BLOB  NOT NULL,
    session_id @BLOB  NOT NULL,
    grant_id   @BLOB  NOT NULL,
    client_id  TEXT   NOT NULL,
    ip         TEXT   NOT NULL,
    user_agent TEXT   NOT NULL,
    detail     TEXT   NOT NULL
) @TABLE;
CREATE INDEX events_grant ON events (grant_id, id);
CREATE INDEX events_user ON events (user_id, id);

-- number is given after the commit, without gaps, by the publisher of the feed; 0 until then.
CREATE TABLE revocations (
    id      @BLOB  NOT NULL PRIMARY KEY,
    kind    TEXT   NOT NULL,
    subject TEXT   NOT NULL,
    epoch   @INT   NOT NULL,
    at      @INT   NOT NULL,
    until   @INT   NOT NULL,
    number  @INT   NOT NULL
) @TABLE;
CREATE INDEX revocations_subject ON revocations (subject);
CREATE INDEX revocations_until ON revocations (until);

CREATE TABLE settings (
    name  TEXT  NOT NULL PRIMARY KEY,
    value @BLOB NOT NULL
) @TABLE;

-- The one change sequence: caches of clients, keys and policy follow it.
CREATE TABLE change_sequence (
    id  @INT   NOT NULL PRIMARY KEY,
    seq @INT   NOT NULL
) @TABLE;
INSERT INTO change_sequence (id, seq) VALUES (1, 0);
