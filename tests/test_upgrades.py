"""Migrations that are killed, among ten thousand pictures (H1 of the fault catalogue)."""

import collections
import shutil
import sqlite3
import subprocess

import backends
import pictures
from house import newest_version
from http_client import Client
from kill_sweep import parse_call, spread
from many_rows import ROWS, multiply_rows, multiply_rows_of_postgres
from safelight_process import BINARY, SafelightProcess, clean_environment, run_command

FILE_CALLS = ("pwrite64", "write", "fsync", "fdatasync", "ftruncate", "unlink")


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
        newest = newest_version(settings(server.data), tmp_path)
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

    def test_postgres_with_ten_thousand_pictures(self, tmp_path, full, summarise):
        settings = lambda made: {**made.settings(), "SAFELIGHT_DATA": str(tmp_path / "data")}
        seed = backends.Backends(queue="catalog", store="folder").make()
        server = SafelightProcess(tmp_path / "seed", settings(seed))
        assert run_command("migrate", "up", cwd=tmp_path, settings=settings(seed)).returncode == 0
        job = Client(server.start().port).upload(pictures.make(), variants=[]).json()["id"]
        assert server.stop() == 0
        down = run_command("migrate", "down", "--steps", str(newest_version(settings(seed), tmp_path) - 1), cwd=tmp_path,
                           settings=settings(seed))
        assert down.returncode == 0, down.stderr
        multiply_rows_of_postgres(seed.database_url())
        whole = fingerprint_of_postgres(seed.database_url())
        assert whole.startswith(f"{ROWS} ")

        def fresh():
            made = backends.Backends(queue="catalog", store="folder")
            backends.psql(f"CREATE DATABASE {made.name} TEMPLATE {seed.name}")
            return made

        made = fresh()
        points = calls_of_migration(["sendto"], settings(made), tmp_path, lambda rest: "socket:" in rest)
        made.remove()
        assert len(points) >= 8
        chosen = points if full else spread(points, 6)
        killed = 0
        for call, n in chosen:
            made = fresh()
            killed += kill_migration(settings(made), tmp_path, call, n)
            # What the dead one had begun is rolled back by the server, which the next one may have to wait for.
            resumed = run_command("migrate", "up", cwd=tmp_path, settings=settings(made))
            assert resumed.returncode == 0, (call, n, resumed.stderr)
            assert fingerprint_of_postgres(made.database_url()) == whole, (call, n)
            if (call, n) == chosen[-1]:
                server = SafelightProcess(tmp_path / "again", settings(made)).start()
                assert Client(server.port).get(f"/v1/jobs/{job}").status == 200
                assert server.stop() == 0
            made.remove()
        seed.remove()
        assert killed >= len(chosen) * 3 / 4
        summarise(f"migration: PostgreSQL with {ROWS} pictures killed before {killed} of {len(points)} commands, resumed each time")


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


def fingerprint_of_postgres(url):
    """What has to be the same in every schema: how many, and a hash of what they are."""
    return backends.psql("SELECT count(*) || ' ' || md5(string_agg(concat_ws('|', j.id, i.id, i.owner, i.filename, i.sha256, "
                         "i.width_px, j.status, j.metadata), ',' ORDER BY j.id)) FROM jobs j JOIN images i ON i.id = j.image_id "
                         "JOIN blobs b ON b.key = i.blob", url)
