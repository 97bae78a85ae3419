-- What an account may have and do where that is not the server's default: empty is the default, 0 is no limit.
ALTER TABLE accounts ADD COLUMN stored_bytes_max INTEGER CHECK (stored_bytes_max >= 0);
ALTER TABLE accounts ADD COLUMN images_max INTEGER CHECK (images_max >= 0);
ALTER TABLE accounts ADD COLUMN uploads_per_minute_max INTEGER CHECK (uploads_per_minute_max >= 0);
ALTER TABLE accounts ADD COLUMN concurrent_uploads_max INTEGER CHECK (concurrent_uploads_max >= 0);
ALTER TABLE accounts ADD COLUMN pixels_per_day_max INTEGER CHECK (pixels_per_day_max >= 0);

-- What each account has: originals and the contents of variants.
CREATE TABLE account_usage (
    account      BLOB NOT NULL PRIMARY KEY CHECK (length(account) = 16),
    stored_bytes INTEGER NOT NULL CHECK (stored_bytes >= 0),
    images       INTEGER NOT NULL CHECK (images >= 0)
) STRICT, WITHOUT ROWID;

-- The pixels of the originals that were accepted on a day (since 1970, UTC). Deletions give none back: this counts work. Days that are
-- over go when another begins.
CREATE TABLE account_pixels (
    account BLOB NOT NULL CHECK (length(account) = 16),
    day     INTEGER NOT NULL,
    pixels  INTEGER NOT NULL CHECK (pixels >= 0),
    PRIMARY KEY (account, day)
) STRICT, WITHOUT ROWID;

-- The minute of uploads that is under way, or the last one, of accounts with a limit; and, of those, uploads whose bytes are coming in.
CREATE TABLE upload_minutes (
    account BLOB NOT NULL PRIMARY KEY CHECK (length(account) = 16),
    ends_at INTEGER NOT NULL,
    uploads INTEGER NOT NULL CHECK (uploads >= 0)
) STRICT, WITHOUT ROWID;

CREATE TABLE upload_places (
    id         BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    account    BLOB NOT NULL CHECK (length(account) = 16),
    expires_at INTEGER NOT NULL  -- unless the process that holds it says that it goes on
) STRICT, WITHOUT ROWID;

CREATE INDEX upload_places_by_account ON upload_places (account, expires_at);

CREATE TRIGGER image_counted AFTER INSERT ON images
BEGIN
    INSERT INTO account_usage (account, stored_bytes, images) VALUES (NEW.owner, NEW.size_bytes, 1)
    ON CONFLICT (account) DO UPDATE SET stored_bytes = stored_bytes + excluded.stored_bytes, images = images + 1;
END;

CREATE TRIGGER pixels_counted AFTER INSERT ON jobs
BEGIN
    INSERT INTO account_pixels (account, day, pixels)
    SELECT NEW.owner, NEW.updated_at / 86400000, width_px * height_px * frames FROM images WHERE id = NEW.image_id
    ON CONFLICT (account, day) DO UPDATE SET pixels = pixels + excluded.pixels;
END;

CREATE TRIGGER past_pixels_dropped AFTER INSERT ON account_pixels
BEGIN
    DELETE FROM account_pixels WHERE account = NEW.account AND day < NEW.day - 1;
END;

CREATE TRIGGER content_counted AFTER UPDATE OF size_bytes ON variants WHEN OLD.size_bytes IS NOT NEW.size_bytes
BEGIN
    UPDATE account_usage SET stored_bytes = stored_bytes + ifnull(NEW.size_bytes, 0) - ifnull(OLD.size_bytes, 0)
    WHERE account = (SELECT owner FROM images WHERE id = NEW.image_id);
END;

CREATE TRIGGER new_content_counted AFTER INSERT ON variants WHEN NEW.size_bytes IS NOT NULL
BEGIN
    UPDATE account_usage SET stored_bytes = stored_bytes + NEW.size_bytes
    WHERE account = (SELECT owner FROM images WHERE id = NEW.image_id);
END;

-- An image goes with all its variants, whose own trigger does not find it any more.
CREATE TRIGGER image_discounted BEFORE DELETE ON images
BEGIN
    UPDATE account_usage
    SET stored_bytes = stored_bytes - OLD.size_bytes
                       - (SELECT ifnull(sum(size_bytes), 0) FROM variants WHERE image_id = OLD.id),
        images = images - 1
    WHERE account = OLD.owner;
END;

CREATE TRIGGER content_discounted AFTER DELETE ON variants WHEN OLD.size_bytes IS NOT NULL
BEGIN
    UPDATE account_usage SET stored_bytes = stored_bytes - OLD.size_bytes
    WHERE account = (SELECT owner FROM images WHERE id = OLD.image_id);
END;

CREATE TRIGGER images_keep_what_is_counted BEFORE UPDATE OF owner, size_bytes ON images
WHEN OLD.owner <> NEW.owner OR OLD.size_bytes <> NEW.size_bytes
BEGIN
    SELECT RAISE(ABORT, 'an image stays with its owner, and its original as it is');
END;

-- What is there already.
INSERT INTO account_usage (account, stored_bytes, images)
SELECT owner, sum(size_bytes) + sum((SELECT ifnull(sum(v.size_bytes), 0) FROM variants AS v WHERE v.image_id = images.id)), count(*)
FROM images GROUP BY owner;

-- Of today, by the time in the id, of which the first six bytes are milliseconds: jobs say when they changed, not when they began.
INSERT INTO account_pixels (account, day, pixels)
WITH RECURSIVE
digits (id, place, number) AS (
    SELECT id, 1, 0 FROM images WHERE hex(id) >= printf('%012X', unixepoch() / 86400 * 86400000)
    UNION ALL
    SELECT id, place + 1, number * 16 + instr('0123456789ABCDEF', substr(hex(id), place, 1)) - 1 FROM digits WHERE place <= 12)
SELECT owner, number / 86400000, sum(width_px * height_px * frames)
FROM digits JOIN images USING (id)
WHERE place = 13 AND number / 86400000 >= unixepoch() / 86400
GROUP BY owner, number / 86400000;
