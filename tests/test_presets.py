"""Presets: what is wrong with them, what they are, and making the variants of a changed one again."""

import json
import signal
import subprocess
import threading
import time

import pytest

import pictures
from check_invariants import check
from data_folder import blob_path, is_quiet, rows
from eventually import eventually
from remains import Remains
from safelight_process import BINARY, clean_environment, run_command

UPLOADS = 30


def write_presets(folder, side):
    path = folder / "presets.json"
    path.write_text(json.dumps({"presets": {"card": {"resize": {"width": side, "height": side}, "format": "webp"}}}))
    return path


@pytest.fixture
def launched(start_server, tmp_path):
    """A server whose preset `card` is 40 pixels wide. One worker: what is made again is made one by one."""
    presets = write_presets(tmp_path, 40)
    return start_server({"SAFELIGHT_PRESETS": presets, "SAFELIGHT_DEFAULT_VARIANTS": "card", "SAFELIGHT_WORKERS": 1,
                         "SAFELIGHT_RENDERS": 1, "SAFELIGHT_LEASE": "1s"})


def upload_some(server, count):
    client = server.client()
    jobs = [client.upload(pictures.make("jpeg", (320 + i, 240)), f"{i}.jpg").json()["id"] for i in range(count)]
    return [client.wait(job) for job in jobs]


def settings_of(server):
    return {"SAFELIGHT_DATA": server.data, "SAFELIGHT_PRESETS": server.settings["SAFELIGHT_PRESETS"]}


def rerender(server, *options):
    return run_command("presets", "rerender", "card", *options, cwd=server.folder, settings=settings_of(server))


def card_of(job):
    return job["image"]["variants"][0]


def widths(server, jobs):
    return [card_of(server.client().get(f"/v1/jobs/{job['id']}").json())["width"] for job in jobs]


def change_preset(server, side):
    """As people do it: the file, then a restart."""
    write_presets(server.settings["SAFELIGHT_PRESETS"].parent, side)
    assert server.stop() == 0
    server.restart()


class Poller:
    """Fetches variants over and over; every answer has to be a whole picture. Between a kill and the next start there is
    nobody to ask."""

    def __init__(self, server, urls):
        self.server, self.urls = server, urls
        self.fetched, self.faults = 0, []
        self._stop = threading.Event()
        self._up = threading.Lock()  # held while it fetches, and while there is nobody to ask
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self):
        while not self._stop.is_set():
            for url in self.urls:
                with self._up:
                    self._fetch(url)
                time.sleep(0.001)  # so that pause() gets the lock

    def _fetch(self, url):
        try:
            response = self.server.client().get(url)
            assert response.status == 200, (response.status, response.body[:200])
            assert response.header("ETag") == f'"{pictures.sha256(response.body)}"'
            pictures.opened(response.body)
        except Exception as fault:  # whatever it is, it is for the test to tell
            self.faults.append(f"{url}: {fault}")
        self.fetched += 1

    def pause(self):
        self._up.acquire()

    def resume(self):
        self._up.release()

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join(timeout=60)


class TestPresets:
    def test_list_in_both_places_is_the_same(self, launched):
        items = launched.client().get("/v1/presets").json()["items"]
        assert [item["name"] for item in items] == ["card", "thumbnail"]
        printed = run_command("presets", "list", cwd=launched.folder, settings=settings_of(launched)).stdout
        assert [line.split() for line in printed.splitlines()] == \
            [[item["name"], item["version"], item["compact"]] for item in items]

    def test_a_changed_preset_has_another_version(self, launched):
        before = launched.client().get("/v1/presets").json()["items"]
        change_preset(launched, 60)
        after = launched.client().get("/v1/presets").json()["items"]
        assert before[0]["version"] != after[0]["version"]
        assert before[1] == after[1]

    def test_every_fault_of_the_file_is_named(self, tmp_path):
        path = tmp_path / "presets.json"
        path.write_text('{"presets": {"a": {"quality": 0, "resize": {"width": "wide"}}, "B": {}}}')
        for command in ("serve", "config"):
            result = run_command(command, cwd=tmp_path, settings={"SAFELIGHT_PRESETS": path})
            assert result.returncode == 2
            for pointer in ("/presets/a/quality", "/presets/a/resize/width", "/presets/B"):
                assert pointer in result.stderr


class TestRerender:
    def test_all_are_new_and_were_never_missing(self, launched):
        jobs = upload_some(launched, 6)
        change_preset(launched, 60)
        dry = rerender(launched, "--dry-run")
        assert dry.returncode == 0 and "6 variants of other versions" in dry.stdout
        with Poller(launched, [card_of(job)["url"] for job in jobs]) as poller:
            done = rerender(launched, "--wait", "--batch", "2")
        assert done.returncode == 0, done.stderr
        assert "6 queued; all are done" in done.stdout
        assert "queued 2," in done.stderr
        assert poller.fetched > 0 and not poller.faults
        client = launched.client()
        for job in jobs:
            now = client.get(f"/v1/jobs/{job['id']}").json()
            assert now["status"] == "PROCESSED" and now["attempts"] == job["attempts"]
            assert now["finished_at"] == job["finished_at"] and now["updated_at"] > job["updated_at"]
            assert card_of(now)["width"] == 60 and card_of(now)["etag"] != card_of(job)["etag"]
            assert client.get(card_of(job)["url"], If_None_Match=card_of(job)["etag"]).status == 200
        again = rerender(launched, "--wait")
        assert again.returncode == 0 and "0 queued" in again.stdout
        eventually(lambda: is_quiet(launched.data))
        assert check(Remains.of_folder(launched.data), launched.url) == []

    def test_without_a_server_it_waits_for_the_next(self, launched):
        jobs = upload_some(launched, 3)
        assert launched.stop() == 0
        write_presets(launched.settings["SAFELIGHT_PRESETS"].parent, 60)
        queued = rerender(launched)
        assert queued.returncode == 0 and "3 queued" in queued.stdout
        launched.restart()
        eventually(lambda: is_quiet(launched.data), timeout_s=30)
        assert widths(launched, jobs) == [60] * 3

    def test_what_cannot_be_made_keeps_its_old_content(self, launched):
        jobs = upload_some(launched, 2)
        key, = rows(launched.data, "SELECT blob FROM images ORDER BY id")[0]
        path = blob_path(launched.data, key)
        original = path.read_bytes()
        path.chmod(0o600)
        path.write_bytes(original[:-1] + bytes([original[-1] ^ 1]))
        change_preset(launched, 60)
        done = rerender(launched, "--wait")
        assert done.returncode == 1
        assert "1 could not be made" in done.stdout
        assert sorted(widths(launched, jobs)) == [40, 60]
        again = rerender(launched)
        assert again.returncode == 1 and "0 queued" in again.stdout and "--retry-failed" in again.stdout
        path.write_bytes(original)
        assert rerender(launched, "--wait", "--retry-failed").returncode == 0
        assert widths(launched, jobs) == [60, 60]
        eventually(lambda: is_quiet(launched.data))
        assert check(Remains.of_folder(launched.data), launched.url) == []

    def test_what_failed_by_the_old_preset_is_made_by_the_new_one(self, launched):
        path = launched.settings["SAFELIGHT_PRESETS"]
        path.write_text('{"presets": {"card": "w=300,f=jpeg,max=100"}}')
        assert launched.stop() == 0
        launched.restart()
        job = upload_some(launched, 1)[0]
        assert job["status"] == "FAILED" and "max_bytes" in card_of(job)["error"]["detail"]
        change_preset(launched, 40)
        report = rerender(launched)
        assert report.returncode == 1 and "--retry-failed" in report.stdout, report.stdout
        report = rerender(launched, "--retry-failed")
        assert report.returncode == 0 and "1 had not been made yet" in report.stdout, report.stdout
        done = launched.client().wait(job["id"])
        assert done["status"] == "PROCESSED" and card_of(done)["width"] == 40
        assert check(Remains.of_folder(launched.data), launched.url) == []

    def test_a_signal_ends_it_between_batches(self, launched):
        upload_some(launched, 4)
        assert launched.stop() == 0
        write_presets(launched.settings["SAFELIGHT_PRESETS"].parent, 60)
        for number in (signal.SIGINT, signal.SIGTERM):
            process = subprocess.Popen([str(BINARY), "presets", "rerender", "card", "--batch", "1", "--wait"],
                                       cwd=launched.folder, env=clean_environment(settings_of(launched)),
                                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            while "waiting 1" not in process.stderr.readline():
                assert process.poll() is None
            # It waits for a server now.
            process.send_signal(number)
            output, _ = process.communicate(timeout=20)
            assert process.returncode == 1 and "run it again" in output
        assert rows(launched.data, "SELECT count(*) FROM rerenders")[0][0] == 1
        rest = rerender(launched)
        assert rest.returncode == 0 and "3 queued" in rest.stdout
        launched.restart()

    def test_unknown_names_and_missing_catalogs(self, tmp_path):
        result = run_command("presets", "rerender", "poster", cwd=tmp_path)
        assert result.returncode == 1 and "thumbnail" in result.stderr
        result = run_command("presets", "rerender", "thumbnail", cwd=tmp_path)
        assert result.returncode == 1 and result.stderr

    def test_kill_9_in_the_middle_loses_nothing(self, launched):
        """Server and command are killed again and again; a client polls; in the end all are new."""
        jobs = upload_some(launched, UPLOADS)
        change_preset(launched, 60)
        remade = lambda: rows(launched.data, "SELECT count(*) FROM variants WHERE width_px = 60")[0][0]
        with Poller(launched, [card_of(job)["url"] for job in jobs]) as poller:
            for goal in (UPLOADS // 5, UPLOADS // 2):
                command = subprocess.Popen([str(BINARY), "presets", "rerender", "card", "--batch", "3", "--wait"],
                                           cwd=launched.folder, env=clean_environment(settings_of(launched)),
                                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                eventually(lambda: remade() >= goal, timeout_s=60, interval_s=0.001)
                poller.pause()
                launched.kill()
                command.kill()
                command.wait()
                assert remade() < UPLOADS, "too late to be in the middle"
                launched.restart()
                poller.resume()
            done = rerender(launched, "--wait")
        assert done.returncode == 0, done.stdout + done.stderr
        assert poller.fetched > UPLOADS and not poller.faults, poller.faults[:3]
        assert widths(launched, jobs) == [60] * UPLOADS
        eventually(lambda: is_quiet(launched.data), timeout_s=30)
        assert check(Remains.of_folder(launched.data), launched.url) == []
