DROP TRIGGER variants_added;
DROP TRIGGER variants_changed;
DROP TRIGGER variants_removed;

CREATE TRIGGER variants_added AFTER INSERT ON variants
BEGIN
    UPDATE jobs
    SET status = derived.status,
        finished_at = CASE WHEN derived.status IN ('PROCESSED', 'FAILED') THEN NEW.updated_at END
    FROM (SELECT status FROM image_status WHERE image_id = NEW.image_id) AS derived
    WHERE jobs.image_id = NEW.image_id AND jobs.status <> derived.status;
END;

CREATE TRIGGER variants_changed AFTER UPDATE OF status ON variants WHEN OLD.status <> NEW.status
BEGIN
    UPDATE jobs
    SET status = derived.status,
        finished_at = CASE WHEN derived.status IN ('PROCESSED', 'FAILED') THEN NEW.updated_at END
    FROM (SELECT status FROM image_status WHERE image_id = NEW.image_id) AS derived
    WHERE jobs.image_id = NEW.image_id AND jobs.status <> derived.status;
END;

CREATE TRIGGER variants_removed AFTER DELETE ON variants
BEGIN
    UPDATE jobs
    SET status = derived.status,
        finished_at = CASE WHEN derived.status IN ('PROCESSED', 'FAILED')
                           THEN coalesce(jobs.finished_at, OLD.updated_at) END
    FROM (SELECT status FROM image_status WHERE image_id = OLD.image_id) AS derived
    WHERE jobs.image_id = OLD.image_id AND jobs.status <> derived.status;
END;
