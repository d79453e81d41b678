-- Assertions by which clients have proved who they are: each is good once. A row lives as long as the assertion would.

-- +goose Up
CREATE TABLE client_assertions (
    hash       @BLOB  NOT NULL PRIMARY KEY,
    expires_at @INT   NOT NULL
) @TABLE;
CREATE INDEX client_assertions_expiry ON client_assertions (expires_at);
