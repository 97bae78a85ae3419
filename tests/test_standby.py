"""A server that reads from a hot standby of PostgreSQL, beside one that writes: whatever becomes of the standby, what the one has
acknowledged the other shows."""

import concurrent.futures
import subprocess
import tempfile

import pytest

import backends
import pictures
from eventually import eventually
from http_client import Client
from safelight_process import REPOSITORY, SafelightProcess, run_command


class Standby:
    """A streaming standby of the server that ./test has started, made by the script that ./test uses."""

    def __init__(self, folder):
        self.folder = folder
        self.url = self._script(f"start_postgres_standby {folder} {backends.address('postgres')}"
                                " && echo $SAFELIGHT_TEST_POSTGRES").split()[-1]

    def _script(self, commands):
        done = subprocess.run(["bash", "-c", f". scripts/services.sh; . scripts/services/postgres.sh; {commands}"], cwd=REPOSITORY,
                              capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def stop(self):
        self._script(f"postgres_folder={self.folder}; stop_postgres")

    def pause(self):
        backends.psql("SELECT pg_wal_replay_pause()", self.url)
        eventually(lambda: backends.psql("SELECT pg_get_wal_replay_pause_state()", self.url) == "paused")

    def resume(self):
        backends.psql("SELECT pg_wal_replay_resume()", self.url)

    def connections(self, database):
        return int(backends.psql(f"SELECT count(*) FROM pg_stat_activity WHERE datname = '{database}'", self.url))


@pytest.fixture
def standby():
    # Not below pytest's folder, which the user of the server cannot enter.
    with tempfile.TemporaryDirectory(prefix="safelight-standby-") as folder:
        made = Standby(f"{folder}/server")
        yield made
        made.stop()


class Pair:
    def __init__(self, folder, chosen, standby):
        self.folder = folder
        self.settings = {**chosen.settings(), "SAFELIGHT_DATA": str(folder / "data"), "SAFELIGHT_BLOBS": f"file://{folder}/blobs"}
        self.reading = {**self.settings, "SAFELIGHT_CATALOG_READ": standby.url.rpartition("/")[0] + f"/{chosen.name}"}
        (folder / "blobs").mkdir()
        migrated = run_command("migrate", "up", cwd=folder, settings=self.settings)
        assert migrated.returncode == 0, migrated.stderr
        self.writer = SafelightProcess(folder / "writer", {**self.settings, "SAFELIGHT_WORKERS": "4"})
        self.reader = SafelightProcess(folder / "reader", {**self.reading, "SAFELIGHT_WORKERS": "0"})

    def doctor(self):
        return run_command("doctor", cwd=self.folder, settings=self.reading)

    def write_here_and_read_there(self, count=10):
        """As a client does whose requests go to one server or the other by chance."""
        writer, reader = Client(self.writer.port), Client(self.reader.port)
        for number in range(count):
            job = writer.upload(pictures.make(size=(100 + number, 80))).json()
            assert reader.get("/v1/jobs?limit=1").json()["items"][0]["id"] == job["id"]
            with concurrent.futures.ThreadPoolExecutor() as waiting:
                finished = waiting.submit(reader.wait, job["id"])
            assert finished.result()["status"] == "PROCESSED"
            variant = finished.result()["image"]["variants"][0]
            assert reader.get(variant["url"]).status == 200
            assert writer.delete(f"/v1/jobs/{job['id']}").status == 204
            assert reader.get(f"/v1/jobs/{job['id']}").status == 404
        assert reader.get("/readyz").status == 200


@pytest.fixture
def pair(tmp_path, standby):
    chosen = backends.Backends("postgres", "catalog", "folder").make()
    eventually(lambda: chosen.name in backends.psql("SELECT datname FROM pg_database", standby.url))
    made = Pair(tmp_path, chosen, standby)
    made.writer.start()
    made.reader.start()
    yield made
    made.reader.kill()
    made.writer.kill()
    chosen.remove()


def test_what_one_server_acknowledged_the_other_shows(pair, standby):
    pair.write_here_and_read_there()
    assert standby.connections(pair.settings["SAFELIGHT_CATALOG"].rpartition("/")[2]) > 0, "nothing was read from the standby"
    examined = pair.doctor()
    assert examined.returncode == 0, examined.stdout
    assert "standby   shows what is written within" in examined.stdout

    standby.pause()
    pair.write_here_and_read_there()
    examined = pair.doctor()
    assert examined.returncode == 1
    assert "FAIL  standby" in examined.stdout and "paused: `SELECT pg_wal_replay_resume()`" in examined.stdout

    standby.resume()
    pair.write_here_and_read_there()
    standby.stop()
    pair.write_here_and_read_there()
    examined = pair.doctor()
    assert examined.returncode == 1 and "FAIL  standby" in examined.stdout
