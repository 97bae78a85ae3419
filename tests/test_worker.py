"""`safelight worker`: workers in processes of their own, beside a server that has none."""

import resource
import signal

import pytest

import pictures
from eventually import eventually
from http_client import Client
from safelight_process import SafelightProcess, run_command


@pytest.fixture
def server(start_server):
    return start_server({"SAFELIGHT_WORKERS": "0"})


@pytest.fixture
def start_worker(server, tmp_path):
    started = []

    def start(settings=None):
        folder = tmp_path / f"worker-{len(started)}"
        started.append(SafelightProcess(folder, {"SAFELIGHT_DATA": str(server.data), "SAFELIGHT_WORKER_HEALTH": "127.0.0.1:0",
                                                 "SAFELIGHT_LEASE": "1s", **(settings or {})}, command="worker"))
        return started[-1].start()

    yield start
    for worker in started:
        if worker.running:
            worker.kill()


def attempts(*workers):
    """job → how many workers began it"""
    counts = {}
    for worker in workers:
        for event in worker.events("job attempt"):
            counts[event["job_id"]] = counts.get(event["job_id"], 0) + 1
    return counts


def test_a_server_without_workers_leaves_jobs_to_them(server, start_worker):
    client = server.client()
    job = client.upload(pictures.make()).json()
    assert client.get(f"/v1/jobs/{job['id']}", Prefer="wait=1").json()["status"] == "PROCESSING"
    start_worker()
    done = client.wait(job["id"])
    assert done["status"] == "PROCESSED"
    assert client.get(done["image"]["variants"][0]["url"]).status == 200


def test_several_share_the_jobs_and_each_is_done_once(server, start_worker):
    workers = [start_worker(), start_worker()]
    client = server.client()
    jobs = [client.upload(pictures.make(size=(200 + number, 150))).json()["id"] for number in range(40)]
    for job in jobs:
        assert client.wait(job)["status"] == "PROCESSED"
    eventually(lambda: len(attempts(*workers)) == len(jobs))
    assert attempts(*workers) == dict.fromkeys(jobs, 1)


def test_what_a_dead_worker_held_is_done_by_another(server, start_worker):
    client = server.client()
    first = start_worker()
    slow = pictures.make("png", size=(5000, 4000))
    job = client.upload(slow, variants=[{"name": "big", "transform": {"resize": {"width": 3000}, "format": "avif", "effort": 6}}]).json()
    eventually(lambda: client.get(f"/v1/jobs/{job['id']}").json()["attempts"] == 1)
    first.kill()
    second = start_worker({"SAFELIGHT_RENDER_TIMEOUT": "60s"})
    done = client.wait(job["id"], seconds=60)
    assert done["status"] == "PROCESSED"
    assert done["attempts"] == 2
    assert attempts(second) == {job["id"]: 1}


def test_a_stop_gives_back_what_was_not_begun_and_ends_well(server, start_worker):
    client = server.client()
    worker = start_worker({"SAFELIGHT_WORKERS": "1"})
    jobs = [client.upload(pictures.make(size=(1000, 800))).json()["id"] for _ in range(10)]
    assert worker.stop(signal.SIGTERM) == 0
    start_worker()
    for job in jobs:
        assert client.wait(job)["status"] == "PROCESSED"


def test_it_answers_probes_and_nothing_else(start_worker):
    worker = start_worker()
    probe = Client(worker.port)
    assert probe.get("/healthz").json() == {"status": "ok"}
    assert {check["name"] for check in probe.get("/readyz").json()["checks"]} == {"catalog", "blobs", "queue"}
    assert b"safelight_workers_busy" in probe.get("/metrics").body
    assert probe.get("/v1/jobs").status == 404


def test_it_takes_all_the_descriptors_that_it_may_have(server, tmp_path):
    def have_few():
        resource.setrlimit(resource.RLIMIT_NOFILE, (128, 256))

    worker = SafelightProcess(tmp_path / "worker", {"SAFELIGHT_DATA": str(server.data), "SAFELIGHT_WORKER_HEALTH": "off"},
                              command="worker", prepare=have_few)
    try:
        worker.start("working")
        assert resource.prlimit(worker.pid, resource.RLIMIT_NOFILE) == (256, 256)
    finally:
        worker.kill()


def test_it_needs_a_worker(tmp_path):
    ended = run_command("worker", settings={"SAFELIGHT_WORKERS": "0"}, cwd=tmp_path)
    assert ended.returncode == 1
    assert "SAFELIGHT_WORKERS is 0" in ended.stderr
