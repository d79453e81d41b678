-- The OAuth authorization endpoint. A code is one row for a minute and is then kept until it is swept, so that its replay is
-- noticed. What waits for a log-in or a consent is sealed in the browser's URL; a row tells only what has been done about it.

-- +goose Up
CREATE TABLE authorization_codes (
    hash       @BLOB  NOT NULL PRIMARY KEY,
    request    TEXT   NOT NULL,
    user_id    @BLOB  NOT NULL,
    session_id @BLOB  NOT NULL,
    auth_time  @INT   NOT NULL,
    amr        TEXT   NOT NULL,
    acr        TEXT   NOT NULL,
    created_at @INT   NOT NULL,
    expires_at @INT   NOT NULL,
    used_at    @INT   NOT NULL,
    grant_id   @BLOB  NOT NULL
) @TABLE;
CREATE INDEX authorization_codes_expiry ON authorization_codes (expires_at);

CREATE TABLE consents (
    user_id    @BLOB  NOT NULL,
    client_id  TEXT   NOT NULL,
    scopes     TEXT   NOT NULL,
    resources  TEXT   NOT NULL,
    created_at @INT   NOT NULL,
    updated_at @INT   NOT NULL,
    PRIMARY KEY (user_id, client_id)
) @TABLE;
CREATE INDEX consents_client ON consents (client_id);

CREATE TABLE interactions (
    id           @BLOB  NOT NULL PRIMARY KEY,
    logged_in    @BLOB  NOT NULL,
    allowed      @BLOB  NOT NULL,
    finished_at  @INT   NOT NULL,
    expires_at   @INT   NOT NULL
) @TABLE;
CREATE INDEX interactions_expiry ON interactions (expires_at);

-- Names of claims that UserInfo tells beyond what the scopes stand for; a rotation does not read it.
ALTER TABLE grants ADD COLUMN claims TEXT NOT NULL DEFAULT '';
