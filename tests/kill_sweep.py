#!/usr/bin/env python3
"""Kills the server with SIGKILL at one system call after the other of a picture's life, and checks what is left.

    kill_sweep.py [--all | --kills N] [--random N] [--seed N] [--verbose]

The life cycle is: upload a picture, wait for its thumbnail, ask for a further variant, upload another in two pieces (as tus
does), delete the first. Another one is that of many jobs at once: all that failed are tried again, and all that are done are
deleted, in the background. A first run under strace counts the calls that change something, thread by thread; each of them is a
kill point. For every kill point its life cycle runs again on a fresh copy of a small data folder, and strace kills the server when
that thread makes that call for the n-th time. Then the server is started again without strace, and once it is quiet,
check_invariants.py looks at the data folder: what was acknowledged is there, what was deleted is gone, no job hangs, no
byte is left over. An upload that was cut short goes on from where it is, which is not before what was acknowledged. Starting up is swept as well (the migration of an empty folder, and the start over work left undone).

--all takes every kill point; otherwise --kills of them, spread over all. --random adds kills at random moments.
"""

import argparse
import collections
import contextlib
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import shares
from check_invariants import check
from data_folder import is_quiet, rows
from eventually import eventually
from http_client import Client
from lives import LIVES, PICTURES, QUIET_WITHIN_S, Acknowledged
from remains import Remains
from safelight_process import SafelightProcess, ServerDied
from webhook_receiver import Receiver

CALLS = ("fsync", "fdatasync", "pwrite64", "pwritev", "write", "writev", "rename", "renameat", "renameat2", "unlink",
         "unlinkat", "link", "linkat", "ftruncate", "fallocate", "openat", "mkdir", "mkdirat", "sendto", "sendmsg")
# Few threads, so that a thread does the same in each run; short times, so that what died is taken up soon.
SETTINGS = {"SAFELIGHT_IO_THREADS": "1", "SAFELIGHT_BLOCKING_THREADS": "1", "SAFELIGHT_WORKERS": "1",
            "SAFELIGHT_LEASE": "600ms", "SAFELIGHT_RESCUE_INTERVAL": "50ms", "SAFELIGHT_SWEEP_INTERVAL": "50ms",
            "SAFELIGHT_WRITE_DEADLINE": "1s", "SAFELIGHT_VARIANT_WRITE_DEADLINE": "1s", "SAFELIGHT_BACKOFF_BASE": "20ms",
            "SAFELIGHT_KEYS_AHEAD_MAX": "64", "SAFELIGHT_WEBHOOK_TIMEOUT": "1s",
            "SAFELIGHT_OUTBOUND_ALLOWED_NETWORKS": "127.0.0.0/8"}
STRACE = ["strace", "-f", "-qq", "-o", "/dev/null"]

@dataclass(frozen=True)
class KillPoint:
    """`thread` makes `call` for the n-th time in the life of that name; with an empty thread, any does while the server starts."""
    life: str
    thread: str
    call: str
    n: int
    doing: str = field(default="", compare=False)

    def __str__(self):
        return f"{self.life}: {self.thread or 'any thread'}: {self.call} #{self.n} {self.doing}".strip()


class Sweep:
    def __init__(self, folder, verbose=False):
        self.folder = Path(folder)
        self.verbose = verbose
        self.failures = []
        self.counts = collections.Counter()
        self.receiver = Receiver().open()
        self.seed_folder = self.folder / "seed"
        self.seed_told = Acknowledged()
        self._make_seed()

    def _make_seed(self):
        """A data folder with a finished picture, and an endpoint that is told: the checks want each finish in its outbox."""
        server = SafelightProcess(self.folder / "seeding", SETTINGS)
        server.start()
        client = Client(server.port)
        assert client.post_json("/v1/webhooks", {"url": self.receiver.url()}).status == 201
        client.wait(self.seed_told.upload(client, PICTURES[0]))
        server.stop()
        shutil.copytree(server.data, self.seed_folder)

    def _server(self, name, wrapper=(), from_seed=True):
        server = SafelightProcess(self.folder / name, SETTINGS, wrapper)
        if from_seed:
            shutil.copytree(self.seed_folder, server.data)
        return server

    def _fresh_told(self, from_seed=True):
        told = Acknowledged()
        if from_seed:
            told.uploaded = dict(self.seed_told.uploaded)
        return told

    # --- finding the kill points ---

    def find_points(self, life):
        """One run of the life cycle, every call noted."""
        server = self._server(f"count-{life}")
        server.start()
        client, told = Client(server.port), self._fresh_told()
        LIVES[life].prepare(client, told)
        names = thread_names(server)
        log = self.folder / f"calls-of-{life}"
        tracer = attach(["strace", "-f", "-y", "-o", str(log), "-e", "trace=" + ",".join(f"?{c}" for c in CALLS),
                         "-p", str(server.pid)])
        LIVES[life].live(client, told)
        assert told.complete, "the life cycle has to work without a kill"
        tracer.terminate()
        tracer.communicate(timeout=20)
        server.stop()
        return points_of(life, log.read_text(errors="replace"), names, server.data)

    def find_start_points(self):
        """Two starts: over an empty folder, and over the seed. Of the 256 folders of the blob store, which are made
        one like the other, three stand for all."""
        points = []
        for from_seed in (False, True):
            log = self.folder / f"calls-of-start-{from_seed}"
            wrapper = ["strace", "-f", "-y", "-o", str(log), "-e", "trace=" + ",".join(f"?{c}" for c in CALLS)]
            server = self._server(f"count-start-{from_seed}", wrapper, from_seed)
            server.start()
            server.stop()
            counts = collections.Counter()
            first_thread = None
            for line in log.read_text(errors="replace").splitlines():
                thread, call, rest = parse_call(line)
                first_thread = first_thread or thread
                if thread != first_thread or not call:
                    continue
                counts[call] += 1
                folder = FAN_OUT.search(rest)
                is_one_of_many = folder and folder[1] not in ("00", "80", "ff")
                if changes_data(call, rest, server.data) and not is_one_of_many:
                    points.append((from_seed, KillPoint("start", "", call, counts[call], doing(rest, server.data))))
        return points

    # --- one kill ---

    def kill_in_life(self, point):
        server = self._server("run")
        told = self._fresh_told()
        try:
            server.start()
            client = Client(server.port)
            LIVES[point.life].prepare(client, told)
            tid = next(tid for tid, name in thread_names(server).items() if name == point.thread)
            tracer = attach(["strace", "-o", "/dev/null", "-p", str(tid), "-e", f"trace={point.call}", "-e",
                             f"inject={point.call}:signal=SIGKILL:when={point.n}"])
            LIVES[point.life].live(client, told)
            if told.complete:
                self.counts["not reached"] += 1
                server.kill()
            tracer.wait(20)
            server.wait(20)
            self._look_after(server, told, str(point))
        finally:
            self._clear(server)

    def kill_in_start(self, from_seed, point):
        wrapper = [*STRACE, "-e", f"trace={point.call}", "-e", f"inject={point.call}:signal=SIGKILL:when={point.n}"]
        server = self._server("run", wrapper, from_seed)
        told = self._fresh_told(from_seed)
        try:
            with contextlib.suppress(ServerDied):
                server.start()
                self.counts["not reached"] += 1
                server.kill()
            server.wait(20)
            server.wrapper = []
            self._look_after(server, told, f"{point} ({'seed' if from_seed else 'empty folder'})")
        finally:
            self._clear(server)

    def kill_at_random(self, chance, seed):
        server = self._server("run")
        told = self._fresh_told()
        try:
            server.start()
            client, life = Client(server.port), LIVES[chance.choice(list(LIVES))]
            life.prepare(client, told)
            delay_s = chance.uniform(0, 0.25)
            killer = subprocess.Popen(["sh", "-c", f"sleep {delay_s:.4f}; kill -9 {server.pid}"])
            life.live(client, told)
            killer.wait(20)
            server.wait(20)
            self._look_after(server, told, f"random kill after {delay_s:.4f} s (seed {seed})")
        finally:
            self._clear(server)

    def _look_after(self, server, told, what):
        """Starts the server again, waits until it is quiet, and checks."""
        self.counts["kills"] += 1
        started = time.monotonic()
        try:
            server.start()
            told.go_on(Client(server.port), PICTURES[1])
            eventually(lambda: is_quiet(server.data), QUIET_WITHIN_S,
                       describe=lambda: f"not quiet: {[tuple(row)[1:] for row in rows(server.data, 'SELECT * FROM blobs')]}")
            violations = check(Remains.of_folder(server.data), server.url, told.as_dict())
            if server.stop() != 0:
                violations.append("the server did not stop well")
        except (AssertionError, ServerDied, TimeoutError) as error:
            violations = [f"{type(error).__name__}: {error}"]
        if violations:
            self.failures.append((what, violations))
            print(f"FAILED at {what}", *violations, sep="\n    ", flush=True)
        elif self.verbose:
            print(f"ok     {what} ({time.monotonic() - started:.1f} s to rest)", flush=True)

    def _clear(self, server):
        if server.running:
            server.kill()
        shutil.rmtree(server.folder)


def thread_names(server):
    """tid → name, with a number where several have the same one; in the order of their making."""
    counts = collections.Counter()
    names = {}
    for tid in server.threads():
        name = Path(f"/proc/{server.pid}/task/{tid}/comm").read_text().strip()
        counts[name] += 1
        names[tid] = name if counts[name] == 1 else f"{name}/{counts[name]}"
    return names


def attach(command):
    """Starts strace on a running process; returns once it traces."""
    tracer = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    line = tracer.stderr.readline()
    assert "attached" in line, line
    return tracer


FAN_OUT = re.compile(r'blobs(?:>, "|/)([0-9a-f]{2})\b')
CALL = re.compile(r"^(\d+)\s+(\w+)\((.*)$")


def parse_call(line):
    """(thread, call, the rest); resumed halves of a call count once, at their beginning."""
    match = CALL.match(line)
    return (int(match[1]), match[2], match[3]) if match else (None, None, "")


def changes_data(call, rest, data):
    return str(data) in rest and (call != "openat" or "O_CREAT" in rest)


def doing(rest, data):
    return rest.replace(str(data) + "/", "")[:70]


def points_of(life, text, names, data):
    """The calls that change something in the data folder, numbered as strace counts them: by thread and by call."""
    counts = collections.Counter()
    points = []
    for line in text.splitlines():
        thread, call, rest = parse_call(line)
        if thread not in names:
            continue
        counts[thread, call] += 1
        if changes_data(call, rest, data) or call in ("sendto", "sendmsg", "writev"):  # what a client is told
            points.append(KillPoint(life, names[thread], call, counts[thread, call], doing(rest, data)))
    return points


def spread(points, count):
    """About `count` of them, evenly over all."""
    if count >= len(points):
        return points
    step = len(points) / max(1, count)
    return [points[int(index * step)] for index in range(max(1, count))]


def sweep(folder, kills=None, random_kills=0, seed=None, verbose=False, share=shares.ALL):
    """Runs it; returns the Sweep with its counts and failures."""
    started = time.monotonic()
    run = Sweep(folder, verbose)
    lives, start = [point for life in LIVES for point in run.find_points(life)], run.find_start_points()
    by_kind = collections.Counter((point.life, point.thread, point.call) for point in lives)
    print(f"{len(lives)} kill points in the life cycles, {len(start)} in the start-up", flush=True)
    for (life, thread, call), count in sorted(by_kind.items()):
        print(f"    {life}: {thread}: {count} × {call}")
    run.counts["points"] = len(lives) + len(start)
    work = [lambda point=point: run.kill_in_life(point) for point in lives
            if share.has(point.life, point.thread, point.call, point.n)]
    work += [lambda pair=pair: run.kill_in_start(*pair) for pair in start if share.has(pair[0], pair[1].call, pair[1].n)]
    for one in work if kills is None else spread(work, kills):
        one()
    chance = random.Random(f"{seed} {share}")
    random_kills = share.of_count(random_kills)
    for _ in range(random_kills):
        run.kill_at_random(chance, seed)
    run.receiver.close()
    print(f"{share}{run.counts['kills']} kills ({run.counts['points']} kill points, {random_kills} random ones; "
          f"{run.counts['not reached']} were not reached), {len(run.failures)} failures, "
          f"{len(run.receiver.messages)} webhooks, "
          f"{time.monotonic() - started:.0f} s")
    return run


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--all", action="store_true", help="every kill point, and 200 random kills")
    parser.add_argument("--kills", type=int, default=200, help="that many kill points, spread over all")
    parser.add_argument("--random", type=int, default=None, help="how many random kills")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1_000_000))
    parser.add_argument("--verbose", action="store_true")
    shares.add_argument(parser)
    arguments = parser.parse_args()
    random_kills = arguments.random if arguments.random is not None else 200 if arguments.all else 0
    with tempfile.TemporaryDirectory(prefix="safelight-sweep-") as folder:
        run = sweep(folder, None if arguments.all else arguments.kills, random_kills, arguments.seed, arguments.verbose,
                    arguments.share)
    return 1 if run.failures else 0


if __name__ == "__main__":
    sys.exit(main())
