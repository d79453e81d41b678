-- What OpenID Connect knows of clients and users beyond what Daypass itself asks of them. Nothing searches in it, so each is one JSON text.

-- +goose Up
ALTER TABLE clients ADD COLUMN metadata TEXT NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN claims TEXT NOT NULL DEFAULT '';
