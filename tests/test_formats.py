"""What the server says that it reads and writes, and whether it does; drawings where they are switched on."""

import re
import socket
import threading

import pytest

import pictures
from eventually import eventually

DRAWING = b"""<?xml version="1.0"?>
<!-- made by hand -->
<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="200" height="150">
<rect width="100" height="150" fill="#c01010"/>%s</svg>"""


ATTACKS = [file for file in pictures.corpus() if "/gen__svg_" in file.name]


class Listener:
    """Counts who connects."""

    def __init__(self):
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self.connections = 0
        self._thread = threading.Thread(target=self._count, daemon=True)
        self._thread.start()

    def _count(self):
        while True:
            try:
                self._socket.accept()[0].close()
            except OSError:
                return
            self.connections += 1

    def close(self):
        self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._socket.close()


@pytest.fixture
def listener():
    one = Listener()
    yield one
    one.close()


@pytest.fixture(scope="module")
def formats(shared_server):
    return {item["format"]: item for item in shared_server.client().get("/v1/formats").json()["items"]}


def variant(job, name):
    return next(each for each in job["image"]["variants"] if each["name"] == name)


class TestFormats:
    def test_every_format_is_listed(self, formats):
        assert set(pictures.FORMATS) | {"svg"} == set(formats)
        assert not formats["svg"]["read"], "off unless it is switched on"

    @pytest.mark.parametrize("format", pictures.FORMATS)
    def test_what_is_read_is_taken(self, client, formats, format):
        response = client.upload(pictures.make(format))
        assert response.status == (202 if formats[format]["read"] else 415)

    def test_what_is_written_is_made(self, client, formats):
        written = [name for name, item in formats.items() if item["write"]]
        assert {"jpeg", "png", "webp", "jxl"} <= set(written)
        wanted = [{"name": name, "transform": {"format": name, "resize": {"width": 80}}} for name in written]
        job = client.process(pictures.make("png", (160, 120), alpha=True), variants=wanted)
        for name in written:
            made = variant(job, name)
            assert made["status"] == "ready", made
            response = client.get(made["url"])
            assert response.header("Content-Type") == formats[name]["media_type"]
            picture = pictures.opened(response.body)
            assert picture.size == (80, 60)
            has_alpha = picture.convert("RGBA").getextrema()[3][0] == 0
            assert has_alpha == formats[name]["alpha"], name

    def test_jpeg_xl_comes_back_lossless(self, client):
        data = pictures.noise((60, 40))
        job = client.process(data, variants=[{"name": "all", "transform": {"format": "jxl", "lossless": True}}])
        made = pictures.opened(client.get(variant(job, "all")["url"]).body)
        assert pictures.mean_difference(made, pictures.opened(data)) == 0

    def test_a_drawing_is_refused(self, client):
        refused = client.upload(DRAWING % b"")
        assert refused.status == 415
        assert refused.problem()["type"] == "/problems/unsupported-image"
        assert "SVG" in refused.problem()["detail"]


class TestDrawings:
    @pytest.fixture
    def drawing_client(self, start_server):
        return start_server({"SAFELIGHT_SVG": "on"}).client()

    def test_become_pictures(self, drawing_client):
        formats = {item["format"]: item for item in drawing_client.get("/v1/formats").json()["items"]}
        assert formats["svg"]["read"] and not formats["svg"]["write"]
        wanted = [{"name": "small", "transform": {"resize": {"width": 100}}},
                  {"name": "large", "transform": {"resize": {"width": 800, "enlarge": True}, "format": "png"}}]
        job = drawing_client.process(DRAWING % b"", "drawing.svg", variants=wanted)
        assert job["status"] == "PROCESSED", job
        assert job["image"]["media_type"] == "image/svg+xml"
        assert (job["image"]["width"], job["image"]["height"]) == (200, 150)
        original = drawing_client.get(job["image"]["url"])
        assert "sandbox" in original.header("Content-Security-Policy")
        small = drawing_client.get(variant(job, "small")["url"])
        assert small.header("Content-Type") == "image/png"
        large = pictures.opened(drawing_client.get(variant(job, "large")["url"]).body)
        assert large.size == (800, 600)
        # Drawn at that size: no blurred edge.
        assert large.getpixel((399, 300)) == (192, 16, 16, 255) and large.getpixel((400, 300))[3] == 0

    def test_show_nothing_from_outside(self, drawing_client, tmp_path):
        canary = tmp_path / "canary.png"
        canary.write_bytes(pictures.make("png", (200, 150)))
        for address in (canary, f"file://{canary}", "http://127.0.0.1:9/canary.png"):
            for attribute in ("href", "xlink:href"):
                picture = f'<image x="100" width="100" height="150" {attribute}="{address}"/>'.encode()
                job = drawing_client.process(DRAWING % picture)
                assert job["status"] == "PROCESSED", job
                made = pictures.opened(drawing_client.get(variant(job, "thumbnail")["url"]).body)
                assert made.getpixel((75, 37))[3] == 0, address

    def test_connect_to_nobody(self, drawing_client, listener):
        """Every place of a drawing that may hold an address, each with one that is listened at."""
        url = f"http://127.0.0.1:{listener.port}/a".encode()
        for part in (b'<image width="9" height="9" href="%s.png"/>', b'<image width="9" height="9" xlink:href="%s.svg"/>',
                     b'<use href="%s.svg#a"/>', b'<style>@import url("%s.css");</style>',
                     b'<style>@font-face{font-family:a;src:url("%s.ttf")}</style><text y="9" font-family="a">a</text>',
                     b'<rect width="9" height="9" fill="url(%s.svg#a)"/>',
                     b'<rect width="9" height="9" style="mask:url(%s.svg#a)"/>',
                     b'<filter id="f"><feImage href="%s.png"/></filter><rect width="9" height="9" filter="url(#f)"/>',
                     b'<a href="%s"><rect width="9" height="9"/></a>', b'<script href="%s.js"/>',
                     b'<foreignObject><iframe xmlns="http://www.w3.org/1999/xhtml" src="%s"/></foreignObject>'):
            job = drawing_client.process(DRAWING % (part % url))
            assert job["status"] == "PROCESSED", (part, job)
        for declaration in (b'<!DOCTYPE svg SYSTEM "%s.dtd">', b'<!DOCTYPE svg [<!ENTITY x SYSTEM "%s.txt">]>',
                            b'<!DOCTYPE svg [<!ENTITY %% x SYSTEM "%s.dtd"> %%x;]>', b'<?xml-stylesheet href="%s.css"?>'):
            drawing = (DRAWING % b"<text>&x;</text>").replace(b"<svg ", declaration % url + b"<svg ", 1)
            assert drawing_client.upload(drawing).status in (202, 415, 422)
        with socket.create_connection(("127.0.0.1", listener.port)):
            pass  # it does count
        eventually(lambda: listener.connections == 1)

    @pytest.mark.skipif(not ATTACKS, reason="not on this machine: the collection of test images")
    def test_that_attack_reach_nothing(self, start_server, listener, tmp_path):
        """Each of the collection under every name, with a file and an address of our own in place of those that it tries."""
        assert len(ATTACKS) == 8
        server = start_server({"SAFELIGHT_SVG": "on"})
        client = server.client()
        canary = tmp_path / "canary.png"
        canary.write_bytes(pictures.solid((40, 40), (255, 0, 255)))
        for file in ATTACKS:
            data = file.read().replace(b"127.0.0.1:9/", b"127.0.0.1:%d/" % listener.port)
            data = re.sub(rb"file:///[^'\"]*", f"file://{canary}".encode(), data)
            before = server.cpu_seconds()
            response = client.upload(data, file.path.name)
            assert response.status in (202, 415, 422), file.name
            # The name says nothing.
            assert client.upload(data, "picture.png", variants="").status == response.status
            if response.status == 202:
                for made in client.wait(response.json()["id"])["image"]["variants"]:
                    if made["status"] == "failed":
                        assert made["error"]["type"] == "/problems/invalid-image", file.name
                        continue
                    picture = pictures.opened(client.get(made["url"]).body).convert("RGBA")
                    assert (255, 0, 255, 255) not in {colour for _, colour in picture.getcolors(1 << 20)}, file.name
            # librsvg follows half a million references, and then gives up.
            assert server.cpu_seconds() - before < (30 if "use_bomb" in file.name else 4), file.name
        assert listener.connections == 0
        assert server.events("renderer replaced") == []

    def test_with_text_harm_nobody(self, drawing_client):
        for text in (b"<text x='10' y='90' font-size='40' font-family='serif'>Words</text>",
                     b"<image width='100' height='150' href='data:image/png;base64,iVBORw0KGgo='/>",
                     b"<filter id='f'><feGaussianBlur stdDeviation='5'/></filter><circle r='50' filter='url(#f)'/>"):
            job = drawing_client.process(DRAWING % text)
            assert job["status"] == "PROCESSED", job
            made = pictures.opened(drawing_client.get(variant(job, "thumbnail")["url"]).body)
            assert made.getpixel((25, 70))[:3] == (192, 16, 16)

    def test_that_are_too_large_are_refused(self, drawing_client):
        for size in (b'width="20000" height="10"', b'width="9000" height="9000"'):
            refused = drawing_client.upload((DRAWING % b"").replace(b'width="200" height="150"', size))
            assert refused.status == 422
            assert refused.problem()["type"] == "/problems/image-too-large"

    def test_of_which_too_much_is_made_are_refused(self, drawing_client):
        levels = b"".join(b"<!ENTITY l%d '%s'>" % (level, b"&l%d;" % (level - 1) * 10) for level in range(1, 10))
        laughs = b"<!DOCTYPE svg [<!ENTITY l0 'lol'>" + levels + b"]>" + (DRAWING % b"<desc>&l9;</desc>")[22:]
        assert drawing_client.upload(laughs).status in (415, 422)
