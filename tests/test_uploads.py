"""Resumable uploads (tus 1.0) on whole processes: every documented answer, clients that others have written, connections that
break, and kill -9."""

import base64
import hashlib
import json
import random
import subprocess
import threading
import time

import pytest

import pictures
from backends import Backends
from check_invariants import check
from data_folder import rows
from delaying_proxy import UP, DelayingProxy
from eventually import eventually
from http_client import connect, parse_responses, read_to_end
from key_client import KeyClient, make_key
from remains import Remains
from safelight_process import REPOSITORY, run_command
from test_browser import Page, driver, picture_file  # noqa: F401: fixtures
from test_contract import NOBODY, FailingCalls, StoppedThread, blobs_and_catalog
from tus_client import TYPE, TusClient, encoded, sha1

CLIENTS = REPOSITORY / "tests/clients"


@pytest.fixture
def tus(client):
    return TusClient(client)


def half_of(picture):
    return len(picture) // 2


def assert_is_original(client, job_url, picture):
    job = client.get(job_url).json()
    stored = client.get(job["image"]["url"])
    assert stored.status == 200 and hashlib.sha256(stored.body).digest() == hashlib.sha256(picture).digest()
    return job


class TestAnswers:
    """Each that the contract has; the client holds them against it."""

    def test_of_an_upload_in_two_pieces(self, client, tus):
        picture = pictures.noise((300, 200))
        url = tus.begin(len(picture), Upload_Metadata=f"filename {encoded('kitten.png')},variants {encoded('thumbnail')}")
        first = tus.append(url, 0, picture[:half_of(picture)])
        assert first.status == 204 and tus.offset(url) == half_of(picture)
        assert client.get(url).json()["received_bytes"] == half_of(picture)
        last = tus.append(url, half_of(picture), picture[half_of(picture):])
        assert last.status == 204 and last.header("Upload-Offset") == str(len(picture))
        job = assert_is_original(client, last.header("Upload-Job"), picture)
        assert job["image"]["filename"] == "kitten.png"
        assert client.wait(job["id"])["status"] == "PROCESSED"
        assert client.get(url).json()["job_url"] == last.header("Upload-Job")

    def test_of_an_upload_in_its_creation(self, client, tus):
        picture = pictures.make("png")
        created = tus.create(len(picture), picture, "?variants=")
        assert created.status == 201, created.body
        assert assert_is_original(client, created.header("Upload-Job"), picture)["status"] == "UNPROCESSED"

    def test_of_names_in_other_encodings(self, client, tus):
        picture = pictures.make("png")
        for name, expected in ((b"caf\xe9.png", "caf\ufffd.png"), ("café.png".encode(), "café.png"), (b"a\0b.png", "ab.png")):
            metadata = f"filename {base64.b64encode(name).decode()},variants"
            created = tus.create(len(picture), picture, Upload_Metadata=metadata)
            assert created.status == 201, created.body
            stored = client.get(created.header("Upload-Job")).json()["image"]["filename"]
            assert stored == expected, (name, stored)
            url = tus.begin(len(picture), Upload_Metadata=metadata)
            assert client.get(url).header("Upload-Metadata") == metadata
            assert tus.append(url, 0, picture).header("Upload-Job")

    def test_about_what_is_spoken(self, client):
        for target in ("/v1/uploads", f"/v1/uploads/{NOBODY}"):
            assert client.request("OPTIONS", target).header("Tus-Version") == "1.0.0"

    @pytest.mark.parametrize("override", (False, True))
    def test_of_refusals(self, client, tus, override):
        picture = pictures.noise((60, 60))
        url = tus.begin(len(picture))
        append = lambda *arguments, **headers: (
            tus.append(*arguments, method="POST", X_HTTP_Method_Override="PATCH", **headers) if override
            else tus.append(*arguments, **headers))
        assert append(url, 0, picture[:100]).status == 204
        assert append(url, 0, picture).status == 409
        assert append(url, 100, picture[100:], Upload_Checksum=sha1(b"other")).status == 460
        assert append(url, 100, picture).status == 413
        assert append(url, 100, picture[100:], Content_Type="text/plain").status == 415
        assert append(url, 100, picture[100:], Tus_Resumable="0.1").status == 412
        assert append(url, 100, picture[100:], Content_Encoding="gzip").status == 415
        digest = f"sha-256=:{base64.b64encode(hashlib.sha256(b'other').digest()).decode()}:"
        assert append(url, 100, picture[100:], Content_Digest=digest).problem()["type"] == "/problems/digest-mismatch"
        assert client.request("HEAD", url, {"Tus-Resumable": "0.1"}).status == 412
        assert append(url, "x", picture[100:]).status == 400
        assert append(f"/v1/uploads/{NOBODY}", 0, picture).status == 404
        assert tus.offset(url) == 100
        damaged = tus.begin(100)
        assert append(damaged, 0, picture[:100]).status == 422
        assert client.get(damaged).status == 404, "it can never become a job"
        if override:
            removed = client.request("POST", url, {"Tus-Resumable": "1.0.0", "X-HTTP-Method-Override": "DELETE"})
        else:
            removed = tus.delete(url)
        assert removed.status == 204 and client.get(url).status == 404

    def test_of_refused_creations(self, client, tus):
        picture = pictures.noise((60, 60))
        assert tus.create(10, Tus_Resumable="2.0.0").status == 412
        assert tus.create("ten").status == 400
        assert tus.create(100_000_000).status == 413
        assert tus.create(len(picture), picture, Content_Type="image/png").status == 415
        text = b"nothing but text in here, much too plain"
        assert tus.create(len(text), text).status == 415
        assert tus.create(len(picture), picture, Upload_Checksum=sha1(b"other")).status == 460
        assert tus.create(100, picture[:100]).status == 422

    def test_of_removals(self, client, tus):
        url = tus.begin(10)
        assert client.request("DELETE", url).status == 412
        assert client.request("DELETE", url + "?colour=red", {"Tus-Resumable": "1.0.0"}).status == 400
        assert client.get(url + "?colour=red").status == 400
        assert tus.delete(url).status == 204
        assert tus.delete(url).status == 404

    def test_of_slow_bodies(self, start_server):
        server = start_server({"SAFELIGHT_BODY_RATE_GRACE": "300ms"})
        tus = TusClient(server.client())
        url = tus.begin(4000)
        calls = [("POST", "/v1/uploads", ""), ("PATCH", url, ""), ("POST", url, "X-HTTP-Method-Override: PATCH\r\n")]
        for method, target, override in calls:
            with connect(server.port) as connection:
                connection.sendall(f"{method} {target} HTTP/1.1\r\nHost: a\r\nContent-Type: {TYPE}\r\n{override}"
                                   "Tus-Resumable: 1.0.0\r\nUpload-Length: 4000\r\nUpload-Offset: 0\r\n"
                                   "Content-Length: 4000\r\n\r\n".encode())
                responses = parse_responses(read_to_end(connection))
            assert [response.status for response in responses] == [408]
            type(server).contract.check(method, target, responses[0])

    def test_when_no_blocking_work_can_be_taken(self, start_server):
        server = start_server({"SAFELIGHT_BLOCKING_THREADS": "1", "SAFELIGHT_BLOCKING_QUEUE_MAX": "1"})
        client = server.client()
        tus = TusClient(client)
        url = tus.begin(10)
        with StoppedThread(server, "blocking"):
            held = []
            holders = [threading.Thread(target=lambda: held.append(client.get("/v1/jobs").status)) for _ in range(3)]
            for holder in holders:
                holder.start()
            eventually(lambda: 503 in held)  # there was no room for it, nor will there be
            assert tus.create(10).status == 503
            assert client.get(url).status == 503
            assert tus.append(url, 0, b"x").status == 503
            assert tus.append(url, 0, b"x", method="POST", X_HTTP_Method_Override="PATCH").status == 503
            assert tus.delete(url).status == 503
        for holder in holders:
            holder.join(20)
        assert tus.offset(url) == 0

    def test_when_no_space_is_left(self, start_server):
        server = start_server({"SAFELIGHT_BLOCKING_THREADS": "1"})
        tus = TusClient(server.client())
        picture = pictures.noise((60, 60))
        url = tus.begin(len(picture))
        with FailingCalls(server, "fsync,fdatasync,pwrite64,write:error=ENOSPC", blobs_and_catalog(server)):
            assert tus.create(10).status == 507
            assert tus.append(url, 0, picture).status == 507
            assert tus.append(url, 0, picture, method="POST", X_HTTP_Method_Override="PATCH").status == 507
        assert tus.offset(url) == 0
        assert tus.append(url, 0, picture).header("Upload-Job")

    def test_when_an_account_has_too_many(self, start_server):
        tus = TusClient(start_server({"SAFELIGHT_RESUMABLE_UNFINISHED_MAX": "2"}).client())
        urls = [tus.begin(10) for _ in range(2)]
        assert tus.create(10).problem()["type"] == "/problems/overloaded"
        assert tus.delete(urls[0]).status == 204
        tus.begin(10)


class TestExpiry:
    def test_what_gets_nothing_more_is_given_up(self, start_server):
        server = start_server({"SAFELIGHT_RESUMABLE_EXPIRY": "1s", "SAFELIGHT_SWEEP_INTERVAL": "100ms"})
        client = server.client()
        tus = TusClient(client)
        url = tus.begin(1000)
        assert tus.append(url, 0, pictures.noise((60, 60))[:500]).status == 204
        eventually(lambda: client.get(url).status == 404)
        eventually(lambda: not rows(server.data, "SELECT 1 FROM uploads"))
        eventually(lambda: not rows(server.data, "SELECT 1 FROM blobs"))
        assert not [path for path in (server.data / "blobs").rglob("*") if path.is_file() and path.suffix != ".lock"]


class TestBrokenConnections:
    def test_what_came_is_kept(self, server, client, tus):
        picture = pictures.noise((900, 700))
        url = tus.begin(len(picture))
        offset = 0
        while offset < len(picture):
            piece = picture[offset:]
            cut = min(len(piece), 200_000)
            with connect(server.port) as connection:
                connection.sendall(f"PATCH {url} HTTP/1.1\r\nHost: a\r\nContent-Type: {TYPE}\r\nTus-Resumable: 1.0.0\r\n"
                                   f"Upload-Offset: {offset}\r\nContent-Length: {len(piece)}\r\n\r\n".encode() + piece[:cut])
                if cut == len(piece):
                    assert b" 204 " in connection.recv(1000)
            expected = offset + cut
            eventually(lambda: tus.offset(url) == expected)
            offset = expected
        assert_is_original(client, client.get(url).json()["job_url"], picture)


    def test_a_key_revoked_meanwhile_makes_no_job(self, start_server):
        server = start_server({"SAFELIGHT_ACCESS": "keys"})
        admin = KeyClient(server, make_key(server, "images:read", "images:write", "admin"))
        issued = admin.post_json("/v1/keys", {"name": "a", "scopes": ["images:write"]}).json()
        picture = pictures.noise((60, 60))
        url = TusClient(KeyClient(server, issued["key"])).begin(len(picture))
        with connect(server.port) as connection:
            connection.sendall(f"PATCH {url} HTTP/1.1\r\nHost: a\r\nContent-Type: {TYPE}\r\nTus-Resumable: 1.0.0\r\n"
                               f"Upload-Offset: 0\r\nAuthorization: Bearer {issued['key']}\r\nConnection: close\r\n"
                               f"Content-Length: {len(picture)}\r\n\r\n".encode() + picture[:-10])
            assert admin.delete(f"/v1/keys/{issued['id']}").status == 204
            time.sleep(3.5)  # what is remembered of the key is forgotten after three seconds: a promise about time
            connection.sendall(picture[-10:])
            assert b" 401 " in connection.recv(1000)
        assert admin.get("/v1/jobs").json()["items"] == []
        assert admin.get(url).json()["job_url"] is None


class TestNodes:
    def test_any_node_goes_on(self, tmp_path, start_server):
        """Over PostgreSQL and S3, the pieces go to two servers in turns; one of them is killed in the middle of one."""
        backends, nodes = Backends(queue="catalog", store="s3").make(), []
        try:
            settings = {**backends.settings(), "SAFELIGHT_WORKERS": "0", "SAFELIGHT_WRITE_DEADLINE": "2s",
                        "SAFELIGHT_SWEEP_INTERVAL": "200ms"}
            migrated = run_command("migrate", "up", settings=settings, cwd=tmp_path)
            assert migrated.returncode == 0, migrated.stderr
            nodes += [start_server(settings) for _ in range(2)]
            clients = [TusClient(node.client()) for node in nodes]
            picture = pictures.noise((400, 300))
            pieces = [picture[at:at + 90_000] for at in range(0, len(picture), 90_000)]
            assert len(pieces) >= 4
            url, offset = clients[0].begin(len(picture), Upload_Metadata="variants"), 0
            for number, piece in enumerate(pieces):
                tus = clients[number % 2]
                if number == 2:
                    with connect(nodes[0].port) as connection:
                        connection.sendall(f"PATCH {url} HTTP/1.1\r\nHost: a\r\nContent-Type: {TYPE}\r\n"
                                           f"Tus-Resumable: 1.0.0\r\nUpload-Offset: {offset}\r\n"
                                           f"Content-Length: {len(piece)}\r\n\r\n".encode() + piece[:50_000])
                        nodes[0].kill()
                    assert clients[1].offset(url) == offset
                    tus = clients[1]
                answer = tus.append(url, offset, piece)
                assert answer.status == 204, answer.body
                offset += len(piece)
                if number == 2:
                    nodes[0].start()
                    clients[0] = TusClient(nodes[0].client())
            for node in nodes:
                assert_is_original(node.client(), answer.header("Upload-Job"), picture)
            remains = Remains.of({**settings, "SAFELIGHT_DATA": str(nodes[0].data)})
            eventually(remains.is_quiet, timeout_s=30)
            assert check(remains) == []
        finally:
            for node in nodes:
                if node.running:
                    node.stop()
            backends.remove()


class TusJs:
    """tus-js-client with a file of its own."""

    def __init__(self, endpoint, path, chunk_bytes=None):
        arguments = [endpoint, str(path)] + ([str(chunk_bytes)] if chunk_bytes else [])
        self.process = subprocess.Popen(["node", "tus_upload.mjs", *arguments], cwd=CLIENTS, text=True,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def finish(self, timeout_s=120):
        try:
            out, err = self.process.communicate(timeout=timeout_s)
        finally:
            self.process.kill()
        assert self.process.returncode == 0, err
        news = [json.loads(line) for line in out.splitlines()]
        return news[-1]


class TestTusJsClient:
    @pytest.mark.parametrize("chunk_bytes", (None, 50_000))
    def test_uploads(self, server, client, tmp_path, chunk_bytes):
        picture = pictures.noise((400, 300))
        path = tmp_path / "a photo.png"
        path.write_bytes(picture)
        end = TusJs(f"{server.url}/v1/uploads", path, chunk_bytes).finish()
        job = assert_is_original(client, end["job"], picture)
        assert end["tries"] == 0 and job["image"]["filename"] == "a photo.png"
        assert client.wait(job["id"])["status"] == "PROCESSED"

    def test_cut_ten_times_with_a_kill_among_them(self, start_server, tmp_path, summarise):
        """20 MB; the connection is reset at random, and the server killed with -9 and started again."""
        random_cuts = random.Random(20)
        server = start_server({"SAFELIGHT_WRITE_DEADLINE": "15s", "SAFELIGHT_SWEEP_INTERVAL": "500ms"})
        picture = pictures.noise((2600, 2600))
        assert len(picture) > 20_000_000
        path = tmp_path / "large.png"
        path.write_bytes(picture)
        with DelayingProxy(("127.0.0.1", server.port)) as proxy:
            proxy.slow(12_000_000, UP)
            upload = TusJs(f"http://127.0.0.1:{proxy.port}/v1/uploads", path)
            cuts, kill_at = 0, 5
            while cuts < 10:
                target = proxy.bytes_passed(UP) + random_cuts.randrange(200_000, 2_000_000)
                eventually(lambda: proxy.bytes_passed(UP) >= target or upload.process.poll() is not None, timeout_s=60)
                assert upload.process.poll() is None, "through before it was cut ten times"
                if cuts == kill_at:
                    server.kill()
                    server.start()
                    proxy.target = ("127.0.0.1", server.port)
                proxy.cut()
                cuts += 1
            proxy.heal()
            end = upload.finish()
        client = server.client()
        job = assert_is_original(client, end["job"], picture)
        client.wait(job["id"], 60)
        assert end["tries"] >= 10
        remains = Remains.of_folder(server.data)
        eventually(remains.is_quiet, timeout_s=60)  # what the dead process was writing is swept at its deadline
        assert server.stop() == 0
        assert check(remains) == []
        summarise(f"tus: {len(picture) / 1e6:.1f} MB by tus-js-client, cut {cuts} times, one of them by kill -9: the hash is right")


class TestUppy:
    def test_uploads_from_a_page(self, driver, start_server, picture_file):  # noqa: F811
        server = start_server()
        page = Page(driver, server)
        page.open("/")
        page.script((CLIENTS / "node_modules/uppy/dist/uppy.min.js").read_text() + ";window.Uppy = Uppy;")
        page.script("""
            window.answers = [];
            const {Uppy: Core, Tus} = window.Uppy;
            window.uppy = new Core({autoProceed: false}).use(Tus, {
                endpoint: "/v1/uploads", chunkSize: 20000,
                onAfterResponse: (request, response) => window.answers.push(response.getHeader("Upload-Job"))});
            const bytes = Uint8Array.from(atob(arguments[0]), c => c.charCodeAt(0));
            window.uppy.addFile({name: "from uppy.jpg", type: "image/jpeg", data: new Blob([bytes], {type: "image/jpeg"})});
            window.uppy.upload().then(result => window.result = result);
        """, base64.b64encode(picture_file.read_bytes()).decode())
        page.until(lambda: page.script("return window.result !== undefined"))
        assert page.script("return window.result.failed.map(f => f.error)") == []
        job_url = page.script("return window.answers.at(-1)")
        job = assert_is_original(server.client(), job_url, picture_file.read_bytes())
        assert job["image"]["filename"] == "from uppy.jpg"
        assert server.client().wait(job["id"])["status"] == "PROCESSED"
        driver.get("about:blank")
