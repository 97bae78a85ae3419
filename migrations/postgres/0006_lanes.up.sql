-- How soon a job's work is taken up: 0 first. A job waits in the lane of its priority. When it begins to wait while its owner
-- has 16 jobs with work left in that lane, or some that are as urgent in the overflow, it goes into the overflow: 3 lanes further.
-- (About 16: transactions at the same time do not see each other.)
ALTER TABLE jobs ADD COLUMN priority bigint NOT NULL DEFAULT 1 CHECK (priority BETWEEN 0 AND 2);
ALTER TABLE jobs ADD COLUMN lane bigint NOT NULL DEFAULT 1;
ALTER TABLE jobs ADD CONSTRAINT lane_of_the_priority_or_its_overflow CHECK (lane IN (priority, priority + 3));

UPDATE jobs SET lane = 4
FROM (SELECT id, row_number() OVER (PARTITION BY owner ORDER BY due_at, id) AS place
      FROM jobs WHERE status = 'PROCESSING') AS waiting
WHERE waiting.id = jobs.id AND waiting.place > 16;

DROP INDEX jobs_claimable;
CREATE INDEX jobs_claimable ON jobs (lane, due_at, id) WHERE status = 'PROCESSING';
CREATE INDEX jobs_with_work ON jobs (owner, lane) WHERE status = 'PROCESSING';

-- As before, and the lane is chosen.
CREATE OR REPLACE FUNCTION jobs_status_set() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    in_overflow boolean;
    in_lane     bigint;
BEGIN
    IF NEW.status <> status_of_image(NEW.image_id) THEN
        RAISE EXCEPTION 'the status of a job is derived from its variants' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.status = 'PROCESSING' THEN
        -- Rows are compared and ordered as the index has them: otherwise the planner may walk through everybody's jobs of the lane.
        SELECT count(*) INTO in_lane
        FROM (SELECT 1 FROM jobs
              WHERE (owner, lane) >= (NEW.owner, NEW.priority) AND (owner, lane) <= (NEW.owner, NEW.priority)
                AND status = 'PROCESSING' ORDER BY owner, lane LIMIT 16) AS share;
        SELECT EXISTS (SELECT 1 FROM jobs
                       WHERE (owner, lane) >= (NEW.owner, 3) AND (owner, lane) <= (NEW.owner, NEW.priority + 3)
                         AND status = 'PROCESSING' ORDER BY owner, lane LIMIT 1) INTO in_overflow;
        NEW.lane := CASE WHEN in_overflow OR in_lane >= 16 THEN NEW.priority + 3 ELSE NEW.priority END;
    END IF;
    RETURN NEW;
END $$;
