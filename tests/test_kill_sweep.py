"""A part of the kill -9 sweep, at some of its points; `./test --sweep` runs all of it."""

import hashlib
import io
import shutil
import sqlite3
import uuid

import pytest
from PIL import Image

import check_owners
import kill_sweep
import pictures
from baseline import Baseline
from check_invariants import check
from data_folder import blob_path, is_quiet, rows
from eventually import eventually
from http_client import connect
from remains import Remains
from webhook_receiver import Receiver


KILLS = 40


def test_nothing_is_lost_and_nothing_is_left(tmp_path, summarise):
    run = kill_sweep.sweep(tmp_path, KILLS, random_kills=10, seed=20261123)
    summarise(f"kill sweep: {KILLS} of {run.counts['points']} kill points and 10 random ones, "
              f"{len(run.failures)} failures (all of them: ./test --sweep)")
    assert run.counts["kills"] == KILLS + 10
    assert run.counts["not reached"] <= run.counts["kills"] / 4
    assert not run.failures, "\n".join(f"{what}: {violations}" for what, violations in run.failures)


@pytest.fixture
def receiver():
    opened = Receiver().open()
    yield opened
    opened.close()


def test_the_checker_sees_every_kind_of_damage(start_server, receiver, tmp_path):
    """A checker that finds nothing proves nothing: each violation is planted, and has to be told."""
    server = start_server({"SAFELIGHT_OUTBOUND_ALLOWED_NETWORKS": "127.0.0.0/8"})
    assert server.client().post_json("/v1/webhooks", {"url": receiver.url()}).status == 201
    job = server.client().process(pictures.make("jpeg", (200, 100)))
    server.client().process(pictures.make("jpeg", (200, 100)))
    gone = server.client().process(pictures.make("png"))["id"]
    server.client().delete(f"/v1/jobs/{gone}")
    many = server.client().delete("/v1/jobs?status=FAILED").json()["id"]
    eventually(lambda: is_quiet(server.data) and rows(
        server.data, "SELECT count(*) FROM webhook_deliveries WHERE status = 'delivered'")[0][0] == 3)
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

    def tell_another_account(data, connection):
        """The endpoint was made for another account, and so was nothing that it was told of."""
        other = uuid.uuid4().bytes
        connection.execute("INSERT INTO accounts (id, name) VALUES (?, 'other')", (other,))
        connection.execute("UPDATE webhooks SET owner = ?", (other,))

    def key(connection, table):
        return connection.execute(f"SELECT blob FROM {table}").fetchone()[0]

    assert "I1" in damaged(lambda data, db: blob_path(data, key(db, "images")).unlink())
    assert "I1" in damaged(lambda data, db: blob_path(data, key(db, "images")).write_bytes(b"other"))
    assert "I2" in damaged(lambda data, db: blob_path(data, key(db, "variants")).write_bytes(b"other"))
    assert "I2" in damaged(lambda data, db: db.execute("UPDATE variants SET width_px = 7"))
    assert damaged(change_thumbnail) == {"I5"}
    assert damaged(lambda data, db: db.execute("UPDATE account_usage SET stored_bytes = stored_bytes + 1")) == {"usage"}
    assert damaged(lambda data, db: db.execute("UPDATE account_usage SET images = images + 1")) == {"usage"}
    assert damaged(lambda data, db: db.execute("UPDATE account_pixels SET pixels = pixels / 4")) == {"usage"}
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
    assert "I8" in damaged(lambda data, db: db.execute("UPDATE variants SET blob = ? WHERE blob = ?",
                                                       (key(db, "images"), key(db, "variants"))))
    for table, column in check_owners.OWNED:
        if table in ("jobs", "webhooks", "account_usage"):  # of which there are rows, with an owner that may be changed
            assert "I8" in damaged(lambda data, db: db.execute(f"UPDATE {table} SET {column} = ?", (uuid.uuid4().bytes,)))  # noqa: B023
    assert damaged(tell_another_account) == {"I8"}
    told["retried"] = {job["id"]: 1}
    assert {violation.split(":")[0] for violation in check(Remains.of_folder(server.data), acknowledged=told)} == {"I4"}
    told["deleted"].append(job["id"])
    assert "I6" in {violation.split(":")[0] for violation in check(Remains.of_folder(server.data), acknowledged=told)}
    with pytest.raises(sqlite3.IntegrityError):
        damaged(lambda data, db: db.execute("UPDATE jobs SET status = 'UNPROCESSED'"))


def test_the_checker_sees_what_running_processes_say_and_are(start_server):
    server = start_server()
    server.client().process(pictures.make("jpeg", (200, 100)))
    baseline = Baseline(server)
    seen = lambda: check(Remains.of_folder(server.data), server.url, baselines=[baseline])
    assert seen() == []
    connection = sqlite3.connect(server.data / "catalog.db")
    for total in ("backlog", "rerenders"):
        with connection:
            connection.execute("UPDATE totals SET value = value + 2 WHERE name = ?", (total,))
        assert any(fault.startswith(f"I9: safelight_backlog_{'jobs' if total == 'backlog' else total} is 2.0") for fault in seen())
        with connection:
            connection.execute("UPDATE totals SET value = value - 2 WHERE name = ?", (total,))
    connection.close()
    with connect(server.port):
        assert seen() == ["I7: 1 × connection of a client are open, and 0 may be"]
    assert seen() == []
    baseline.rss_bytes //= 2
    assert ["bytes of memory" in fault for fault in seen()] == [True]
    server.kill()
    server.restart()
    assert seen() == [f"I7: the process {baseline.pid} was started again, or has ended"]
