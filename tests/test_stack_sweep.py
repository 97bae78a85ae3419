"""A part of the kill -9 sweep over the scale-out stack, at a few points; `./test --sweep` runs all of it."""

import uuid

import pytest

import backends
import pictures
import stack_sweep
from check_invariants import check
from house import House
from remains import Remains


KILLS = 5


def test_nothing_is_lost_and_nothing_is_left(tmp_path, summarise):
    run = stack_sweep.sweep(tmp_path, KILLS)
    summarise(f"stack sweep: {run.counts['reached']} of {run.counts['points']} kill points of server, worker and renderers over "
              f"PostgreSQL, Redis and S3, {len(run.failures)} failures (all of them: ./test --sweep)")
    assert run.counts["reached"] == KILLS
    assert run.counts["not reached"] <= run.counts["kills"] / 2
    assert not run.failures, "\n".join(f"{what}: {violations}" for what, violations in run.failures)


@pytest.fixture
def chosen():
    made = backends.Backends().make()
    yield made
    made.remove()


def test_the_checker_sees_damage_in_every_backend(chosen, tmp_path):
    """What it sees in the catalog's rows is the same as in a data folder, and tested there."""
    house = House(tmp_path, chosen.settings()).start()
    job = house.client.process(pictures.make("jpeg", (200, 100)))
    house.stop()
    told = {"uploaded": {job["id"]: {"image": job["image"]["id"], "sha256": job["image"]["sha256"]}}, "deleted": []}
    remains = Remains.of(house.settings)
    assert check(remains, acknowledged=told) == []
    seen = lambda: {violation.split(":")[0] for violation in check(remains, acknowledged=told)}
    (original,), (variant,) = ([row["blob"] for row in remains.rows(f"SELECT blob FROM {table}")]
                               for table in ("images", "variants"))
    sql = lambda statement: backends.psql(statement, chosen.database_url())

    contents = {key: remains.blobs.read(key) for key in (original, variant)}
    for key in contents:
        remains.blobs.place(key, b"other")
    assert {"I1", "I2"} <= seen()
    for key, content in contents.items():
        remains.blobs.place(key, content)

    orphan = str(uuid.uuid4())
    remains.blobs.place(orphan, b"orphan")
    remains.hints("XADD", remains.hints.stream, "*", "job", job["id"])
    sql("UPDATE totals SET value = value + 1 WHERE name = 'backlog' AND shard = 0")
    assert {"I3", "I4", "queue"} <= seen()
    remains.blobs.remove(orphan)
    remains.hints("DEL", *remains.hints.streams)
    sql("UPDATE totals SET value = value - 1 WHERE name = 'backlog' AND shard = 0")

    upload = remains.blobs.client.create_multipart_upload(Bucket=remains.blobs.bucket, Key=remains.blobs.prefix + orphan)
    told["deleted"].append(job["id"])
    assert {"I3", "I6"} <= seen()
    remains.blobs.client.abort_multipart_upload(Bucket=remains.blobs.bucket, Key=upload["Key"], UploadId=upload["UploadId"])
    told["deleted"].clear()
    assert seen() == set()
