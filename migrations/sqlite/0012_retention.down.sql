-- What has expired is made again: without the column it would be waited for.
UPDATE jobs SET tries = 0 WHERE image_id IN (SELECT image_id FROM variants WHERE expired);
UPDATE variants SET expired = 0 WHERE expired;

DROP TRIGGER variants_changed;
DROP VIEW image_status;
CREATE VIEW image_status (image_id, status) AS
SELECT images.id,
       CASE
           WHEN EXISTS (SELECT 1 FROM variants AS v WHERE v.image_id = images.id AND v.status = 'pending')
               THEN 'PROCESSING'
           WHEN EXISTS (SELECT 1 FROM variants AS v WHERE v.image_id = images.id AND v.status = 'failed')
               THEN 'FAILED'
           WHEN EXISTS (SELECT 1 FROM variants AS v WHERE v.image_id = images.id)
               THEN 'PROCESSED'
           ELSE 'UNPROCESSED'
       END
FROM images;
CREATE TRIGGER variants_changed AFTER UPDATE OF status ON variants WHEN OLD.status <> NEW.status
BEGIN
    UPDATE jobs
    SET status = (SELECT status FROM image_status WHERE image_id = NEW.image_id),
        finished_at = iif((SELECT status FROM image_status WHERE image_id = NEW.image_id)
                          IN ('PROCESSED', 'FAILED'), NEW.updated_at, NULL),
        change = (SELECT value + 1 FROM totals WHERE name = 'changes')
    WHERE jobs.image_id = NEW.image_id
      AND jobs.status <> (SELECT status FROM image_status WHERE image_id = NEW.image_id);
END;

ALTER TABLE variants DROP COLUMN read_at;
ALTER TABLE variants DROP COLUMN expired;

DROP INDEX accounts_with_expiry;
DROP INDEX accounts_with_retention;
DROP INDEX accounts_by_retention;
ALTER TABLE accounts DROP COLUMN expiry_since;
ALTER TABLE accounts DROP COLUMN retention_position;
ALTER TABLE accounts DROP COLUMN retention_due_at;
ALTER TABLE accounts DROP COLUMN expire_variants_after_days;
ALTER TABLE accounts DROP COLUMN delete_images_after_days;
