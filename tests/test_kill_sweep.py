"""A part of the kill -9 sweep, at some of its points; `./test --sweep` runs all of it."""

import hashlib
import io
import shutil
import sqlite3
import uuid

import pytest
from PIL import Image

import kill_sweep
import pictures
from check_invariants import check
from data_folder import blob_path, is_quiet
from eventually import eventually
from remains import Remains


KILLS = 40


def test_nothing_is_lost_and_nothing_is_left(tmp_path, summarise):
    run = kill_sweep.sweep(tmp_path, KILLS, random_kills=10, seed=20261123)
    summarise(f"kill sweep: {KILLS} of {run.counts['points']} kill points and 10 random ones, "
              f"{len(run.failures)} failures (all of them: ./test --sweep)")
    assert run.counts["kills"] == KILLS + 10
    assert run.counts["not reached"] <= run.counts["kills"] / 4
    assert not run.failures, "\n".join(f"{what}: {violations}" for what, violations in run.failures)


def test_the_checker_sees_every_kind_of_damage(start_server, tmp_path):
    """A checker that finds nothing proves nothing: each violation is planted, and has to be told."""
    server = start_server()
    job = server.client().process(pictures.make("jpeg", (200, 100)))
    server.client().process(pictures.make("jpeg", (200, 100)))
    gone = server.client().process(pictures.make("png"))["id"]
    server.client().delete(f"/v1/jobs/{gone}")
    many = server.client().delete("/v1/jobs?status=FAILED").json()["id"]
    eventually(lambda: is_quiet(server.data))
    server.stop()
    told = {"uploaded": {job["id"]: {"image": job["image"]["id"], "sha256": job["image"]["sha256"]}}, "deleted": [gone],
            "operations": {many: 0}}
    assert check(Remains.of_folder(server.data), acknowledged=told) == []

    def damaged(damage):
        copy = tmp_path / "damaged"
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(server.data, copy)
        connection = sqlite3.connect(copy / "catalog.db")
        damage(copy, connection)
        connection.commit()
        connection.close()
        return {violation.split(":")[0] for violation in check(Remains.of_folder(copy), acknowledged=told)}

    def change_thumbnail(data, connection):
        """Another picture, and the catalog knows of it."""
        other = Image.new("RGB", (100, 50), "white")
        content = io.BytesIO()
        other.save(content, "png")
        blob = key(connection, "variants")
        blob_path(data, blob).write_bytes(content.getvalue())
        connection.execute("UPDATE variants SET size_bytes = ?, sha256 = ? WHERE blob = ?",
                           (len(content.getvalue()), hashlib.sha256(content.getvalue()).digest(), blob))

    def key(connection, table):
        return connection.execute(f"SELECT blob FROM {table}").fetchone()[0]

    assert "I1" in damaged(lambda data, db: blob_path(data, key(db, "images")).unlink())
    assert "I1" in damaged(lambda data, db: blob_path(data, key(db, "images")).write_bytes(b"other"))
    assert "I2" in damaged(lambda data, db: blob_path(data, key(db, "variants")).write_bytes(b"other"))
    assert "I2" in damaged(lambda data, db: db.execute("UPDATE variants SET width_px = 7"))
    assert damaged(change_thumbnail) == {"I5"}
    assert damaged(lambda data, db: db.execute("UPDATE account_usage SET stored_bytes = stored_bytes + 1")) == {"I7"}
    assert damaged(lambda data, db: db.execute("UPDATE account_usage SET images = images + 1")) == {"I7"}
    assert damaged(lambda data, db: db.execute("UPDATE account_pixels SET pixels = pixels / 4")) == {"I7"}
    assert "I3" in damaged(lambda data, db: blob_path(data, uuid.uuid4().bytes).write_bytes(b"orphan"))
    assert "I3" in damaged(lambda data, db: blob_path(data, uuid.uuid4().bytes).with_suffix(".part").write_bytes(b"x"))
    assert "I3" in damaged(lambda data, db: db.execute("INSERT INTO blobs VALUES (?, 'writing', 0)", (bytes(16),)))
    assert "I3" in damaged(lambda data, db: db.execute("INSERT INTO blobs VALUES (?, 'live', 0)", (bytes(16),)))
    assert "I4" in damaged(lambda data, db: db.execute(
        "UPDATE variants SET status = 'pending', blob = NULL, format = NULL, width_px = NULL, height_px = NULL, "
        "size_bytes = NULL, sha256 = NULL"))
    assert "I4" in damaged(lambda data, db: db.execute("UPDATE jobs SET attempts = 9, tries = 9"))
    assert "I1" in damaged(lambda data, db: (db.execute("PRAGMA foreign_keys = ON"), db.execute("DELETE FROM jobs"),
                                             db.execute("DELETE FROM images")))
    assert "I4" in damaged(lambda data, db: db.execute("UPDATE bulk_operations SET finished_at = NULL"))
    assert damaged(lambda data, db: db.execute("UPDATE bulk_operations SET jobs_done = jobs_done + 1")) == {"I4"}
    assert damaged(lambda data, db: db.execute("DELETE FROM bulk_operations")) == {"I4"}
    told["retried"] = {job["id"]: 1}
    assert {violation.split(":")[0] for violation in check(Remains.of_folder(server.data), acknowledged=told)} == {"I4"}
    told["deleted"].append(job["id"])
    assert "I6" in {violation.split(":")[0] for violation in check(Remains.of_folder(server.data), acknowledged=told)}
    with pytest.raises(sqlite3.IntegrityError):
        damaged(lambda data, db: db.execute("UPDATE jobs SET status = 'UNPROCESSED'"))
