DROP VIEW image_status;
DROP TABLE totals;
DROP TABLE jobs;
DROP TABLE variants;
DROP TABLE images;
DROP TABLE blobs;
