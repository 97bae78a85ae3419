"""The whole life of pictures on every combination of backends, with two workers beside the server."""

import hashlib
import itertools

import pytest

import backends
import pictures
from eventually import eventually
from house import House


EVERY = list(itertools.product(backends.CATALOGS, backends.QUEUES, backends.STORES))
# Each backend at least once, where it is the crowd or the kill that is looked at.
SPREAD = [("sqlite", "catalog", "folder"), ("postgres", "catalog", "s3"), ("sqlite", "redis", "folder"), ("postgres", "redis", "s3")]


@pytest.fixture(params=EVERY, ids="-".join)
def chosen(request):
    made = backends.Backends(*request.param).make()
    yield made
    made.remove()


@pytest.fixture
def house(chosen, tmp_path):
    started = House(tmp_path, chosen.settings()).start()
    yield started
    started.kill()


def test_the_whole_life_of_pictures(house):
    client = house.client
    contents = [pictures.make(format, size=(300 + number, 200)) for number, format in enumerate(("jpeg", "png", "webp", "gif", "avif"))]
    jobs = [client.upload(content, variants=["thumbnail", {"name": "wide", "transform": {"resize": {"width": 120}, "format": "webp"}}]).json()
            for content in contents]
    for content, job in zip(contents, jobs):
        done = client.wait(job["id"])
        assert done["status"] == "PROCESSED", done
        assert done["attempts"] == 1
        original = client.get(f"/v1/images/{done['image']['id']}/original")
        assert original.body == content
        part = client.get(f"/v1/images/{done['image']['id']}/original", Range="bytes=10-29")
        assert (part.status, part.body) == (206, content[10:30])
        for variant in done["image"]["variants"]:
            fetched = client.get(variant["url"])
            assert fetched.status == 200 and len(fetched.body) == variant["bytes"]
            assert pictures.opened(fetched.body).size == (variant["width"], variant["height"])
    listed = client.get("/v1/jobs?limit=3").json()
    assert [job["id"] for job in listed["items"]] == [job["id"] for job in reversed(jobs)][:3]
    more = client.post_json(f"/v1/jobs/{jobs[0]['id']}/variants", {"variants": [{"name": "tiny", "transform": {"resize": {"width": 20}}}]})
    assert more.status == 202, more.body
    assert client.wait(jobs[0]["id"])["status"] == "PROCESSED"
    huge = {"name": "huge", "transform": {"resize": {"width": 3600, "enlarge": True}, "format": "webp"}}
    broken = client.process(pictures.make("gif", (120, 80), frames=7), variants=[huge])
    assert broken["status"] == "FAILED"
    for job in jobs[:2]:
        assert client.delete(f"/v1/jobs/{job['id']}").status == 204
        assert client.get(f"/v1/jobs/{job['id']}").status == 404
    assert client.get("/readyz").status == 200
    house.stop()
    reconciled = house.command("reconcile", "--verify", "--grace", "0s")
    assert "0 damaged or missing" in reconciled.stdout, reconciled.stdout + reconciled.stderr


@pytest.mark.parametrize("chosen", SPREAD, indirect=True, ids="-".join)
def test_each_job_is_done_once(house):
    jobs = [house.client.upload(pictures.make(size=(150 + number, 100))).json()["id"] for number in range(60)]
    for job in jobs:
        assert house.client.wait(job)["status"] == "PROCESSED"

    def attempts():
        return sorted(event["job_id"] for worker in house.workers for event in worker.events("job attempt"))

    eventually(lambda: len(attempts()) >= len(jobs))
    assert attempts() == sorted(jobs)


@pytest.mark.parametrize("chosen", SPREAD, indirect=True, ids="-".join)
def test_everything_killed_in_the_middle_loses_nothing(house):
    contents = {}
    for number in range(30):
        content = pictures.make(size=(600 + number, 400))
        contents[house.client.upload(content).json()["id"]] = content
    house.kill()
    house.start()
    for job, content in contents.items():
        done = house.client.wait(job)
        assert done["status"] == "PROCESSED"
        assert house.client.get(f"/v1/images/{done['image']['id']}/original").body == content
    house.stop()
    assert "0 damaged or missing" in house.command("reconcile", "--verify", "--grace", "0s").stdout


class TestIndependentClients:
    """Others than ours look at what is stored."""

    @pytest.fixture
    def chosen(self):
        made = backends.Backends().make()
        yield made
        made.remove()

    def test_see_the_rows_the_stream_and_the_objects(self, house, chosen):
        content = pictures.make(size=(640, 480))
        job = house.client.process(content)
        assert job["status"] == "PROCESSED"
        row = backends.psql("SELECT status FROM jobs", chosen.database_url())
        assert row == "PROCESSED"
        groups = backends.redis("XINFO", "GROUPS", chosen.name)
        assert "safelight" in groups
        eventually(lambda: backends.redis("XLEN", chosen.name) == "0")
        bucket = chosen.bucket()
        hashes = {hashlib.sha256(bucket.read(key)).hexdigest() for key in bucket.keys()}
        assert hashlib.sha256(content).hexdigest() in hashes
        assert len(hashes) == 2  # the original and its thumbnail
