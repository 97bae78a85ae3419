-- The first schema. Ids and blob keys are UUIDs as 16 bytes (version 7: they sort by time); times are milliseconds
-- since 1970 UTC. What a record's creation time is, its id says. The states are guarded here, not only in the code.

-- The blob ledger: a row for every blob from before its first byte until after its last one is gone.
CREATE TABLE blobs (
    key      BLOB NOT NULL PRIMARY KEY CHECK (length(key) = 16),
    state    TEXT NOT NULL CHECK (state IN ('writing', 'live', 'doomed')),
    deadline INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX blobs_overdue ON blobs (deadline) WHERE state = 'writing';
CREATE INDEX blobs_doomed ON blobs (state) WHERE state = 'doomed';

CREATE TABLE images (
    id           BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    owner        BLOB NOT NULL CHECK (length(owner) = 16),
    filename     TEXT NOT NULL,
    blob         BLOB NOT NULL UNIQUE REFERENCES blobs (key),
    size_bytes   INTEGER NOT NULL CHECK (size_bytes >= 0),
    sha256       BLOB NOT NULL CHECK (length(sha256) = 32),
    format       TEXT NOT NULL,
    width_px     INTEGER NOT NULL CHECK (width_px > 0),
    height_px    INTEGER NOT NULL CHECK (height_px > 0),
    frames       INTEGER NOT NULL CHECK (frames > 0),
    has_alpha    INTEGER NOT NULL CHECK (has_alpha IN (0, 1)),
    colour_space TEXT NOT NULL,
    orientation  INTEGER NOT NULL CHECK (orientation BETWEEN 1 AND 8)
) STRICT, WITHOUT ROWID;

CREATE INDEX images_by_owner ON images (owner, id);

CREATE TABLE variants (
    image_id     BLOB NOT NULL REFERENCES images (id) ON DELETE CASCADE,
    name         TEXT NOT NULL,
    position     INTEGER NOT NULL CHECK (position >= 0),  -- in the order in which they were asked for
    transform    TEXT NOT NULL,                           -- the canonical form
    status       TEXT NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'ready', 'failed')),
    updated_at   INTEGER NOT NULL,
    blob         BLOB REFERENCES blobs (key),
    format       TEXT,
    width_px     INTEGER CHECK (width_px > 0),
    height_px    INTEGER CHECK (height_px > 0),
    size_bytes   INTEGER CHECK (size_bytes >= 0),
    sha256       BLOB CHECK (length(sha256) = 32),
    error_code   TEXT,
    error_detail TEXT,
    PRIMARY KEY (image_id, name),
    CONSTRAINT content_exactly_when_ready CHECK (
        CASE status WHEN 'ready'
            THEN blob IS NOT NULL AND format IS NOT NULL AND width_px IS NOT NULL AND height_px IS NOT NULL
                 AND size_bytes IS NOT NULL AND sha256 IS NOT NULL
            ELSE blob IS NULL AND format IS NULL AND width_px IS NULL AND height_px IS NULL
                 AND size_bytes IS NULL AND sha256 IS NULL
        END),
    CONSTRAINT error_exactly_when_failed CHECK (
        CASE status WHEN 'failed'
            THEN error_code IS NOT NULL AND error_detail IS NOT NULL
            ELSE error_code IS NULL AND error_detail IS NULL
        END)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX variants_by_blob ON variants (blob) WHERE blob IS NOT NULL;

CREATE TABLE jobs (
    id          BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    owner       BLOB NOT NULL CHECK (length(owner) = 16),
    image_id    BLOB NOT NULL UNIQUE REFERENCES images (id),
    status      TEXT NOT NULL DEFAULT 'UNPROCESSED'
                CHECK (status IN ('UNPROCESSED', 'PROCESSING', 'PROCESSED', 'FAILED')),
    attempts    INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),                -- the fencing token; only rises
    tries       INTEGER NOT NULL DEFAULT 0 CHECK (tries BETWEEN 0 AND attempts), -- since work was last asked for or finished
    due_at      INTEGER NOT NULL,
    lease_until INTEGER,                                                         -- set while claimed
    metadata    TEXT NOT NULL CHECK (json_valid(metadata) AND json_type(metadata) = 'object'),
    updated_at  INTEGER NOT NULL,
    finished_at INTEGER,
    CONSTRAINT finished_at_exactly_when_finished CHECK (
        (finished_at IS NOT NULL) = (status IN ('PROCESSED', 'FAILED'))),
    CONSTRAINT claimed_only_while_processing CHECK (lease_until IS NULL OR status = 'PROCESSING')
) STRICT, WITHOUT ROWID;

CREATE INDEX jobs_by_owner ON jobs (owner, id);
CREATE INDEX jobs_by_owner_and_status ON jobs (owner, status, id);
CREATE INDEX jobs_claimable ON jobs (due_at, id) WHERE status = 'PROCESSING';

-- Totals that would cost a scan to count.
CREATE TABLE totals (
    name  TEXT NOT NULL PRIMARY KEY,
    value INTEGER NOT NULL CHECK (value >= 0)
) STRICT, WITHOUT ROWID;

INSERT INTO totals (name, value) VALUES ('backlog', 0);

-- The one place that says what a job's status is: a function of its variants.
CREATE VIEW image_status (image_id, status) AS
SELECT images.id,
       CASE
           WHEN EXISTS (SELECT 1 FROM variants AS v WHERE v.image_id = images.id AND v.status = 'pending')
               THEN 'PROCESSING'
           WHEN EXISTS (SELECT 1 FROM variants AS v WHERE v.image_id = images.id AND v.status = 'failed')
               THEN 'FAILED'
           WHEN EXISTS (SELECT 1 FROM variants AS v WHERE v.image_id = images.id)
               THEN 'PROCESSED'
           ELSE 'UNPROCESSED'
       END
FROM images;

-- The status follows the variants …
CREATE TRIGGER variants_added AFTER INSERT ON variants
BEGIN
    UPDATE jobs
    SET status = derived.status,
        finished_at = CASE WHEN derived.status IN ('PROCESSED', 'FAILED') THEN NEW.updated_at END
    FROM (SELECT status FROM image_status WHERE image_id = NEW.image_id) AS derived
    WHERE jobs.image_id = NEW.image_id AND jobs.status <> derived.status;
END;

CREATE TRIGGER variants_changed AFTER UPDATE OF status ON variants WHEN OLD.status <> NEW.status
BEGIN
    UPDATE jobs
    SET status = derived.status,
        finished_at = CASE WHEN derived.status IN ('PROCESSED', 'FAILED') THEN NEW.updated_at END
    FROM (SELECT status FROM image_status WHERE image_id = NEW.image_id) AS derived
    WHERE jobs.image_id = NEW.image_id AND jobs.status <> derived.status;
END;

CREATE TRIGGER variants_removed AFTER DELETE ON variants
BEGIN
    UPDATE jobs
    SET status = derived.status,
        finished_at = CASE WHEN derived.status IN ('PROCESSED', 'FAILED')
                           THEN coalesce(jobs.finished_at, OLD.updated_at) END
    FROM (SELECT status FROM image_status WHERE image_id = OLD.image_id) AS derived
    WHERE jobs.image_id = OLD.image_id AND jobs.status <> derived.status;
END;

-- … and nothing else writes it.
CREATE TRIGGER variants_stay BEFORE UPDATE OF image_id ON variants WHEN OLD.image_id <> NEW.image_id
BEGIN
    SELECT RAISE(ABORT, 'a variant stays with its image');
END;

CREATE TRIGGER jobs_inserted BEFORE INSERT ON jobs
WHEN NEW.status <> (SELECT status FROM image_status WHERE image_id = NEW.image_id)
BEGIN
    SELECT RAISE(ABORT, 'the status of a job is derived from its variants');
END;

CREATE TRIGGER jobs_status_set BEFORE UPDATE OF status ON jobs
WHEN NEW.status IS NOT (SELECT status FROM image_status WHERE image_id = NEW.image_id)
BEGIN
    SELECT RAISE(ABORT, 'the status of a job is derived from its variants');
END;

CREATE TRIGGER jobs_stay BEFORE UPDATE OF image_id ON jobs WHEN OLD.image_id <> NEW.image_id
BEGIN
    SELECT RAISE(ABORT, 'a job stays with its image');
END;

-- The backlog: jobs whose status is PROCESSING.
CREATE TRIGGER backlog_inserted AFTER INSERT ON jobs WHEN NEW.status = 'PROCESSING'
BEGIN
    UPDATE totals SET value = value + 1 WHERE name = 'backlog';
END;

CREATE TRIGGER backlog_changed AFTER UPDATE OF status ON jobs
WHEN (OLD.status = 'PROCESSING') <> (NEW.status = 'PROCESSING')
BEGIN
    UPDATE totals SET value = value + iif(NEW.status = 'PROCESSING', 1, -1) WHERE name = 'backlog';
END;

CREATE TRIGGER backlog_deleted AFTER DELETE ON jobs WHEN OLD.status = 'PROCESSING'
BEGIN
    UPDATE totals SET value = value - 1 WHERE name = 'backlog';
END;
