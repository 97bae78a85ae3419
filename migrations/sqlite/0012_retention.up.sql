-- How long an account keeps images, and variants that nobody reads, where that is not the server's default: empty is the default, 0 is
-- for ever. When its images are looked at next, and after which one the look goes on.
ALTER TABLE accounts ADD COLUMN delete_images_after_days INTEGER CHECK (delete_images_after_days >= 0);
ALTER TABLE accounts ADD COLUMN expire_variants_after_days INTEGER CHECK (expire_variants_after_days >= 0);
ALTER TABLE accounts ADD COLUMN retention_due_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE accounts ADD COLUMN retention_position BLOB CHECK (length(retention_position) = 16);

-- Since when it is noted when its variants are read: what is older is not known.
ALTER TABLE accounts ADD COLUMN expiry_since INTEGER;

CREATE INDEX accounts_by_retention ON accounts (retention_due_at, id);
CREATE INDEX accounts_with_retention ON accounts (retention_due_at, id)
WHERE delete_images_after_days > 0 OR expire_variants_after_days > 0;
CREATE INDEX accounts_with_expiry ON accounts (id) WHERE expire_variants_after_days > 0;

-- A variant whose bytes were let go of, because nobody had read them for long. It is pending, and nobody works on it until somebody asks
-- for it.
ALTER TABLE variants ADD COLUMN expired INTEGER NOT NULL DEFAULT 0
    CHECK (expired IN (0, 1) AND (expired = 0 OR status = 'pending'));
-- When it was read last, or asked for because it had expired; kept coarsely, and only where it may expire.
ALTER TABLE variants ADD COLUMN read_at INTEGER;

-- As before, and what has expired is not waited for.
DROP VIEW image_status;
CREATE VIEW image_status (image_id, status) AS
SELECT images.id,
       CASE
           WHEN EXISTS (SELECT 1 FROM variants AS v WHERE v.image_id = images.id AND v.status = 'pending' AND NOT v.expired)
               THEN 'PROCESSING'
           WHEN EXISTS (SELECT 1 FROM variants AS v WHERE v.image_id = images.id AND v.status = 'failed')
               THEN 'FAILED'
           WHEN EXISTS (SELECT 1 FROM variants AS v WHERE v.image_id = images.id)
               THEN 'PROCESSED'
           ELSE 'UNPROCESSED'
       END
FROM images;

DROP TRIGGER variants_changed;
CREATE TRIGGER variants_changed AFTER UPDATE OF status, expired ON variants
WHEN OLD.status <> NEW.status OR OLD.expired <> NEW.expired
BEGIN
    UPDATE jobs
    SET status = (SELECT status FROM image_status WHERE image_id = NEW.image_id),
        finished_at = iif((SELECT status FROM image_status WHERE image_id = NEW.image_id)
                          IN ('PROCESSED', 'FAILED'), NEW.updated_at, NULL),
        change = (SELECT value + 1 FROM totals WHERE name = 'changes')
    WHERE jobs.image_id = NEW.image_id
      AND jobs.status <> (SELECT status FROM image_status WHERE image_id = NEW.image_id);
END;
