#!/usr/bin/env python3
"""Runs Safelight and another image server in turns (A B A B …) with the same client; prints medians and their ratios.

Safelight is built, started and stopped by this program (run.sh --build-only builds it). The peer is any server that takes
a picture by multipart/form-data and tells by JSON when its work is done; the caller starts it before, and stops it after.
It should do the same work: one 200×200 `cover` JPEG of quality 80. An example is in README.md.
"""

import argparse
import json
import pathlib
import tempfile

import harness


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pictures", nargs="*", help="default: a made 1448×1448 and a made 360×360 JPEG")
    parser.add_argument("--peer-name", default="peer")
    parser.add_argument("--peer-url", required=True, help="where the peer takes pictures")
    parser.add_argument("--peer-status-url", help="where it tells about a job, with {id} (default: URL/{id})")
    parser.add_argument("--peer-field", default="file", help="its form field (default file)")
    parser.add_argument("--peer-status-path", default="status", help="the state's place in its answer (default status)")
    parser.add_argument("--peer-done", default="PROCESSED,COMPLETED,DONE,SUCCEEDED", help="its end states")
    parser.add_argument("--peer-pids", action="append", default=[], metavar="NAME=PID,…",
                        help="every process that it needs, its database and queue too: CPU and memory are their sums")
    parser.add_argument("--peer-waits", action="store_true", help="it knows Prefer: wait (default: asked every 20 ms)")
    parser.add_argument("--peer-warm-up", type=int, default=1500, help="uploads before its first run (default 1500)")
    parser.add_argument("--runs", type=int, default=5, help="counted runs of each (default 5)")
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--warm-up", type=int, default=300, help="uploads before the first run of Safelight (default 300)")
    parser.add_argument("--build", default=harness.ROOT / "build/release")
    parser.add_argument("--data", help="where Safelight's data folder is made; the same disk as the peer's")
    parser.add_argument("--set", action="append", default=[], metavar="SAFELIGHT_X=Y", help="a setting of Safelight")
    parser.add_argument("--keep", action="store_true", help="leave the data folder: deleting slows the runs of the next minutes")
    parser.add_argument("--json", help="also writes every run to this file")
    return parser.parse_args()


def peer_load(arguments):
    load = ["--field", arguments.peer_field, "--status-path", arguments.peer_status_path, "--done", arguments.peer_done]
    if arguments.peer_status_url:
        load += ["--status-url", arguments.peer_status_url]
    if not arguments.peer_waits:
        load += ["--poll"]
    return load


class Contestant:
    def __init__(self, arguments, name, url, pids, load, warm_up):
        self.arguments, self.name, self.url, self.pids, self.load, self.warm_up = arguments, name, url, pids, load, warm_up

    def run(self, picture, is_first):
        load = ["--clients", str(self.arguments.clients), "--count", str(self.arguments.count),
                "--warm-up", str(self.warm_up if is_first else 32)]
        result = harness.run_client(self.arguments.build, self.url, picture, pids=self.pids, arguments=self.load + load)
        print(harness.row("  " + self.name, harness.single(result)), flush=True)
        return {"server_name": self.name, **result}


def ratio(ours, theirs):
    return f"{ours / theirs:.2f}×" if theirs else "–"


def compare(arguments, contestants, picture):
    print(harness.header(pathlib.Path(picture).name))
    results = {contestant.name: [] for contestant in contestants}
    for number in range(arguments.runs):
        for contestant in contestants:
            results[contestant.name].append(contestant.run(picture, number == 0))
    ours, theirs = (harness.medians(results[contestant.name]) for contestant in contestants)
    print(harness.row("median safelight", ours))
    print(harness.row("median " + arguments.peer_name, theirs))
    ratios = (f"{heading} {ratio(ours[heading], theirs[heading])}" for heading in
              ("jobs/s", "p50 ms", "p99 ms", "CPU ms/job", "peak RSS MiB", "PSS MiB"))
    print("ratio, ours to theirs:     " + ", ".join(ratios), flush=True)
    return [result for runs in results.values() for result in runs]


def main():
    arguments = parse_arguments()
    peer_pids = [pid for pids in arguments.peer_pids for pid in pids.replace(",", " ").split()]
    results = []
    with tempfile.TemporaryDirectory(prefix="safelight-bench-") as folder:
        pictures = arguments.pictures or harness.make_pictures(arguments.build, folder)
        pictures = [str(pathlib.Path(picture).resolve()) for picture in pictures]
        with harness.Server(arguments.build, arguments.data, arguments.set, arguments.keep) as server:
            contestants = [
                Contestant(arguments, "safelight", server.url, [f"safelight={server.process.pid}"], [], arguments.warm_up),
                Contestant(arguments, arguments.peer_name, arguments.peer_url, peer_pids, peer_load(arguments),
                           arguments.peer_warm_up)]
            for picture in pictures:
                results += compare(arguments, contestants, picture)
    if arguments.json:
        pathlib.Path(arguments.json).write_text("".join(json.dumps(result) + "\n" for result in results))


if __name__ == "__main__":
    main()
