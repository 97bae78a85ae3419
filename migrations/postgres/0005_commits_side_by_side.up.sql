-- Each process tells what became of jobs after it was committed: NOTIFY inside of the transactions made them commit one
-- after another, because it holds a lock of the whole cluster until the commit is on the disk.
DROP TRIGGER jobs_changed_news ON jobs;
DROP TRIGGER jobs_deleted_news ON jobs;
DROP FUNCTION tell_of_job();

-- The same as before; a function of the language sql would be planned anew in each transaction.
CREATE OR REPLACE FUNCTION status_of_image(wanted uuid) RETURNS text
LANGUAGE plpgsql STABLE SET search_path FROM CURRENT AS $$
DECLARE
    any_pending boolean;
    any_failed  boolean;
BEGIN
    SELECT bool_or(status = 'pending'), bool_or(status = 'failed') INTO any_pending, any_failed
    FROM variants WHERE image_id = wanted;
    RETURN CASE
               WHEN any_pending IS NULL THEN 'UNPROCESSED'
               WHEN any_pending THEN 'PROCESSING'
               WHEN any_failed THEN 'FAILED'
               ELSE 'PROCESSED'
           END;
END $$;
