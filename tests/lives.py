"""What clients do while processes are killed, and what they were told meanwhile: the lives of kill_sweep.py and stack_sweep.py."""

import contextlib
import hashlib
import http.client
import json
import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass

import pictures
from eventually import eventually
from tus_client import TusClient

QUIET_WITHIN_S = 20
PICTURES = [pictures.make("png", (60, 40)), pictures.make("jpeg", (120, 90))]
# More pixels than are allowed, which is found out before anything is decoded: it fails again each time that it is tried.
FAILING = pictures.make("gif", (120, 80), frames=7)
FAILING_VARIANT = {"name": "huge", "transform": {"resize": {"width": 3600, "enlarge": True}, "format": "webp"}}
ANOTHER_VARIANT = {"variants": [{"name": "small", "transform": {"resize": {"width": 10}}}]}
GONE = (ConnectionError, http.client.HTTPException, TimeoutError, OSError)


class Acknowledged:
    """What the client was told."""

    def __init__(self):
        self.uploaded = {}
        self.deleted = []
        self.retried = {}  # job → its attempts before
        self.operations = {}  # id of a bulk operation → how many jobs it is about
        self.begun = None  # (address, how much was acknowledged) of an upload in pieces
        self.complete = False

    def upload(self, client, data, variants=None):
        wanted = "" if variants is None else "&variants=" + urllib.parse.quote(json.dumps(variants))
        response = client.upload_raw(data, "?filename=sweep" + wanted)
        assert response.status == 202, (response.status, response.body)
        job = response.json()
        self.uploaded[job["id"]] = {"image": job["image"]["id"], "sha256": job["image"]["sha256"]}
        return job["id"]

    def upload_in_pieces(self, client, data):
        tus = TusClient(client)
        self.begun = tus.begin(len(data)), 0
        half = len(data) // 2
        assert tus.append(self.begun[0], 0, data[:half]).status == 204
        self.begun = self.begun[0], half
        response = tus.append(self.begun[0], half, data[half:])
        assert response.status == 204, (response.status, response.body)
        return self._is_complete(client, response.header("Upload-Job"), data)

    def _is_complete(self, client, job_url, data):
        self.begun = None
        job_id = job_url.rpartition("/")[2]
        self.uploaded[job_id] = {"image": None, "sha256": hashlib.sha256(data).hexdigest()}
        self._ask_for_images(client)
        return job_id

    def _ask_for_images(self, client):
        """Of uploads in pieces it is the job alone that was told."""
        for job_id, told in self.uploaded.items():
            if told["image"] is None:
                response = eventually(lambda: (answer := client.get(f"/v1/jobs/{job_id}")).status != 503 and answer)  # noqa: B023
                assert response.status == 200, f"job {job_id} was acknowledged: {response}"
                told["image"] = response.json()["image"]["id"]

    def go_on(self, client, data):
        """Makes a job of what was cut short."""
        self._ask_for_images(client)
        if self.begun is None:
            return
        url, acknowledged = self.begun
        found = eventually(lambda: (answer := client.get(url)).status == 200 and answer.json())
        assert found["received_bytes"] >= acknowledged, f"{found} of {acknowledged} that were acknowledged"
        while found["job_url"] is None:
            TusClient(client).append(url, found["received_bytes"], data[found["received_bytes"]:])
            found = eventually(lambda: (answer := client.get(url)).status == 200 and answer.json())
        self._is_complete(client, found["job_url"], data)

    def delete(self, client, job):
        told = self.uploaded.pop(job)  # until it is answered, both may be
        response = client.delete(f"/v1/jobs/{job}")
        assert response.status == 204, (response.status, response.body)
        self.deleted.append(job)
        return told

    def retry_many(self, client, jobs):
        """`jobs` are all that have failed."""
        attempts = {job: client.get(f"/v1/jobs/{job}").json()["attempts"] for job in jobs}
        self._accept(client.request("POST", "/v1/jobs/retry"), len(jobs))
        self.retried.update(attempts)

    def delete_many(self, client, jobs):
        """`jobs` are all that are done."""
        for job in jobs:
            del self.uploaded[job]  # until it is answered, both may be
        self._accept(client.delete("/v1/jobs?status=PROCESSED"), len(jobs))
        self.deleted += jobs

    def _accept(self, response, count):
        assert response.status == 202, (response.status, response.body)
        self.operations[response.json()["id"]] = count

    def as_dict(self):
        return {"uploaded": self.uploaded, "deleted": self.deleted, "retried": self.retried, "operations": self.operations}


def live(client, told):
    """The life cycle; ends early when the server is gone."""
    with contextlib.suppress(*GONE):
        first = told.upload(client, PICTURES[0])
        client.wait(first)
        client.post_json(f"/v1/jobs/{first}/variants", ANOTHER_VARIANT)
        client.wait(first)
        second = told.upload_in_pieces(client, PICTURES[1])
        told.delete(client, first)
        client.wait(second)
        client.get("/v1/jobs")
        told.complete = True


def prepare_many(client, told):
    for picture in PICTURES:
        client.wait(told.upload(client, picture))
    for _ in range(2):
        assert client.wait(told.upload(client, FAILING, [FAILING_VARIANT]))["status"] == "FAILED"


def live_many(client, told, runners_held=contextlib.nullcontext):
    """What is asked for while those who carry it out are held waits for them."""
    with contextlib.suppress(*GONE):
        with runners_held():
            jobs = {job: client.get(f"/v1/jobs/{job}").json()["status"] for job in told.uploaded}
            told.retry_many(client, [job for job, status in jobs.items() if status == "FAILED"])
            told.delete_many(client, [job for job, status in jobs.items() if status == "PROCESSED"])
        for operation in told.operations:
            eventually(lambda: client.get(f"/v1/bulk-operations/{operation}").json()["finished"], QUIET_WITHIN_S,  # noqa: B023
                       interval_s=0.2)  # so that it is asked about as often each time
        for job in told.retried:
            client.wait(job)
        told.complete = True


@dataclass(frozen=True)
class Life:
    """`prepare` comes before anything is counted or killed."""
    live: Callable
    prepare: Callable = lambda client, told: None


LIVES = {"life": Life(live), "many": Life(live_many, prepare_many)}
