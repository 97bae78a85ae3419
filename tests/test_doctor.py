"""`safelight doctor`: what it finds, what it says, and that it leaves nothing behind."""

import sqlite3

import pytest

from safelight_process import run_command


@pytest.fixture
def doctor(tmp_path):
    def run(**settings):
        return run_command("doctor", cwd=tmp_path, settings={"SAFELIGHT_DATA": str(tmp_path / "data"), **settings})

    return run


def lines_of(ended):
    """part → (verdict, what is said)"""
    return {words[1]: (words[0], words[2]) for words in (line.split(maxsplit=2) for line in ended.stdout.splitlines())
            if words[0] in ("ok", "FAIL", "--")}


@pytest.fixture
def migrated(tmp_path):
    ended = run_command("migrate", "up", cwd=tmp_path, settings={"SAFELIGHT_DATA": str(tmp_path / "data")})
    assert ended.returncode == 0, ended.stderr


def test_everything_is_well(migrated, doctor, tmp_path):
    ended = doctor()
    found = lines_of(ended)
    assert ended.returncode == 0, ended.stdout
    assert set(found) == {"data", "schema", "catalog", "blobs", "queue", "renderer"}
    assert {verdict for verdict, _ in found.values()} == {"ok"}
    assert "jpeg" in found["renderer"][1] and "locked in" in found["renderer"][1]


def test_it_leaves_nothing_behind(migrated, doctor, tmp_path):
    assert doctor().returncode == 0
    with sqlite3.connect(tmp_path / "data/catalog.db") as catalog:
        assert catalog.execute("SELECT count(*) FROM blobs").fetchone() == (0,)
    assert not [path for path in (tmp_path / "data/blobs").rglob("*") if path.is_file() and path.stat().st_size]


def test_a_new_catalog_is_made_by_serve(doctor):
    ended = doctor()
    found = lines_of(ended)
    assert ended.returncode == 0
    assert "the next `safelight serve`" in found["schema"][1]
    assert found["catalog"][0] == found["blobs"][0] == found["queue"][0] == "--"


def test_a_store_that_cannot_be_written_to_is_named(migrated, doctor):
    ended = doctor(SAFELIGHT_BLOBS="file:///proc/nothing-can-be-made-here")
    found = lines_of(ended)
    assert ended.returncode == 1
    assert found["blobs"][0] == "FAIL"
    assert "/proc/nothing-can-be-made-here" in ended.stdout
    assert found["catalog"][0] == found["queue"][0] == "ok"


def test_a_catalog_that_is_none_is_named(doctor, tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data/catalog.db").write_bytes(b"not a database at all" * 500)
    ended = doctor()
    assert ended.returncode == 1
    assert lines_of(ended)["schema"][0] == "FAIL"


def test_an_open_sandbox_is_pointed_out(migrated, doctor):
    assert "NOT LOCKED IN" in lines_of(doctor(SAFELIGHT_SANDBOX="off"))["renderer"][1]
