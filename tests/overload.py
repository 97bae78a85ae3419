#!/usr/bin/env python3
"""Many more clients than the machine can serve, some of whom send what is meant to hurt, and what became of it.

    overload.py [--seconds 120] [--clients 160] [--hostile 5] [--hostile-folder FOLDER] [--picture FILE]

A server of its own, with its usual limits but for a folder of data. Every client uploads one picture after the other on a
connection that it keeps; `--hostile` of a hundred uploads are of the pictures of FOLDER (default: of pictures made here that
lie about themselves). Somebody else asks for /healthz all the time. Then the uploads stop, and what was accepted has to end.
Prints what was seen; the exit status is 1 when something was not as promised: a status that is not 2xx, 4xx or 503, a job
that was accepted and did not end, memory above the cap, /healthz slower than 250 ms at the 99th percentile.
"""

import argparse
import asyncio
import collections
import random
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import pictures
from eventually import eventually
from http_client import Client
from safelight_process import SafelightProcess

HEALTH_P99_MS_MAX = 250
MEMORY_CAP_BYTES = 4 << 30  # what a worker of the Kubernetes manifests may take
GONE = (ConnectionError, asyncio.IncompleteReadError, OSError)


@dataclass
class Seen:
    statuses: collections.Counter = field(default_factory=collections.Counter)
    accepted: list = field(default_factory=list)
    latencies_ms: list = field(default_factory=list)
    health_ms: list = field(default_factory=list)
    broken_connections: int = 0
    without_retry_after: int = 0
    peak_rss_bytes: int = 0
    peak_pss_bytes: int = 0


def hostile_pictures(folder=None):
    """Bytes that claim to be pictures."""
    if folder:
        return [path.read_bytes() for path in sorted(Path(folder).iterdir()) if path.is_file() and path.stat().st_size < 5_000_000]
    honest = pictures.make("jpeg", (640, 480))
    png = bytearray(pictures.make("png", (64, 64)))
    png[16:24] = (60_000).to_bytes(4, "big") * 2  # a header that promises 3.6 gigapixels
    return [honest[:len(honest) // 2], bytes(png), honest[:600] + b"\xff" * 5_000, b"GIF89a" + bytes(100), b"\x00" * 1_000]


async def read_answer(reader):
    """Status, header fields in lower case, body."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    fields = dict(line.lower().split(": ", 1) for line in head[1:] if ": " in line)
    return int(head[0].split()[1]), fields, await reader.readexactly(int(fields.get("content-length", 0)))


def upload_request(content):
    return (b"POST /v1/jobs HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/octet-stream\r\n"
            b"Content-Length: %d\r\n\r\n" % len(content)) + content


class Uploader:
    """One of the crowd."""

    def __init__(self, port, seen):
        self.port, self.seen = port, seen
        self.reader = self.writer = None

    async def upload(self, request):
        if self.writer is None:
            self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        began = time.monotonic()
        try:
            self.writer.write(request)
            status, fields, body = await read_answer(self.reader)
        except GONE:
            self.seen.broken_connections += 1
            self.hang_up()
            return None
        self.seen.latencies_ms.append((time.monotonic() - began) * 1e3)
        self.seen.statuses[status] += 1
        if status == 202:
            self.seen.accepted.append(body.split(b'"id":"', 1)[1][:36].decode())
        if fields.get("connection") == "close":
            self.hang_up()
        if status not in (429, 503):
            return None
        self.seen.without_retry_after += "retry-after" not in fields
        return float(fields.get("retry-after", 1))

    def hang_up(self):
        self.writer.close()
        self.reader = self.writer = None

    async def upload_until(self, end, choose):
        while time.monotonic() < end:
            try:
                wait_s = await self.upload(choose())
            except OSError:
                self.seen.broken_connections += 1
                wait_s = 0.1
            if wait_s:
                await asyncio.sleep(min(wait_s, max(0, end - time.monotonic())))


async def ask_for_health(port, end, seen):
    while time.monotonic() < end:
        began = time.monotonic()
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
            status, _, _ = await read_answer(reader)
            writer.close()
        except GONE:
            seen.broken_connections += 1
        else:
            seen.statuses[status] += 1
            seen.health_ms.append((time.monotonic() - began) * 1e3)
        await asyncio.sleep(0.05)


def memory_of(pids, name):
    total = 0
    for pid in pids:
        try:
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue  # a renderer process that has just ended
        total += sum(int(line.split()[1]) << 10 for line in lines if line.startswith(name + ":"))
    return total


async def watch_memory(server, end, seen):
    while time.monotonic() < end:
        pids = [server.pid, *server.renderers()]
        seen.peak_rss_bytes = max(seen.peak_rss_bytes, memory_of(pids, "Rss"))
        seen.peak_pss_bytes = max(seen.peak_pss_bytes, memory_of(pids, "Pss"))
        await asyncio.sleep(0.5)


async def overload(server, seconds, clients, hostile_percent, honest, hostile, seed=1):
    """Returns what was Seen."""
    seen = Seen()
    chance = random.Random(seed)
    honest_request = upload_request(honest)
    hostile_requests = [upload_request(content) for content in hostile]
    choose = lambda: chance.choice(hostile_requests) if chance.random() * 100 < hostile_percent else honest_request
    end = time.monotonic() + seconds
    crowd = [Uploader(server.port, seen) for _ in range(clients)]
    await asyncio.gather(*(one.upload_until(end, choose) for one in crowd), ask_for_health(server.port, end, seen),
                         watch_memory(server, end, seen))
    return seen


def unfinished_of(client, accepted):
    """Of the jobs that were accepted, those that have not ended, by what they are."""
    status_of, path = {}, "/v1/jobs?limit=200"
    while path:
        page = client.get(path).json()
        status_of.update((job["id"], job["status"]) for job in page["items"])
        path = page["next_cursor"] and f"/v1/jobs?limit=200&cursor={page['next_cursor']}"
    return {job_id: status_of.get(job_id, "missing") for job_id in accepted
            if status_of.get(job_id) not in ("PROCESSED", "FAILED")}


def wait_until_idle(client, timeout_s):
    """The crowd's connections may still be there for a moment, which is a 503."""
    def is_idle():
        page = client.get("/v1/jobs?status=PROCESSING&limit=1")
        return page.status == 200 and not page.json()["items"]
    eventually(is_idle, timeout_s=timeout_s, interval_s=0.2)


def percentile(values, share):
    return statistics.quantiles(values, n=1000)[round(share * 1000) - 1] if len(values) > 1 else 0


def broken_promises(seen, unfinished):
    wrong = {status: count for status, count in seen.statuses.items() if not (200 <= status < 500 or status == 503)}
    promises = {
        f"statuses other than 2xx, 4xx and 503: {wrong}": not wrong,
        f"{seen.without_retry_after} answers of 429 or 503 without Retry-After": not seen.without_retry_after,
        f"{len(unfinished)} accepted jobs have not ended: {list(unfinished.items())[:5]}": not unfinished,
        f"{len(seen.accepted) - len(set(seen.accepted))} jobs were accepted twice": len(set(seen.accepted)) == len(seen.accepted),
        f"memory above the cap: {seen.peak_rss_bytes >> 20} MiB": seen.peak_rss_bytes <= MEMORY_CAP_BYTES,
    }
    return [what for what, holds in promises.items() if not holds]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--clients", type=int, default=160, help="ten times as many as saturate two processors")
    parser.add_argument("--hostile", type=float, default=5, help="percent of the uploads")
    parser.add_argument("--hostile-folder", type=Path)
    parser.add_argument("--picture", type=Path)
    arguments = parser.parse_args()
    honest = arguments.picture.read_bytes() if arguments.picture else pictures.make("jpeg", (360, 360))
    with tempfile.TemporaryDirectory() as folder:
        usual = {name: None for name in ("SAFELIGHT_KEYS_AHEAD_MAX", "SAFELIGHT_RESCUE_INTERVAL", "SAFELIGHT_SWEEP_INTERVAL")}
        server = SafelightProcess(folder, {"SAFELIGHT_LOG_LEVEL": "info"})
        server.settings = {name: value for name, value in server.settings.items() if name not in usual}
        server.start()
        pid = server.pid
        try:
            seen = asyncio.run(overload(server, arguments.seconds, arguments.clients, arguments.hostile, honest,
                                        hostile_pictures(arguments.hostile_folder)))
            began = time.monotonic()
            client = Client(server.port)
            wait_until_idle(client, timeout_s=600)
            drained_s = time.monotonic() - began
            unfinished = unfinished_of(client, seen.accepted)
            assert server.running and server.pid == pid
        finally:
            server.stop()
    health_p99 = percentile(seen.health_ms, 0.99)
    print(f"{arguments.clients} clients for {arguments.seconds:g} s, {arguments.hostile:g} % of the uploads hostile")
    print("statuses:", ", ".join(f"{status}: {count}" for status, count in sorted(seen.statuses.items())))
    print(f"connections that broke: {seen.broken_connections}")
    print(f"accepted: {len(seen.accepted)}, all ended {drained_s:.1f} s after the last upload; not ended: {len(unfinished)}")
    print(f"POST: p50 {percentile(seen.latencies_ms, 0.5):.0f} ms, p99 {percentile(seen.latencies_ms, 0.99):.0f} ms")
    print(f"/healthz: {len(seen.health_ms)} times, p50 {percentile(seen.health_ms, 0.5):.1f} ms, p99 {health_p99:.1f} ms, "
          f"at most {max(seen.health_ms):.1f} ms")
    print(f"memory at its peak: RSS {seen.peak_rss_bytes >> 20} MiB, PSS {seen.peak_pss_bytes >> 20} MiB")
    broken = broken_promises(seen, unfinished)
    if health_p99 > HEALTH_P99_MS_MAX:
        broken.append(f"/healthz took {health_p99:.0f} ms at the 99th percentile")
    for what in broken:
        print("NOT AS PROMISED:", what)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
