DROP TRIGGER images_keep_what_is_counted ON images;
DROP TRIGGER content_discounted ON variants;
DROP TRIGGER image_discounted ON images;
DROP TRIGGER new_content_counted ON variants;
DROP TRIGGER content_counted ON variants;
DROP TRIGGER pixels_counted ON jobs;
DROP TRIGGER image_counted ON images;
DROP FUNCTION content_discounted();
DROP FUNCTION image_discounted();
DROP FUNCTION new_content_counted();
DROP FUNCTION content_counted();
DROP FUNCTION pixels_counted();
DROP FUNCTION image_counted();
DROP FUNCTION add_to_usage(uuid, bigint, integer);

DROP TABLE upload_places;
DROP TABLE upload_minutes;
DROP TABLE quota_locks;
DROP TABLE account_pixels;
DROP FUNCTION past_pixels_dropped();
DROP TABLE account_usage;

ALTER TABLE accounts DROP COLUMN pixels_per_day_max;
ALTER TABLE accounts DROP COLUMN concurrent_uploads_max;
ALTER TABLE accounts DROP COLUMN uploads_per_minute_max;
ALTER TABLE accounts DROP COLUMN images_max;
ALTER TABLE accounts DROP COLUMN stored_bytes_max;
