"""One `safelight serve` or `safelight worker` under test: started, watched through its log, stopped, killed, started again."""

import json
import os
import signal
import subprocess
import threading
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
BINARY = Path(os.environ.get("SAFELIGHT_BINARY", REPOSITORY / "build/release/src/app/safelight")).absolute()

# Short intervals, so that tests see rescues and sweeps soon, and nothing in the ledger that nobody needs yet, so that
# tests can say what is in it; a test may set others.
TEST_SETTINGS = {
    "SAFELIGHT_LISTEN": "127.0.0.1:0",
    "SAFELIGHT_LOG_FORMAT": "json",
    "SAFELIGHT_FREE_SPACE_MIN": "0",
    "SAFELIGHT_KEYS_AHEAD_MAX": "0",
    "SAFELIGHT_SWEEP_INTERVAL": "100ms",
    "SAFELIGHT_RESCUE_INTERVAL": "200ms",
    "SAFELIGHT_BACKOFF_BASE": "50ms",
    "SAFELIGHT_DRAIN_TIMEOUT": "10s",
}


def clean_environment(settings):
    """The caller's environment without its SAFELIGHT_ variables, and with `settings`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SAFELIGHT_")}
    return {**kept, **{name: str(value) for name, value in settings.items()}}


def run_command(*arguments, settings=None, cwd, timeout=60, stdin=subprocess.DEVNULL):
    """Runs the program to its end; returns the CompletedProcess with texts."""
    return subprocess.run([str(BINARY), *map(str, arguments)], cwd=cwd, env=clean_environment(settings or {}),
                          stdin=stdin, capture_output=True, text=True, timeout=timeout, check=False)


class ServerDied(Exception):
    """The process ended while something was waited for."""


class SafelightProcess:
    """`wrapper` goes before the program's name (strace …); the process is then the wrapper's child. `prepare` is called in the
    new process before it becomes the program (limits)."""

    def __init__(self, folder, settings=None, wrapper=(), command="serve", prepare=None):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.data = self.folder / "data"
        self.log_path = self.folder / "server.log"
        self.settings = {**TEST_SETTINGS, "SAFELIGHT_DATA": str(self.data), **(settings or {})}
        self.wrapper = list(wrapper)
        self.command = command
        self.prepare = prepare
        self.port = None
        self._process = None
        self._events = []
        self._lines = []
        self._ended = False
        self._news = threading.Condition()
        self._reader = None

    def start(self, event="listening", timeout_s=20):
        """Until the log has the event; one that listens has a port from then on."""
        self._events, self._lines, self._ended, self.port = [], [], False, None
        self._process = subprocess.Popen([*self.wrapper, str(BINARY), self.command], cwd=self.folder,
                                         env=clean_environment(self.settings), stdin=subprocess.DEVNULL,
                                         stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, preexec_fn=self.prepare)
        self._reader = threading.Thread(target=self._read_log, args=(self._process.stderr,), daemon=True)
        self._reader.start()
        started = self.wait_for_event(event, timeout_s=timeout_s)
        if "url" in started:
            self.port = int(started["url"].rsplit(":", 1)[1].rstrip("/"))
        return self

    def _read_log(self, stream):
        with open(self.log_path, "ab") as log, stream:
            for line in stream:
                log.write(line)
                log.flush()
                with self._news:
                    self._lines.append(line.decode(errors="replace"))
                    try:
                        self._events.append(json.loads(line))
                    except ValueError:
                        pass
                    self._news.notify_all()
        with self._news:
            self._ended = True
            self._news.notify_all()

    def wait_for_event(self, name, matching=lambda event: True, timeout_s=20):
        """The first log event of that name that matches, past or to come."""
        def found():
            return next((e for e in self._events if e.get("event") == name and matching(e)), None)

        with self._news:
            self._news.wait_for(lambda: found() or self._ended, timeout_s)
            event = found()
        if event is not None:
            return event
        if self._ended:
            raise ServerDied(f"the server ended before it logged {name!r}\n{self.log_tail()}")
        raise TimeoutError(f"no {name!r} in the log within {timeout_s} s\n{self.log_tail()}")

    def events(self, name=None):
        with self._news:
            return [event for event in self._events if name is None or event.get("event") == name]

    def log_tail(self, lines=60):
        with self._news:
            return "".join(self._lines[-lines:])

    @property
    def pid(self):
        """The server's own process, also below a wrapper."""
        if not self.wrapper:
            return self._process.pid
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()
        return int(children[0])

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    @property
    def running(self):
        return self._process is not None and self._process.poll() is None

    def send(self, number):
        os.kill(self.pid, number)

    def wait(self, timeout_s=30):
        """The exit status, as subprocess tells it (negative: the signal)."""
        status = self._process.wait(timeout_s)
        self._reader.join(timeout_s)
        return status

    def stop(self, number=signal.SIGTERM, timeout_s=30):
        if self.running:
            self.send(number)
        return self.wait(timeout_s)

    def kill(self):
        if self.running:
            self.send(signal.SIGKILL)
        return self.wait()

    def restart(self):
        """Starts again after a stop or a kill; another port."""
        assert not self.running
        return self.start()

    def _status_bytes(self, field, pid=None):
        for line in Path(f"/proc/{pid or self.pid}/status").read_text().splitlines():
            if line.startswith(field + ":"):
                return int(line.split()[1]) * 1024
        raise KeyError(field)

    def rss_bytes(self):
        return self._status_bytes("VmRSS")

    def rss_peak_bytes(self):
        return self._status_bytes("VmHWM")

    def renderers_peak_bytes(self):
        """Of the largest of its renderer processes that are there now."""
        peaks = []
        for pid in self.renderers():
            try:
                peaks.append(self._status_bytes("VmHWM", pid))
            except (OSError, KeyError):
                pass  # gone meanwhile
        return max(peaks, default=0)

    def cpu_seconds(self):
        """Of its own process and the renderers that are there now."""
        return sum(time.clock_gettime(~pid << 3 | 2) for pid in [self.pid, *self.renderers()])  # CPUCLOCK_SCHED

    def renderers(self):
        """The ids of its renderer processes."""
        found = []
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                status = (entry / "status").read_text()
                command = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue  # gone meanwhile
            if f"\nPPid:\t{self.pid}\n" in status and command[1:2] == [b"renderer"]:
                found.append(int(entry.name))
        return sorted(found)

    def open_files(self):
        """What is open, by what the descriptors lead to. Left out is what grows on demand: the catalog's connection pool,
        and a file in memory for the next output of each renderer process."""
        folder = Path(f"/proc/{self.pid}/fd")
        targets = []
        for name in os.listdir(folder):
            try:
                targets.append(os.readlink(folder / name))
            except FileNotFoundError:
                pass  # closed meanwhile
        outputs = [target for target in targets if target.startswith("/memfd:")]
        assert len(outputs) <= len(self.renderers()), outputs
        return sorted(target for target in targets if "/catalog.db" not in target and target not in outputs)

    def threads(self):
        return sorted(int(name) for name in os.listdir(f"/proc/{self.pid}/task"))
