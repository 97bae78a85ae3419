"""Ten thousand pictures in a catalog, by copying rows of what was uploaded."""

import sqlite3
import uuid

import backends

ROWS = 10_000


def multiply_rows(path):
    """Copies of the one picture that is there, under ids of their own."""
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA foreign_keys = ON")
    template = {}
    for table in ("blobs", "images", "jobs"):
        cursor = connection.execute(f"SELECT * FROM {table}")
        template[table] = dict(zip([column[0] for column in cursor.description], cursor.fetchone()))
    for _ in range(ROWS - 1):
        key, image, job = (uuid.uuid4().bytes for _ in range(3))
        own = {"blobs": {"key": key}, "images": {"id": image, "blob": key}, "jobs": {"id": job, "image_id": image}}
        for table, ids in own.items():
            row = {**template[table], **ids}
            connection.execute(f"INSERT INTO {table} ({','.join(row)}) VALUES ({','.join('?' * len(row))})", list(row.values()))
    connection.commit()
    connection.close()


def multiply_rows_of_postgres(url):
    """Copies of one of the pictures that are there, in whatever schema; without bytes of their own."""
    backends.psql(f"""
        BEGIN;
        CREATE TEMP TABLE template AS SELECT id AS job, image_id AS image, (SELECT blob FROM images WHERE id = image_id) AS blob
            FROM jobs ORDER BY id LIMIT 1;
        CREATE TEMP TABLE copies AS SELECT gen_random_uuid() AS job, gen_random_uuid() AS image, gen_random_uuid() AS blob
            FROM generate_series(2, {ROWS});
        INSERT INTO blobs SELECT (jsonb_populate_record(blobs, jsonb_build_object('key', copies.blob))).*
            FROM copies, blobs WHERE blobs.key = (SELECT blob FROM template);
        INSERT INTO images SELECT (jsonb_populate_record(images, jsonb_build_object('id', copies.image, 'blob', copies.blob))).*
            FROM copies, images WHERE images.id = (SELECT image FROM template);
        INSERT INTO jobs SELECT (jsonb_populate_record(jobs, jsonb_build_object('id', copies.job, 'image_id', copies.image))).*
            FROM copies, jobs WHERE jobs.id = (SELECT job FROM template);
        COMMIT;""", url)


def remove_copies(url):
    """What multiply_rows_of_postgres has made: our own ids are of version 7, those are of version 4."""
    backends.psql("""
        BEGIN;
        DELETE FROM jobs WHERE substr(id::text, 15, 1) = '4';
        DELETE FROM images WHERE substr(id::text, 15, 1) = '4';
        DELETE FROM blobs WHERE substr(key::text, 15, 1) = '4';
        COMMIT;""", url)
