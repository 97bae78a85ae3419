#!/usr/bin/env python3
"""Kills one process after the other of the scale-out stack with SIGKILL, at one step after the other of a picture's life.

    stack_sweep.py [--all | --kills N] [--verbose]      (./test --sweep starts the servers that it needs)

A server without workers and a worker run over PostgreSQL, Redis and S3. The life cycles are those of kill_sweep.py, and one
of a picture that goes to S3 in several parts. A first run under strace counts what each thread sends to whom (PostgreSQL,
Redis, S3, the client), and each first receiving after it: those are the kill points: before a command is sent, and after it
was, with its answer unknown. Renderer processes are killed at their system calls. What died is started again, and once
the stack is quiet, check_invariants.py looks at all three backends with other clients than ours.
"""

import argparse
import collections
import contextlib
import re
import signal
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

import backends
import pictures
import shares
from check_invariants import check
from eventually import eventually
from http_client import Client
from kill_sweep import SETTINGS, attach, parse_call, thread_names
from lives import GONE, LIVES, PICTURES, QUIET_WITHIN_S, Acknowledged, Life, live_many
from own_servers import is_gone
from remains import Remains
from safelight_process import SafelightProcess, run_command
from webhook_receiver import Receiver

SENDS = ("write", "writev", "sendto", "sendmsg")
RECEIVES = ("read", "recvfrom", "recvmsg")
RENDERER_CALLS = ("recvmsg", "sendmsg")  # a renderer process makes no others that matter
DUTIES = ("sweeper", "overdue-sweeper", "bulk runner", "rescuer", "lease-keeper", "webhook-sender")  # ask the same again and again
SAME_QUESTIONS_MAX = 2
# Where a duty has work, it asks the same for each piece of it.
SAME_QUESTIONS_MAX_AT_WORK = {("many", "bulk runner"): 8}
LARGE = pictures.noise((1800, 1800))  # more than one part
CONNECTION = re.compile(r"^(\d+)<TCP(?:v6)?:\[.*?->.*?:(\d+)\]>")
STATEMENT = re.compile(r'"(?:B\\0\\0.*?\\0(s\d+)|Q\\0\\0\\0..(\w+)|(\w+ ?/?))')
HTTP_REQUEST = re.compile(r'>, (?:\[\{iov_base=)?"(?:PUT|POST|GET|HEAD|DELETE) ')


@dataclass(frozen=True)
class KillPoint:
    """`thread` of `victim` makes `call` for the n-th time, in the life of that name."""

    life: str
    victim: str
    thread: str
    call: str
    n: int
    doing: str = field(default="", compare=False)

    def __str__(self):
        return f"{self.life}: {self.victim}, {self.thread}: {self.call} #{self.n} {self.doing}".strip()


def live_large(client, told):
    with contextlib.suppress(*GONE):
        job = told.upload(client, LARGE)
        client.wait(job)
        told.delete(client, job)
        told.complete = True


class StackSweep:
    def __init__(self, folder, verbose=False):
        self.folder = Path(folder)
        self.verbose = verbose
        self.failures = []
        self.counts = collections.Counter()
        self.receiver = Receiver()  # each finish has to be in its outbox
        self.chosen = backends.Backends().make()
        settings = {**SETTINGS, **self.chosen.settings(), "SAFELIGHT_DATA": str(self.folder / "data"), "SAFELIGHT_RENDERS": "1",
                    "SAFELIGHT_UPLOADS_MAX": "8", "SAFELIGHT_WRITE_DEADLINE": "3s", "SAFELIGHT_WORKER_HEALTH": "127.0.0.1:0"}
        self.remains = Remains.of(settings)
        migrated = run_command("migrate", "up", cwd=self.folder, settings=settings)
        assert migrated.returncode == 0, migrated.stderr
        # What is asked for of many jobs is done by the worker, and not by the server, which looks for it as well.
        self.processes = {"server": SafelightProcess(self.folder / "server", {**settings, "SAFELIGHT_WORKERS": "0",
                                                                              "SAFELIGHT_RESCUE_INTERVAL": "1h"}),
                          "worker": SafelightProcess(self.folder / "worker", settings, command="worker")}
        self.lives = {**LIVES, "large": Life(live_large),
                      "many": replace(LIVES["many"], live=lambda client, told: live_many(client, told, self.worker_held))}
        self.names = {backends.host_and_port(server)[1]: server for server in ("postgres", "redis", "s3")}

    def __enter__(self):
        for process in self.processes.values():
            process.start()
        self.receiver.open()
        assert self.client().post_json("/v1/webhooks", {"url": self.receiver.url()}).status == 201
        return self

    def __exit__(self, *_):
        self.receiver.close()
        for process in self.processes.values():
            if process.running:
                process.kill()
        self.chosen.remove()

    def client(self):
        return Client(self.processes["server"].port)

    @contextlib.contextmanager
    def worker_held(self):
        """It finds all its work at once when it goes on, and does not ask for it a different number of times each time."""
        worker = self.processes["worker"]
        if worker.running:
            worker.send(signal.SIGSTOP)
        try:
            yield
        finally:
            if worker.running:
                worker.send(signal.SIGCONT)

    # --- finding the kill points ---

    def find_points(self, life, victim):
        """One life, everything noted that goes to others."""
        process = self._fresh(victim)
        told = self._prepared(life)
        names = thread_names(process)
        log = self.folder / "calls"
        tracer = attach(["strace", "-f", "-yy", "-s", "60", "-o", str(log), "-e",
                         "trace=" + ",".join(SENDS + RECEIVES), "-p", str(process.pid)])
        self._live_once(life, told, tracer)
        text = log.read_text(errors="replace")
        return [KillPoint(life, victim, *point) for point in points_of(text, names, self.names, whole_requests=life == "large")]

    def find_renderer_points(self, victim):
        """What the processes that decode pictures get and give."""
        process = self._fresh(victim)
        log = self.folder / "calls"
        tracer = attach_to_all(process.renderers(), RENDERER_CALLS, ["-o", str(log)])
        self._live_once("life", Acknowledged(), tracer)
        counts = collections.Counter(parse_call(line)[:2] for line in log.read_text(errors="replace").splitlines())
        return [KillPoint("life", victim, "renderer", call, n)
                for (_, call), count in counts.items() if call for n in range(1, count + 1)]

    def _prepared(self, life):
        told = Acknowledged()
        self.lives[life].prepare(self.client(), told)
        return told

    def _live_once(self, life, told, tracer):
        self.lives[life].live(self.client(), told)
        tracer.terminate()
        tracer.communicate(timeout=20)
        assert told.complete, "the life cycle has to work without a kill"
        self._clear(told)

    # --- one kill ---

    def kill_at(self, point):
        process = self._fresh(point.victim)
        told = self._prepared(point.life)
        if point.thread == "renderer":
            tids = process.renderers()
            is_dead = lambda: any(map(is_gone, tids))
        else:
            tids = [next(tid for tid, name in thread_names(process).items() if name == point.thread)]
            is_dead = lambda: not process.running
        tracer = attach_to_all(tids, [point.call],
                               ["-o", "/dev/null", "-e", f"inject={point.call}:signal=SIGKILL:when={point.n}"])
        living = threading.Thread(target=self._live_as_far_as_possible, args=(point.life, told), daemon=True)
        living.start()
        eventually(lambda: is_dead() or not living.is_alive(), timeout_s=60)
        self.counts["reached" if is_dead() else "not reached"] += 1
        tracer.terminate()
        tracer.communicate(timeout=20)
        if point.thread != "renderer":
            process.kill()  # also what was not reached, or is just about to be
            process.start()
        living.join(60)
        self._look_after(told, point)

    def _live_as_far_as_possible(self, life, told):
        with contextlib.suppress(AssertionError):  # refused, because of what was killed
            self.lives[life].live(self.client(), told)

    def _fresh(self, name):
        """Started anew: its threads do the same as in the first run."""
        process = self.processes[name]
        process.kill()
        return process.start()

    def _look_after(self, told, point):
        """Waits until the stack is quiet, and checks."""
        self.counts["kills"] += 1
        began = time.monotonic()
        try:
            told.go_on(self.client(), PICTURES[1])
            eventually(lambda: self.remains.is_quiet() and self.remains.hints.waiting() == 0, QUIET_WITHIN_S, interval_s=0.05,
                       describe=lambda: f"not quiet: {self.remains.rows('SELECT * FROM blobs')}")
            violations = check(self.remains, self.processes["server"].url, told.as_dict())
        except AssertionError as error:
            violations = [f"{type(error).__name__}: {error}"]
        if violations:
            self.failures.append((str(point), violations))
            print(f"FAILED at {point}", *violations, sep="\n    ", flush=True)
        elif self.verbose:
            print(f"ok     {point} ({time.monotonic() - began:.1f} s to rest)", flush=True)
        self._clear(told)

    def _clear(self, told):
        """The next one begins with nothing, so that a check costs the same each time."""
        client = self.client()
        for job in client.get("/v1/jobs?limit=200").json()["items"]:
            client.delete(f"/v1/jobs/{job['id']}")


def attach_to_all(tids, calls, options):
    """strace on these threads."""
    return attach(["strace", *options, "-e", "trace=" + ",".join(calls), *(word for tid in tids for word in ("-p", str(tid)))])


def without_repetitions(points):
    """Of what a duty does again and again, the first of each question."""
    asked = collections.Counter()
    kept = []
    for point in points:
        question = STATEMENT.search(point.doing)
        is_answer = point.doing.startswith("from ")
        key = (point.victim, point.life, point.thread, is_answer, question and question.groups())
        asked[key] += 1
        if point.thread not in DUTIES or asked[key] <= SAME_QUESTIONS_MAX_AT_WORK.get((point.life, point.thread), SAME_QUESTIONS_MAX):
            kept.append(point)
    return kept


def points_of(text, names, servers, whole_requests):
    """(thread, call, n, doing): every sending to a connection, and the first receiving after it. `whole_requests`: of what is
    sent to S3 only the beginning of each request, not each piece of a body."""
    counts = collections.Counter()
    answers_awaited = set()
    points = []
    for line in text.splitlines():
        thread, call, rest = parse_call(line)
        if thread not in names:
            continue
        counts[thread, call] += 1
        connection = CONNECTION.match(rest)
        if not connection:
            continue
        fd, peer = connection[1], servers.get(int(connection[2]), "client")
        told = f"{'to' if call in SENDS else 'from'} {peer} {rest.partition(', ')[2][:50]}"
        point = (names[thread], call, counts[thread, call], told)
        if call in SENDS:
            if peer == "s3" and whole_requests and not HTTP_REQUEST.search(rest):
                continue
            points.append(point)
            answers_awaited.add((thread, fd))
        elif (thread, fd) in answers_awaited:
            points.append(point)
            answers_awaited.discard((thread, fd))
    return points


def sample(points, count):
    """All of them, in an order in which any beginning is spread over the whole, `count` at a time."""
    stride = max(1, len(points) // count)
    return [point for first in range(stride) for point in points[first::stride]]


def sweep(folder, kills=None, verbose=False, share=shares.ALL):
    """Kills at every point, or at points spread over all until `kills` were reached; returns the StackSweep with its counts
    and failures. What a duty does between two questions of its own differs from life to life: some points are not reached."""
    began = time.monotonic()
    with StackSweep(folder, verbose) as run:
        points = without_repetitions([point for life, victim in (("life", "server"), ("large", "server"), ("many", "server"),
                                                                 ("life", "worker"), ("many", "worker"))
                                      for point in run.find_points(life, victim)])
        points += run.find_renderer_points("worker") + run.find_renderer_points("server")
        by_kind = collections.Counter((point.life, point.victim, point.thread, " ".join(point.doing.split()[:2]))
                                      for point in points)
        for kind, count in sorted(by_kind.items()):
            print(f"    {', '.join(filter(None, kind))}: {count}")
        run.counts["points"] = len(points)
        points = [point for point in points if share.has(point.life, point.victim, point.thread, point.call, point.n)]
        for point in points if kills is None else sample(points, kills)[:2 * kills]:
            if run.counts["reached"] == kills:
                break
            run.kill_at(point)
    print(f"{share}{run.counts['kills']} kills of {run.counts['points']} kill points ({run.counts['not reached']} were not reached), "
          f"{len(run.failures)} failures, {len(run.receiver.messages)} webhooks, {time.monotonic() - began:.0f} s")
    return run


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--all", action="store_true", help="every kill point")
    parser.add_argument("--kills", type=int, default=40, help="that many, spread over all kill points")
    parser.add_argument("--verbose", action="store_true")
    shares.add_argument(parser)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="safelight-sweep-") as folder:
        run = sweep(folder, None if arguments.all else arguments.kills, arguments.verbose, arguments.share)
    return 1 if run.failures else 0


if __name__ == "__main__":
    sys.exit(main())
