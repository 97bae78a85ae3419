-- What is done to many jobs at once, in the background. When it was asked for, its id says.
CREATE TABLE bulk_operations (
    id             BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    owner          BLOB NOT NULL CHECK (length(owner) = 16),
    kind           TEXT NOT NULL CHECK (kind IN ('retry', 'delete')),
    status         TEXT CHECK (status IN ('UNPROCESSED', 'PROCESSING', 'PROCESSED', 'FAILED')),  -- of the jobs
    created_after  INTEGER,                                           -- as it was asked for
    created_before INTEGER,
    position       BLOB NOT NULL CHECK (length(position) = 16),       -- the last job that was looked at; ids only rise
    upper          BLOB NOT NULL CHECK (length(upper) = 16),          -- jobs from here on are not looked at
    jobs_done      INTEGER NOT NULL DEFAULT 0 CHECK (jobs_done >= 0),
    jobs_skipped   INTEGER NOT NULL DEFAULT 0 CHECK (jobs_skipped >= 0),
    attempts       INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),  -- the fencing token; only rises
    due_at         INTEGER NOT NULL,                                  -- when it may be claimed; the end of the lease while it is
    finished_at    INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX bulk_operations_due ON bulk_operations (due_at, id) WHERE finished_at IS NULL;
CREATE INDEX bulk_operations_unfinished ON bulk_operations (owner, id) WHERE finished_at IS NULL;
CREATE INDEX bulk_operations_finished ON bulk_operations (finished_at) WHERE finished_at IS NOT NULL;
