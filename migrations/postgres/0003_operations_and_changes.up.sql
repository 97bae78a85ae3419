-- What is done to many jobs at once, in the background. When it was asked for, its id says.
CREATE TABLE bulk_operations (
    id             uuid NOT NULL PRIMARY KEY,
    owner          uuid NOT NULL,
    kind           text NOT NULL CHECK (kind IN ('retry', 'delete')),
    status         text CHECK (status IN ('UNPROCESSED', 'PROCESSING', 'PROCESSED', 'FAILED')),  -- of the jobs
    created_after  bigint,                                          -- as it was asked for
    created_before bigint,
    position       uuid NOT NULL,                                   -- the last job that was looked at; ids only rise
    upper          uuid NOT NULL,                                   -- jobs from here on are not looked at
    jobs_done      bigint NOT NULL DEFAULT 0 CHECK (jobs_done >= 0),
    jobs_skipped   bigint NOT NULL DEFAULT 0 CHECK (jobs_skipped >= 0),
    attempts       bigint NOT NULL DEFAULT 0 CHECK (attempts >= 0), -- the fencing token; only rises
    due_at         bigint NOT NULL,                                 -- when it may be claimed; the end of the lease while it is
    finished_at    bigint
);

CREATE INDEX bulk_operations_due ON bulk_operations (due_at, id) WHERE finished_at IS NULL;
CREATE INDEX bulk_operations_unfinished ON bulk_operations (owner, id) WHERE finished_at IS NULL;
CREATE INDEX bulk_operations_finished ON bulk_operations (finished_at) WHERE finished_at IS NOT NULL;
