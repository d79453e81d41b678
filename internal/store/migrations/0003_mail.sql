-- Mail that waits to be sent, sealed under a key derived from the master key of that version, and changes of address that
-- wait for the code that was mailed.

-- +goose Up
CREATE TABLE outbox (
    id          @BLOB  NOT NULL PRIMARY KEY,
    kind        TEXT   NOT NULL,
    key_version @INT   NOT NULL,
    sealed      @BLOB  NOT NULL,
    created_at  @INT   NOT NULL,
    due_at      @INT   NOT NULL,
    expires_at  @INT   NOT NULL,
    tries       @INT   NOT NULL
) @TABLE;
CREATE INDEX outbox_due ON outbox (due_at);

-- At most one a user. code_mac is a keyed hash of the code; the code itself is in the mail alone.
CREATE TABLE address_changes (
    user_id    @BLOB  NOT NULL PRIMARY KEY,
    session_id @BLOB  NOT NULL,
    email      TEXT   NOT NULL,
    code_mac   @BLOB  NOT NULL,
    asked_at   @INT   NOT NULL,
    expires_at @INT   NOT NULL
) @TABLE;
CREATE INDEX address_changes_expiry ON address_changes (expires_at);
