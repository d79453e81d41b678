-- What has ended is many times what lives where somebody logs in all day: lists of the living do not read it, and it is
-- swept by the time of its end. No rotation changes a column of these indexes.

-- +goose Up
CREATE INDEX sessions_living ON sessions (user_id) WHERE ended_at = 0;
CREATE INDEX sessions_ended ON sessions (ended_at) WHERE ended_at > 0;
CREATE INDEX grants_living ON grants (user_id) WHERE revoked_at = 0;
CREATE INDEX grants_revoked ON grants (revoked_at) WHERE revoked_at > 0;
