"""Programs of two versions side by side (H1 under traffic, H2 of the fault catalogue)."""

import json
import time

import pytest

import backends
import pictures
from check_invariants import check
from contract import Contract
from eventually import eventually
from house import chosen, house, newest_version  # noqa: F401: fixtures among them
from http_client import Client
from many_rows import ROWS, multiply_rows_of_postgres, remove_copies
from remains import Remains
from safelight_process import SafelightProcess
from uploader import Uploader, assert_nothing_is_lost


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
