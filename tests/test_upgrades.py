"""Schemas and versions that change, and backups that do not fit together (H1–H3 of the fault catalogue)."""

import collections
import json
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
from contract import Contract
from eventually import eventually
from house import House
from http_client import Client
from kill_sweep import parse_call, spread
from remains import Remains
from safelight_process import BINARY, SafelightProcess, clean_environment, run_command
from uploader import Uploader, assert_nothing_is_lost

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


def newest_version(settings, folder):
    """The program's."""
    return int(re.search(r"of (\d+)", run_command("migrate", "status", cwd=folder, settings=settings).stdout)[1])


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


def multiply_rows_of_postgres(url):
    """Copies of one of the pictures that are there, in whatever schema; without bytes of their own."""
    backends.psql(f"""
        BEGIN;
        CREATE TEMP TABLE template AS SELECT id AS job, image_id AS image, (SELECT blob FROM images WHERE id = image_id) AS blob
            FROM jobs ORDER BY id LIMIT 1;
        CREATE TEMP TABLE copies AS SELECT gen_random_uuid() AS job, gen_random_uuid() AS image, gen_random_uuid() AS blob
            FROM generate_series(2, {ROWS});
        INSERT INTO blobs SELECT (jsonb_populate_record(blobs, jsonb_build_object('key', copies.blob))).*
            FROM copies, blobs WHERE blobs.key = (SELECT blob FROM template);
        INSERT INTO images SELECT (jsonb_populate_record(images, jsonb_build_object('id', copies.image, 'blob', copies.blob))).*
            FROM copies, images WHERE images.id = (SELECT image FROM template);
        INSERT INTO jobs SELECT (jsonb_populate_record(jobs, jsonb_build_object('id', copies.job, 'image_id', copies.image))).*
            FROM copies, jobs WHERE jobs.id = (SELECT job FROM template);
        COMMIT;""", url)


def remove_copies(url):
    """What multiply_rows_of_postgres has made: our own ids are of version 7, those are of version 4."""
    backends.psql("""
        BEGIN;
        DELETE FROM jobs WHERE substr(id::text, 15, 1) = '4';
        DELETE FROM images WHERE substr(id::text, 15, 1) = '4';
        DELETE FROM blobs WHERE substr(key::text, 15, 1) = '4';
        COMMIT;""", url)


def fingerprint_of_postgres(url):
    """What has to be the same in every schema: how many, and a hash of what they are."""
    return backends.psql("SELECT count(*) || ' ' || md5(string_agg(concat_ws('|', j.id, i.id, i.owner, i.filename, i.sha256, "
                         "i.width_px, j.status, j.metadata), ',' ORDER BY j.id)) FROM jobs j JOIN images i ON i.id = j.image_id "
                         "JOIN blobs b ON b.key = i.blob", url)


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


class Migration:
    """One that is to come, applied and noted as the program would that knows it."""

    def __init__(self, chosen, version, compatible_from, up, down):
        self.url = chosen.database_url()
        self.version, self.compatible_from, self._up, self._down = version, compatible_from, up, down

    def up(self):
        self._run(f"{self._up}; INSERT INTO schema_migrations (version, name, applied_at, compatible_from) "
                  f"VALUES ({self.version}, '{self.version:04}_to_come', 0, {self.compatible_from})")

    def down(self):
        self._run(f"{self._down}; DELETE FROM schema_migrations WHERE version = {self.version}")

    def _run(self, statements):
        backends.psql("BEGIN; SELECT pg_advisory_xact_lock(hashtextextended('safelight migrations of ' || current_schema(), 0)); "
                      f"{statements}; COMMIT", self.url)


class TestRollingUpgrades:
    """H1, H2: the schema of a version to come, under programs of this one that are at work."""

    @pytest.fixture
    def newest(self, house):
        return newest_version(house.settings, house.folder)

    @pytest.fixture
    def uploader(self, house):
        """Not started yet."""
        made = Uploader(house.server.port)
        yield made
        if made.is_alive():
            made.finish()

    def test_a_compatible_schema_is_worked_with(self, house, chosen, newest, uploader, summarise):
        first = house.client.upload(pictures.make(), variants=[])
        assert first.status == 202
        multiply_rows_of_postgres(chosen.database_url())
        migration = Migration(chosen, newest + 1, newest,
                              "ALTER TABLE jobs ADD COLUMN mood text NOT NULL DEFAULT 'calm'; "
                              "CREATE INDEX jobs_by_mood ON jobs (mood, id)", "ALTER TABLE jobs DROP COLUMN mood")
        uploader.start()
        uploader.wait_for_more(5)
        migration.up()
        uploader.wait_for_more(5)
        for worker in house.workers:
            assert worker.stop() == 0, worker.log_tail()
            worker.start()
            uploader.wait_for_more(5)
        self.replace_server(house, uploader)
        uploader.wait_for_more(5)
        uploader.finish()
        assert uploader.statuses <= {202, 503}
        self.assert_is_told(house, newest)
        assert backends.psql("SELECT count(*) FROM jobs WHERE mood = 'calm'", chosen.database_url()) == str(
            ROWS + len(uploader.accepted))
        remove_copies(chosen.database_url())
        migration.down()
        assert_nothing_is_lost(house, uploader.accepted, Remains.of(house.settings))
        summarise(f"rolling upgrade: {len(uploader.accepted)} uploads accepted, {uploader.refusals} refused")

    def replace_server(self, house, uploader):
        """As behind a proxy: another one first, which then gets the requests."""
        before = house.server
        another = SafelightProcess(house.folder / "another", before.settings)
        house.workers.append(another)  # so that it ends with the house, whatever happens
        uploader.client = Client(another.start().port)
        uploader.wait_for_more(5)  # what was under way is answered by now
        assert before.stop() == 0, before.log_tail()
        house.server = another

    def assert_is_told(self, house, newest):
        status = house.command("migrate", "status")
        assert status.returncode == 0
        assert f"version {newest + 1} of {newest}" in status.stdout and f"those that know version {newest}" in status.stdout
        doctor = house.command("doctor")
        assert doctor.returncode == 0 and "newer than this program, and compatible" in doctor.stdout, doctor.stdout
        assert "nothing to do" in house.command("migrate", "up").stdout
        down = house.command("migrate", "down")
        assert down.returncode == 1 and "newer program" in down.stderr

    def test_an_incompatible_schema_stops_nobody_and_lets_nobody_in(self, house, chosen, newest, uploader):
        uploader.start()
        uploader.wait_for_more(5)
        migration = Migration(chosen, newest + 1, newest + 1, "ALTER TABLE jobs ADD COLUMN mood text",
                              "ALTER TABLE jobs DROP COLUMN mood")
        migration.up()
        uploader.wait_for_more(10)
        assert house.workers[0].stop() == 0
        for command in ("worker", "serve"):
            refused = house.command(command)
            assert refused.returncode == 1
            assert f"needs a program that knows version {newest + 1}, and this one knows versions up to {newest}" in refused.stderr
            assert "safelight migrate down" in refused.stderr
        uploader.wait_for_more(10)
        migration.down()
        house.workers[0].start()
        uploader.wait_for_more(5)
        uploader.finish()
        assert uploader.statuses <= {202, 503}
        assert_nothing_is_lost(house, uploader.accepted, Remains.of(house.settings))


class TestOtherVersions:
    """H2"""

    NEWER = '{"hologram":{"depth":7}}'

    def test_work_of_a_newer_version_is_left_to_it(self, house, chosen):
        """A transform that this version does not know: shown, not failed, and in nobody's way."""
        sql = lambda statement: backends.psql(statement, chosen.database_url())
        for worker in house.workers:
            worker.kill()
        newer = [house.client.upload(pictures.make(size=(100 + number, 90))).json()["id"] for number in range(20)]
        sql(f"UPDATE variants SET transform = '{self.NEWER}'")
        others = [house.client.upload(pictures.make(size=(200 + number, 150))).json()["id"] for number in range(10)]
        for worker in house.workers:
            worker.start()
        for job in others:
            assert house.client.wait(job)["status"] == "PROCESSED"
        time.sleep(3)  # longer than a lease: it was looked at again
        assert sql("SELECT count(*) FROM jobs WHERE status = 'PROCESSING' AND attempts = 0 AND tries = 0") == str(len(newer))
        assert sql("SELECT count(*) FROM variants WHERE status = 'failed'") == "0"
        assert not [event for worker in house.workers for event in worker.events() if event.get("level") in ("warn", "error")]
        self.assert_is_shown(house, newer)
        sql("UPDATE variants SET transform = (SELECT transform FROM variants WHERE status = 'ready' LIMIT 1) "
            f"WHERE transform = '{self.NEWER}'")
        for job in newer:
            assert house.client.wait(job)["status"] == "PROCESSED"  # the newer version has come
        eventually(Remains.of(house.settings).is_quiet)
        assert check(Remains.of(house.settings), house.server.url) == []

    def assert_is_shown(self, house, newer):
        contract = Contract(json.loads(house.client.get("/openapi.json").body))
        client = Client(house.server.port, contract.check)
        jobs = {job["id"]: job for job in client.get("/v1/jobs?limit=200").json()["items"]}
        for job in newer:
            variant, = jobs[job]["image"]["variants"]
            assert (variant["name"], variant["status"]) == ("thumbnail", "pending")
            assert variant["transform"] == json.loads(self.NEWER)
        assert client.get(f"/v1/jobs/{newer[0]}").json() == jobs[newer[0]]
        assert client.get("/v1/images?limit=200").status == 200
        variant = client.get(jobs[newer[0]]["image"]["variants"][0]["url"])
        assert (variant.status, variant.problem()["type"].rpartition("/")[2]) == (404, "variant-not-ready")

    def test_pictures_in_formats_of_a_newer_version(self, house, chosen):
        """A variant that it has made, and an original that it has taken: shown and sent, and nothing is made of it."""
        sql = lambda statement: backends.psql(statement, chosen.database_url())
        done = house.client.process(pictures.make())
        sql(f"UPDATE variants SET format = 'hologram', transform = '{self.NEWER}'")
        image = done["image"]
        sent = house.client.get(image["variants"][0]["url"])
        assert (sent.status, sent.header("Content-Type")) == (200, "application/octet-stream")
        for worker in house.workers:
            worker.kill()
        sql(f"UPDATE images SET format = 'hologram' WHERE id = '{image['id']}'")
        more = {"variants": [{"name": "tiny", "transform": {"resize": {"width": 20}}}]}
        assert house.client.post_json(f"/v1/jobs/{done['id']}/variants", more).status == 202
        marked = house.client.upload(pictures.make(size=(220, 150)), variants=[
            {"name": "marked", "transform": {"watermark": {"image": image["id"]}}}]).json()["id"]
        for worker in house.workers:
            worker.start()
        assert house.client.process(pictures.make(size=(210, 150)))["status"] == "PROCESSED"
        contract = Contract(json.loads(house.client.get("/openapi.json").body))
        assert house.client.get(f"/v1/jobs/{marked}").json()["status"] == "PROCESSING"
        shown = Client(house.server.port, contract.check).get("/v1/jobs").json()["items"][-1]
        assert shown["id"] == done["id"] and shown["status"] == "PROCESSING"
        assert {shown["image"]["media_type"], shown["image"]["variants"][0]["media_type"]} == {"application/octet-stream"}
        original = house.client.get(image["url"])
        assert (original.status, original.header("Content-Type")) == (200, "application/octet-stream")
        sql(f"UPDATE images SET format = 'jpeg' WHERE id = '{image['id']}'")
        for job in (done["id"], marked):
            assert house.client.wait(job)["status"] == "PROCESSED"

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
