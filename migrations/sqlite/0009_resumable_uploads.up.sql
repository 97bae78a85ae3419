-- Uploads that arrive in parts. When one was begun, its id says. All has been received exactly when it has become a job; of
-- that no more than the id is kept here.
CREATE TABLE uploads (
    id             BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    owner          BLOB NOT NULL CHECK (length(owner) = 16),
    size_bytes     INTEGER NOT NULL CHECK (size_bytes > 0),
    received_bytes INTEGER NOT NULL DEFAULT 0 CHECK (received_bytes BETWEEN 0 AND size_bytes),
    parts          INTEGER NOT NULL DEFAULT 0 CHECK (parts >= 0),  -- that have been received, let go of or not
    details        TEXT NOT NULL,
    job            BLOB CHECK (length(job) = 16),
    expires_at     INTEGER NOT NULL,
    CONSTRAINT job_exactly_when_complete CHECK ((job IS NOT NULL) = (received_bytes = size_bytes))
) STRICT, WITHOUT ROWID;

CREATE INDEX uploads_unfinished ON uploads (owner, id) WHERE job IS NULL;
CREATE INDEX uploads_by_expiry ON uploads (expires_at, id);

-- What has been received of them, each part a blob.
CREATE TABLE upload_parts (
    upload     BLOB NOT NULL REFERENCES uploads (id) ON DELETE CASCADE,
    position   INTEGER NOT NULL CHECK (position >= 0),  -- of its first byte
    blob       BLOB NOT NULL UNIQUE REFERENCES blobs (key),
    size_bytes INTEGER NOT NULL CHECK (size_bytes > 0),
    sha256     BLOB NOT NULL CHECK (length(sha256) = 32),
    PRIMARY KEY (upload, position)
) STRICT, WITHOUT ROWID;
