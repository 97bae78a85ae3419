"""What happens at the same time, over PostgreSQL and Redis: a server, two workers, and one checker after each."""

import os
import random
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import backends
import pictures
from check_invariants import check
from eventually import eventually
from house import House
from remains import Remains

SLOW = {"name": "slow", "transform": {"resize": {"width": 1800}, "format": "avif", "effort": 6}}
SLOW_AND_LARGE = {"name": "large", "transform": {"resize": {"width": 2400}, "format": "avif", "effort": 6}}


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    chosen = backends.Backends(store="folder").make()
    house = House(tmp_path_factory.mktemp("concurrency"), chosen.settings()).start()
    yield house
    house.kill()
    chosen.remove()


@pytest.fixture
def house(shared):
    """Left as it was found: empty."""
    shared.told = {"uploaded": {}, "deleted": []}
    yield shared
    remains = Remains.of(shared.settings)
    eventually(lambda: remains.is_quiet() and remains.hints.waiting() == 0, timeout_s=30, interval_s=0.1)
    assert check(remains, shared.server.url, shared.told) == []
    for job in remains.rows("SELECT id FROM jobs"):
        assert shared.client.delete(f"/v1/jobs/{job['id']}").status == 204


def upload(house, content, **options):
    answer = house.client.upload(content, **options)
    assert answer.status == 202, answer.body
    job = answer.json()
    house.told["uploaded"][job["id"]] = {"image": job["image"]["id"], "sha256": job["image"]["sha256"]}
    return job["id"]


def delete(house, job):
    del house.told["uploaded"][job]
    assert house.client.delete(f"/v1/jobs/{job}").status == 204
    house.told["deleted"].append(job)


def attempts(house, job):
    return [[event["outcome"] for event in worker.events("job attempt") if event["job_id"] == job] for worker in house.workers]


def test_a_worker_that_wakes_up_past_its_lease_changes_nothing(house):
    """E2"""
    first, second = house.workers
    second.send(signal.SIGSTOP)
    try:
        job = upload(house, pictures.noise((2400, 1800), format="jpeg"), variants=[SLOW])
        eventually(lambda: house.client.get(f"/v1/jobs/{job}").json()["attempts"] == 1)
        first.send(signal.SIGSTOP)
    finally:
        second.send(signal.SIGCONT)
    try:
        done = house.client.wait(job, seconds=60)
    finally:
        first.send(signal.SIGCONT)
    assert (done["status"], done["attempts"]) == ("PROCESSED", 2)
    eventually(lambda: attempts(house, job) == [["fenced"], ["completed"]], timeout_s=30, describe=lambda: attempts(house, job))
    assert house.client.get(f"/v1/jobs/{job}").json() == done


def test_deleted_at_any_moment_it_stays_so(house):
    """E3; at every single step: src/worker/job_runner_faults_test.cc."""
    chance = random.Random(20261126)

    def live(number):
        job = upload(house, pictures.make(size=(200 + number, 150)))
        time.sleep(chance.uniform(0, 0.2))
        delete(house, job)
        assert house.client.get(f"/v1/jobs/{job}").status == 404

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(live, range(40)))


def test_variants_asked_for_while_others_are_made_are_all_made_once(house):
    """E4, as far as there is a request for it; a preset changed meanwhile: tests/test_presets.py."""
    def live(number):
        job = upload(house, pictures.make(size=(300 + number, 200)))
        for width in (20, 30, 40):
            time.sleep(0.01)
            wanted = {"variants": [{"name": f"w{width}", "transform": {"resize": {"width": width}}}]}
            assert house.client.post_json(f"/v1/jobs/{job}/variants", wanted).status == 202
        return job

    with ThreadPoolExecutor(4) as pool:
        jobs = list(pool.map(live, range(10)))
    for job in jobs:
        done = house.client.wait(job)
        assert done["status"] == "PROCESSED"
        assert sorted((variant["name"], variant["status"]) for variant in done["image"]["variants"]) == [
            (name, "ready") for name in ("thumbnail", "w20", "w30", "w40")]


def test_the_same_picture_many_times_at_once_shares_nothing(house):
    """E5 without keys: each is an image of its own, and goes alone."""
    content = pictures.make(size=(320, 240))
    with ThreadPoolExecutor(25) as pool:
        jobs = list(pool.map(lambda _: upload(house, content), range(50)))
    images = [house.client.wait(job)["image"] for job in jobs]
    assert len({image["id"] for image in images}) == 50
    rows = Remains.of(house.settings).rows
    assert rows("SELECT count(DISTINCT blob) AS blobs FROM images") == [{"blobs": 50}]
    for job in jobs[1:10]:
        delete(house, job)
    assert house.client.get(f"/v1/images/{images[0]['id']}/original").body == content


def large_renderers(house):
    """Those that have a large picture in hand."""
    for worker in house.workers:
        for pid in worker.renderers():
            try:
                pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
            except (FileNotFoundError, ProcessLookupError):
                continue
            if pages * os.sysconf("SC_PAGESIZE") > 120_000_000:
                yield pid


def test_a_picture_that_ends_its_renderer_does_not_hold_up_others(house):
    """E6: its renderers are killed, first in the queue; a hundred others wait behind it."""
    for worker in house.workers:
        worker.send(signal.SIGSTOP)
    try:
        crasher = upload(house, pictures.noise((2400, 1800), format="jpeg"), variants=[SLOW_AND_LARGE])
        others = [upload(house, pictures.make(size=(100 + number, 90))) for number in range(100)]
    finally:
        for worker in house.workers:
            worker.send(signal.SIGCONT)
    killed = []

    def crash():
        for pid in large_renderers(house):
            os.kill(pid, signal.SIGKILL)
            killed.append(pid)
        return house.client.get(f"/v1/jobs/{crasher}").json()["status"] == "FAILED"

    eventually(crash, timeout_s=60, interval_s=0.02)
    failed = house.client.get(f"/v1/jobs/{crasher}").json()
    assert failed["image"]["variants"][0]["error"]["type"] == "/problems/renderer-failed", failed
    assert failed["attempts"] <= 3 and len(set(killed)) <= 3
    for job in others:
        done = house.client.wait(job)
        assert (done["status"], done["attempts"]) == ("PROCESSED", 1)
