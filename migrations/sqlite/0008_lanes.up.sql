-- How soon a job's work is taken up: 0 first. A job waits in the lane of its priority, unless its owner has 16 jobs waiting
-- there when it begins to wait; then in 3, behind everybody's.
ALTER TABLE jobs ADD COLUMN priority INTEGER NOT NULL DEFAULT 1 CHECK (priority BETWEEN 0 AND 2);
ALTER TABLE jobs ADD COLUMN lane INTEGER NOT NULL DEFAULT 1 CHECK (lane IN (priority, 3));

DROP INDEX jobs_claimable;
CREATE INDEX jobs_claimable ON jobs (lane, due_at, id) WHERE status = 'PROCESSING';
CREATE INDEX jobs_in_share ON jobs (owner, lane) WHERE status = 'PROCESSING' AND lane < 3;

-- The lane changes to the other one of the two when it is not the right one any more.
CREATE TRIGGER lane_chosen AFTER UPDATE OF status ON jobs
WHEN NEW.status = 'PROCESSING' AND OLD.status <> 'PROCESSING' AND (NEW.lane = 3) <> (16 <= (
    SELECT count(*) FROM (SELECT 1 FROM jobs AS waiting
                          WHERE waiting.owner = NEW.owner AND waiting.lane = NEW.priority AND waiting.lane < 3
                            AND waiting.status = 'PROCESSING' AND waiting.id <> NEW.id LIMIT 16)))
BEGIN
    UPDATE jobs SET lane = iif(lane = 3, priority, 3) WHERE id = NEW.id;
END;
