"""Uploads that go on while something else happens, and what was promised for them."""

import threading
import time

import pictures
from eventually import eventually
from http_client import Client


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


def assert_nothing_is_lost(house, accepted):
    for job, content in accepted.items():
        done = house.client.wait(job, seconds=60)
        assert done["status"] == "PROCESSED", done
        assert house.client.get(f"/v1/images/{done['image']['id']}/original").body == content
        assert house.client.get(done["image"]["variants"][0]["url"]).status == 200


def assert_nothing_is_left_over(house, settings=None):
    """After the sweep. `settings`: of a way to the backends without proxies."""
    reconcile = lambda: house.command("reconcile", "--verify", "--grace", "0s", settings=settings).stdout
    eventually(lambda: "0 damaged or missing, 0 to clean up" in reconcile(), timeout_s=60, interval_s=0.5, describe=reconcile)
