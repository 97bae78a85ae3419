"""What the server says that it reads and writes, and whether it does; drawings where they are switched on."""

import pytest

import pictures

DRAWING = b"""<?xml version="1.0"?>
<!-- made by hand -->
<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="200" height="150">
<rect width="100" height="150" fill="#c01010"/>%s</svg>"""


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
