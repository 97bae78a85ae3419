DROP TRIGGER lane_chosen;
DROP INDEX jobs_with_work;
DROP INDEX jobs_claimable;

ALTER TABLE jobs DROP COLUMN lane;
ALTER TABLE jobs DROP COLUMN priority;

CREATE INDEX jobs_claimable ON jobs (due_at, id) WHERE status = 'PROCESSING';
