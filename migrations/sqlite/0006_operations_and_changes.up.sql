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

-- Where the newest change of a job's status stands among all of them, in the order in which they were committed: there is one
-- writer at a time. Of jobs that have not changed since there is such an order it is not known.
ALTER TABLE jobs ADD COLUMN change INTEGER CHECK (change > 0);

CREATE INDEX jobs_by_change ON jobs (owner, change, id) WHERE change IS NOT NULL;

INSERT INTO totals (name, value) VALUES ('changes', 0);

CREATE TRIGGER changes_counted AFTER UPDATE OF change ON jobs WHEN NEW.change IS NOT NULL
BEGIN
    UPDATE totals SET value = NEW.change WHERE name = 'changes';
END;

-- As before, and the change is counted.
DROP TRIGGER variants_added;
DROP TRIGGER variants_changed;
DROP TRIGGER variants_removed;

CREATE TRIGGER variants_added AFTER INSERT ON variants
BEGIN
    UPDATE jobs
    SET status = (SELECT status FROM image_status WHERE image_id = NEW.image_id),
        finished_at = iif((SELECT status FROM image_status WHERE image_id = NEW.image_id)
                          IN ('PROCESSED', 'FAILED'), NEW.updated_at, NULL),
        change = (SELECT value + 1 FROM totals WHERE name = 'changes')
    WHERE jobs.image_id = NEW.image_id
      AND jobs.status <> (SELECT status FROM image_status WHERE image_id = NEW.image_id);
END;

CREATE TRIGGER variants_changed AFTER UPDATE OF status ON variants WHEN OLD.status <> NEW.status
BEGIN
    UPDATE jobs
    SET status = (SELECT status FROM image_status WHERE image_id = NEW.image_id),
        finished_at = iif((SELECT status FROM image_status WHERE image_id = NEW.image_id)
                          IN ('PROCESSED', 'FAILED'), NEW.updated_at, NULL),
        change = (SELECT value + 1 FROM totals WHERE name = 'changes')
    WHERE jobs.image_id = NEW.image_id
      AND jobs.status <> (SELECT status FROM image_status WHERE image_id = NEW.image_id);
END;

CREATE TRIGGER variants_removed AFTER DELETE ON variants
BEGIN
    UPDATE jobs
    SET status = (SELECT status FROM image_status WHERE image_id = OLD.image_id),
        finished_at = iif((SELECT status FROM image_status WHERE image_id = OLD.image_id)
                          IN ('PROCESSED', 'FAILED'), coalesce(jobs.finished_at, OLD.updated_at), NULL),
        change = (SELECT value + 1 FROM totals WHERE name = 'changes')
    WHERE jobs.image_id = OLD.image_id
      AND jobs.status <> (SELECT status FROM image_status WHERE image_id = OLD.image_id);
END;
