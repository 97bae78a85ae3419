DROP INDEX jobs_with_work;
DROP INDEX jobs_claimable;

CREATE OR REPLACE FUNCTION jobs_status_set() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    IF NEW.status <> status_of_image(NEW.image_id) THEN
        RAISE EXCEPTION 'the status of a job is derived from its variants' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;

ALTER TABLE jobs DROP COLUMN lane;
ALTER TABLE jobs DROP COLUMN priority;

CREATE INDEX jobs_claimable ON jobs (due_at, id) WHERE status = 'PROCESSING';
