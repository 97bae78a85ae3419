-- What has been received of unfinished uploads is given up.
UPDATE blobs SET state = 'doomed' WHERE key IN (SELECT blob FROM upload_parts);
DROP TABLE upload_parts;
DROP TABLE uploads;
