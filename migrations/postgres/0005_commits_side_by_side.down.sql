CREATE OR REPLACE FUNCTION status_of_image(wanted uuid) RETURNS text
LANGUAGE sql STABLE SET search_path FROM CURRENT AS $$
    SELECT CASE
               WHEN EXISTS (SELECT 1 FROM variants WHERE image_id = wanted AND status = 'pending') THEN 'PROCESSING'
               WHEN EXISTS (SELECT 1 FROM variants WHERE image_id = wanted AND status = 'failed') THEN 'FAILED'
               WHEN EXISTS (SELECT 1 FROM variants WHERE image_id = wanted) THEN 'PROCESSED'
               ELSE 'UNPROCESSED'
           END
$$;

-- Who listens learns which jobs became claimable, and which changed for those who wait for them. It is decided by what the
-- job has become when the transaction ends: a completion gives the job back before it stores what was made.
-- The schema is part of the channel's name, because channels belong to the whole database.
CREATE FUNCTION tell_of_job() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    now_is jobs%ROWTYPE;
    news   text := 'changed';
BEGIN
    SELECT * INTO now_is FROM jobs WHERE id = OLD.id;
    IF now_is.status = 'PROCESSING' THEN
        IF now_is.lease_until IS NOT NULL OR now_is.due_at > now_is.updated_at THEN
            RETURN NULL;  -- held, or not due yet: whoever polls will find it
        END IF;
        news := 'claimable';
    END IF;
    PERFORM pg_notify('safelight_' || md5(TG_TABLE_SCHEMA), news || ' ' || OLD.id);
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER jobs_changed_news AFTER UPDATE ON jobs DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW WHEN (OLD.status <> NEW.status OR OLD.lease_until IS NOT NULL AND NEW.lease_until IS NULL
                   OR NEW.due_at < OLD.due_at)
EXECUTE FUNCTION tell_of_job();
CREATE CONSTRAINT TRIGGER jobs_deleted_news AFTER DELETE ON jobs DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION tell_of_job();
