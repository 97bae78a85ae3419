DROP TABLE bulk_operations;

DROP TRIGGER variants_added;
DROP TRIGGER variants_changed;
DROP TRIGGER variants_removed;

CREATE TRIGGER variants_added AFTER INSERT ON variants
BEGIN
    UPDATE jobs
    SET status = (SELECT status FROM image_status WHERE image_id = NEW.image_id),
        finished_at = iif((SELECT status FROM image_status WHERE image_id = NEW.image_id)
                          IN ('PROCESSED', 'FAILED'), NEW.updated_at, NULL)
    WHERE jobs.image_id = NEW.image_id
      AND jobs.status <> (SELECT status FROM image_status WHERE image_id = NEW.image_id);
END;

CREATE TRIGGER variants_changed AFTER UPDATE OF status ON variants WHEN OLD.status <> NEW.status
BEGIN
    UPDATE jobs
    SET status = (SELECT status FROM image_status WHERE image_id = NEW.image_id),
        finished_at = iif((SELECT status FROM image_status WHERE image_id = NEW.image_id)
                          IN ('PROCESSED', 'FAILED'), NEW.updated_at, NULL)
    WHERE jobs.image_id = NEW.image_id
      AND jobs.status <> (SELECT status FROM image_status WHERE image_id = NEW.image_id);
END;

CREATE TRIGGER variants_removed AFTER DELETE ON variants
BEGIN
    UPDATE jobs
    SET status = (SELECT status FROM image_status WHERE image_id = OLD.image_id),
        finished_at = iif((SELECT status FROM image_status WHERE image_id = OLD.image_id)
                          IN ('PROCESSED', 'FAILED'), coalesce(jobs.finished_at, OLD.updated_at), NULL)
    WHERE jobs.image_id = OLD.image_id
      AND jobs.status <> (SELECT status FROM image_status WHERE image_id = OLD.image_id);
END;

DROP TRIGGER changes_counted;
DROP INDEX jobs_by_change;
ALTER TABLE jobs DROP COLUMN change;
DELETE FROM totals WHERE name = 'changes';
