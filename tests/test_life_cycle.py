"""A picture's whole life over HTTP: uploaded, processed, fetched, listed, deleted."""

import base64
import concurrent.futures
import hashlib
import json
import re
import threading
import zlib

import pytest

import pictures
from data_folder import contents, is_quiet
from eventually import eventually
from http_client import multipart
from pictures import FORMATS, WITH_ALPHA, WITH_EXIF

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
# What cannot be written by the imaging library falls back to these.
WRITTEN_AS = {"bmp": ("image/png",), "heic": ("image/jpeg", "image/png", "image/heic"), "avif": ("image/avif", "image/jpeg", "image/png")}


def thumbnail_of(job):
    return next(variant for variant in job["image"]["variants"] if variant["name"] == "thumbnail")


def contents_at_rest(server):
    """Once the jobs of other tests are at their end, so that contents can be compared."""
    eventually(lambda: is_quiet(server.data))
    return contents(server.data)


def fetch_thumbnail(client, job):
    variant = thumbnail_of(job)
    assert variant["status"] == "ready", variant
    response = client.get(variant["url"])
    assert response.status == 200
    assert response.header("Content-Type") == variant["media_type"]
    assert len(response.body) == variant["bytes"]
    picture = pictures.opened(response.body)
    assert picture.size == (variant["width"], variant["height"])
    return picture, response


class TestUpload:
    def test_multipart_answers_with_the_job(self, client):
        data = pictures.make("jpeg", (320, 240))
        response = client.upload(data, "cat.jpg", metadata={"album": "7"})
        assert response.status == 202
        job = response.json()
        assert response.header("Location") == f"/v1/jobs/{job['id']}"
        assert UUID.match(job["id"]) and UUID.match(job["image"]["id"])
        assert TIME.match(job["created_at"]) and TIME.match(job["updated_at"])
        assert job["metadata"] == {"album": "7"}
        image = job["image"]
        assert image["filename"] == "cat.jpg"
        assert image["media_type"] == "image/jpeg"
        assert image["bytes"] == len(data)
        assert image["sha256"] == pictures.sha256(data)
        assert (image["width"], image["height"]) == (320, 240)
        assert (image["frames"], image["has_alpha"]) == (1, False)
        assert [variant["name"] for variant in image["variants"]] == ["thumbnail"]

    def test_raw_body_is_the_same(self, client):
        data = pictures.make("png", (64, 48))
        response = client.upload_raw(data, "?filename=a%20b.png&variants=thumbnail", "image/png")
        assert response.status == 202
        job = client.wait(response.json()["id"])
        assert job["status"] == "PROCESSED"
        assert job["image"]["filename"] == "a b.png"
        assert client.get(job["image"]["url"]).body == data

    def test_chunked_body(self, client):
        data = pictures.make("jpeg")
        pieces = (data[start:start + 1000] for start in range(0, len(data), 1000))
        response = client.request("POST", "/v1/jobs", {"Content-Type": "image/jpeg", "Transfer-Encoding": "chunked"},
                                  pieces)
        assert response.status == 202
        assert response.json()["image"]["sha256"] == pictures.sha256(data)

    def test_waits_for_the_job_when_preferred(self, client):
        response = client.upload(pictures.make("jpeg"), headers={"Prefer": "wait=30"})
        assert response.status == 202
        assert response.json()["status"] == "PROCESSED"
        assert response.header("Preference-Applied") == "wait=30"

    def test_without_variants_nothing_is_made(self, client):
        job = client.process(pictures.make("jpeg"), variants="")
        assert job["status"] == "UNPROCESSED"
        assert job["image"]["variants"] == []
        assert job["finished_at"] is None

    def test_variants_of_ones_own(self, client):
        wanted = [{"name": "wide", "transform": {"resize": {"width": 80, "height": 20, "fit": "cover"},
                                                 "format": "png"}}, "thumbnail"]
        job = client.process(pictures.make("jpeg", (300, 300)), variants=wanted)
        assert job["status"] == "PROCESSED"
        wide = next(variant for variant in job["image"]["variants"] if variant["name"] == "wide")
        assert (wide["width"], wide["height"], wide["media_type"]) == (80, 20, "image/png")
        assert pictures.opened(client.get(wide["url"]).body).size == (80, 20)

    @pytest.mark.parametrize("place", ["header of a raw body", "header of a form's body"])
    def test_content_digest_is_checked(self, server, client, place):
        data = pictures.make("gif")
        before = contents_at_rest(server)
        right = base64.b64encode(hashlib.sha256(data).digest()).decode()
        wrong = base64.b64encode(hashlib.sha256(b"other").digest()).decode()
        if place == "header of a raw body":
            send = lambda value: client.upload_raw(data, headers={"Content-Digest": f"sha-256=:{value}:"})
            assert send(right).status == 202
            before = contents_at_rest(server)
            refused = send(wrong)
        else:
            refused = client.upload(data, headers={"Content-Digest": f"sha-256=:{wrong}:"})
        assert refused.status == 400
        assert refused.problem()["type"] == "/problems/digest-mismatch"
        self.assert_nothing_new(server, before)

    @staticmethod
    def assert_nothing_new(server, before):
        """No row and no file beyond what there was; a blob that was begun is swept soon."""
        def same():
            now = contents(server.data)
            return (now.images, now.jobs, now.ledger, now.files) == (before.images, before.jobs, before.ledger,
                                                                     before.files)
        eventually(same, describe=lambda: f"{contents(server.data)} instead of {before}")


class TestRefusal:
    """Each refusal says why, and leaves no row and no file."""

    def check(self, server, send, status, problem_type):
        before = contents_at_rest(server)
        response = send()
        assert response.status == status, (response.status, response.body)
        problem = response.problem()
        assert problem["type"] == f"/problems/{problem_type}"
        assert problem["title"] and problem["request_id"] == response.header("X-Request-Id")
        TestUpload.assert_nothing_new(server, before)
        return problem

    @pytest.mark.parametrize("name, data", [
        ("text", b"just some text, no picture at all" * 20),
        ("svg", b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"></svg>'),
        ("html as png", b"<!doctype html><script>alert(1)</script>"),
        ("pdf", b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\n"),
        ("bmp", b"BM" + bytes(100)),
        ("two bytes", b"\xff\xd8"),
    ])
    def test_no_picture_at_all(self, server, client, name, data):
        self.check(server, lambda: client.upload(data, "picture.png"), 415, "unsupported-image")
        self.check(server, lambda: client.upload_raw(data, content_type="image/png"), 415, "unsupported-image")

    @pytest.mark.parametrize("format", ["jpeg", "png", "webp", "tiff", "avif", "heic", "bmp"])
    def test_cut_off_in_the_header(self, server, client, format):
        data = pictures.make(format)[:70]
        self.check(server, lambda: client.upload(data), 422, "invalid-image")

    @pytest.mark.parametrize("size", [(16_384, 8), (8, 16_384), (8_000, 6_251)])
    def test_too_many_pixels(self, server, client, size):
        data = pictures.blank(size)
        assert len(data) < 100_000, "small in bytes, large in pixels"
        self.check(server, lambda: client.upload(data), 422, "image-too-large")

    def test_a_size_that_its_bytes_cannot_hold(self, server, client):
        lie = bytearray(pictures.make("png", (8, 8)))
        lie[16:24] = (60_000).to_bytes(4, "big") * 2
        lie[29:33] = zlib.crc32(bytes(lie[12:29])).to_bytes(4, "big")
        before = contents_at_rest(server)
        response = client.upload(bytes(lie))
        assert response.status == 422
        assert response.problem()["type"] in ("/problems/image-too-large", "/problems/invalid-image")
        TestUpload.assert_nothing_new(server, before)

    def test_too_many_frames(self, server, client):
        data = pictures.make("gif", (32, 32), frames=301)
        self.check(server, lambda: client.upload(data), 422, "too-many-frames")

    def test_too_many_bytes(self, server, client):
        data = pictures.make("jpeg") + bytes(25_000_000)
        self.check(server, lambda: client.upload_raw(data), 413, "payload-too-large")
        self.check(server, lambda: client.upload(data), 413, "payload-too-large")

    def test_no_bytes_at_all(self, server, client):
        self.check(server, lambda: client.upload_raw(b""), 400, "empty-payload")
        self.check(server, lambda: client.upload(b""), 400, "empty-payload")

    @pytest.mark.parametrize("variants, pointer", [
        ("no-such-preset", "/variants"),
        ([{"name": "x", "transform": {"resize": {"width": 0}}}], "/variants/0/transform/resize/width"),
        ([{"name": "x", "transform": {"unknown": 1}}], "/variants/0/transform/unknown"),
        ([{"name": "UPPER", "transform": {}}], "/variants/0/name"),
        ("[not json", "/variants"),
    ])
    def test_malformed_variants(self, server, client, variants, pointer):
        data = pictures.make("jpeg")
        problem = self.check(server, lambda: client.upload(data, variants=variants), 400, "invalid-argument")
        assert any(error["pointer"].startswith(pointer) for error in problem["errors"]), problem

    @pytest.mark.parametrize("metadata", ["[]", "7", "{", '{"a":' * 100 + "1" + "}" * 100])
    def test_malformed_metadata(self, server, client, metadata):
        data = pictures.make("jpeg")
        problem = self.check(server, lambda: client.upload(data, metadata=metadata), 400, "invalid-argument")
        assert problem["errors"][0]["pointer"].startswith("/metadata")

    def test_unknown_parameters_and_fields(self, server, client):
        data = pictures.make("jpeg")
        problem = self.check(server, lambda: client.upload_raw(data, "?colour=red"), 400, "invalid-argument")
        assert problem["errors"][0]["parameter"] == "colour"
        content_type, body = multipart([("file", "a.jpg", data), ("colour", None, b"red")])
        send = lambda: client.request("POST", "/v1/jobs", {"Content-Type": content_type}, body)
        self.check(server, send, 400, "invalid-argument")

    def test_malformed_digest(self, server, client):
        data = pictures.make("jpeg")
        send = lambda: client.upload_raw(data, headers={"Content-Digest": "sha-256=nonsense"})
        self.check(server, send, 400, "invalid-argument")

    def test_encoded_body(self, server, client):
        data = pictures.make("jpeg")
        send = lambda: client.upload_raw(data, headers={"Content-Encoding": "gzip"})
        self.check(server, send, 415, "unsupported-media-type")


class TestThumbnail:
    @pytest.mark.parametrize("format", FORMATS)
    def test_every_format(self, client, format):
        alpha = format in WITH_ALPHA
        job = client.process(pictures.make(format, (160, 120), alpha=alpha), f"picture.{format}")
        assert job["status"] == "PROCESSED", job
        assert job["image"]["media_type"] == pictures.MEDIA_TYPES[format]
        assert job["image"]["has_alpha"] == alpha
        picture, response = fetch_thumbnail(client, job)
        assert response.header("Content-Type") in WRITTEN_AS.get(format, (pictures.MEDIA_TYPES[format],))
        assert picture.size == (100, 75)
        pictures.assert_upright(picture)
        if alpha:
            assert picture.convert("RGBA").getpixel((50, 37))[3] == 0

    @pytest.mark.parametrize("orientation", range(1, 9))
    @pytest.mark.parametrize("format", WITH_EXIF)
    def test_upright(self, client, format, orientation):
        job = client.process(pictures.make(format, (160, 120), orientation=orientation))
        assert job["status"] == "PROCESSED", job
        assert (job["image"]["width"], job["image"]["height"]) == (160, 120)
        picture, _ = fetch_thumbnail(client, job)
        assert picture.size == (100, 75)
        pictures.assert_upright(picture)
        assert picture.getexif().get(pictures.Base.Orientation, 1) == 1

    @pytest.mark.parametrize("format", WITH_EXIF)
    def test_says_nothing_of_the_place(self, client, format):
        data = pictures.make(format, gps=True, orientation=6)
        job = client.process(data)
        picture, response = fetch_thumbnail(client, job)
        assert pictures.SECRET not in response.body
        assert not picture.getexif().get_ifd(pictures.IFD.GPSInfo)
        assert client.get(job["image"]["url"]).body == data, "the original is kept as it came"

    @pytest.mark.parametrize("size, expected", [
        ((40, 30), (40, 30)), ((1, 1), (1, 1)), ((100, 100), (100, 100)), ((1000, 10), (100, 1)), ((3, 3000), (1, 100)),
        ((101, 100), (100, 99)),
    ])
    def test_fits_and_is_never_enlarged(self, client, size, expected):
        job = client.process(pictures.make("png", size))
        picture, _ = fetch_thumbnail(client, job)
        assert picture.size == expected

    def test_is_the_same_bytes_each_time(self, client):
        data = pictures.make("jpeg", (500, 400))
        first, second = (fetch_thumbnail(client, client.process(data))[1] for _ in range(2))
        assert first.body == second.body
        assert first.header("ETag") == second.header("ETag")

    def test_animation(self, client):
        job = client.process(pictures.make("gif", (120, 80), frames=7))
        assert job["image"]["frames"] == 7
        assert job["status"] == "PROCESSED"
        thumbnail = pictures.opened(client.get(thumbnail_of(job)["url"]).body)
        assert (thumbnail.n_frames, thumbnail.size, thumbnail.info["loop"]) == (7, (100, 67), 0)

    def test_animation_in_other_formats(self, client):
        wanted = [{"name": name, "transform": transform} for name, transform in (
            ("moving", {"format": "webp", "resize": {"width": 60}}), ("poster", {"format": "jpeg"}),
            ("still", {"format": "webp", "animation": "first-frame"}))]
        job = client.process(pictures.make("gif", (120, 80), frames=7), variants=json.dumps(wanted))
        assert job["status"] == "PROCESSED"
        opened = {variant["name"]: pictures.opened(client.get(variant["url"]).body)
                  for variant in job["image"]["variants"]}
        assert {name: getattr(picture, "n_frames", 1) for name, picture in opened.items()} == {
            "moving": 7, "poster": 1, "still": 1}
        assert opened["moving"].size == (60, 40)
        assert opened["moving"].info["loop"] == 0

    def test_animation_whose_frames_are_too_large_together(self, client):
        huge = {"name": "huge", "transform": {"resize": {"width": 3600, "enlarge": True}, "format": "webp"}}
        job = client.process(pictures.make("gif", (120, 80), frames=7), variants=json.dumps([huge]))
        error = job["image"]["variants"][0]["error"]
        assert error["type"] == "/problems/unsupported-transform"
        assert "7 frames of 3600×2400 pixels" in error["detail"]

    def test_a_picture_that_is_broken_inside_fails_once(self, client):
        whole = pictures.noise((400, 400), format="jpeg")
        response = client.upload(whole[:len(whole) // 2])
        if response.status == 202:  # a probe reads no pixels
            job = client.wait(response.json()["id"])
            assert (job["status"], job["attempts"]) == ("FAILED", 1)
            error = thumbnail_of(job)["error"]
            assert error["type"] == "/problems/invalid-image" and error["detail"]
            refused = client.get(thumbnail_of(job)["url"])
            assert refused.status == 404
            assert refused.problem()["type"] == "/problems/variant-failed"
        else:
            assert response.status == 422


class TestVariants:
    def test_added_later(self, client):
        job = client.process(pictures.make("jpeg", (300, 200)), variants="")
        small = {"name": "small", "transform": {"resize": {"width": 30}, "format": "webp"}}
        response = client.post_json(f"/v1/jobs/{job['id']}/variants", {"variants": [small, "thumbnail"]})
        assert response.status == 202
        assert response.json()["status"] in ("PROCESSING", "PROCESSED")
        job = client.wait(job["id"])
        assert job["status"] == "PROCESSED"
        variants = {variant["name"]: variant for variant in job["image"]["variants"]}
        assert (variants["small"]["width"], variants["small"]["height"]) == (30, 20)
        assert pictures.opened(client.get(variants["small"]["url"]).body).format == "WEBP"
        assert variants["thumbnail"]["status"] == "ready"

    def test_asked_for_twice_changes_nothing(self, client):
        job = client.process(pictures.make("jpeg"))
        again = client.post_json(f"/v1/jobs/{job['id']}/variants", {"variants": ["thumbnail"]})
        assert again.status == 202
        assert client.wait(job["id"])["image"] == job["image"]

    def test_a_name_that_is_taken(self, client):
        job = client.process(pictures.make("jpeg"))
        other = {"name": "thumbnail", "transform": {"resize": {"width": 7}}}
        refused = client.post_json(f"/v1/jobs/{job['id']}/variants", {"variants": [other]})
        assert refused.status == 409
        assert refused.problem()["type"] == "/problems/conflict"

    @pytest.mark.parametrize("body", [{}, {"variants": []}, {"variants": "thumbnail"}, {"variants": ["nope"]},
                                      {"variants": ["thumbnail"], "more": 1}, [], {"variants": [{"name": "a"}] * 33}])
    def test_malformed(self, client, body):
        job = client.process(pictures.make("jpeg"))
        refused = client.post_json(f"/v1/jobs/{job['id']}/variants", body)
        assert refused.status == 400
        assert refused.problem()["errors"]

    def test_not_made_for_this_image(self, client):
        job = client.process(pictures.make("jpeg"))
        refused = client.get(f"/v1/images/{job['image']['id']}/variants/never-asked-for")
        assert refused.status == 404
        assert refused.problem()["type"] == "/problems/not-found"

    def test_not_ready_yet(self, start_server):
        server = start_server({"SAFELIGHT_WORKERS": "0"})
        client = server.client()
        job = client.upload(pictures.make("jpeg")).json()
        assert job["status"] == "PROCESSING"
        refused = client.get(thumbnail_of(job)["url"])
        assert refused.status == 404
        assert refused.problem()["type"] == "/problems/variant-not-ready"
        assert int(refused.header("Retry-After")) >= 1


class TestUnderLoad:
    """Ledger rows are then written ahead."""

    @pytest.mark.parametrize("end", ["rest", "stop", "kill"])
    def test_leaves_no_ledger_row_that_nobody_needs(self, start_server, end):
        server = start_server({"SAFELIGHT_KEYS_AHEAD_MAX": "64", "SAFELIGHT_LEASE": "1s",
                               "SAFELIGHT_WRITE_DEADLINE": "2s", "SAFELIGHT_VARIANT_WRITE_DEADLINE": "2s"})
        count = 40
        data = [pictures.make("png", (40 + i, 30)) for i in range(count)]
        with concurrent.futures.ThreadPoolExecutor(8) as clients:
            statuses = list(clients.map(lambda one: server.client().upload(one).status, data))
        assert statuses == [202] * count
        assert contents(server.data).ledger > contents(server.data).files, "some were written ahead"
        if end != "rest":
            server.stop() if end == "stop" else server.kill()
            server.restart()
        at_rest = contents_at_rest(server)
        assert (at_rest.images, at_rest.ledger, at_rest.files) == (count, 2 * count, 2 * count)


class TestDeletion:
    @pytest.mark.parametrize("by", ["job", "image"])
    def test_everything_goes_for_ever(self, start_server, by):
        server = start_server()
        client = server.client()
        job = client.process(pictures.make("jpeg", (300, 200)))
        image = job["image"]
        address = f"/v1/jobs/{job['id']}" if by == "job" else f"/v1/images/{image['id']}"
        assert contents(server.data).files == 2
        assert client.delete(address).status == 204
        assert contents(server.data).files == 0, "the bytes are gone when the answer comes"
        gone = (f"/v1/jobs/{job['id']}", f"/v1/images/{image['id']}", image["url"], thumbnail_of(job)["url"])
        for target in gone:
            assert client.get(target).status == 404
        assert client.delete(address).status == 404
        assert client.post_json(f"/v1/jobs/{job['id']}/variants", {"variants": ["thumbnail"]}).status == 404
        eventually(lambda: contents(server.data).ledger == 0)
        server.stop()
        server.restart()
        for target in gone:
            assert server.client().get(target).status == 404
        assert client_counts(server) == (0, 0, 0, 0, 0)

    def test_while_it_is_being_processed(self, start_server):
        server = start_server()
        client = server.client()
        data = pictures.noise((1500, 1500), format="jpeg")
        ids = [client.upload(data).json()["id"] for _ in range(6)]
        for job_id in ids:
            assert client.delete(f"/v1/jobs/{job_id}").status == 204
            assert client.get(f"/v1/jobs/{job_id}").status == 404
        eventually(lambda: client_counts(server) == (0, 0, 0, 0, 0),
                   describe=lambda: f"left: {contents(server.data)}")

    def test_a_waiting_client_learns_of_it(self, start_server):
        server = start_server({"SAFELIGHT_WORKERS": "0"})
        client = server.client()
        job_id = client.upload(pictures.make("jpeg")).json()["id"]
        answers = []
        waiter = threading.Thread(
            target=lambda: answers.append(client.get(f"/v1/jobs/{job_id}", Prefer="wait=30")))
        waiter.start()
        # A second request on the same server is answered meanwhile.
        assert client.get("/healthz").status == 200
        assert client.delete(f"/v1/jobs/{job_id}").status == 204
        waiter.join(20)
        assert answers and answers[0].status == 404


def client_counts(server):
    now = contents(server.data)
    return now.images, now.jobs, now.variants, now.ledger, now.files
