"""Jobs that are tried again, and jobs that are cancelled: with whole processes, over restarts and kills."""

import contextlib
import os
import signal

import pytest

import backends
import pictures
from data_folder import blob_files, blob_path, is_quiet, rows
from eventually import eventually
from house import House
from http_client import Client


def statuses(job):
    return {variant["name"]: variant["status"] for variant in job["image"]["variants"]}


def upload_bare(client):
    """Looked at, with nothing asked for yet: renderers that stand still would look at no upload either."""
    return client.upload(pictures.make(size=(640, 480)), variants="").json()["id"]


def begin(client, job):
    """Asks for the thumbnail, and waits until a worker has taken the job up."""
    assert client.post_json(f"/v1/jobs/{job}/variants", {"variants": ["thumbnail"]}).status == 202
    eventually(lambda: client.get(f"/v1/jobs/{job}").json()["attempts"] == 1)


class DamagedOriginal:
    """A job whose original is damaged, until it is mended."""

    def __init__(self, server):
        self.client = server.client()
        uploaded = self.client.upload(pictures.noise((300, 200)), variants="").json()
        self.id = uploaded["id"]
        self.path = blob_path(server.data, rows(server.data, "SELECT blob FROM images WHERE sha256 = ?",
                                                bytes.fromhex(uploaded["image"]["sha256"]))[0][0])
        self.content = self.path.read_bytes()
        self.path.write_bytes(self.content[:-1] + bytes([self.content[-1] ^ 1]))
        asked = self.client.post_json(f"/v1/jobs/{self.id}/variants", {"variants": ["thumbnail"]})
        assert asked.status == 202
        assert self.client.wait(self.id)["status"] == "FAILED"

    def mend(self):
        self.path.write_bytes(self.content)

    def retry(self, client=None, **headers):
        return (client or self.client).request("POST", f"/v1/jobs/{self.id}/retry", headers)


class FrozenRenderers:
    """The processes that render stand still as long as the context lasts."""

    def __init__(self, server):
        self.pids = server.renderers()
        assert self.pids

    def __enter__(self):
        for pid in self.pids:
            os.kill(pid, signal.SIGSTOP)

    def __exit__(self, *_):
        for pid in self.pids:
            try:
                os.kill(pid, signal.SIGCONT)
            except ProcessLookupError:
                pass  # the server has put an end to it


class TestRetry:
    def test_what_failed_is_made_once_its_cause_is_gone(self, start_server):
        job = DamagedOriginal(start_server())
        again = job.retry()
        assert again.status == 202 and again.header("Location") == f"/v1/jobs/{job.id}"
        assert job.client.wait(job.id)["status"] == "FAILED", "the cause is still there"
        job.mend()
        done = job.retry(Prefer="wait=30")
        assert done.json()["status"] == "PROCESSED"
        assert done.header("Preference-Applied") == "wait=30"
        refused = job.retry()
        assert refused.status == 409
        assert refused.problem()["type"] == "/problems/nothing-to-retry"

    def test_an_accepted_retry_survives_a_kill(self, start_server):
        server = start_server({"SAFELIGHT_LEASE": "1s"})
        job = DamagedOriginal(server)
        job.mend()
        with FrozenRenderers(server):
            assert job.retry().status == 202
            server.kill()
        server.restart()
        assert server.client().wait(job.id)["status"] == "PROCESSED"

    def test_a_job_whose_worker_vanished_is_stuck_when_its_lease_is_over(self, start_server):
        server = start_server({"SAFELIGHT_LEASE": "2s"})
        client = server.client()
        job = upload_bare(client)
        with FrozenRenderers(server):
            begin(client, job)
            assert client.request("POST", f"/v1/jobs/{job}/retry").status == 409, "somebody works on it"
            server.kill()
        server.settings["SAFELIGHT_WORKERS"] = "0"
        server.restart()
        client = server.client()
        eventually(lambda: client.request("POST", f"/v1/jobs/{job}/retry").status == 202)
        assert client.request("POST", f"/v1/jobs/{job}/retry").status == 409
        server.stop()
        server.settings["SAFELIGHT_WORKERS"] = "2"
        server.restart()
        assert server.client().wait(job)["status"] == "PROCESSED"


class TestCancel:
    def test_what_waits_is_called_off_and_can_be_taken_up_again(self, start_server):
        server = start_server({"SAFELIGHT_WORKERS": "0"})
        client = server.client()
        job = client.upload(pictures.make(size=(640, 480)), variants=["thumbnail", {"name": "b", "transform": {"resize": {"width": 9}}}]).json()
        cancelled = client.request("POST", f"/v1/jobs/{job['id']}/cancel")
        assert cancelled.status == 200
        assert cancelled.json()["status"] == "FAILED"
        for variant in cancelled.json()["image"]["variants"]:
            assert variant["error"]["type"] == "/problems/cancelled"
            refused = client.get(variant["url"])
            assert refused.status == 404 and refused.problem()["type"] == "/problems/variant-failed"
        again = client.request("POST", f"/v1/jobs/{job['id']}/cancel")
        assert again.status == 409 and again.problem()["type"] == "/problems/nothing-to-cancel"
        server.stop()
        server.settings["SAFELIGHT_WORKERS"] = "2"
        server.restart()
        client = server.client()
        assert client.get(f"/v1/jobs/{job['id']}").json() == cancelled.json(), "nobody took it up meanwhile"
        assert client.request("POST", f"/v1/jobs/{job['id']}/retry", {"Prefer": "wait=30"}).json()["status"] == "PROCESSED"

    def test_a_worker_in_the_midst_of_it_stores_nothing(self, start_server):
        server = start_server()
        client = server.client()
        job = upload_bare(client)
        with FrozenRenderers(server):
            begin(client, job)
            assert client.request("POST", f"/v1/jobs/{job}/cancel").status == 200
            server.wait_for_event("job attempt", lambda event: event["job_id"] == job and event["outcome"] == "fenced")
        assert statuses(client.get(f"/v1/jobs/{job}").json()) == {"thumbnail": "failed"}
        eventually(lambda: is_quiet(server.data))
        assert len(blob_files(server.data)) == 1, "the original alone"
        assert client.request("POST", f"/v1/jobs/{job}/retry").status == 202
        assert client.wait(job)["status"] == "PROCESSED"

    def test_what_was_made_stays(self, start_server):
        server = start_server()
        client = server.client()
        job = client.process(pictures.make(size=(640, 480)))
        with FrozenRenderers(server):
            more = {"variants": [{"name": "more", "transform": {"resize": {"width": 10}}}]}
            assert client.post_json(f"/v1/jobs/{job['id']}/variants", more).status == 202
            cancelled = client.request("POST", f"/v1/jobs/{job['id']}/cancel")
            assert statuses(cancelled.json()) == {"thumbnail": "ready", "more": "failed"}
        assert client.get(job["image"]["variants"][0]["url"]).status == 200


@pytest.fixture
def house(tmp_path):
    chosen = backends.Backends(queue="catalog", store="folder").make()
    started = House(tmp_path, chosen.settings()).start()
    yield started
    started.kill()
    chosen.remove()


def test_a_worker_in_another_process_learns_of_it(house):
    """By PostgreSQL's news, or by the next renewal of its lease."""
    client = Client(house.server.port)
    job = upload_bare(client)
    with contextlib.ExitStack() as frozen:
        for worker in house.workers:
            frozen.enter_context(FrozenRenderers(worker))
        begin(client, job)
        assert client.request("POST", f"/v1/jobs/{job}/cancel").status == 200
        eventually(lambda: any(event["job_id"] == job and event["outcome"] == "fenced"
                               for worker in house.workers for event in worker.events("job attempt")))
    assert client.request("POST", f"/v1/jobs/{job}/retry", {"Prefer": "wait=30"}).json()["status"] == "PROCESSED"
