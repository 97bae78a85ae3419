"""Pictures that the server fetches itself: what comes of them."""

import contextlib
import hashlib
import http.client
import json
import socket
import threading
import uuid

import pytest

import pictures
from conftest import finish, launch
from data_folder import contents
from eventually import eventually
from fetching import (LOOPBACK, assert_refused, assert_whole, by_url, fetching, fresh_path, ours, source)  # noqa: F401 (fixtures)
from key_client import KeyClient, command, make_key
from source_server import ok_head


@pytest.fixture(scope="module")
def guarded(tmp_path_factory, source):
    server = launch(tmp_path_factory.mktemp("guarded"),
                    {**LOOPBACK, "SAFELIGHT_SOURCE_HOSTS": f"*:{source.port}", "SAFELIGHT_ACCESS": "keys"})
    yield server
    finish(server)


class TestWhatIsFetched:
    @pytest.mark.parametrize("size", [(60, 40), (1200, 900)])
    def test_is_the_picture_byte_for_byte(self, ours, source, size):
        picture = pictures.noise(size)
        answer = by_url(ours, source.serve(fresh_path(), picture), {"Prefer": "wait=20"})
        assert answer.status == 202 and answer.header("Location") == f"/v1/jobs/{answer.json()['id']}"
        job = answer.json()
        assert job["status"] == "PROCESSED" and job["image"]["bytes"] == len(picture)
        assert job["image"]["sha256"] == hashlib.sha256(picture).hexdigest()
        assert ours.get(job["image"]["url"]).body == picture
        assert [variant["name"] for variant in job["image"]["variants"]] == ["thumbnail"]

    def test_has_all_that_is_said_with_it(self, ours, source):
        url = source.serve(fresh_path(), pictures.make("jpeg", (200, 150)))
        job = by_url(ours, url, filename="cat.jpg", metadata={"album": "7", "deep": {"a": [1, None]}},
                     variants=["thumbnail", {"name": "small", "transform": {"resize": {"width": 20}}},
                               {"name": "text", "transform": "w=30"}],
                     focal_point={"x": 0.25, "y": 1}, priority="bulk").json()
        assert job["metadata"] == {"album": "7", "deep": {"a": [1, None]}} and job["priority"] == "bulk"
        image = job["image"]
        assert image["filename"] == "cat.jpg" and image["focal_point"] == {"x": 0.25, "y": 1}
        assert {variant["name"] for variant in image["variants"]} == {"thumbnail", "small", "text"}
        assert ours.wait(job["id"])["status"] == "PROCESSED"

    def test_may_be_said_as_texts(self, ours, source):
        url = source.serve(fresh_path(), pictures.make("jpeg", (200, 150)))
        job = by_url(ours, url, variants="thumbnail", focal_point="0.5,0.5").json()
        assert len(job["image"]["variants"]) == 1 and job["image"]["focal_point"] == {"x": 0.5, "y": 0.5}
        for none in ("", []):
            job = by_url(ours, url, variants=none).json()
            assert job["status"] == "UNPROCESSED" and job["image"]["variants"] == []

    def test_has_the_name_of_where_it_was_found(self, ours, source):
        picture = pictures.make("png", (9, 9))
        source.serve("/a%20%C3%BC.png?x=/y.gif", picture)
        moved = source.redirect("/old.png", "/a%20%C3%BC.png?x=/y.gif")
        assert by_url(ours, moved).json()["image"]["filename"] == "a ü.png"
        for path in ("/%2e%2e%2f%2e%2e%2fetc%2fpasswd", "/a%0d%0ab", "/%00", "/%ff%fe", "/x/"):
            name = by_url(ours, source.serve(path, picture)).json()["image"]["filename"]
            assert name and not set(name) & set("/\\\r\n\0"), (path, name)

    def test_may_come_as_chunks_or_end_with_the_connection(self, ours, source):
        picture = pictures.noise((300, 200))
        chunks = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece)
                          for piece in (picture[i:i + 7_000] for i in range(0, len(picture), 7_000)))
        for head, body in ((b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", chunks + b"0\r\n\r\n"),
                           (b"HTTP/1.0 200 OK\r\n\r\n", picture)):
            job = by_url(ours, source.send(fresh_path(), head + body)).json()
            assert ours.get(job["image"]["url"]).body == picture

    def test_is_found_by_redirects_up_to_five(self, ours, source):
        picture, path = pictures.make("png", (9, 9)), fresh_path("")
        source.serve(path + "0", picture)
        for i, status in enumerate((301, 302, 303, 307, 308, 302)):
            source.redirect(f"{path}{i + 1}", f"{path}{i}" if i % 2 else f"{source.url}{path}{i}", status)
        assert by_url(ours, source.url + path + "5").status == 202
        assert_refused(by_url(ours, source.url + path + "6"), 502, "source-failed")
        for location in ("/loop", "http://", "http://a b/"):
            assert_refused(by_url(ours, source.redirect("/loop", location)), 502, "source-failed")

    def test_tells_the_source_nothing(self, ours, source):
        url = source.serve(fresh_path(), pictures.make("png", (9, 9)), Set_Cookie="a=b")
        for _ in range(2):
            assert by_url(ours, url).status == 202
        _, headers = source.requests[-1]
        assert set(headers) <= {"Host", "User-Agent", "Accept"}, headers


class TestTheRequest:
    @pytest.mark.parametrize("members, pointer", [
        ({"colour": "red"}, "/colour"), ({"filename": 7}, "/filename"), ({"variants": {"a": 1}}, "/variants"),
        ({"variants": ["no-such"]}, "/variants/0"), ({"variants": None}, "/variants"), ({"metadata": "{}"}, "/metadata"),
        ({"metadata": []}, "/metadata"), ({"focal_point": {"x": 2, "y": 0}}, "/focal_point/x"), ({"focal_point": 1}, "/focal_point"),
        ({"priority": "urgent"}, "/priority"), ({"priority": 1}, "/priority"), ({"source_url": 7}, "/source_url"),
        ({"source_url": None}, "/source_url"), ({"source_url": ""}, "/source_url"), ({"source_url": "cat.jpg"}, "/source_url"),
        ({"source_url": "//a/b"}, "/source_url"), ({"source_url": "http://a b/"}, "/source_url"),
        ({"source_url": "http://a\0/"}, "/source_url"), ({"source_url": "http://a\r\nb/"}, "/source_url"),
        ({"source_url": "http://a:99999/"}, "/source_url"), ({"source_url": "http://" + "a" * 9_000}, "/source_url")])
    def test_that_is_wrong_is_told_where(self, ours, source, members, pointer):
        answer = ours.post_json("/v1/jobs", {"source_url": source.url + "/never", **members})
        problem = assert_refused(answer, 400, "invalid-argument")
        assert [error["pointer"] for error in problem["errors"]] == [pointer]
        assert source.count("/never") == 0

    @pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"http://a/"', b"{}", b'{"source_url":"http://a/","source_url":"http://b/"}',
                                      b'{"source_url":"http://a/"} x', b"\xff", b"[" * 5_000])
    def test_that_is_no_such_object_is_refused(self, ours, body):
        answer = ours.request("POST", "/v1/jobs", {"Content-Type": "application/json"}, body)
        assert_refused(answer, 400, "invalid-argument")

    def test_has_a_limit_and_may_have_a_digest(self, ours, source):
        url = source.serve(fresh_path(), pictures.make("png", (9, 9)))
        assert_refused(by_url(ours, url, filename="a" * 70_000), 413, "payload-too-large")
        assert_refused(by_url(ours, url, {"Content-Digest": f"sha-256=:{'A' * 43}=:"}), 400, "digest-mismatch")
        in_query = ours.request("POST", "/v1/jobs?priority=bulk", {"Content-Type": "application/json"},
                                json.dumps({"source_url": url}).encode())
        assert_refused(in_query, 400, "invalid-argument")

    def test_is_not_taken_unless_hosts_are_permitted(self, client, source):
        url = source.serve(fresh_path(), pictures.make("png", (9, 9)))
        problem = assert_refused(by_url(client, url), 415, "unsupported-media-type")
        assert "fetch" in problem["detail"]
        assert source.count(url.removeprefix(source.url)) == 0


class TestSourcesThatFail:
    @pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 451])
    def test_by_saying_that_there_is_nothing(self, ours, source, status):
        problem = assert_refused(by_url(ours, source.fail(fresh_path(), status)), 422, "source-not-found")
        assert str(status) in problem["detail"]

    @pytest.mark.parametrize("status", [304, 500, 502, 503])
    def test_by_themselves(self, ours, source, status):
        problem = assert_refused(by_url(ours, source.fail(fresh_path(), status)), 502, "source-failed")
        assert str(status) in problem["detail"]

    @pytest.mark.parametrize("data", [b"", b"SSH-2.0-OpenSSH_9.2\r\n", b"secret bytes", b"HTTP/1.1 200 OK\r\n",
                                      b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"])
    def test_with_something_else_than_an_answer(self, ours, source, data):
        assert_refused(by_url(ours, source.send(fresh_path(), data)), 502, "source-failed")

    @pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.999])
    def test_in_the_middle(self, fetching, ours, source, share):
        picture = pictures.noise((900, 700))
        before = contents(fetching.data)
        cut = ok_head(len(picture)) + picture[:int(len(picture) * share)]
        assert_refused(by_url(ours, source.send(fresh_path(), cut)), 502, "source-failed")
        eventually(lambda: contents(fetching.data) == before)

    def test_are_told_to_the_log_without_what_may_be_secret(self, fetching, ours, source):
        mark = uuid.uuid4().hex
        for url in (f"{source.url}/{mark}?{mark}", f"http://127.0.0.1:22/{mark}", f"http://{mark}:{mark}@127.0.0.1/",
                    source.redirect(fresh_path(), f"http://10.0.0.1/{mark}")):
            request_id = by_url(ours, url).header("X-Request-Id")
            told = fetching.wait_for_event("source_not_fetched", lambda event: event["request_id"] == request_id)
            assert told["fault"] in ("bad_status", "refused_host", "refused_url", "refused_address")
        assert mark not in fetching.log_path.read_text()

    def test_where_nobody_listens(self, start_server):
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))  # bound, and not listened on
            port = unused.getsockname()[1]
            server = start_server({**LOOPBACK, "SAFELIGHT_SOURCE_HOSTS": f"*:{port}"})
            assert_refused(by_url(server.client(), f"http://127.0.0.1:{port}/"), 502, "source-failed")

    def test_with_what_is_no_picture(self, fetching, ours, source):
        before = contents(fetching.data)
        assert_refused(by_url(ours, source.serve(fresh_path(), b"<html>secret</html>" * 20, Content_Type="image/png")), 415,
                       "unsupported-image")
        assert_refused(by_url(ours, source.serve(fresh_path(), pictures.make("png")[:60])), 422, "invalid-image")
        assert_refused(by_url(ours, source.serve(fresh_path(), b"")), 400, "empty-payload")
        eventually(lambda: contents(fetching.data) == before)

    def test_with_more_than_an_upload_may_have(self, start_server, source):
        server = start_server({**LOOPBACK, "SAFELIGHT_SOURCE_HOSTS": f"*:{source.port}", "SAFELIGHT_UPLOAD_BYTES_MAX": "1 MB"})
        picture = pictures.make("png", (9, 9)) + bytes(1_000_000)
        announced = source.held(fresh_path(), ok_head(2_000_000))
        for url in (source.serve(fresh_path(), picture), announced.url,
                    source.send(fresh_path(), b"HTTP/1.1 200 OK\r\n\r\n" + picture)):
            assert_refused(by_url(server.client(), url), 413, "payload-too-large")
        assert_whole(server)
        assert contents(server.data).ledger == 0

    def test_by_being_slow(self, start_server, source):
        server = start_server({**LOOPBACK, "SAFELIGHT_SOURCE_HOSTS": f"*:{source.port}", "SAFELIGHT_SOURCE_TIMEOUT": "1s"})
        picture = pictures.noise((900, 700))
        half = ok_head(len(picture)) + picture[:len(picture) // 2]
        for data in (b"", b"HTTP/1.1 200 OK\r\nX: ", half):
            held = source.held(fresh_path(), data)
            assert_refused(by_url(server.client(), held.url), 504, "source-timeout")
            assert held.left.wait(10)
        assert_whole(server)
        assert contents(server.data).ledger == 0


class TestSentAgain:
    def test_is_fetched_once(self, ours, source):
        path, key = fresh_path(), {"Idempotency-Key": str(uuid.uuid4())}
        url = source.serve(path, pictures.make("png", (9, 9)))
        first = by_url(ours, url, key, priority="bulk")
        assert first.status == 202
        for _ in range(2):
            again = by_url(ours, url, key, priority="bulk")
            assert (again.status, again.body, again.header("Idempotency-Replayed")) == (202, first.body, "true")
        assert source.count(path) == 1
        assert_refused(by_url(ours, url, key, priority="normal"), 422, "idempotency-key-already-used")
        picture = ours.upload(pictures.make("png", (9, 9)), headers=key)
        assert_refused(picture, 422, "idempotency-key-already-used")
        assert source.count(path) == 1

    def test_after_it_failed_is_fetched_again(self, ours, source):
        path, key = fresh_path(), {"Idempotency-Key": str(uuid.uuid4())}
        assert_refused(by_url(ours, source.url + path, key), 422, "source-not-found")
        source.serve(path, pictures.make("png", (9, 9)))
        assert by_url(ours, source.url + path, key).status == 202

    def test_while_it_is_fetched_is_told_so(self, ours, source):
        picture, key = pictures.noise((500, 400)), {"Idempotency-Key": str(uuid.uuid4())}
        held = source.held(fresh_path(), ok_head(len(picture)) + picture[:1_000], picture[1_000:])
        with in_background(by_url, ours, held.url, key) as first:
            assert held.asked.wait(10)
            assert_refused(by_url(ours, held.url, key), 409, "request-outstanding")
            held.release()
        assert first[0].status == 202
        assert by_url(ours, held.url, key).header("Idempotency-Replayed") == "true"


class TestLongFetches:
    def test_end_when_the_client_goes_away(self, fetching, ours, source):
        picture = pictures.noise((900, 700))
        before = contents(fetching.data)
        for share in (0, 0.9):
            held = source.held(fresh_path(), ok_head(len(picture)) + picture[:int(len(picture) * share)])
            body = json.dumps({"source_url": held.url}).encode()
            with socket.create_connection(("127.0.0.1", fetching.port), 20) as connection:
                connection.sendall(b"POST /v1/jobs HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
                                   b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
                assert held.asked.wait(10)
            assert held.left.wait(5)
            eventually(lambda: contents(fetching.data) == before)

    def test_survive_no_kill_and_leave_nothing(self, start_server, source):
        server = start_server({**LOOPBACK, "SAFELIGHT_SOURCE_HOSTS": f"*:{source.port}", "SAFELIGHT_WRITE_DEADLINE": "1s"})
        picture = pictures.noise((900, 700))
        held = source.held(fresh_path(), ok_head(len(picture)) + picture[:len(picture) * 9 // 10])
        with in_background(ask_in_vain, server.client(), held.url):
            assert held.asked.wait(10)
            eventually(lambda: contents(server.data).ledger == 1)
            server.kill()
        assert held.left.wait(10)
        server.restart()
        eventually(lambda: contents(server.data).ledger == 0)
        assert_whole(server)

    def test_are_so_many_and_hold_up_nothing_else(self, start_server, source):
        server = start_server({**LOOPBACK, "SAFELIGHT_SOURCE_HOSTS": f"*:{source.port}", "SAFELIGHT_SOURCE_FETCHES_MAX": "2",
                               "SAFELIGHT_BLOCKING_THREADS": "1"})
        client, picture = server.client(), pictures.noise((500, 400))
        held = [source.held(fresh_path(), ok_head(len(picture)) + picture[:1_000], picture[1_000:]) for _ in range(2)]
        with in_background(by_url, client, held[0].url) as first, in_background(by_url, client, held[1].url) as second:
            assert all(one.asked.wait(10) for one in held)
            refused = by_url(client, source.serve(fresh_path(), picture))
            assert_refused(refused, 503, "overloaded")
            assert int(refused.header("Retry-After")) >= 1
            assert client.process(picture)["status"] == "PROCESSED"
            assert b"safelight_source_fetches 2" in client.get("/metrics").body
            for one in held:
                one.release()
        assert first[0].status == second[0].status == 202
        assert by_url(client, source.serve(fresh_path(), picture)).status == 202

    def test_end_at_the_drain(self, start_server, source):
        server = start_server({**LOOPBACK, "SAFELIGHT_SOURCE_HOSTS": f"*:{source.port}", "SAFELIGHT_DRAIN_TIMEOUT": "200ms"})
        picture = pictures.noise((900, 700))
        held = source.held(fresh_path(), ok_head(len(picture)) + picture[:len(picture) // 2])
        with in_background(ask_in_vain, server.client(), held.url):
            assert held.asked.wait(10)
            assert server.stop() == 0
        assert held.left.wait(10)
        assert contents(server.data).ledger == 0


class TestRights:
    def test_to_write_are_needed(self, guarded, source):
        path = fresh_path()
        url = source.serve(path, pictures.make("png", (9, 9)))
        for key, status in ((None, 401), (make_key(guarded, "images:read"), 403), (make_key(guarded, "images:write"), 202)):
            assert by_url(KeyClient(guarded, key), url).status == status
        assert source.count(path) == 1

    def test_that_are_gone_meanwhile_count(self, guarded, source):
        picture, before = pictures.noise((900, 700)), contents(guarded.data)
        for is_released in (False, True):
            key = make_key(guarded, "images:write")
            identity = command(guarded, "key", "list").splitlines()[-1].split()[0]
            held = source.held(fresh_path(), ok_head(len(picture)) + picture[:len(picture) // 2], picture[len(picture) // 2:])
            with in_background(by_url, KeyClient(guarded, key), held.url) as answer:
                assert held.asked.wait(10)
                command(guarded, "key", "revoke", identity)
                if is_released:
                    eventually(lambda: KeyClient(guarded, key).get("/v1/jobs").status == 401)
                    held.release()
                else:
                    assert held.left.wait(8)
            assert answer[0].status == 401
            eventually(lambda: contents(guarded.data) == before)
        assert_whole(guarded)


def ask_in_vain(client, url):
    """It is cut off."""
    with contextlib.suppress(OSError, http.client.HTTPException):
        by_url(client, url)


@contextlib.contextmanager
def in_background(function, *arguments):
    """Gives the list that its result comes into when the context ends."""
    results = []
    thread = threading.Thread(target=lambda: results.append(function(*arguments)))
    thread.start()
    try:
        yield results
    finally:
        thread.join(40)
        assert not thread.is_alive()
