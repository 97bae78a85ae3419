-- What an account may have and do where that is not the server's default: empty is the default, 0 is no limit.
ALTER TABLE accounts ADD COLUMN stored_bytes_max bigint CHECK (stored_bytes_max >= 0);
ALTER TABLE accounts ADD COLUMN images_max bigint CHECK (images_max >= 0);
ALTER TABLE accounts ADD COLUMN uploads_per_minute_max bigint CHECK (uploads_per_minute_max >= 0);
ALTER TABLE accounts ADD COLUMN concurrent_uploads_max bigint CHECK (concurrent_uploads_max >= 0);
ALTER TABLE accounts ADD COLUMN pixels_per_day_max bigint CHECK (pixels_per_day_max >= 0);

-- What each account has: originals and the contents of variants. As with totals it is the sum over the shards, a backend writes to
-- one of its own as far as possible, and one shard alone may be negative.
CREATE TABLE account_usage (
    account      uuid NOT NULL,
    shard        integer NOT NULL,
    stored_bytes bigint NOT NULL,
    images       bigint NOT NULL,
    PRIMARY KEY (account, shard)
) WITH (fillfactor = 10);

-- The pixels of the originals that were accepted on a day (since 1970, UTC). Deletions give none back: this counts work. Days that are
-- over go when their shard begins another.
CREATE TABLE account_pixels (
    account uuid NOT NULL,
    shard   integer NOT NULL,
    day     bigint NOT NULL,
    pixels  bigint NOT NULL CHECK (pixels >= 0),
    PRIMARY KEY (account, shard, day)
) WITH (fillfactor = 10);

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
    INSERT INTO account_usage AS present VALUES (of_account, pg_backend_pid() % 64, more_bytes, more_images)
    ON CONFLICT (account, shard) DO UPDATE
    SET stored_bytes = present.stored_bytes + excluded.stored_bytes, images = present.images + excluded.images;
END $$;

-- What is added is written as the last thing before the commit (deferred): so everybody who writes to totals and to usage does it in
-- this order.
CREATE FUNCTION image_counted() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    PERFORM add_to_usage(NEW.owner, NEW.size_bytes, 1);
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER image_counted AFTER INSERT ON images DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION image_counted();

CREATE FUNCTION pixels_counted() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    INSERT INTO account_pixels AS present
    SELECT NEW.owner, pg_backend_pid() % 64, NEW.updated_at / 86400000, width_px * height_px * frames
    FROM images WHERE id = NEW.image_id
    ON CONFLICT (account, shard, day) DO UPDATE SET pixels = present.pixels + excluded.pixels;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER pixels_counted AFTER INSERT ON jobs DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION pixels_counted();

CREATE FUNCTION past_pixels_dropped() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    DELETE FROM account_pixels WHERE account = NEW.account AND shard = NEW.shard AND day < NEW.day - 1;
    RETURN NULL;
END $$;
CREATE TRIGGER past_pixels_dropped AFTER INSERT ON account_pixels
FOR EACH ROW EXECUTE FUNCTION past_pixels_dropped();

CREATE FUNCTION content_counted() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    PERFORM add_to_usage(owner, coalesce(NEW.size_bytes, 0) - coalesce(OLD.size_bytes, 0), 0)
    FROM images WHERE id = NEW.image_id;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER content_counted AFTER UPDATE OF size_bytes ON variants DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW WHEN (OLD.size_bytes IS DISTINCT FROM NEW.size_bytes) EXECUTE FUNCTION content_counted();

CREATE FUNCTION new_content_counted() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    PERFORM add_to_usage(owner, NEW.size_bytes, 0) FROM images WHERE id = NEW.image_id;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER new_content_counted AFTER INSERT ON variants DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW WHEN (NEW.size_bytes IS NOT NULL) EXECUTE FUNCTION new_content_counted();

-- An image goes with all its variants, whose own trigger does not find it any more.
CREATE FUNCTION image_discounted() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    PERFORM add_to_usage(
        OLD.owner,
        -(OLD.size_bytes + (SELECT coalesce(sum(size_bytes), 0)::bigint FROM variants WHERE image_id = OLD.id)), -1);
    RETURN OLD;
END $$;
CREATE TRIGGER image_discounted BEFORE DELETE ON images
FOR EACH ROW EXECUTE FUNCTION image_discounted();

CREATE FUNCTION content_discounted() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    PERFORM add_to_usage(owner, -OLD.size_bytes, 0) FROM images WHERE id = OLD.image_id;
    RETURN NULL;
END $$;
CREATE TRIGGER content_discounted AFTER DELETE ON variants
FOR EACH ROW WHEN (OLD.size_bytes IS NOT NULL) EXECUTE FUNCTION content_discounted();

CREATE TRIGGER images_keep_what_is_counted BEFORE UPDATE OF owner, size_bytes ON images
FOR EACH ROW WHEN (OLD.owner <> NEW.owner OR OLD.size_bytes <> NEW.size_bytes)
EXECUTE FUNCTION refuse_change('an image stays with its owner, and its original as it is');

-- What is there already. Nobody writes meanwhile: the triggers above have locked images and variants.
INSERT INTO account_usage
SELECT owner, 0, (sum(size_bytes) + coalesce(sum(variant_bytes), 0))::bigint, count(*)
FROM images LEFT JOIN (SELECT image_id, sum(size_bytes) AS variant_bytes FROM variants GROUP BY image_id) AS made
     ON made.image_id = images.id
GROUP BY owner;

-- Of today, by the time in the id.
INSERT INTO account_pixels
SELECT owner, 0, day, sum(pixels)::bigint
FROM (SELECT owner, ('x' || left(replace(id::text, '-', ''), 12))::bit(48)::bigint / 86400000 AS day,
             width_px * height_px * frames AS pixels FROM images) AS counted
WHERE day >= extract(epoch FROM now())::bigint / 86400
GROUP BY owner, day;
