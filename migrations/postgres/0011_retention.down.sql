-- What has expired is made again: without the column it would be waited for.
UPDATE jobs SET tries = 0 WHERE image_id IN (SELECT image_id FROM variants WHERE expired);
UPDATE variants SET expired = false WHERE expired;

DROP TRIGGER variants_changed ON variants;
CREATE TRIGGER variants_changed AFTER UPDATE OF status ON variants
FOR EACH ROW WHEN (OLD.status <> NEW.status) EXECUTE FUNCTION variants_changed();

CREATE OR REPLACE FUNCTION status_of_image(wanted uuid) RETURNS text
LANGUAGE plpgsql STABLE SET search_path FROM CURRENT AS $$
DECLARE
    any_pending boolean;
    any_failed  boolean;
BEGIN
    SELECT bool_or(status = 'pending'), bool_or(status = 'failed') INTO any_pending, any_failed
    FROM variants WHERE image_id = wanted;
    RETURN CASE
               WHEN any_pending IS NULL THEN 'UNPROCESSED'
               WHEN any_pending THEN 'PROCESSING'
               WHEN any_failed THEN 'FAILED'
               ELSE 'PROCESSED'
           END;
END $$;

ALTER TABLE variants DROP COLUMN read_at;
ALTER TABLE variants DROP CONSTRAINT expired_only_while_pending;
ALTER TABLE variants DROP COLUMN expired;

DROP INDEX accounts_with_expiry;
DROP INDEX accounts_with_retention;
DROP INDEX accounts_by_retention;
ALTER TABLE accounts DROP COLUMN expiry_since;
ALTER TABLE accounts DROP COLUMN retention_position;
ALTER TABLE accounts DROP COLUMN retention_due_at;
ALTER TABLE accounts DROP COLUMN expire_variants_after_days;
ALTER TABLE accounts DROP COLUMN delete_images_after_days;
