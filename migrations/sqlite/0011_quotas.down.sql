DROP TRIGGER images_keep_what_is_counted;
DROP TRIGGER content_discounted;
DROP TRIGGER image_discounted;
DROP TRIGGER new_content_counted;
DROP TRIGGER content_counted;
DROP TRIGGER pixels_counted;
DROP TRIGGER image_counted;

DROP TABLE upload_places;
DROP TABLE upload_minutes;
DROP TABLE account_pixels;
DROP TABLE account_usage;

ALTER TABLE accounts DROP COLUMN pixels_per_day_max;
ALTER TABLE accounts DROP COLUMN concurrent_uploads_max;
ALTER TABLE accounts DROP COLUMN uploads_per_minute_max;
ALTER TABLE accounts DROP COLUMN images_max;
ALTER TABLE accounts DROP COLUMN stored_bytes_max;
