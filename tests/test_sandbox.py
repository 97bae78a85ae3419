"""The server's renderer processes, seen from outside."""

import io
import os
import pathlib
import signal
import time

import pictures
from PIL import Image


def await_renderers(server, count):
    for _ in range(200):
        if len(server.renderers()) == count:
            return server.renderers()
        time.sleep(0.05)
    raise AssertionError(f"{server.renderers()} are not {count} renderers")


class TestProcesses:
    def test_there_is_one_for_each_render_and_one_for_uploads(self, start_server):
        server = start_server({"SAFELIGHT_RENDERS": "3"})
        assert len(server.renderers()) == 4

    def test_they_are_locked_in_and_have_nothing_of_the_servers(self, start_server):
        server = start_server({"SAFELIGHT_RENDERS": "1"})
        for pid in server.renderers():
            process = pathlib.Path(f"/proc/{pid}")
            status = (process / "status").read_text()
            assert "\nNoNewPrivs:\t1\n" in status
            assert "\nSeccomp:\t2\n" in status
            assert (process / "environ").read_bytes() == b""
            assert os.readlink(process / "cwd") == "/"
            opened = sorted(os.readlink(link) for link in (process / "fd").iterdir())
            assert opened[:3] == ["/dev/null"] * 3
            assert [name for name in opened[3:] if not name.startswith("socket:")] == []
            assert len(opened) == 4

    def test_they_end_with_the_server(self, start_server):
        server = start_server({"SAFELIGHT_RENDERS": "2"})
        pids = server.renderers()
        server.kill()
        for _ in range(200):
            if not any(pathlib.Path(f"/proc/{pid}").exists() for pid in pids):
                return
            time.sleep(0.05)
        raise AssertionError("renderers live on after the server's death")

    def test_killing_them_all_hurts_no_later_upload(self, start_server):
        server = start_server({"SAFELIGHT_RENDERS": "2"})
        client = server.client()
        for round_ in range(3):
            for pid in await_renderers(server, 3):
                os.kill(pid, signal.SIGKILL)
            job = client.process(pictures.noise((40, 30), seed=round_))
            assert job["status"] == "PROCESSED"
        await_renderers(server, 3)
        assert client.get("/readyz").status == 200


class TestSwitch:
    def test_off_is_loud_and_starts_none(self, start_server):
        server = start_server({"SAFELIGHT_SANDBOX": "off"})
        assert server.renderers() == []
        assert server.wait_for_event("sandbox is off")["level"] == "error"
        assert server.client().process(pictures.make())["status"] == "PROCESSED"


class TestLargePictures:
    def test_what_libvips_would_put_into_a_file_is_decoded_in_memory(self, start_server):
        """Above 100 MB of pixels, where a format has to be decoded as a whole."""
        out = io.BytesIO()
        Image.new("RGB", (7000, 5000), (30, 160, 30)).save(out, "WEBP", lossless=True, method=0)
        client = start_server({"SAFELIGHT_RENDERS": "1", "SAFELIGHT_RENDER_TIMEOUT": "5m"}).client()
        assert client.process(out.getvalue())["status"] == "PROCESSED"
