"""What measure.py and compare.py share: starting the server, running the load client, medians and tables."""

import json
import os
import pathlib
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
PRESETS = {"presets": {"square": {"resize": {"width": 200, "height": 200, "fit": "cover"}, "format": "jpeg", "quality": 80}}}
START_TIMEOUT_S = 20
STOP_TIMEOUT_S = 60


class Server:
    """A Safelight server of its own: a free loopback port, a fresh data folder, one 200×200 variant for each upload."""

    def __init__(self, build, data_parent=None, settings=(), keep=False):
        self.program = pathlib.Path(build).resolve() / "src/app/safelight"
        self.data_parent = data_parent
        self.keep = keep
        self.settings = dict(setting.split("=", 1) for setting in settings)

    def __enter__(self):
        if self.data_parent:
            pathlib.Path(self.data_parent).mkdir(parents=True, exist_ok=True)
        folder = self.folder = pathlib.Path(tempfile.mkdtemp(prefix="safelight-bench-", dir=self.data_parent))
        (folder / "presets.json").write_text(json.dumps(PRESETS))
        environment = {name: value for name, value in os.environ.items() if not name.startswith("SAFELIGHT_")}
        environment.update(SAFELIGHT_LISTEN="127.0.0.1:0", SAFELIGHT_DATA=str(folder / "data"),
                           SAFELIGHT_PRESETS=str(folder / "presets.json"), SAFELIGHT_DEFAULT_VARIANTS="square",
                           SAFELIGHT_LOG_FORMAT="json", **self.settings)
        self.log = folder / "server.log"
        with self.log.open("wb") as log:
            # In its own folder, where no .env lies.
            self.process = subprocess.Popen([self.program, "serve"], cwd=folder, env=environment, stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log)
        try:
            self.url = self._listening_url() + "/v1/jobs"
        except BaseException:
            self.__exit__()
            raise
        return self

    def _listening_url(self):
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline and self.process.poll() is None:
            for line in self.log.read_text(errors="replace").splitlines():
                if '"listening"' in line and line.endswith("}"):
                    return json.loads(line)["url"]
            time.sleep(0.02)
        raise SystemExit("the server did not start:\n" + self.log.read_text(errors="replace"))

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
        if code != 0:
            print(f"the server ended with {code}:\n" + self.log.read_text(errors="replace")[-2000:], file=sys.stderr)
        if self.keep:
            print(f"kept: {self.folder}", file=sys.stderr)
        else:
            shutil.rmtree(self.folder)


def run_client(build, url, picture, *, pids, arguments=(), may_fail=False):
    """One run of the load client; its JSON. Refused uploads and failed jobs end everything unless `may_fail`."""
    command = [pathlib.Path(build).resolve() / "bench/upload_load", "--url", url, "--json", "-", "--quiet"]
    for pid in pids:
        command += ["--pid", pid]
    if picture:
        command += ["--file", picture]
    done = subprocess.run([*map(str, command), *arguments], stdout=subprocess.PIPE, text=True)
    if not done.stdout:
        raise SystemExit(f"the load client ended with {done.returncode}")
    result = json.loads(done.stdout)
    if done.returncode != 0 and not may_fail:
        raise SystemExit(f"{result['errors']} uploads and {result['failed_jobs']} jobs failed: {result['first_error']}")
    return result


def make_pictures(build, folder):
    """A 2-megapixel square and one of about 50 KB, as the defaults."""
    pictures = []
    for side in (1448, 360):
        pictures.append(str(pathlib.Path(folder) / f"made-{side}x{side}.jpg"))
        client = pathlib.Path(build).resolve() / "bench/upload_load"
        subprocess.run([client, "--make", f"{side}x{side}", "--write-picture", pictures[-1]], check=True)
    return pictures


COLUMNS = [  # heading, how to read it from a result, digits
    ("jobs/s", lambda r: r["jobs_per_s"], 1),
    ("POST/s", lambda r: r["posts_per_s"], 1),
    ("p50 ms", lambda r: r["post_p50_ms"], 1),
    ("p90 ms", lambda r: r["post_p90_ms"], 1),
    ("p99 ms", lambda r: r["post_p99_ms"], 1),
    ("max ms", lambda r: r["post_max_ms"], 1),
    ("CPU ms/job", lambda r: r["server_cpu_ms_per_job"], 2),
    ("peak RSS MiB", lambda r: r["server_all"]["peak_rss_mib"], 1),
    ("PSS MiB", lambda r: r["server_all"]["pss_mib"], 1),
    ("client CPU s", lambda r: r["client_cpu_s"], 2),
    ("others cores", lambda r: r["others_cores"], 2),
]


def medians(results):
    return {heading: statistics.median(read(result) for result in results) for heading, read, _ in COLUMNS}


def header(first):
    return f"{first:<26}" + "".join(f" {heading:>{max(8, len(heading))}}" for heading, _, _ in COLUMNS)


def row(name, values):
    cells = (f" {values[heading]:>{max(8, len(heading))}.{digits}f}" for heading, _, digits in COLUMNS)
    return f"{name:<26}" + "".join(cells)


def single(result):
    """The columns of one result."""
    return medians([result])
