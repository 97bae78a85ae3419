DROP TRIGGER images_keep_what_is_counted ON images;
DROP TRIGGER content_discounted ON variants;
DROP TRIGGER image_discounted ON jobs;
DROP TRIGGER new_content_counted ON variants;
DROP TRIGGER content_counted ON variants;
DROP TRIGGER image_counted ON jobs;
DROP TABLE usage_dues;
DROP FUNCTION usage_due();
DROP FUNCTION content_discounted();
DROP FUNCTION image_discounted();
DROP FUNCTION content_counted();
DROP FUNCTION image_counted();
DROP FUNCTION add_to_usage(uuid, bigint, integer);

DROP TABLE upload_places;
DROP TABLE upload_minutes;
DROP TABLE quota_locks;
DROP VIEW account_pixels;
DROP TABLE account_usage;

ALTER TABLE accounts DROP COLUMN pixels_per_day_max;
ALTER TABLE accounts DROP COLUMN concurrent_uploads_max;
ALTER TABLE accounts DROP COLUMN uploads_per_minute_max;
ALTER TABLE accounts DROP COLUMN images_max;
ALTER TABLE accounts DROP COLUMN stored_bytes_max;
