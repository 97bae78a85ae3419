"""Small files that want much: refused, or dealt with, for little. What they cost is told by the clocks of the processes."""

import io
import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image

import pictures

SPENT_ELSEWHERE = 0.03  # what sweeps, logs and the request itself may cost beside


def png(width, height, *chunks, data=b""):
    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*each) for each in (
        (b"IHDR", header), *chunks, (b"IDAT", zlib.compress(data or bytes((width + 1) * height))), (b"IEND", b"")))


def patched(data, place, content):
    return data[:place] + content + data[place + len(content):]


def jpeg_of_sides(width, height):
    data = pictures.make("jpeg")
    return patched(data, data.index(b"\xff\xc0") + 5, struct.pack(">HH", height, width))


def saved(picture, format, **options):
    out = io.BytesIO()
    picture.save(out, format, **options)
    return out.getvalue()


def gif(frames, width=1, height=1):
    frame = b",\0\0\0\0\1\0\1\0\0\2\2D\1\0"
    return b"GIF89a" + struct.pack("<HH", width, height) + b"\x80\0\0\0\0\0\xff\xff\xff" + frame * frames + b";"


def webp(*chunks):
    content = b"WEBP" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(content)) + content


def text_chunks(count):
    return [(b"tEXt", b"Comment\0%d" % number) for number in range(count)]


def deflated_text(megabytes):
    return (b"zTXt", b"Comment\0\0" + zlib.compress(bytes(megabytes << 20)))


TOO_LARGE, TOO_MANY, INVALID, UNSUPPORTED = "image-too-large", "too-many-frames", "invalid-image", "unsupported-image"

# name → (the file, seconds of processor time, what it is refused for; empty: it is a picture)
CASES = {
    "A1 PNG of 20,000²": (lambda: pictures.blank((20_000, 20_000)), 0.2, TOO_LARGE),
    "A1 TIFF of 20,000²": (lambda: saved(Image.new("1", (20_000, 20_000)), "TIFF", compression="group4"), 0.2, TOO_LARGE),
    "A1 JPEG of 16,000²": (lambda: pictures.jpeg_of_scans(16_000, 1), 0.2, TOO_LARGE),
    "A2 PNG that claims 65,535²": (lambda: png(65_535, 65_535, data=b"\0"), 0.2, TOO_LARGE),
    "A2 PNG that claims 2³¹−1": (lambda: png(2**31 - 1, 2**31 - 1, data=b"\0"), 0.2, TOO_LARGE),
    "A2 JPEG that claims 65,500²": (lambda: jpeg_of_sides(65_500, 65_500), 0.2, TOO_LARGE),
    "A2 GIF that claims 65,535²": (lambda: gif(1, 65_535, 65_535), 0.2, TOO_LARGE),
    "A2 WebP that claims 16,384²": (
        lambda: webp(b"VP8X\x0a\0\0\0\0\0\0\0\xff\x3f\0\xff\x3f\0", pictures.make("webp")[12:]), 0.2, INVALID),
    "A4 JPEG of 883 scans": (lambda: pictures.jpeg_of_scans(7_000, 883), 0.05, "too-many-scans"),
    "A5 GIF of 100,000 frames": (lambda: gif(100_000), 1, TOO_MANY),
    "A5 GIF of 250 frames of 2,000²": (lambda: gif(250, 2_000, 2_000), 1, TOO_LARGE),
    "A6 PNG of 20,000 texts": (lambda: png(1, 1, *text_chunks(20_000)), 0.3, ""),
    "A6 PNG of 200 MB of text": (lambda: png(1, 1, *[deflated_text(50)] * 4), 0.3, ""),
    "A6 PNG with a profile of 60 MB": (lambda: png(1, 1, (b"iCCP", b"icc\0\0" + zlib.compress(bytes(60 << 20)))), 0.3, ""),
    "A7 PNG with a chunk of 1 GB": (
        lambda: png(1, 1)[:33] + struct.pack(">I", 1 << 30) + b"tEXtComment\0", 0.05, INVALID),
    "A7 JPEG with a segment past its end": (lambda: pictures.make("jpeg")[:2] + b"\xff\xe1\xff\xffExif", 0.05, INVALID),
    "A7 WebP with a size past its end": (
        lambda: patched(pictures.make("webp"), 4, struct.pack("<I", 1 << 30)), 0.05, INVALID),
    "A7 GIF with a block past its end": (lambda: gif(1)[:-4] + b"\xffD", 0.05, INVALID),
    "A8 PostScript": (lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nshowpage\n", 0.2, UNSUPPORTED),
    "A8 PDF": (lambda: b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\n", 0.2, UNSUPPORTED),
    "A8 MVG": (lambda: b"push graphic-context\nviewbox 0 0 9 9\nimage over 0,0 0,0 '/etc/passwd'\n", 0.2, UNSUPPORTED),
    "A8 MSL": (lambda: b"<?xml version='1.0'?><image><read filename='/etc/passwd'/></image>", 0.2, UNSUPPORTED),
    "A8 a playlist": (lambda: b"#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:0\nfile:///etc/passwd\n", 0.2, UNSUPPORTED),
    "A8 MATLAB": (lambda: b"MATLAB 5.0 MAT-file".ljust(124) + b"\0\1IM", 0.2, UNSUPPORTED),
    "A8 PPM": (lambda: b"P6\n1 1\n255\nabc", 0.2, UNSUPPORTED),
    "A8 OpenEXR": (lambda: b"v/1\1\2\0\0\0channels\0", 0.2, UNSUPPORTED),
    "A8 JPEG 2000": (lambda: b"\0\0\0\x0cjP  \r\n\x87\n\0\0\0\x14ftypjp2 \0\0\0\0jp2 ", 0.2, UNSUPPORTED),
    "A8 a packed SVG": (lambda: zlib.compress(b"<svg/>", wbits=31)[:-5], 0.2, UNSUPPORTED),
    "A8 an ICC profile": (lambda: b"\0\0\2\x48lcms\2\x10\0\0mntrRGB XYZ ".ljust(584, b"\0"), 0.2, UNSUPPORTED),
}

# Those of the collection that have a bound of their own; all others have 0.2 s.
BOUNDS = {"gif_100000f": 1, "gif_250f": 1, "anim_10000f": 1, "apng_10000f": 1, "tiff_10000_pages": 1, "883scans": 0.05,
          "1GB_lie": 0.05, "png_ztxt": 0.3, "png_itxt": 0.3, "png_iccp": 0.3, "png_20000": 0.3, "jpeg_exif": 0.3,
          "png_idat_100MB": 0.3}
BOMBS = [file for file in pictures.corpus() if file.name.startswith("bombs/")]


@pytest.fixture(scope="module")
def bombed(tmp_path_factory, request):
    from conftest import finish, launch
    server = launch(tmp_path_factory.mktemp("bombs"), {"SAFELIGHT_RENDERS": "1", "SAFELIGHT_WORKERS": "1"})
    request.addfinalizer(lambda: finish(server))
    for format in ("jpeg", "png", "gif", "webp", "tiff", "avif"):
        assert server.client().upload_raw(pictures.make(format), "?variants=").status == 202
    server.renderers_then = (server.renderers(), server.renderers_peak_bytes(), libraries(server))
    return server


def libraries(server):
    """What is mapped into the renderer processes."""
    lines = [line for pid in server.renderers() for line in Path(f"/proc/{pid}/maps").read_text().splitlines()]
    return {line.split(maxsplit=5)[5] for line in lines if ".so" in line}


def looked_at(server, data):
    """The answer to an upload without variants, and the seconds that it cost."""
    before = server.cpu_seconds()
    response = server.client().upload_raw(data, "?variants=")
    return response, server.cpu_seconds() - before


def assert_renderers_are_as_they_were(server):
    """No process had to be replaced, none took more than a look at a header takes, and no library came into any."""
    pids, peak, loaded = server.renderers_then
    assert server.renderers() == pids
    assert libraries(server) == loaded
    assert server.renderers_peak_bytes() < peak + 20_000_000
    assert server.renderers_peak_bytes() < 100_000_000


@pytest.mark.parametrize("name", CASES)
def test_made_here(bombed, name):
    make, seconds, reason = CASES[name]
    response, spent = looked_at(bombed, make())
    if reason:
        assert response.status == (415 if reason == UNSUPPORTED else 422)
        assert response.problem()["type"] == "/problems/" + reason, response.body
    else:
        assert response.status == 202, response.body
    assert spent < seconds + SPENT_ELSEWHERE
    assert_renderers_are_as_they_were(bombed)


@pytest.mark.skipif(not BOMBS, reason="not on this machine: the collection of test images")
@pytest.mark.parametrize("file", BOMBS, ids=lambda file: file.path.stem)
def test_of_the_collection(bombed, file):
    response, spent = looked_at(bombed, file.read())
    assert response.status in (202, 415, 422)
    if file.expect == "ok":
        assert response.status == 202, response.body
    assert spent < next((bound for part, bound in BOUNDS.items() if part in file.name), 0.2) + SPENT_ELSEWHERE
    assert_renderers_are_as_they_were(bombed)


def test_a_hundred_scans_are_a_picture(bombed):
    data = pictures.jpeg_of_scans(2_000, 100)
    before = bombed.cpu_seconds()
    job = bombed.client().process(data)
    assert job["status"] == "PROCESSED", job
    assert bombed.cpu_seconds() - before < 0.5 + SPENT_ELSEWHERE


@pytest.mark.parametrize("make", [
    lambda: gif(1, 65_535, 65_535), lambda: png(65_535, 65_535, data=b"\0"), lambda: jpeg_of_sides(65_500, 65_500)],
    ids=["GIF", "PNG", "JPEG"])
def test_without_limits_memory_is_the_limit(start_server, make):
    """What a header claims is refused by what it would take to decode, and others are served."""
    server = start_server({"SAFELIGHT_SIDE_MAX": "65535", "SAFELIGHT_PIXELS_MAX": "10000000000",
                           "SAFELIGHT_RENDERER_MEMORY_MAX": "512MiB", "SAFELIGHT_RENDERS": "1"})
    client = server.client()
    wanted = [{"name": "whole", "transform": {"format": "png"}}]  # nothing that could be decoded smaller
    response = client.upload(make(), variants=wanted)
    assert response.status == 422 and "MiB of memory" in response.problem()["detail"], response.body
    assert client.process(pictures.make("jpeg"))["status"] == "PROCESSED"
    assert server.renderers_peak_bytes() < 512 << 20
