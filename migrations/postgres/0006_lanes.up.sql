-- How soon a job's work is taken up: 0 first. A job waits in the lane of its priority, unless its owner has 16 jobs waiting
-- there when it begins to wait; then in 3, behind everybody's.
ALTER TABLE jobs ADD COLUMN priority bigint NOT NULL DEFAULT 1 CHECK (priority BETWEEN 0 AND 2);
ALTER TABLE jobs ADD COLUMN lane bigint NOT NULL DEFAULT 1;
ALTER TABLE jobs ADD CONSTRAINT lane_of_the_priority_or_the_last CHECK (lane IN (priority, 3));

DROP INDEX jobs_claimable;
CREATE INDEX jobs_claimable ON jobs (lane, due_at, id) WHERE status = 'PROCESSING';
CREATE INDEX jobs_in_share ON jobs (owner, lane) WHERE status = 'PROCESSING' AND lane < 3;

-- As before, and the lane is chosen.
CREATE OR REPLACE FUNCTION jobs_status_set() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    IF NEW.status <> status_of_image(NEW.image_id) THEN
        RAISE EXCEPTION 'the status of a job is derived from its variants' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.status = 'PROCESSING' THEN
        NEW.lane := CASE WHEN 16 <= (
                             SELECT count(*) FROM (SELECT 1 FROM jobs
                                                   WHERE owner = NEW.owner AND lane = NEW.priority AND lane < 3
                                                     AND status = 'PROCESSING' LIMIT 16) AS share)
                         THEN 3 ELSE NEW.priority END;
    END IF;
    RETURN NEW;
END $$;
