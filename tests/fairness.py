#!/usr/bin/env python3
"""One account with thousands of jobs, and another that uploads a picture now and then: how long the second waits.

    fairness.py [--backlog 10000] [--uploads 30] [--interval 1.0] [--priority normal] [--stack]

A server of its own with two accounts. First only the second account uploads, one picture in an interval, each with
`Prefer: wait`; then the workers stop, the first one uploads its backlog, the workers start again, and the second account goes on as
before while that waits. With --stack the server and a worker run over PostgreSQL, Redis and S3, whose addresses the environment names (as for the tests). Prints the times from
the beginning of an upload until its job was finished; the exit status is 1 when the 95th percentile with the backlog is more than
three times of that without, or when the backlog was done before the uploads were.
"""

import argparse
import contextlib
import statistics
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pictures
from backends import Backends
from http_client import Client
from safelight_process import SafelightProcess, run_command

SLOWER_MAX = 3
UPLOADERS = 4
PICTURE_SIDES = (640, 480)


@dataclass
class Outcome:
    idle_s: list = field(default_factory=list)
    busy_s: list = field(default_factory=list)
    waiting: list = field(default_factory=list)  # of the backlog, when each of the busy ones was finished

    def text(self):
        p95 = [f"{percentile_95(times) * 1e3:.0f} ms (median {statistics.median(times) * 1e3:.0f})"
               for times in (self.idle_s, self.busy_s)]
        return (f"p95 of an account that uploads now and then: {p95[0]} alone, {p95[1]} while {self.waiting[0]} to "
                f"{self.waiting[-1]} jobs of another wait: {percentile_95(self.busy_s) / percentile_95(self.idle_s):.2f} times")


def percentile_95(times):
    return sorted(times)[int(len(times) * 0.95)] if len(times) > 1 else times[0]


class Account(Client):
    """The requests of one account."""

    def __init__(self, fairness, key):
        self._fairness, self._observe = fairness, None
        self._key = {"Authorization": f"Bearer {key}"}

    @property
    def port(self):
        return self._fairness.port

    def request(self, method, target, headers=None, body=None, timeout_s=60):
        return super().request(method, target, {**self._key, **(headers or {})}, body, timeout_s)

    def upload_and_wait(self, picture):
        """Seconds until the job was finished."""
        began = time.monotonic()
        answer = self.upload_raw(picture, headers={"Prefer": "wait=30"})
        assert answer.status == 202 and answer.json()["status"] == "PROCESSED", (answer.status, answer.body)
        return time.monotonic() - began

    def upload_backlog(self, picture, count, priority):
        def upload(_):
            answer = self.upload_raw(picture, f"?priority={priority}")
            assert answer.status == 202, (answer.status, answer.body)

        with ThreadPoolExecutor(UPLOADERS) as pool:
            list(pool.map(upload, range(count)))


class Fairness:
    """A server, and a worker when there are `backends`."""

    def __init__(self, folder, chosen=None):
        settings = {"SAFELIGHT_DATA": str(folder / "data"), "SAFELIGHT_ACCESS": "keys", "SAFELIGHT_BACKLOG_MAX": "200000",
                    **(chosen.settings() if chosen else {})}
        self._settings, self._folder = settings, folder
        self._run("migrate", "up")
        self._idle_server = SafelightProcess(folder / "idle-server", {**settings, "SAFELIGHT_WORKERS": "0"})
        self._server = SafelightProcess(folder / "server", settings)
        self._worker = SafelightProcess(folder / "worker", {**settings, "SAFELIGHT_WORKER_HEALTH": "127.0.0.1:0"}, command="worker")
        self._has_worker = chosen is not None

    def _run(self, *arguments):
        done = run_command(*arguments, settings=self._settings, cwd=self._folder)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in (self._idle_server, self._server, self._worker):
            if process.running:
                process.kill()

    @contextlib.contextmanager
    def serving(self, works=True):
        """A server, in whose process or beside it somebody works, or nobody does."""
        server = self._server if works and not self._has_worker else self._idle_server
        processes = [server, self._worker] if works and self._has_worker else [server]
        for process in processes:
            process.start()
        self.port = server.port
        yield
        for process in processes:
            assert process.stop() == 0, process.log_tail()

    def account(self, name):
        self._run("account", "create", name)
        return Account(self, self._run("key", "create", "a key", "--account", name,
                                       "--scope", "images:read", "--scope", "images:write"))

    def waiting(self):
        """Jobs with pending variants, by the metrics."""
        metrics = Client(self.port).get("/metrics").body.decode().splitlines()
        return int(float(next(line.split()[1] for line in metrics if line.startswith("safelight_backlog_jobs "))))


def run(folder, chosen=None, backlog=10_000, uploads=30, interval_s=1.0, priority="normal"):
    outcome = Outcome()
    with Fairness(folder, chosen) as fairness:
        crowd, single = fairness.account("crowd"), fairness.account("single")
        pictures_of_single = [pictures.noise(PICTURE_SIDES, seed=seed) for seed in range(4)]

        def upload_all(times, note=lambda: None):
            for number in range(uploads):
                began = time.monotonic()
                times.append(single.upload_and_wait(pictures_of_single[number % 4]))
                note()
                time.sleep(max(0.0, interval_s - (time.monotonic() - began)))

        with fairness.serving():
            single.upload_and_wait(pictures_of_single[0])  # what is only done once, is done
            upload_all(outcome.idle_s)
        with fairness.serving(works=False):
            crowd.upload_backlog(pictures.noise(PICTURE_SIDES, seed=99), backlog, priority)
        with fairness.serving():
            upload_all(outcome.busy_s, lambda: outcome.waiting.append(fairness.waiting()))
    return outcome


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--backlog", type=int, default=10_000)
    parser.add_argument("--uploads", type=int, default=30)
    parser.add_argument("--interval", type=float, default=1.0, help="seconds")
    parser.add_argument("--priority", default="normal", help="of the backlog; the other account uploads normal ones")
    parser.add_argument("--stack", action="store_true", help="over PostgreSQL, Redis and S3")
    arguments = parser.parse_args()
    chosen = Backends().make() if arguments.stack else None
    try:
        with tempfile.TemporaryDirectory(prefix="safelight-fairness-") as folder:
            outcome = run(Path(folder), chosen, arguments.backlog, arguments.uploads, arguments.interval, arguments.priority)
    finally:
        if chosen:
            chosen.remove()
    print(outcome.text())
    is_slow = percentile_95(outcome.busy_s) > SLOWER_MAX * percentile_95(outcome.idle_s)
    if is_slow:
        print(f"more than {SLOWER_MAX} times")
    if outcome.waiting[-1] == 0:
        print("the backlog was done too early to tell")
    return 1 if is_slow or outcome.waiting[-1] == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
