-- Uploads that arrive in parts. When one was begun, its id says. All has been received exactly when it has become a job; of
-- that no more than the id is kept here. Who changes one of them and other tables locks the upload first.
CREATE TABLE uploads (
    id             uuid NOT NULL PRIMARY KEY,
    owner          uuid NOT NULL,
    size_bytes     bigint NOT NULL CHECK (size_bytes > 0),
    received_bytes bigint NOT NULL DEFAULT 0 CHECK (received_bytes BETWEEN 0 AND size_bytes),
    parts          bigint NOT NULL DEFAULT 0 CHECK (parts >= 0),  -- that have been received, let go of or not
    details        text NOT NULL,
    job            uuid,
    expires_at     bigint NOT NULL,
    CONSTRAINT job_exactly_when_complete CHECK ((job IS NOT NULL) = (received_bytes = size_bytes))
);

CREATE INDEX uploads_unfinished ON uploads (owner, id) WHERE job IS NULL;
CREATE INDEX uploads_by_expiry ON uploads (expires_at, id);

-- What has been received of them, each part a blob.
CREATE TABLE upload_parts (
    upload     uuid NOT NULL REFERENCES uploads (id) ON DELETE CASCADE,
    position   bigint NOT NULL CHECK (position >= 0),  -- of its first byte
    blob       uuid NOT NULL UNIQUE REFERENCES blobs (key),
    size_bytes bigint NOT NULL CHECK (size_bytes > 0),
    sha256     bytea NOT NULL CHECK (octet_length(sha256) = 32),
    PRIMARY KEY (upload, position)
);
