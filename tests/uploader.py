"""Uploads that go on while something else happens, and what was promised for them."""

import threading
import time

import pictures
from check_invariants import check
from eventually import eventually
from http_client import Client

# What was begun and not finished is swept after this long; no call to a store lasts longer.
GIVEN_UP_SOON = {"SAFELIGHT_WRITE_DEADLINE": "25s", "SAFELIGHT_VARIANT_WRITE_DEADLINE": "25s"}


class Uploader(threading.Thread):
    """Uploads one picture after the other, and remembers which were accepted."""

    def __init__(self, port, pause_s=0.02):
        super().__init__(daemon=True)
        self.client = Client(port)
        self.pause_s = pause_s
        self.accepted = {}
        self.statuses = set()
        self.refusals = 0
        self.without_retry_after = 0  # of those with 503
        self.slowest_s = 0
        self.stopping = threading.Event()

    def run(self):
        number = 0
        while not self.stopping.wait(self.pause_s):
            number += 1
            content = pictures.make(size=(200 + number, 150))
            began = time.monotonic()
            answer = self.client.upload(content)
            self.slowest_s = max(self.slowest_s, time.monotonic() - began)
            self.statuses.add(answer.status)
            if answer.status == 202:
                self.accepted[answer.json()["id"]] = content
            else:
                self.refusals += 1
                self.without_retry_after += answer.status == 503 and answer.header("Retry-After") is None

    def wait_for_more(self, count, timeout_s=60, describe=lambda: "uploads do not go on"):
        before = len(self.accepted)
        eventually(lambda: len(self.accepted) >= before + count, timeout_s=timeout_s, describe=describe)

    def finish(self):
        self.stopping.set()
        self.join(120)
        assert not self.is_alive()


def is_well(house):
    return {check["status"] for check in house.client.get("/readyz").json()["checks"]} == {"ok"}


def assert_nothing_is_lost(house, accepted, remains, baselines=()):
    """Everything that was accepted is processed; then the house is at rest, and the checker finds every promise kept: the
    originals byte for byte, nothing left over in any backend (`remains`), the same processes."""
    told = {}
    for job, content in accepted.items():
        done = house.client.wait(job, seconds=60)
        assert done["status"] == "PROCESSED", done
        told[job] = {"image": done["image"]["id"], "sha256": pictures.sha256(content)}
    eventually(lambda: remains.is_quiet() and remains.hints.waiting() == 0, timeout_s=60, interval_s=0.2,
               describe=lambda: f"not at rest: {remains.rows('SELECT * FROM blobs WHERE state <> ' + repr('live'))}")
    violations = check(remains, house.server.url, {"uploaded": told, "deleted": []}, baselines)
    assert violations == [], "\n".join(violations)
