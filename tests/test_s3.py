"""What only an S3 store can do, and what is done so that it is asked less: redirects to it, and copies of uploads here."""

import hashlib
import re
import urllib.error
import urllib.parse
import urllib.request

import pytest

import backends
import pictures
from eventually import eventually
from house import House
from safelight_process import run_command

LARGE = 100_000  # bytes


@pytest.fixture
def chosen():
    made = backends.Backends("sqlite", "catalog", "s3").make()
    yield made
    made.remove()


@pytest.fixture
def server(chosen, start_server):
    """Starts one over a folder of the bucket of its own."""
    return lambda **settings: start_server({**chosen.settings(), "SAFELIGHT_UPLOADS_MAX": "32", **settings})


def large_picture(seed=1):
    content = pictures.noise((400, 300), seed)
    assert len(content) >= LARGE
    return content


def follow(url, method="GET", **headers):
    """An independent client, without credentials. (status, headers, body)"""
    request = urllib.request.Request(url, method=method, headers={name.replace("_", "-"): value for name, value in headers.items()})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.headers, refused.read()


def metric(client, name):
    """The sum over the series of that name that hold all of its labels."""
    wanted, _, labels = name.partition("{")
    total = 0.0
    for line in client.get("/metrics").body.decode().splitlines():
        series, _, value = line.rpartition(" ")
        if re.match(rf"{wanted}(\{{|$)", series) and all(label in series for label in labels.rstrip("}").split(",")):
            total += float(value)
    return total


class TestRedirects:
    def test_a_large_original_is_fetched_from_the_store(self, server):
        client = server(SAFELIGHT_BLOBS_REDIRECT=f"{LARGE} B").client()
        content = large_picture()
        job = client.process(content, "mein Bild ü.png")
        path = f"/v1/images/{job['image']['id']}/original"
        answer = client.get(path)
        assert answer.status == 307 and answer.body == b""
        assert answer.header("Cache-Control") == "private, no-store"
        status, headers, body = follow(answer.header("Location"))
        assert status == 200
        assert hashlib.sha256(body).hexdigest() == hashlib.sha256(content).hexdigest() == job["image"]["sha256"]
        assert headers["Content-Type"] == "image/png"
        assert headers["Content-Disposition"].startswith("inline; ") and "%C3%BC.png" in headers["Content-Disposition"]
        assert follow(answer.header("Location"), Range="bytes=10-29")[::2] == (206, content[10:30])
        head = client.request("HEAD", path)
        assert head.status == 307
        status, headers, _ = follow(head.header("Location"), "HEAD")
        assert (status, int(headers["Content-Length"])) == (200, len(content))

    def test_an_address_is_good_for_one_original_and_one_description(self, server):
        client = server(SAFELIGHT_BLOBS_REDIRECT=f"{LARGE} B").client()
        images = [client.process(large_picture(seed))["image"]["id"] for seed in range(2)]
        links = [client.get(f"/v1/images/{image}/original").header("Location") for image in images]
        paths = [urllib.parse.urlsplit(link).path for link in links]
        assert follow(links[0].replace(paths[0], paths[1]))[0] == 403
        assert follow(links[0].replace("image%2Fpng", "text%2Fhtml"))[0] == 403
        assert follow(links[0] + "&response-content-type=text%2Fhtml")[0] == 403
        assert follow(links[0], "DELETE")[0] == 403
        assert follow(links[0])[0] == 200

    def test_an_address_expires(self, server):
        client = server(SAFELIGHT_BLOBS_REDIRECT=f"{LARGE} B", SAFELIGHT_BLOBS_REDIRECT_EXPIRY="2s").client()
        image = client.process(large_picture())["image"]["id"]
        link = client.get(f"/v1/images/{image}/original").header("Location")
        assert follow(link)[0] == 200
        eventually(lambda: follow(link)[0] == 403, timeout_s=10, interval_s=0.2)

    def test_what_was_deleted_is_gone_behind_its_address_too(self, server):
        client = server(SAFELIGHT_BLOBS_REDIRECT=f"{LARGE} B").client()
        image = client.process(large_picture())["image"]["id"]
        link = client.get(f"/v1/images/{image}/original").header("Location")
        assert client.delete(f"/v1/images/{image}").status == 204
        assert client.get(f"/v1/images/{image}/original").status == 404
        assert follow(link)[0] == 404

    def test_the_rest_comes_from_here(self, server):
        client = server(SAFELIGHT_BLOBS_REDIRECT="10 MB").client()
        content = large_picture()
        job = client.process(content)
        assert client.get(f"/v1/images/{job['image']['id']}/original").body == content
        assert client.get(job["image"]["variants"][0]["url"]).status == 200

    def test_nothing_is_redirected_unless_it_is_asked_for(self, server):
        client = server().client()
        content = large_picture()
        assert client.get(f"/v1/images/{client.process(content)['image']['id']}/original").body == content

    def test_a_folder_is_refused_at_the_start(self, tmp_path):
        ended = run_command("serve", cwd=tmp_path, settings={"SAFELIGHT_DATA": str(tmp_path / "data"), "SAFELIGHT_BLOBS_REDIRECT": "5 MB"})
        assert ended.returncode != 0
        assert "SAFELIGHT_BLOBS_REDIRECT is 5 MB" in ended.stderr and "folder" in ended.stderr


class TestLocalCopies:
    def test_a_server_that_does_its_own_work_does_not_fetch_what_it_was_sent(self, server):
        """Neither to look at it nor to render it."""
        client = server(SAFELIGHT_WORKERS="4").client()
        jobs = [client.process(large_picture(), variants=["thumbnail", {"name": "wide", "transform": {"resize": {"width": 90}}}])
                for _ in range(5)]
        assert {job["status"] for job in jobs} == {"PROCESSED"}
        assert metric(client, 'safelight_blob_operations_total{operation="commit"}') == 15
        assert metric(client, 'safelight_blob_operations_total{operation="open"}') == 0
        eventually(lambda: metric(client, "safelight_local_copies_bytes") == 0)

    def test_without_copies_it_does(self, server):
        client = server(SAFELIGHT_BLOBS_LOCAL="0 B").client()
        assert client.process(large_picture())["status"] == "PROCESSED"
        assert metric(client, 'safelight_blob_operations_total{operation="open"}') > 0

    def test_a_disk_without_room_for_copies_fails_no_upload(self, server):
        running = server(SAFELIGHT_BLOBS_LOCAL="1000 GiB")
        client = running.client()
        content = large_picture()
        job = client.process(content)
        assert job["status"] == "PROCESSED"
        assert client.get(f"/v1/images/{job['image']['id']}/original").body == content
        assert len(running.events("local copies failed")) == 1

    def test_a_place_that_cannot_be_a_folder_fails_no_upload(self, server, tmp_path):
        data = tmp_path / "data"
        data.mkdir()
        (data / "copies").write_text("a file")
        running = server(SAFELIGHT_DATA=str(data))
        assert running.client().process(large_picture())["status"] == "PROCESSED"
        assert running.events("no local copies")

    def test_workers_elsewhere_and_copies_that_a_dead_server_left(self, chosen, tmp_path):
        house = House(tmp_path, chosen.settings())
        files = lambda: [path for path in (tmp_path / "data/copies").rglob("*") if path.is_file()]
        house.server.start()
        content = large_picture()
        job, deleted = [house.client.upload(content).json() for _ in range(2)]
        assert len(files()) == 2
        assert house.client.delete(f"/v1/jobs/{deleted['id']}").status == 204
        assert [path.read_bytes() for path in files()] == [content]
        house.server.kill()
        try:
            house.start()
            assert not files()
            done = house.client.wait(job["id"])
            assert done["status"] == "PROCESSED"
            assert house.client.get(f"/v1/images/{done['image']['id']}/original").body == content
            house.stop()
        finally:
            house.kill()


def test_checks_leave_what_reconcile_knows(chosen, server, tmp_path):
    client = server().client()
    for _ in range(3):
        assert client.get("/readyz").status == 200
    assert [name.rpartition("/")[2] for name in chosen.objects()] == ["safelight-check"]
