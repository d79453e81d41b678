-- Protected APIs that somebody registered. Lifetimes are milliseconds, 0 for the default.

-- +goose Up
CREATE TABLE resources (
    id            TEXT   NOT NULL PRIMARY KEY,
    name          TEXT   NOT NULL,
    scopes        TEXT   NOT NULL,
    lifetime      @INT   NOT NULL,
    algorithm     TEXT   NOT NULL,
    format        TEXT   NOT NULL,
    introspection TEXT   NOT NULL,
    created_at    @INT   NOT NULL,
    disabled_at   @INT   NOT NULL
) @TABLE;
