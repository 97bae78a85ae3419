"""Operations of a transform that need more than the picture: another stored image, or a look at what it shows."""

import io
import uuid

import pytest
from PIL import Image, ImageDraw

import pictures


def png(picture):
    out = io.BytesIO()
    picture.save(out, "png")
    return out.getvalue()


def variant(name, **transform):
    return {"name": name, "transform": {"format": "png", **transform}}


def made(client, job, name):
    shown = {variant["name"]: variant for variant in job["image"]["variants"]}[name]
    assert shown["status"] == "ready", shown
    return pictures.opened(client.get(shown["url"]).body)


class TestWatermark:
    @pytest.fixture
    def logo(self, client):
        return client.upload(png(Image.new("RGB", (30, 30), (255, 0, 0))), variants="").json()

    def test_lies_on_the_picture(self, client, logo):
        mark = {"image": logo["image"]["id"], "position": "north-west", "scale": 0.25, "margin": 5}
        job = client.process(png(Image.new("RGB", (100, 80), (0, 0, 255))),
                             variants=[variant("marked", watermark=mark), "thumbnail"])
        assert job["status"] == "PROCESSED"
        picture = made(client, job, "marked").convert("RGB")
        assert picture.getpixel((5, 5)) == (255, 0, 0)
        assert picture.getpixel((29, 29)) == (255, 0, 0)
        assert picture.getpixel((4, 5)) == picture.getpixel((30, 30)) == (0, 0, 255)

    def test_one_that_does_not_exist_is_refused(self, client, logo):
        marked = variant("marked", watermark={"image": str(uuid.uuid4())})
        refused = client.upload(pictures.make("jpeg"), variants=["thumbnail", marked])
        assert refused.status == 422
        assert refused.problem()["type"] == "/problems/unsupported-transform"
        assert refused.problem()["errors"][0]["pointer"] == "/variants/1"
        refused = client.post_json(f"/v1/jobs/{logo['id']}/variants", {"variants": [marked]})
        assert refused.status == 422
        assert refused.problem()["errors"][0]["pointer"] == "/variants/0"

    def test_one_that_is_deleted_fails_its_variant_alone(self, start_server):
        server = start_server({"SAFELIGHT_WORKERS": "0"})
        logo = server.client().upload(pictures.make("png"), variants="").json()
        marked = variant("marked", watermark={"image": logo["image"]["id"]})
        job = server.client().upload(pictures.make("jpeg"), variants=[marked, "thumbnail"]).json()
        assert server.client().delete(f"/v1/images/{logo['image']['id']}").status == 204
        assert server.stop() == 0
        server.settings["SAFELIGHT_WORKERS"] = "1"
        server.start()
        job = server.client().wait(job["id"])
        assert job["status"] == "FAILED"
        failed, ready = job["image"]["variants"]
        assert (failed["status"], ready["status"]) == ("failed", "ready")
        assert logo["image"]["id"] in failed["error"]["detail"]


class TestLook:
    def test_attention_keeps_what_stands_out(self, client):
        picture = Image.new("RGB", (600, 200), (120, 120, 120))
        ImageDraw.Draw(picture).ellipse((480, 70, 540, 130), (220, 30, 30))
        cover = {"width": 100, "height": 100, "fit": "cover", "gravity": "attention"}
        job = client.process(png(picture), variants=[variant("seen", resize=cover)])
        red, _, blue = made(client, job, "seen").convert("RGB").getpixel((50, 50))
        assert red > 200 and blue < 60

    def test_trim_then_rotate(self, client):
        picture = Image.new("RGB", (300, 200), (255, 255, 255))
        ImageDraw.Draw(picture).rectangle((50, 60, 149, 109), (10, 20, 200))
        job = client.process(png(picture), variants=[variant("cut", trim=5), variant("tilted", trim=5, rotate=30),
                                                     variant("round", trim=5, corner_radius=25)])
        assert made(client, job, "cut").size == (100, 50)
        tilted = made(client, job, "tilted")
        assert tilted.size == (112, 94) and tilted.getpixel((0, 0))[3] == 0
        assert made(client, job, "round").getpixel((0, 0))[3] == 0
