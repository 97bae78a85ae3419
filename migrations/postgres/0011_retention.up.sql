-- How long an account keeps images, and variants that nobody reads, where that is not the server's default: empty is the default, 0 is
-- for ever. When its images are looked at next, and after which one the look goes on: who looks locks the account first.
ALTER TABLE accounts ADD COLUMN delete_images_after_days bigint CHECK (delete_images_after_days >= 0);
ALTER TABLE accounts ADD COLUMN expire_variants_after_days bigint CHECK (expire_variants_after_days >= 0);
ALTER TABLE accounts ADD COLUMN retention_due_at bigint NOT NULL DEFAULT 0;
ALTER TABLE accounts ADD COLUMN retention_position uuid;

-- Since when it is noted when its variants are read: what is older is not known.
ALTER TABLE accounts ADD COLUMN expiry_since bigint;

CREATE INDEX accounts_by_retention ON accounts (retention_due_at, id);
CREATE INDEX accounts_with_retention ON accounts (retention_due_at, id)
WHERE delete_images_after_days > 0 OR expire_variants_after_days > 0;
CREATE INDEX accounts_with_expiry ON accounts (id) WHERE expire_variants_after_days > 0;

-- A variant whose bytes were let go of, because nobody had read them for long. It is pending, and nobody works on it until somebody asks
-- for it.
ALTER TABLE variants ADD COLUMN expired boolean NOT NULL DEFAULT false;
ALTER TABLE variants ADD CONSTRAINT expired_only_while_pending CHECK (NOT expired OR status = 'pending');
-- When it was read last, or asked for because it had expired; kept coarsely, and only where it may expire. In no index, so that the row
-- is written in place.
ALTER TABLE variants ADD COLUMN read_at bigint;

-- As before, and what has expired is not waited for.
CREATE OR REPLACE FUNCTION status_of_image(wanted uuid) RETURNS text
LANGUAGE plpgsql STABLE SET search_path FROM CURRENT AS $$
DECLARE
    any_pending boolean;
    any_failed  boolean;
BEGIN
    SELECT bool_or(status = 'pending' AND NOT expired), bool_or(status = 'failed') INTO any_pending, any_failed
    FROM variants WHERE image_id = wanted;
    RETURN CASE
               WHEN any_pending IS NULL THEN 'UNPROCESSED'
               WHEN any_pending THEN 'PROCESSING'
               WHEN any_failed THEN 'FAILED'
               ELSE 'PROCESSED'
           END;
END $$;

DROP TRIGGER variants_changed ON variants;
CREATE TRIGGER variants_changed AFTER UPDATE OF status, expired ON variants
FOR EACH ROW WHEN (OLD.status <> NEW.status OR OLD.expired <> NEW.expired) EXECUTE FUNCTION variants_changed();
