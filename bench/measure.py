#!/usr/bin/env python3
"""Measures a server that it starts and stops itself. Usually called by run.sh, which builds what it needs."""

import argparse
import json
import pathlib
import re
import tempfile

import harness

MEMORY_CLIENTS = 100
MEMORY_BYTES = "20MB"


def parse_arguments():
    parser = argparse.ArgumentParser(description="Runs of the load client against a fresh server; medians.")
    parser.add_argument("pictures", nargs="*", help="default: a made 1448×1448 and a made 360×360 JPEG")
    parser.add_argument("--runs", type=int, default=5, help="counted runs for each picture (default 5)")
    parser.add_argument("--count", type=int, default=300, help="uploads in a run (default 300)")
    parser.add_argument("--clients", type=int, default=16, help="uploads in flight at once (default 16)")
    parser.add_argument("--warm-up", type=int, default=300, help="uploads before the first run (default 300)")
    parser.add_argument("--memory", action="store_true",
                        help=f"instead: {MEMORY_CLIENTS} clients upload {MEMORY_BYTES} each at once; the server's memory")
    parser.add_argument("--build", default=harness.ROOT / "build/release", help="the build folder (default build/release)")
    parser.add_argument("--data", help="where the server's data folder is made (default: the temporary folder)")
    parser.add_argument("--set", action="append", default=[], metavar="SAFELIGHT_X=Y", help="a setting of the server")
    parser.add_argument("--keep", action="store_true", help="leave the data folder: deleting slows the runs of the next minutes")
    parser.add_argument("--json", help="also writes every run to this file")
    return parser.parse_args()


def measure_speed(arguments, server, pictures):
    results = []
    print(harness.header("picture"))
    for picture in pictures:
        load = ["--clients", str(arguments.clients), "--count", str(arguments.count)]
        pids = [f"safelight={server.process.pid}"]
        runs = []
        for number in range(arguments.runs):
            warm_up = ["--warm-up", str(arguments.warm_up if number == 0 else 32)]
            runs.append(harness.run_client(arguments.build, server.url, picture, pids=pids, arguments=load + warm_up))
        print(harness.row(pathlib.Path(picture).name, harness.medians(runs)), flush=True)
        results += runs
    print(f"Medians of {arguments.runs} runs of {arguments.count} uploads by {arguments.clients} clients.")
    return results


def peak_rss_mib(pid):
    """Of a process, and of each of its children."""
    children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    peaks = (re.search(r"VmHWM:\s+(\d+) kB", pathlib.Path(f"/proc/{each}/status").read_text()) for each in [pid, *children])
    return [int(peak[1]) / 1024 for peak in peaks]


def measure_memory(arguments, server):
    held = ["--make", "360x360", "--pad", MEMORY_BYTES, "--hold", "--clients", str(MEMORY_CLIENTS)]
    result = harness.run_client(arguments.build, server.url, None, pids=[f"safelight={server.process.pid}"],
                                arguments=held, may_fail=True)
    while_held = result["server_while_held"]["safelight"]
    print(f"{result['held']} uploads of {result['file_bytes']} bytes in flight at once")
    print(f"  accepted {result['accepted']}, errors {result['errors']} {result['first_error']}, failed jobs {result['failed_jobs']}")
    print(f"  while all were half sent: PSS {while_held['pss_mib']:.1f} MiB")
    server_peak, *renderer_peaks = peak_rss_mib(server.process.pid)
    print(f"  peak RSS of the server process: {server_peak:.1f} MiB; of each of its {len(renderer_peaks)} renderer processes at most "
          f"{max(renderer_peaks, default=0):.1f} MiB")
    print(f"  all of them added up, with what they share counted for each: {result['server_all']['peak_rss_mib']:.1f} MiB; "
          f"PSS afterwards {result['server_all']['pss_mib']:.1f} MiB")
    print(f"  {result['total_s']:.2f} s until all were processed, {result['server_all']['cpu_s']:.2f} CPU s")
    return [result]


def main():
    arguments = parse_arguments()
    with tempfile.TemporaryDirectory(prefix="safelight-bench-") as folder:
        pictures = arguments.pictures or harness.make_pictures(arguments.build, folder)
        pictures = [str(pathlib.Path(picture).resolve()) for picture in pictures]
        with harness.Server(arguments.build, arguments.data, arguments.set, arguments.keep) as server:
            results = measure_memory(arguments, server) if arguments.memory else measure_speed(arguments, server, pictures)
    if arguments.json:
        pathlib.Path(arguments.json).write_text("".join(json.dumps(result) + "\n" for result in results))


if __name__ == "__main__":
    main()
