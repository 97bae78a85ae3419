-- How soon a job's work is taken up: 0 first. A job waits in the lane of its priority. When it begins to wait while its owner
-- has 16 jobs with work left in that lane, or some that are as urgent in the overflow, it goes into the overflow: 3 lanes further.
ALTER TABLE jobs ADD COLUMN priority INTEGER NOT NULL DEFAULT 1 CHECK (priority BETWEEN 0 AND 2);
ALTER TABLE jobs ADD COLUMN lane INTEGER NOT NULL DEFAULT 1 CHECK (lane IN (priority, priority + 3));

UPDATE jobs SET lane = 4
WHERE id IN (SELECT id FROM (SELECT id, row_number() OVER (PARTITION BY owner ORDER BY due_at, id) AS place
                             FROM jobs WHERE status = 'PROCESSING')
             WHERE place > 16);

DROP INDEX jobs_claimable;
CREATE INDEX jobs_claimable ON jobs (lane, due_at, id) WHERE status = 'PROCESSING';
CREATE INDEX jobs_with_work ON jobs (owner, lane) WHERE status = 'PROCESSING';

-- The lane changes to the other one of the two when it is not the right one any more.
CREATE TRIGGER lane_chosen AFTER UPDATE OF status ON jobs
WHEN NEW.status = 'PROCESSING' AND OLD.status <> 'PROCESSING' AND (NEW.lane <> NEW.priority) <> (
    EXISTS (SELECT 1 FROM jobs AS others INDEXED BY jobs_with_work
            WHERE others.owner = NEW.owner AND others.lane BETWEEN 3 AND NEW.priority + 3
              AND others.status = 'PROCESSING' AND others.id <> NEW.id)
    OR 16 <= (SELECT count(*) FROM (SELECT 1 FROM jobs AS others INDEXED BY jobs_with_work
                                    WHERE others.owner = NEW.owner AND others.lane = NEW.priority
                                      AND others.status = 'PROCESSING' AND others.id <> NEW.id LIMIT 16)))
BEGIN
    UPDATE jobs SET lane = iif(lane = priority, priority + 3, priority) WHERE id = NEW.id;
END;
