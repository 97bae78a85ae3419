-- What is known of an image beside its container: what EXIF says, what it looks like, and where its focal point is.

-- Texts are empty when the picture does not say.
ALTER TABLE images ADD COLUMN camera_make TEXT NOT NULL DEFAULT '';
ALTER TABLE images ADD COLUMN camera_model TEXT NOT NULL DEFAULT '';
ALTER TABLE images ADD COLUMN taken_at TEXT NOT NULL DEFAULT '';
ALTER TABLE images ADD COLUMN artist TEXT NOT NULL DEFAULT '';
ALTER TABLE images ADD COLUMN copyright TEXT NOT NULL DEFAULT '';
ALTER TABLE images ADD COLUMN latitude REAL CHECK (latitude BETWEEN -90 AND 90);
ALTER TABLE images ADD COLUMN longitude REAL
    CHECK (longitude BETWEEN -180 AND 180 AND (longitude IS NULL) = (latitude IS NULL));

-- Shares of the displayed sides.
ALTER TABLE images ADD COLUMN focal_x REAL CHECK (focal_x BETWEEN 0 AND 1);
ALTER TABLE images ADD COLUMN focal_y REAL CHECK (focal_y BETWEEN 0 AND 1 AND (focal_y IS NULL) = (focal_x IS NULL));

-- The look: all of it is there from the first render on, or nothing. Colours are three bytes each, the dominant one first.
ALTER TABLE images ADD COLUMN dhash INTEGER;
ALTER TABLE images ADD COLUMN dominant BLOB CHECK (length(dominant) = 3 AND (dominant IS NULL) = (dhash IS NULL));
ALTER TABLE images ADD COLUMN palette BLOB
    CHECK (length(palette) BETWEEN 3 AND 18 AND length(palette) % 3 = 0 AND (palette IS NULL) = (dhash IS NULL));
ALTER TABLE images ADD COLUMN thumbhash BLOB CHECK ((thumbhash IS NULL) = (dhash IS NULL));
ALTER TABLE images ADD COLUMN blurhash TEXT CHECK ((blurhash IS NULL) = (dhash IS NULL));

-- All that a search for similar images reads.
CREATE INDEX images_by_dhash ON images (owner, dhash, id) WHERE dhash IS NOT NULL;
