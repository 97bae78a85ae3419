"""Schemas and versions that change, and backups that do not fit together (H1–H3 of the fault catalogue)."""

import collections
import re
import shutil
import sqlite3
import subprocess
import time
import uuid

import pytest

import backends
import pictures
from check_invariants import check
from eventually import eventually
from house import House
from http_client import Client
from kill_sweep import parse_call, spread
from remains import Remains
from safelight_process import BINARY, SafelightProcess, clean_environment, run_command

FILE_CALLS = ("pwrite64", "write", "fsync", "fdatasync", "ftruncate", "unlink")
ROWS = 10_000


def traced(calls, log, *options):
    return ["strace", "-f", "-qq", "-y", "-o", str(log), "-e", "trace=" + ",".join(calls), *options, str(BINARY), "migrate", "up"]


def calls_of_migration(calls, settings, folder, matters):
    """[(call, n)]: those whose arguments matter."""
    log = folder / "calls"
    subprocess.run(traced(calls, log), env=clean_environment(settings), cwd=folder, check=True, capture_output=True, timeout=60)
    counts = collections.Counter()
    points = []
    for line in log.read_text(errors="replace").splitlines():
        _, call, rest = parse_call(line)
        if call:
            counts[call] += 1
            if matters(rest):
                points.append((call, counts[call]))
    return points


def kill_migration(settings, folder, call, n):
    """True when it died of that, and not before it."""
    ended = subprocess.run(traced([call], "/dev/null", "-e", f"inject={call}:signal=SIGKILL:when={n}"), cwd=folder,
                           env=clean_environment(settings), capture_output=True, timeout=60, check=False)
    return ended.returncode == -9 or ended.returncode == 137


class TestMigrationsKilledAtEachStep:
    """H1"""

    def test_sqlite_with_ten_thousand_pictures(self, tmp_path, full, summarise):
        server = SafelightProcess(tmp_path / "seed").start()
        job = Client(server.port).upload(pictures.make(), variants=[]).json()["id"]
        assert server.stop() == 0
        settings = lambda data: {"SAFELIGHT_DATA": str(data)}
        status = run_command("migrate", "status", cwd=tmp_path, settings=settings(server.data)).stdout
        newest = int(re.search(r"of (\d+)", status)[1])
        down = run_command("migrate", "down", "--steps", str(newest - 1), cwd=tmp_path, settings=settings(server.data))
        assert down.returncode == 0, down.stderr
        multiply_rows(server.data / "catalog.db")
        whole = fingerprint(server.data / "catalog.db")

        def fresh():
            shutil.rmtree(tmp_path / "run", ignore_errors=True)
            shutil.copytree(server.data, tmp_path / "run")
            return tmp_path / "run"

        points = calls_of_migration(FILE_CALLS, settings(fresh()), tmp_path, lambda rest: "catalog.db" in rest)
        chosen = points if full else spread(points, 8)
        killed = 0
        for call, n in chosen:
            data = fresh()
            killed += kill_migration(settings(data), tmp_path, call, n)
            resumed = run_command("migrate", "up", cwd=tmp_path, settings=settings(data))
            assert resumed.returncode == 0, (call, n, resumed.stderr)
            assert fingerprint(data / "catalog.db") == whole, (call, n)
        assert killed >= len(chosen) * 3 / 4
        server = SafelightProcess(tmp_path / "again", {"SAFELIGHT_DATA": str(data)}).start()
        assert Client(server.port).get(f"/v1/jobs/{job}").status == 200
        assert server.stop() == 0
        summarise(f"migration: SQLite with {ROWS} pictures killed at {killed} of {len(points)} calls, resumed each time")

    def test_postgres(self, tmp_path, full, summarise):
        def fresh():
            made = backends.Backends(queue="catalog", store="folder").make()
            return made, {**made.settings(), "SAFELIGHT_DATA": str(tmp_path / "data")}

        made, settings = fresh()
        points = calls_of_migration(["sendto"], settings, tmp_path, lambda rest: "socket:" in rest)
        made.remove()
        assert len(points) >= 8
        chosen = points if full else spread(points, 8)
        killed = 0
        for call, n in chosen:
            made, settings = fresh()
            killed += kill_migration(settings, tmp_path, call, n)
            # What the dead one had begun is rolled back by the server, which the next one may have to wait for.
            resumed = run_command("migrate", "up", cwd=tmp_path, settings=settings)
            assert resumed.returncode == 0, (call, n, resumed.stderr)
            tables = backends.psql("SELECT count(*) FROM pg_tables WHERE tablename IN ('jobs', 'images', 'variants', 'blobs')",
                                   made.database_url())
            assert tables == "4"
            made.remove()
        assert killed >= len(chosen) * 3 / 4
        summarise(f"migration: PostgreSQL killed before {killed} of {len(points)} commands, resumed each time")


def multiply_rows(path):
    """Copies of the one picture that is there, under ids of their own."""
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA foreign_keys = ON")
    template = {}
    for table in ("blobs", "images", "jobs"):
        cursor = connection.execute(f"SELECT * FROM {table}")
        template[table] = dict(zip([column[0] for column in cursor.description], cursor.fetchone()))
    for _ in range(ROWS - 1):
        key, image, job = (uuid.uuid4().bytes for _ in range(3))
        own = {"blobs": {"key": key}, "images": {"id": image, "blob": key}, "jobs": {"id": job, "image_id": image}}
        for table, ids in own.items():
            row = {**template[table], **ids}
            connection.execute(f"INSERT INTO {table} ({','.join(row)}) VALUES ({','.join('?' * len(row))})", list(row.values()))
    connection.commit()
    connection.close()


def fingerprint(path):
    """What has to be the same in every schema."""
    connection = sqlite3.connect(path)
    try:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        return connection.execute("SELECT j.id, i.id, i.owner, i.filename, i.sha256, i.width_px, j.status, j.metadata FROM "
                                  "jobs j JOIN images i ON i.id = j.image_id JOIN blobs b ON b.key = i.blob ORDER BY j.id").fetchall()
    finally:
        connection.close()


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


class TestOtherVersions:
    """H2"""

    def test_work_of_a_newer_version_is_left_to_it(self, house, chosen):
        """A transform that this version does not know: not failed, and in nobody's way."""
        sql = lambda statement: backends.psql(statement, chosen.database_url())
        for worker in house.workers:
            worker.kill()
        newer = house.client.upload(pictures.make()).json()["id"]
        sql(f"UPDATE variants SET transform = 'hologram(7)' WHERE image_id = (SELECT image_id FROM jobs WHERE id = '{newer}')")
        others = [house.client.upload(pictures.make(size=(200 + number, 150))).json()["id"] for number in range(10)]
        for worker in house.workers:
            worker.start()
        for job in others:
            assert house.client.wait(job)["status"] == "PROCESSED"
        time.sleep(3)  # longer than a lease: it was tried, and it is tried again
        assert sql(f"SELECT status FROM jobs WHERE id = '{newer}'") == "PROCESSING"
        assert sql("SELECT count(*) FROM variants WHERE status = 'failed'") == "0"
        assert house.client.get("/v1/jobs?limit=9").status == 200  # a page that gets to it is not: docs/reliability.md
        sql("UPDATE variants SET transform = (SELECT transform FROM variants WHERE status = 'ready' LIMIT 1) "
            "WHERE transform = 'hologram(7)'")
        assert house.client.wait(newer)["status"] == "PROCESSED"  # the newer version has come

    def test_a_newer_schema_is_refused_with_words(self, house, chosen):
        house.stop()
        before = backends.psql("SELECT count(*) FROM jobs", chosen.database_url())
        backends.psql("INSERT INTO schema_migrations SELECT 999, 'of the future', applied_at FROM schema_migrations LIMIT 1",
                      chosen.database_url())
        for command in (("serve",), ("worker",), ("migrate", "up"), ("migrate", "down"), ("migrate", "status"), ("doctor",),
                        ("reconcile",)):
            ended = house.command(*command)
            assert ended.returncode == 1, command
            assert "999" in ended.stderr + ended.stdout and "newer program" in ended.stderr + ended.stdout, (command, ended)
        assert backends.psql("SELECT count(*) FROM jobs", chosen.database_url()) == before


class TestBackupsThatDoNotFit:
    """H3: the catalog and the blobs are of different times."""

    @pytest.fixture
    def remains(self, house):
        return Remains.of(house.settings)

    def settled(self, house, remains, job):
        assert house.client.wait(job)["status"] == "PROCESSED"
        eventually(remains.is_quiet)

    def test_a_catalog_older_than_its_blobs(self, house, chosen, remains, tmp_path):
        kept = house.client.upload(pictures.make(size=(300, 200))).json()["id"]
        self.settled(house, remains, kept)
        backup = self.dump(chosen)
        forgotten = house.client.upload(pictures.make(size=(310, 200))).json()["id"]
        self.settled(house, remains, forgotten)
        house.stop()
        self.restore(chosen, backup)
        house.start()
        orphans = remains.blobs.keys() - {row["key"] for row in remains.rows("SELECT key FROM blobs")}
        assert len(orphans) == 2
        assert house.client.process(pictures.make(size=(320, 200)))["status"] == "PROCESSED"
        time.sleep(0.5)  # several sweeps, which touch nothing that the ledger does not know
        assert orphans <= remains.blobs.keys()
        assert house.command("reconcile").returncode == 0, "they may be somebody's who is just writing"
        told = house.command("reconcile", "--grace", "0s")
        assert told.returncode == 1 and "2 to clean up, 0 removed (dry run" in told.stdout
        assert all(orphan in told.stdout for orphan in orphans)
        assert orphans <= remains.blobs.keys(), "a dry run unless told otherwise"
        repaired = house.command("reconcile", "--grace", "0s", "--repair")
        assert repaired.returncode == 0 and "2 removed" in repaired.stdout
        eventually(remains.is_quiet)
        assert house.client.get(f"/v1/jobs/{forgotten}").status == 404
        assert check(remains, house.server.url) == []

    def test_blobs_older_than_their_catalog(self, house, remains):
        kept, damaged = (house.client.upload(pictures.make(size=(300 + number, 200))).json()["id"] for number in range(2))
        for job in (kept, damaged):
            self.settled(house, remains, job)
        image = house.client.get(f"/v1/jobs/{damaged}").json()["image"]
        gone = [row["blob"] for row in remains.rows(f"SELECT blob FROM images WHERE id = '{image['id']}' UNION ALL "
                                                    f"SELECT blob FROM variants WHERE image_id = '{image['id']}'")]
        for key in gone:
            remains.blobs.remove(key)
        told = house.command("reconcile", "--grace", "0s")
        assert told.returncode == 1 and "2 damaged or missing" in told.stdout
        assert all(key in told.stdout for key in gone)
        assert house.command("reconcile", "--grace", "0s", "--repair").returncode == 1, "damage is told, and not repaired"
        assert remains.rows("SELECT count(*) AS jobs FROM jobs") == [{"jobs": 2}]
        for url in (image["url"], image["variants"][0]["url"]):
            answer = house.client.get(url)
            assert answer.status >= 500 and answer.problem(), answer.status
        more = {"variants": [{"name": "tiny", "transform": {"resize": {"width": 20}}}]}
        assert house.client.post_json(f"/v1/jobs/{damaged}/variants", more).status == 202
        assert house.client.wait(damaged)["status"] == "FAILED"
        assert house.client.delete(f"/v1/jobs/{damaged}").status == 204
        eventually(remains.is_quiet)
        assert check(remains, house.server.url) == []

    @staticmethod
    def dump(chosen):
        return subprocess.run(["pg_dump", "--clean", "--if-exists", chosen.database_url()], capture_output=True, text=True,
                              timeout=60, check=True).stdout

    @staticmethod
    def restore(chosen, backup):
        backends.psql(backup, chosen.database_url())
