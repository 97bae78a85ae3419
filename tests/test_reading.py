"""What is read back: bytes with their conditions and ranges, names for saving, lists."""

import email.utils
import re
import threading
import time
from urllib.parse import unquote

import pytest

import pictures
from http_client import multipart


@pytest.fixture(scope="module")
def job(shared_server):
    return shared_server.client().process(pictures.make("jpeg", (320, 240)), "cat.jpg")


@pytest.fixture(params=["original", "thumbnail"])
def target(request, job):
    return job["image"]["url"] if request.param == "original" else job["image"]["variants"][0]["url"]


class TestBytes:
    def test_headers(self, client, target):
        response = client.get(target)
        assert response.status == 200
        assert response.header("ETag") == f'"{pictures.sha256(response.body)}"'
        assert email.utils.parsedate_to_datetime(response.header("Last-Modified"))
        assert response.header("X-Content-Type-Options") == "nosniff"
        assert response.header("Accept-Ranges") == "bytes"
        assert response.header("Content-Type") == "image/jpeg"
        assert "sandbox" in response.header("Content-Security-Policy")
        assert response.header("Content-Disposition")
        assert response.header("Cache-Control") == "private, no-cache"

    def test_head_is_get_without_the_body(self, client, target):
        whole, head = client.get(target), client.request("HEAD", target)
        assert (head.status, head.body) == (200, b"")
        names = {"Content-Length", "Content-Type", "ETag", "Last-Modified", "Content-Disposition"}
        assert {name: head.header(name) for name in names} == {name: whole.header(name) for name in names}

    def test_conditions(self, client, target):
        whole = client.get(target)
        etag, modified = whole.header("ETag"), whole.header("Last-Modified")
        known = client.get(target, If_None_Match=etag)
        assert (known.status, known.body) == (304, b"")
        assert known.header("ETag") == etag
        assert client.get(target, If_None_Match=f'"other", W/{etag}').status == 304
        assert client.get(target, If_None_Match="*").status == 304
        assert client.get(target, If_None_Match='"other"').status == 200
        assert client.get(target, If_Modified_Since=modified).status == 304
        assert client.get(target, If_Modified_Since="Thu, 01 Jan 1970 00:00:00 GMT").status == 200
        assert client.get(target, If_Match=etag).status == 200
        failed = client.get(target, If_Match='"other"')
        assert failed.status == 412
        assert failed.problem()["type"] == "/problems/precondition-failed"
        assert client.get(target, If_Unmodified_Since="Thu, 01 Jan 1970 00:00:00 GMT").status == 412

    @pytest.mark.parametrize("field, first, last", [("bytes=0-9", 0, 9), ("bytes=5-5", 5, 5), ("bytes=100-", 100, None),
                                                    ("bytes=-7", -7, None), ("bytes=10-9999999", 10, None)])
    def test_ranges(self, client, target, field, first, last):
        whole = client.get(target).body
        part = client.get(target, Range=field)
        expected = whole[first:] if last is None else whole[first:last + 1]
        start = first % len(whole)
        assert part.status == 206
        assert part.body == expected
        assert part.header("Content-Range") == f"bytes {start}-{start + len(expected) - 1}/{len(whole)}"

    def test_range_beyond_the_end(self, client, target):
        length = len(client.get(target).body)
        refused = client.get(target, Range=f"bytes={length}-")
        assert refused.status == 416
        assert refused.header("Content-Range") == f"bytes */{length}"
        assert refused.problem()["type"] == "/problems/range-not-satisfiable"

    @pytest.mark.parametrize("field", ["bytes=9-0", "bytes=", "bytes=a-b", "lines=0-1", "bytes=0-1,5-6", "bytes=--1"])
    def test_ranges_that_are_ignored(self, client, target, field):
        assert client.get(target, Range=field).status == 200

    def test_if_range(self, client, target):
        etag = client.get(target).header("ETag")
        assert client.get(target, Range="bytes=0-4", If_Range=etag).status == 206
        assert client.get(target, Range="bytes=0-4", If_Range='"other"').status == 200


# B9: whatever a client calls its file, it is never a path, and comes back in a well-formed header.
HOSTILE_NAMES = {
    "up": "../../etc/passwd", "windows": "C:\\Windows\\x.jpg", "encoded": "%2e%2e/%2e%2e/x", "long": "n" * 5000 + ".jpg",
    "right to left": "\u202egpj.exe", "option": "-rf", "hidden": ".htaccess", "quote": 'a"b;c.jpg', "newline": "a%0d%0ab",
    "accents": "Größe – 写真.jpg", "only dots": "..", "empty": "", "semicolon": 'x; filename="y"', "tab": "a\tb",
}


class TestNames:
    @pytest.mark.parametrize("kind", HOSTILE_NAMES)
    def test_hostile_names(self, server, client, kind):
        name = HOSTILE_NAMES[kind]
        raw = name.encode().replace(b'"', b"%22")
        content_type, body = multipart([("file", raw, pictures.make("png", (9, 9)))])
        response = client.request("POST", "/v1/jobs", {"Content-Type": content_type}, body)
        if kind == "long":  # a part's header is limited
            assert response.status == 400
            return
        assert response.status == 202, response.body
        self.check(server, client, response.json())

    def test_bytes_that_are_no_utf8(self, server, client):
        content_type, body = multipart([("file", b"\xff\xfe\xc3(.png", pictures.make("png", (9, 9)))])
        response = client.request("POST", "/v1/jobs", {"Content-Type": content_type}, body)
        assert response.status == 202, response.body
        response.body.decode("utf-8", "strict")
        self.check(server, client, response.json())

    def test_long_name_in_the_query(self, server, client):
        response = client.upload_raw(pictures.make("png", (9, 9)), "?filename=" + "n" * 5000)
        assert response.status == 202
        assert len(response.json()["image"]["filename"]) < 5000
        self.check(server, client, response.json())

    def check(self, server, client, job):
        job = client.wait(job["id"])
        for target in (job["image"]["url"], job["image"]["variants"][0]["url"]):
            field = client.get(target).header("Content-Disposition")
            assert all(32 <= ord(c) < 127 for c in field), field
            kind, _, parameters = field.partition(";")
            assert kind in ("inline", "attachment")
            names = dict(re.findall(r'([a-z*]+)=("[^"]*"|[^;" ]+)(?:;|$)', parameters))
            assert "filename" in names and not set(names) - {"filename", "filename*"}, field
            if "filename*" in names:
                offered = unquote(names["filename*"].removeprefix("UTF-8''"), errors="strict")
                assert "/" not in offered and "\\" not in offered and "\n" not in offered
            assert not set(names["filename"].strip('"')) & set('"/\\')
        blobs = [path.name for path in (server.data / "blobs").rglob("*") if path.is_file()]
        assert all(len(name.removesuffix(".part")) == 36 for name in blobs), "names in the store are the server's own"
        assert {path.name for path in server.data.iterdir()} <= {"blobs", "catalog.db", "catalog.db-wal",
                                                                "catalog.db-shm"}


def truncated_jpeg():
    """Its header is whole, its pixels are not."""
    whole = pictures.noise((400, 400), format="jpeg")
    return whole[:len(whole) // 2]


@pytest.fixture(scope="module")
def full(request, tmp_path_factory):
    from conftest import finish, launch
    server = launch(tmp_path_factory.mktemp("lists"))
    request.addfinalizer(lambda: finish(server))
    client = server.client()
    jobs = [client.upload(pictures.make("png", (9, 9 + i)), f"{i}.png", variants="" if i % 3 else "thumbnail").json()
            for i in range(25)]
    broken = client.upload(truncated_jpeg())
    assert broken.status == 202, broken.body
    jobs.append(broken.json())
    for job in jobs:
        client.wait(job["id"])
    return server, [job["id"] for job in jobs]


class TestLists:
    def test_newest_first_in_pages(self, full):
        server, ids = full
        client = server.client()
        seen, target = [], "/v1/jobs?limit=7"
        while target:
            page = client.get(target)
            assert page.status == 200
            body = page.json()
            seen += [job["id"] for job in body["items"]]
            link = page.header("Link")
            assert (link is None) == (body["next_cursor"] is None)
            target = link and link.partition("<")[2].partition(">")[0]
            assert target is None or (body["next_cursor"] in target and "limit=7" in target)
        assert seen == ids[::-1]

    def test_images_by_themselves(self, full):
        client = full[0].client()
        first = client.get("/v1/images?limit=20").json()
        second = client.get(f"/v1/images?limit=20&cursor={first['next_cursor']}").json()
        assert len(first["items"]) == 20 and len(second["items"]) == 6 and second["next_cursor"] is None
        image = first["items"][0]
        assert client.get(f"/v1/images/{image['id']}").json() == image

    @pytest.mark.parametrize("status, count", [("UNPROCESSED", 16), ("PROCESSED", 9), ("FAILED", 1), ("PROCESSING", 0)])
    def test_by_status(self, full, status, count):
        items = full[0].client().get(f"/v1/jobs?status={status}&limit=200").json()["items"]
        assert len(items) == count
        assert {job["status"] for job in items} <= {status}

    def test_by_time(self, full):
        client = full[0].client()
        times = [job["created_at"] for job in client.get("/v1/jobs?limit=200").json()["items"]]
        middle = times[10]
        after = client.get(f"/v1/jobs?limit=200&created_after={middle}").json()["items"]
        before = client.get(f"/v1/jobs?limit=200&created_before={middle}").json()["items"]
        assert [job["created_at"] for job in after] == [time for time in times if time > middle]
        assert [job["created_at"] for job in before] == [time for time in times if time < middle]

    def test_filters_survive_the_page(self, full):
        client = full[0].client()
        page = client.get("/v1/jobs?status=UNPROCESSED&limit=5")
        rest = client.get(page.header("Link").partition("<")[2].partition(">")[0]).json()["items"]
        assert len(rest) == 5 and {job["status"] for job in rest} == {"UNPROCESSED"}

    @pytest.mark.parametrize("query", ["limit=0", "limit=201", "limit=x", "cursor=nonsense", "status=done",
                                       "created_after=yesterday", "colour=red", "limit=1&limit=2", "status="])
    @pytest.mark.parametrize("list_of", ["jobs", "images"])
    def test_malformed_queries(self, client, list_of, query):
        refused = client.get(f"/v1/{list_of}?{query}")
        assert refused.status == 400
        assert refused.problem()["errors"][0]["parameter"] == query.split("=")[0]

    def test_a_cursor_of_the_other_list(self, full):
        client = full[0].client()
        cursor = client.get("/v1/jobs?limit=1").json()["next_cursor"]
        assert client.get(f"/v1/images?cursor={cursor}").status == 400


class TestJob:
    def test_etag(self, client, job):
        first = client.get(f"/v1/jobs/{job['id']}")
        assert client.get(f"/v1/jobs/{job['id']}", If_None_Match=first.header("ETag")).status == 304
        image = client.get(f"/v1/images/{job['image']['id']}")
        assert client.get(f"/v1/images/{job['image']['id']}", If_None_Match=image.header("ETag")).status == 304

    def test_waiting_ends_with_the_time(self, start_server):
        server = start_server({"SAFELIGHT_WORKERS": "0"})
        client = server.client()
        job_id = client.upload(pictures.make("jpeg")).json()["id"]
        begun = time.monotonic()
        response = client.get(f"/v1/jobs/{job_id}", Prefer="wait=1")
        assert 0.9 < time.monotonic() - begun < 10
        assert response.status == 200
        assert response.json()["status"] == "PROCESSING"
        assert response.header("Preference-Applied") == "wait=1"

    def test_many_wait_at_once(self, server, client):
        """A long poll holds no thread: more of them than the pool has."""
        job_id = client.upload(pictures.noise((1200, 1200))).json()["id"]
        answers = []
        threads = [threading.Thread(target=lambda: answers.append(client.wait(job_id)["status"])) for _ in range(40)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(40)
        assert answers == ["PROCESSED"] * 40

    @pytest.mark.parametrize("target", ["/v1/jobs/0", "/v1/jobs/01934b7e-5f00-7abc-8def-0123456789ab", "/v1/images/x",
                                        "/v1/jobs/..%2f..%2fetc", "/v1/images/01934b7e-5f00-7abc-8def-0123456789ab/original",
                                        "/v1/jobs/%00", "/v1/jobs//", "//v1/jobs", "/v1/jobs/%ff"])
    def test_ids_that_are_nobodys(self, client, target):
        response = client.request("GET", target)
        assert response.status in (400, 404)
        assert response.problem()["type"] in ("/problems/not-found", "/problems/bad-request")
