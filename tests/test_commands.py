"""The program from a shell: what each command prints, does, and returns."""

import json
import os
import re
import sqlite3
import subprocess
import uuid

import pytest

import pictures
from data_folder import blob_files, blob_path, rows
from safelight_process import BINARY, REPOSITORY, clean_environment, run_command

COMMANDS = ("serve", "process", "migrate", "config", "reconcile", "presets", "version")


@pytest.fixture
def run(tmp_path):
    def run(*arguments, **settings):
        return run_command(*arguments, cwd=tmp_path, settings={"SAFELIGHT_DATA": tmp_path / "data", **settings})
    return run


class TestHelp:
    @pytest.mark.parametrize("arguments", [["--help"]] + [[command, "--help"] for command in COMMANDS] +
                             [["migrate", direction, "--help"] for direction in ("up", "down", "status")] +
                             [["presets", action, "--help"] for action in ("list", "rerender")])
    def test_every_command_helps(self, run, arguments):
        result = run(*arguments)
        assert result.returncode == 0
        assert "Usage" in result.stdout and len(result.stdout) > 100
        if arguments == ["--help"]:
            assert all(command in result.stdout for command in COMMANDS)

    @pytest.mark.parametrize("arguments", [[], ["no-such-command"], ["serve", "--no-such-flag"], ["process"],
                                           ["process", "x.jpg"], ["migrate"], ["migrate", "sideways"],
                                           ["migrate", "down", "--steps", "0"], ["reconcile", "--grace", "soon"],
                                           ["presets"], ["presets", "rerender"],
                                           ["presets", "rerender", "thumbnail", "--batch", "0"]])
    def test_what_is_not_understood(self, run, arguments):
        result = run(*arguments)
        assert result.returncode == 2
        assert result.stderr and len(result.stderr.splitlines()) < 30

    def test_version(self, run):
        result = run("version")
        assert result.returncode == 0
        assert result.stdout.startswith("safelight ")
        for name in ("libvips", "JPEG", "PNG", "WebP", "libjxl", "reads: jpeg, png", "writes: jpeg, png"):
            assert name.lower() in result.stdout.lower(), name
        assert run("--version").stdout.split()[1] == result.stdout.split()[1]


URLS = [("SAFELIGHT_CATALOG", "postgres://user:secret@[x"), ("SAFELIGHT_CATALOG", "mysql://user:secret@x"),
        ("SAFELIGHT_BLOBS", "s3://key:secret@bucket"), ("SAFELIGHT_QUEUE", "redis://user:secret@host:nowhere")]


class TestConfig:
    def test_shows_every_value_and_where_it_is_from(self, run, tmp_path):
        (tmp_path / ".env").write_text("SAFELIGHT_WORKERS=3\nSAFELIGHT_LEASE=9s\nexport SAFELIGHT_IO_THREADS='2'\n# no\n")
        result = run("config", "--lease", "7s", SAFELIGHT_WORKERS="4")
        assert result.returncode == 0
        shown = {line.split()[0]: line for line in result.stdout.splitlines() if line.startswith("SAFELIGHT_")}
        assert '"4"' in shown["SAFELIGHT_WORKERS"] and "(environment)" in shown["SAFELIGHT_WORKERS"]
        assert '"7 s"' in shown["SAFELIGHT_LEASE"] and "(flag)" in shown["SAFELIGHT_LEASE"]
        assert '"2"' in shown["SAFELIGHT_IO_THREADS"] and "(.env)" in shown["SAFELIGHT_IO_THREADS"]
        assert "(default)" in shown["SAFELIGHT_TRIES_MAX"]

    @pytest.mark.parametrize("option, file", [("--env-example", ".env.example"),
                                              ("--documentation", "docs/configuration.md")])
    def test_generated_files_are_up_to_date(self, run, option, file):
        result = run("config", option)
        assert result.returncode == 0
        assert result.stdout == (REPOSITORY / file).read_text()

    def test_the_example_is_the_defaults(self, run, tmp_path):
        example = re.sub(r"^#(SAFELIGHT_)", r"\1", (REPOSITORY / ".env.example").read_text(), flags=re.MULTILINE)
        (tmp_path / ".env").write_text(example)
        result = run_command("config", cwd=tmp_path)
        assert result.returncode == 0, result.stderr
        values = lambda text: re.findall(r'^(SAFELIGHT_\w+) +(".*?") ', text, re.MULTILINE)
        elsewhere = tmp_path / "elsewhere"
        elsewhere.mkdir()
        assert values(result.stdout) == values(run_command("config", cwd=elsewhere).stdout)

    @pytest.mark.parametrize("name, value", [
        ("SAFELIGHT_LISTEN", "8080"), ("SAFELIGHT_LISTEN", "127.0.0.1:99999"), ("SAFELIGHT_WORKERS", "-1"),
        ("SAFELIGHT_WORKERS", "many"), ("SAFELIGHT_HEADER_TIMEOUT", "20"), ("SAFELIGHT_HEADER_TIMEOUT", "0s"),
        ("SAFELIGHT_UPLOAD_BYTES_MAX", "25 potatoes"), ("SAFELIGHT_LOG_LEVEL", "loud"), ("SAFELIGHT_TYPO", "1"),
        ("SAFELIGHT_LISTEN", "0.0.0.0:8080"), *URLS,
    ])
    def test_a_bad_value_stops_the_start(self, run, name, value):
        result = run("serve", **{name: value})
        assert result.returncode == 2
        faults = [line for line in result.stderr.splitlines() if name in line]
        assert len(faults) == 1, result.stderr
        # URLs may hold a password.
        assert (value in faults[0]) != ((name, value) in URLS) or name == "SAFELIGHT_TYPO" or "0.0.0.0" in faults[0]

    def test_one_line_for_each_fault(self, run):
        result = run("serve", SAFELIGHT_WORKERS="x", SAFELIGHT_LEASE="y", SAFELIGHT_PIXELS_MAX="z")
        assert result.returncode == 2
        assert len(result.stderr.splitlines()) == 3
        for name in ("SAFELIGHT_WORKERS", "SAFELIGHT_LEASE", "SAFELIGHT_PIXELS_MAX"):
            assert name in result.stderr

    def test_a_malformed_env_file(self, run, tmp_path):
        (tmp_path / ".env").write_text("SAFELIGHT_WORKERS=3\nnonsense\n")
        result = run("config")
        assert result.returncode == 2
        assert "line 2" in result.stderr

    @pytest.mark.parametrize("text, word", [("{", ""), ('{"presets": {"UPPER": {}}}', "UPPER"),
                                            ('{"presets": {"a": {"resize": {"width": 0}}}}', "width")])
    @pytest.mark.parametrize("command", [["serve"], ["config"], ["presets", "list"]])
    def test_malformed_presets(self, run, tmp_path, command, text, word):
        (tmp_path / "presets.json").write_text(text)
        result = run(*command, SAFELIGHT_PRESETS=tmp_path / "presets.json")
        assert result.returncode == 2
        assert "SAFELIGHT_PRESETS" in result.stderr and "presets.json" in result.stderr
        assert word in result.stderr

    def test_a_data_folder_that_cannot_be_made(self, run, tmp_path):
        (tmp_path / "file").write_text("")
        result = run("serve", SAFELIGHT_DATA=tmp_path / "file" / "data")
        assert result.returncode == 1
        assert len(result.stderr.splitlines()) <= 2


class TestProcess:
    def test_files_and_folders(self, run, tmp_path):
        folder = tmp_path / "in"
        (folder / "deep").mkdir(parents=True)
        (folder / "a.jpg").write_bytes(pictures.make("jpeg", (300, 200), orientation=6, gps=True))
        (folder / "deep" / "b.png").write_bytes(pictures.make("png", (30, 20), alpha=True))
        (folder / ".hidden").write_bytes(b"not looked at")
        (tmp_path / "c.webp").write_bytes(pictures.make("webp", (300, 200)))
        result = run("process", folder, tmp_path / "c.webp", "--out", tmp_path / "out")
        assert result.returncode == 0, result.stderr
        assert "3 pictures, 3 variants written, 0 failures" in result.stderr
        made = sorted(str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*") if path.is_file())
        assert made == ["a-thumbnail.jpeg", "c-thumbnail.webp", "deep/b-thumbnail.png"]
        thumbnail = pictures.opened((tmp_path / "out/a-thumbnail.jpeg").read_bytes())
        pictures.assert_upright(thumbnail)
        assert thumbnail.size == (100, 67)

    def test_the_same_bytes_as_the_server(self, run, tmp_path, client):
        data = pictures.make("jpeg", (640, 480))
        (tmp_path / "a.jpg").write_bytes(data)
        assert run("process", tmp_path / "a.jpg", "--out", tmp_path / "out").returncode == 0
        served = client.get(client.process(data)["image"]["variants"][0]["url"]).body
        assert (tmp_path / "out/a-thumbnail.jpeg").read_bytes() == served

    def test_failures_are_named(self, run, tmp_path):
        (tmp_path / "good.png").write_bytes(pictures.make("png"))
        (tmp_path / "text.jpg").write_bytes(b"no picture")
        (tmp_path / "cut.jpg").write_bytes(pictures.noise((300, 300), format="jpeg")[:9000])
        (tmp_path / "empty.gif").write_bytes(b"")
        result = run("process", tmp_path, tmp_path / "missing.jpg", "--out", tmp_path.parent / (tmp_path.name + "-out"))
        assert result.returncode == 1
        for name in ("text.jpg", "cut.jpg", "empty.gif", "missing.jpg"):
            assert len([line for line in result.stderr.splitlines() if name in line]) == 1, result.stderr
        assert "good.png" not in result.stderr
        assert "1 variants written, 4 failures" in result.stderr

    def test_variants_of_ones_own(self, run, tmp_path):
        (tmp_path / "a.png").write_bytes(pictures.make("png", (300, 200)))
        wanted = json.dumps([{"name": "small", "transform": {"resize": {"height": 10}, "format": "webp"}}])
        assert run("process", tmp_path / "a.png", "--out", tmp_path / "out", "--variants", wanted).returncode == 0
        assert pictures.opened((tmp_path / "out/a-small.webp").read_bytes()).size == (15, 10)
        assert run("process", tmp_path / "a.png", "--out", tmp_path / "out", "--variants", "nope").returncode != 0

    def test_watermarks_need_a_server(self, run, tmp_path):
        (tmp_path / "a.png").write_bytes(pictures.make("png"))
        wanted = json.dumps([{"name": "marked", "transform": {"watermark": {"image": str(uuid.uuid4())}}}])
        result = run("process", tmp_path / "a.png", "--out", tmp_path / "out", "--variants", wanted)
        assert result.returncode == 1
        assert "\"marked\" has a watermark" in result.stderr
        assert not (tmp_path / "out").exists()

    def test_same_stems_do_not_collide(self, run, tmp_path):
        for name in ("a.png", "a.jpg"):
            (tmp_path / name).write_bytes(pictures.make("png" if name.endswith("png") else "jpeg"))
        assert run("process", tmp_path / "a.png", tmp_path / "a.jpg", "--out", tmp_path / "out").returncode == 0
        assert len(list((tmp_path / "out").iterdir())) == 2

    def test_same_names_of_two_folders_do_not_collide(self, run, tmp_path):
        for folder in ("x", "y"):
            (tmp_path / folder).mkdir()
            (tmp_path / folder / "a.png").write_bytes(pictures.make("png"))
        assert run("process", tmp_path / "x", tmp_path / "y", "--out", tmp_path / "out").returncode == 0
        assert len(list((tmp_path / "out").iterdir())) == 2

    def test_limits_hold(self, run, tmp_path):
        (tmp_path / "a.png").write_bytes(pictures.make("png", (200, 200)))
        assert run("process", tmp_path / "a.png", "--out", tmp_path / "out", "--pixels-max", "1000").returncode == 1
        assert run("process", tmp_path / "a.png", "--out", tmp_path / "out", "--upload-bytes-max", "100B").returncode == 1

    def test_a_progress_bar_on_a_terminal_only(self, run, tmp_path):
        (tmp_path / "a.png").write_bytes(pictures.make("png"))
        assert "[#" not in run("process", tmp_path / "a.png", "--out", tmp_path / "out").stderr
        controller, terminal = os.openpty()
        subprocess.run([BINARY, "process", tmp_path / "a.png", "--out", tmp_path / "out"], cwd=tmp_path, stderr=terminal,
                       env=clean_environment({}), check=True, timeout=60)
        os.close(terminal)
        assert "[####" in os.read(controller, 65536).decode()
        os.close(controller)


class TestMigrate:
    def test_up_down_status(self, run, tmp_path):
        assert re.search(r"version 0 of [1-9]", run("migrate", "status").stdout)
        up = run("migrate", "up")
        assert up.returncode == 0 and "applied 0001" in up.stdout
        assert run("migrate", "up").stdout == "nothing to do\n"
        status = run("migrate", "status").stdout
        newest = int(re.search(r"version (\d+) of \1", status).group(1))
        tables = lambda: rows(tmp_path / "data", "SELECT name FROM sqlite_master WHERE name IN ('jobs', 'images', 'blobs')")
        assert len(tables()) == 3
        down = run("migrate", "down", "--steps", str(newest))
        assert down.returncode == 0 and "undone 0001" in down.stdout
        assert tables() == []
        assert run("migrate", "up").returncode == 0
        assert len(tables()) == 3

    def test_a_newer_database_is_refused(self, run, start_server):
        server = start_server()
        server.stop()
        connection = sqlite3.connect(server.data / "catalog.db")
        tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        holder = next(name for name in tables if "migration" in name or "schema" in name.replace("sqlite_schema", ""))
        columns = [row[1] for row in connection.execute(f"PRAGMA table_info({holder})")]
        newest = connection.execute(f"SELECT * FROM {holder} ORDER BY version DESC").fetchone()
        row = {**dict(zip(columns, newest)), "version": 999, "compatible_from": 999}
        connection.execute(f"INSERT INTO {holder} ({','.join(row)}) VALUES ({','.join('?' * len(row))})", list(row.values()))
        connection.commit()
        connection.close()
        for command in (("serve",), ("migrate", "up")):
            result = run(*command, SAFELIGHT_DATA=server.data)
            assert result.returncode == 1
            assert "newer" in result.stderr


class TestReconcile:
    @pytest.fixture
    def stopped(self, start_server):
        """A data folder with two processed pictures and nobody at work."""
        server = start_server()
        for size in ((300, 200), (200, 300)):
            server.client().process(pictures.make("jpeg", size))
        server.stop()
        return server.data

    def reconcile(self, run, data, *arguments):
        return run("reconcile", "--grace", "0 s", *arguments, SAFELIGHT_DATA=data)

    def test_all_is_well(self, run, stopped):
        result = self.reconcile(run, stopped, "--verify")
        assert result.returncode == 0, result.stdout + result.stderr
        assert "4 blobs, 4 references: 0 damaged or missing, 0 to clean up" in result.stdout

    def test_orphans_are_removed_only_when_told_to(self, run, stopped):
        orphan, unfinished = (blob_path(stopped, uuid.uuid4().bytes) for _ in range(2))
        unfinished = unfinished.with_name(unfinished.name + ".part")
        foreign = stopped / "blobs" / "00" / "notes.txt"
        for path in (orphan, unfinished, foreign):
            path.write_bytes(b"left behind")
        dry = self.reconcile(run, stopped)
        assert dry.returncode == 1 and "dry run" in dry.stdout
        assert orphan.exists() and unfinished.exists()
        assert orphan.name in dry.stdout and "notes.txt" in dry.stdout
        repaired = self.reconcile(run, stopped, "--repair")
        assert not orphan.exists() and not unfinished.exists()
        assert foreign.exists(), "what is not ours is never touched"
        assert repaired.stdout.count("(removed)") == 2
        foreign.unlink()
        assert self.reconcile(run, stopped).returncode == 0
        assert len(blob_files(stopped)) == 4

    def test_grace(self, run, stopped):
        blob_path(stopped, uuid.uuid4().bytes).write_bytes(b"somebody may be writing this")
        assert run("reconcile", SAFELIGHT_DATA=stopped).returncode == 0
        assert self.reconcile(run, stopped).returncode == 1

    def test_rows_without_blobs_are_damage(self, run, stopped):
        missing, short, changed = blob_files(stopped)[:3]
        missing.unlink()
        short.write_bytes(short.read_bytes()[:-1])
        content = bytearray(changed.read_bytes())
        content[0] ^= 1
        changed.write_bytes(content)
        result = self.reconcile(run, stopped)
        assert result.returncode == 1 and "2 damaged or missing" in result.stdout
        result = self.reconcile(run, stopped, "--verify")
        assert result.returncode == 1 and "3 damaged or missing" in result.stdout
        for path in (missing, short, changed):
            assert path.name in result.stdout
        assert self.reconcile(run, stopped, "--repair").returncode == 1, "damage is told, and not repaired"
        assert short.exists() and changed.exists()

    def test_litter_in_the_ledger(self, run, stopped):
        key = uuid.uuid4().bytes
        connection = sqlite3.connect(stopped / "catalog.db")
        connection.execute("INSERT INTO blobs VALUES (?, 'writing', 1), (?, 'doomed', 0)", (key, uuid.uuid4().bytes))
        connection.commit()
        connection.close()
        assert "2 to clean up" in self.reconcile(run, stopped).stdout
        assert self.reconcile(run, stopped, "--repair").returncode == 0
        assert len(rows(stopped, "SELECT 1 FROM blobs")) == 4


class TestLogs:
    def test_a_line_for_each_request_and_nothing_of_the_client(self, start_server):
        server = start_server()
        client = server.client()
        secret = "confidential-name"
        client.request("POST", f"/v1/jobs?filename={secret}", {"Authorization": f"Bearer {secret}"}, pictures.make("png"))
        response = client.get("/v1/jobs?limit=1", Traceparent="00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
        client.wait(response.json()["items"][0]["id"])
        request_id = response.header("X-Request-Id")
        event = server.wait_for_event("request", lambda event: event["request_id"] == request_id)
        assert (event["method"], event["route"], event["status"]) == ("GET", "/v1/jobs", 200)
        assert event["trace_id"] == "4bf92f3577b34da6a3ce929d0e0e4736"
        server.stop()
        log = server.log_path.read_text()
        assert secret not in log
        for line in log.splitlines():
            entry = json.loads(line)
            assert {"time", "level", "event"} <= set(entry)

    def test_text_when_asked_for(self, start_server):
        """In a process of its own, since text has no events that the other tests could wait for."""
        server = start_server()
        server.stop()
        with subprocess.Popen([BINARY, "serve", "--log-format", "text", "--listen", "127.0.0.1:0"], text=True,
                              cwd=server.folder, env=clean_environment({}), stderr=subprocess.PIPE) as process:
            line = next(line for line in process.stderr if "listening" in line)
            process.terminate()
            assert process.wait(20) == 0
        assert not line.startswith("{") and "http://127.0.0.1:" in line


def test_metrics_count_what_is_there(start_server):
    """I9."""
    server = start_server()
    client = server.client()
    for index in range(3):
        client.process(pictures.make("png", (20, 20 + index)))
    client.upload(b"no picture at all, only text")
    client.delete(f"/v1/jobs/{client.get('/v1/jobs').json()['items'][0]['id']}")
    text = client.get("/metrics").body.decode()
    value = lambda name: sum(float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if line.startswith(name))
    assert value('safelight_uploads_total{result="accepted"}') == 3
    assert value('safelight_uploads_total{result="unsupported_image"}') == 1
    assert value('safelight_variants_total{result="ready"}') == 3
    assert value("safelight_deletions_total") == 1
    assert value("safelight_backlog_jobs") == 0
    assert "Content-Type" and client.get("/metrics").header("Content-Type").startswith("text/plain; version=0.0.4")
