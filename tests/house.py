"""A server without workers and two workers, in processes of their own over the same backends."""

import re

import pytest

import backends
from baseline import Baseline
from http_client import Client
from safelight_process import SafelightProcess, run_command


class House:
    """A server without workers and two workers, over the same backends."""

    def __init__(self, folder, settings):
        self.settings = {"SAFELIGHT_DATA": str(folder / "data"), "SAFELIGHT_LEASE": "2s", "SAFELIGHT_UPLOADS_MAX": "32", **settings}
        self.folder = folder
        migrated = self.command("migrate", "up")
        assert migrated.returncode == 0, migrated.stderr
        self.server = SafelightProcess(folder / "server", {**self.settings, "SAFELIGHT_WORKERS": "0"})
        self.workers = [SafelightProcess(folder / f"worker-{number}",
                                         {**self.settings, "SAFELIGHT_WORKERS": "4", "SAFELIGHT_WORKER_HEALTH": "127.0.0.1:0"},
                                         command="worker") for number in range(2)]

    def start(self):
        for process in (self.server, *self.workers):
            process.start()
        return self

    def stop(self):
        for process in (self.server, *self.workers):
            if process.running:
                assert process.stop() == 0, process.log_tail()

    def kill(self):
        for process in (self.server, *self.workers):
            process.kill()

    def command(self, *arguments, settings=None):
        return run_command(*arguments, cwd=self.folder, settings={**self.settings, **(settings or {})})

    def baselines(self):
        """Of its processes, which are idle now."""
        return [Baseline(process) for process in (self.server, *self.workers)]

    @property
    def client(self):
        return Client(self.server.port)


def newest_version(settings, folder):
    """Of the schema, as the program knows it."""
    return int(re.search(r"of (\d+)", run_command("migrate", "status", cwd=folder, settings=settings).stdout)[1])


@pytest.fixture
def chosen():
    made = backends.Backends().make()
    yield made
    made.remove()


@pytest.fixture
def house(chosen, tmp_path):
    started = House(tmp_path, chosen.settings()).start()
    yield started
    started.kill()
