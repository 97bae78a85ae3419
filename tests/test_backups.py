"""Backups that do not fit together (H3 of the fault catalogue)."""

import subprocess
import time

import pytest

import backends
import pictures
from check_invariants import check
from eventually import eventually
from house import chosen, house  # noqa: F401: fixtures
from remains import Remains


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
