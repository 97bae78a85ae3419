"""What is known of an image beside its container: its look, its EXIF facts, its focal point; near-duplicates."""

import base64
import io
import json
import math
import random
import urllib.parse

import pytest
from PIL import Image, ImageDraw, ImageFilter
from PIL.ExifTags import Base

import pictures
from eventually import eventually

MERGE_PATCH = {"Content-Type": "application/merge-patch+json"}


def scene(seed, size=(640, 480)):
    """A picture with large soft shapes, another one for each seed."""
    chance = random.Random(seed)
    picture = Image.new("RGB", size, tuple(chance.randrange(256) for _ in range(3)))
    draw = ImageDraw.Draw(picture)
    for _ in range(12):
        x, y, r = chance.randrange(size[0]), chance.randrange(size[1]), chance.randrange(40, 180)
        draw.ellipse((x - r, y - r, x + r, y + r), tuple(chance.randrange(256) for _ in range(3)))
    return picture.filter(ImageFilter.GaussianBlur(12))


def jpeg(picture, quality=90, exif=None):
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=quality, **({"exif": exif} if exif else {}))
    return out.getvalue()


def camera_exif():
    exif = Image.Exif()
    exif[Base.Make], exif[Base.Model] = "Acme", "Camera 7"
    exif[Base.Artist], exif[Base.Copyright] = "Ute Sommer", "2024 Ute Sommer"
    exif[Base.DateTime] = "2024:05:31 12:00:00"
    return exif.tobytes()


def thumbhash_mean(text):
    """The mean colour that a ThumbHash tells, 0–255."""
    data = base64.b64decode(text, validate=True)
    header = int.from_bytes(data[:3], "little")
    l, p, q = (header & 63) / 63, ((header >> 6) & 63) / 31.5 - 1, ((header >> 12) & 63) / 31.5 - 1
    b = l - 2 / 3 * p
    r = (3 * l - b + q) / 2
    return tuple(255 * channel for channel in (r, r - q, b))


def near(one, other, tolerance):
    return all(abs(a - b) <= tolerance for a, b in zip(one, other))


def similar_to(client, job, query=""):
    response = client.get(f"/v1/images?similar_to={job['image']['id']}{query}")
    assert response.status == 200, response.body
    return {item["id"]: item["distance"] for item in response.json()["items"]}


@pytest.fixture(scope="module")
def original(shared_server):
    return shared_server.client().process(jpeg(scene(1), exif=camera_exif()), "scene.jpg")


class TestLook:
    def test_is_there_with_the_first_variant(self, client, original):
        look = client.get(f"/v1/images/{original['image']['id']}").json()["look"]
        assert look == original["image"]["look"]
        assert look["dominant_colour"] == look["palette"][0]
        assert 1 <= len(look["palette"]) <= 6
        mean = scene(1).resize((1, 1), Image.Resampling.BOX).getpixel((0, 0))
        assert near(thumbhash_mean(look["thumbhash"]), mean, 16), (thumbhash_mean(look["thumbhash"]), mean)
        assert len(look["blurhash"]) == 28
        int(look["dhash"], 16)

    def test_colours_are_those_of_the_picture(self, client):
        palette = client.process(pictures.make("png", (200, 160)))["image"]["look"]["palette"]
        found = [tuple(bytes.fromhex(colour[1:])) for colour in palette]
        for wanted in pictures.QUARTERS.values():
            assert any(near(wanted, colour, 12) for colour in found), (wanted, found)

    @pytest.mark.parametrize("format", pictures.FORMATS)
    def test_every_format_has_one(self, client, format):
        look = client.process(pictures.make(format, (120, 90)))["image"]["look"]
        assert near(thumbhash_mean(look["thumbhash"]), (122, 117, 95), 24), look

    def test_no_variant_no_look(self, client):
        response = client.upload(pictures.make("png"), variants="")
        assert response.status == 202
        image = response.json()["image"]
        assert image["look"] is None
        early = client.get(f"/v1/images?similar_to={image['id']}")
        assert early.status == 409
        assert early.problem()["type"] == "/problems/conflict"


class TestSimilarImages:
    def test_a_smaller_recompressed_copy_is_found_and_another_picture_is_not(self, client, original):
        copy = client.process(jpeg(scene(1).resize((320, 240), Image.Resampling.LANCZOS), quality=60))
        other = client.process(jpeg(scene(2)))
        found = similar_to(client, original)
        assert copy["image"]["id"] in found
        assert found[copy["image"]["id"]] <= 5
        assert other["image"]["id"] not in found
        assert original["image"]["id"] not in found
        assert list(found.values()) == sorted(found.values())
        assert original["image"]["id"] in similar_to(client, copy)

    def test_wrong_questions(self, client, original):
        image = original["image"]["id"]
        assert client.get(f"/v1/images?similar_to={image}&max_distance=33").status == 400
        assert client.get(f"/v1/images?similar_to={image}&cursor=AQ").status == 400
        assert client.get("/v1/images?similar_to=01934b7e-5f00-7abc-8def-0123456789ab").status == 404


class TestFocalPoint:
    def test_comes_with_the_upload_and_is_changed_by_a_patch(self, client):
        response = client.upload_raw(pictures.make("jpeg"), "?focal_point=0.3,0.6")
        assert response.status == 202
        image = response.json()["image"]
        assert image["focal_point"] == {"x": 0.3, "y": 0.6}
        url = f"/v1/images/{image['id']}"
        patch = lambda value: client.request("PATCH", url, MERGE_PATCH, json.dumps(value).encode())
        changed = patch({"focal_point": {"x": 1, "y": 0}})
        assert changed.status == 200
        assert client.get(url).json()["focal_point"] == {"x": 1, "y": 0}
        faulty = patch({"focal_point": {"x": 2}})
        assert faulty.status == 400
        assert {fault["pointer"] for fault in faulty.problem()["errors"]} == {"/focal_point/x", "/focal_point/y"}
        assert patch({"focal_point": None}).json()["focal_point"] is None

    def test_what_is_cropped_around_it_follows_it_and_nothing_else_changes(self, client):
        cropped = {"resize": {"width": 20, "height": 20, "fit": "cover", "gravity": "focal"}, "format": "png"}
        centred = {"resize": {"width": 20, "height": 20, "fit": "cover"}, "format": "png"}
        wanted = json.dumps([{"name": "around", "transform": cropped}, {"name": "centred", "transform": centred}])
        query = urllib.parse.urlencode({"variants": wanted, "focal_point": "0.1,0.5"})
        job = client.upload_raw(pictures.make("png", (400, 100)), "?" + query).json()
        before = {variant["name"]: variant for variant in client.wait(job["id"])["image"]["variants"]}
        corner = lambda: pictures.opened(client.get(before["around"]["url"]).body).convert("RGB").getpixel((2, 2))
        assert corner() == pictures.QUARTERS["top left"]
        url = f"/v1/images/{job['image']['id']}"
        moved = client.request("PATCH", url, MERGE_PATCH, b'{"focal_point": {"x": 0.9, "y": 0.5}}')
        assert moved.status == 200
        assert {variant["status"] for variant in moved.json()["variants"]} == {"ready"}, "served as they are meanwhile"
        eventually(lambda: corner() == pictures.QUARTERS["top right"], timeout_s=30)
        after = {variant["name"]: variant for variant in client.get(url).json()["variants"]}
        assert after["around"]["etag"] != before["around"]["etag"]
        assert after["centred"] == before["centred"]


class TestExif:
    def test_what_the_camera_said_is_shown(self, original):
        exif = original["image"]["exif"]
        assert exif["camera_make"] == "Acme"
        assert exif["camera_model"] == "Camera 7"
        assert exif["artist"] == "Ute Sommer"
        assert exif["copyright"] == "2024 Ute Sommer"
        assert exif["gps"] is None

    def test_gps_is_kept_only_when_told(self, start_server):
        data = pictures.make("jpeg", gps=True)
        for setting, kept in (("off", False), ("on", True)):
            client = start_server({"SAFELIGHT_KEEP_GPS": setting}).client()
            exif = client.process(data)["image"]["exif"]
            gps = exif and exif["gps"]  # without it this picture has nothing to tell
            assert (gps is not None) == kept
            if kept:
                assert math.isclose(exif["gps"]["latitude"], 51 + 28 / 60 + 38 / 3600, abs_tol=1e-4)
