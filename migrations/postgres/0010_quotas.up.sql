-- For a server that is running: nobody writes what is counted from here to the commit, and all is locked before anything is done, so that
-- this cannot wait in a circle with who writes.
LOCK TABLE jobs, images, variants IN SHARE ROW EXCLUSIVE MODE;

-- What each account has: originals and the contents of variants. As with totals it is the sum over the shards, a backend writes to
-- one of its own as far as possible, and one shard alone may be negative. With it the pixels of the originals that were accepted on a
-- day (since 1970, UTC), and on the one before, for clocks that differ. Deletions give none back: this counts work.
CREATE TABLE account_usage (
    account       uuid NOT NULL,
    shard         integer NOT NULL,
    stored_bytes  bigint NOT NULL,
    images        bigint NOT NULL,
    day           bigint NOT NULL DEFAULT 0,
    pixels        bigint NOT NULL DEFAULT 0 CHECK (pixels >= 0),
    pixels_before bigint NOT NULL DEFAULT 0 CHECK (pixels_before >= 0),
    PRIMARY KEY (account, shard)
) WITH (fillfactor = 10);

CREATE VIEW account_pixels AS
SELECT account, shard, day, pixels FROM account_usage WHERE pixels > 0
UNION ALL
SELECT account, shard, day - 1, pixels_before FROM account_usage WHERE pixels_before > 0;

-- What a transaction has taken away and is to be taken off the usage as its last step: no row is ever seen by another transaction.
CREATE TABLE usage_dues (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account      uuid NOT NULL,
    stored_bytes bigint NOT NULL,
    images       integer NOT NULL
);

-- Who is about to create a job of an account with a limit locks its row here, before anything else, until the commit.
CREATE TABLE quota_locks (
    account uuid NOT NULL PRIMARY KEY
);

-- The minute of uploads that is under way, or the last one, of accounts with a limit; and, of those, uploads whose bytes are coming
-- in. Who changes the second locks the row of the first.
CREATE TABLE upload_minutes (
    account uuid NOT NULL PRIMARY KEY,
    ends_at bigint NOT NULL,
    uploads bigint NOT NULL CHECK (uploads >= 0)
) WITH (fillfactor = 50);

CREATE TABLE upload_places (
    id         uuid NOT NULL PRIMARY KEY,
    account    uuid NOT NULL,
    expires_at bigint NOT NULL  -- unless the process that holds it says that it goes on
);

CREATE INDEX upload_places_by_account ON upload_places (account, expires_at);

CREATE FUNCTION add_to_usage(of_account uuid, more_bytes bigint, more_images integer) RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    INSERT INTO account_usage AS present (account, shard, stored_bytes, images)
    VALUES (of_account, pg_backend_pid() % 64, more_bytes, more_images)
    ON CONFLICT (account, shard) DO UPDATE
    SET stored_bytes = present.stored_bytes + excluded.stored_bytes, images = present.images + excluded.images;
END $$;

-- Usage is written as the last thing before the commit (deferred), whatever is added or taken away: so everybody who writes to totals
-- and to usage does it in this order, and a shard is held for the length of a commit alone.
--
-- An image counts from its job on, which comes in the same transaction: its bytes and its pixels are one write.
CREATE FUNCTION image_counted() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    INSERT INTO account_usage AS present
    SELECT NEW.owner, pg_backend_pid() % 64, size_bytes, 1, NEW.updated_at / 86400000, width_px * height_px * frames, 0
    FROM images WHERE id = NEW.image_id
    ON CONFLICT (account, shard) DO UPDATE
    SET stored_bytes = present.stored_bytes + excluded.stored_bytes,
        images = present.images + excluded.images,
        day = greatest(present.day, excluded.day),
        pixels = CASE
                     WHEN excluded.day > present.day THEN excluded.pixels
                     WHEN excluded.day = present.day THEN present.pixels + excluded.pixels
                     ELSE present.pixels
                 END,
        pixels_before = CASE
                            WHEN excluded.day = present.day + 1 THEN present.pixels
                            WHEN excluded.day > present.day THEN 0
                            WHEN excluded.day = present.day - 1 THEN present.pixels_before + excluded.pixels
                            ELSE present.pixels_before
                        END;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER image_counted AFTER INSERT ON jobs DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION image_counted();

CREATE FUNCTION content_counted() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    PERFORM add_to_usage(owner, coalesce(NEW.size_bytes, 0) - coalesce(OLD.size_bytes, 0), 0)
    FROM jobs WHERE image_id = NEW.image_id;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER content_counted AFTER UPDATE OF size_bytes ON variants DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW WHEN (OLD.size_bytes IS DISTINCT FROM NEW.size_bytes) EXECUTE FUNCTION content_counted();
CREATE CONSTRAINT TRIGGER new_content_counted AFTER INSERT ON variants DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW WHEN (NEW.size_bytes IS NOT NULL) EXECUTE FUNCTION content_counted();

-- An image goes with its job and all its variants, whose own trigger does not find it any more.
CREATE FUNCTION image_discounted() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    INSERT INTO usage_dues (account, stored_bytes, images)
    SELECT OLD.owner,
           -(size_bytes + (SELECT coalesce(sum(size_bytes), 0)::bigint FROM variants WHERE image_id = OLD.image_id)), -1
    FROM images WHERE id = OLD.image_id;
    RETURN OLD;
END $$;
CREATE TRIGGER image_discounted BEFORE DELETE ON jobs
FOR EACH ROW EXECUTE FUNCTION image_discounted();

CREATE FUNCTION content_discounted() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    INSERT INTO usage_dues (account, stored_bytes, images)
    SELECT owner, -OLD.size_bytes, 0 FROM jobs WHERE image_id = OLD.image_id;
    RETURN NULL;
END $$;
CREATE TRIGGER content_discounted AFTER DELETE ON variants
FOR EACH ROW WHEN (OLD.size_bytes IS NOT NULL) EXECUTE FUNCTION content_discounted();

CREATE FUNCTION usage_due() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    PERFORM add_to_usage(NEW.account, NEW.stored_bytes, NEW.images);
    DELETE FROM usage_dues WHERE id = NEW.id;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER usage_due AFTER INSERT ON usage_dues DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION usage_due();

CREATE TRIGGER images_keep_what_is_counted BEFORE UPDATE OF owner, size_bytes ON images
FOR EACH ROW WHEN (OLD.owner <> NEW.owner OR OLD.size_bytes <> NEW.size_bytes)
EXECUTE FUNCTION refuse_change('an image stays with its owner, and its original as it is');

-- What is there already.
INSERT INTO account_usage (account, shard, stored_bytes, images)
SELECT owner, 0, (sum(size_bytes) + coalesce(sum(variant_bytes), 0))::bigint, count(*)
FROM images LEFT JOIN (SELECT image_id, sum(size_bytes) AS variant_bytes FROM variants GROUP BY image_id) AS made
     ON made.image_id = images.id
GROUP BY owner;

-- Of today, by the time in the id.
UPDATE account_usage SET day = counted.day, pixels = counted.pixels
FROM (SELECT DISTINCT ON (owner) owner, day, sum(pixels)::bigint AS pixels
      FROM (SELECT owner, ('x' || left(replace(id::text, '-', ''), 12))::bit(48)::bigint / 86400000 AS day,
                   width_px * height_px * frames AS pixels
            FROM images
            WHERE id >= rpad(lpad(to_hex(floor(extract(epoch FROM now()) / 86400)::bigint * 86400000), 12, '0'), 32, '0')::uuid) AS each
      GROUP BY owner, day ORDER BY owner, day DESC) AS counted
WHERE account = counted.owner;

-- What an account may have and do where that is not the server's default: empty is the default, 0 is no limit. Last, because every
-- request with a key reads accounts, and waits from here to the commit.
ALTER TABLE accounts ADD COLUMN stored_bytes_max bigint CHECK (stored_bytes_max >= 0);
ALTER TABLE accounts ADD COLUMN images_max bigint CHECK (images_max >= 0);
ALTER TABLE accounts ADD COLUMN uploads_per_minute_max bigint CHECK (uploads_per_minute_max >= 0);
ALTER TABLE accounts ADD COLUMN concurrent_uploads_max bigint CHECK (concurrent_uploads_max >= 0);
ALTER TABLE accounts ADD COLUMN pixels_per_day_max bigint CHECK (pixels_per_day_max >= 0);
