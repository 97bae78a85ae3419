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

-- By which transaction the job's status was changed last. Transactions are numbered as they begin to write and become visible as
-- they commit: once all below a number have ended, no change below it is missing. Of jobs that have not changed since this is
-- kept it is not known.
ALTER TABLE jobs ADD COLUMN change bigint CHECK (change > 0);

CREATE INDEX jobs_by_change ON jobs (owner, change, id) WHERE change IS NOT NULL;

-- As before, and the change is noted.
CREATE OR REPLACE FUNCTION derive_job_status(of_image uuid, changed_at bigint, keep_finished_at boolean) RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    derived text;
BEGIN
    PERFORM 1 FROM jobs WHERE image_id = of_image FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    derived := status_of_image(of_image);
    UPDATE jobs
    SET status = derived,
        finished_at = CASE WHEN derived IN ('PROCESSED', 'FAILED')
                           THEN coalesce(CASE WHEN keep_finished_at THEN finished_at END, changed_at) END,
        change = pg_current_xact_id()::text::bigint
    WHERE image_id = of_image AND status <> derived;
END $$;
