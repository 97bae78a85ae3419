DROP INDEX images_by_dhash;
-- A column is dropped after those whose conditions name it.
ALTER TABLE images DROP COLUMN blurhash;
ALTER TABLE images DROP COLUMN thumbhash;
ALTER TABLE images DROP COLUMN palette;
ALTER TABLE images DROP COLUMN dominant;
ALTER TABLE images DROP COLUMN dhash;
ALTER TABLE images DROP COLUMN focal_y;
ALTER TABLE images DROP COLUMN focal_x;
ALTER TABLE images DROP COLUMN longitude;
ALTER TABLE images DROP COLUMN latitude;
ALTER TABLE images DROP COLUMN copyright;
ALTER TABLE images DROP COLUMN artist;
ALTER TABLE images DROP COLUMN taken_at;
ALTER TABLE images DROP COLUMN camera_model;
ALTER TABLE images DROP COLUMN camera_make;
