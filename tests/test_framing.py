"""Broken and hostile HTTP over raw sockets: refused at once, the connection closed, nothing left behind."""

import contextlib
import secrets
import socket
import time

import pytest

import pictures
from data_folder import contents
from eventually import eventually
from http_client import connect, exchange, multipart, parse_responses, read_response, read_to_end

HOST = b"Host: 127.0.0.1\r\n"
PICTURE = pictures.make("jpeg", (40, 30))


@pytest.fixture(scope="module")
def target(request, tmp_path_factory):
    """A server with short patience and small limits, and a job that a smuggled request would delete."""
    from conftest import finish, launch
    server = launch(tmp_path_factory.mktemp("framing"), {
        "SAFELIGHT_UPLOAD_BYTES_MAX": "1MB", "SAFELIGHT_BODY_BYTES_MAX": "1500kB",
        "SAFELIGHT_HEADER_TIMEOUT": "1s", "SAFELIGHT_IDLE_TIMEOUT": "3s", "SAFELIGHT_SEND_TIMEOUT": "1s",
        "SAFELIGHT_BODY_RATE_GRACE": "1s",
    })
    request.addfinalizer(lambda: finish(server))
    server.canary = server.client().process(PICTURE, "canary.jpg")["id"]
    return server


@pytest.fixture(autouse=True)
def nothing_left_behind(target):
    """After each case: the same process, the canary alive, no row, no file and no connection more than before."""
    pid, before = target.pid, contents(target.data)
    files = len(target.open_files())
    yield
    assert target.running and target.pid == pid
    assert target.client().get(f"/v1/jobs/{target.canary}").status == 200
    eventually(lambda: contents(target.data) == before, describe=lambda: f"{contents(target.data)} instead of {before}")
    eventually(lambda: len(target.open_files()) <= files, describe=lambda: f"{target.open_files()} files instead of {files}")


def smuggled(target):
    """A request that must never be carried out."""
    return b"DELETE /v1/jobs/" + target.canary.encode() + b" HTTP/1.1\r\n" + HOST + b"\r\n"


def refused(target, data, *statuses, **options):
    """One answer, of one of these statuses, and the connection is closed."""
    responses = exchange(target.port, data, **options)
    assert len(responses) == 1, [response.status for response in responses]
    response = responses[0]
    assert response.status in statuses, (response.status, response.body)
    assert response.header("Connection") == "close"
    type(target).contract.check_problem(response)
    return response


class TestSlowClients:
    def test_b1_headers_that_trickle_in(self, target):
        begun = time.monotonic()
        with contextlib.ExitStack() as stack:
            connections = [stack.enter_context(connect(target.port)) for _ in range(60)]
            for connection in connections:
                connection.sendall(b"G")
            slowest_ms = 0
            for _ in range(20):
                asked = time.monotonic()
                assert target.client().get("/healthz").status == 200
                slowest_ms = max(slowest_ms, (time.monotonic() - asked) * 1000)
            assert slowest_ms < 500
            for connection in connections:
                answers = parse_responses(read_to_end(connection))
                assert [answer.status for answer in answers] in ([], [408])
        assert time.monotonic() - begun < 6

    def test_b1_a_byte_now_and_then_does_not_help(self, target):
        with connect(target.port) as connection:
            begun = time.monotonic()
            connection.settimeout(0.1)
            request = iter(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Filler: " + b"a" * 1000)
            received = bytearray()
            while time.monotonic() - begun < 6:
                try:
                    connection.sendall(bytes([next(request)]))
                    piece = connection.recv(4096)
                except TimeoutError:
                    continue
                except (BrokenPipeError, ConnectionResetError):
                    break
                if not piece:
                    break
                received += piece
            assert time.monotonic() - begun < 4, "the header's deadline runs from its first byte"
            assert [answer.status for answer in parse_responses(bytes(received))] in ([], [408])

    def test_idle_connections_are_closed(self, target):
        with connect(target.port) as connection:
            begun = time.monotonic()
            assert read_to_end(connection) == b""
            assert 1 < time.monotonic() - begun < 10

    def test_b2_bodies_that_trickle_in(self, target):
        head = b"POST /v1/jobs HTTP/1.1\r\n" + HOST + b"Content-Type: image/jpeg\r\nContent-Length: 900000\r\n\r\n"
        with contextlib.ExitStack() as stack:
            connections = [stack.enter_context(connect(target.port)) for _ in range(30)]
            for connection in connections:
                connection.sendall(head + PICTURE[:300])
            assert target.client().get("/healthz").status == 200
            for connection in connections:
                answers = parse_responses(read_to_end(connection))
                assert [answer.status for answer in answers] == [408]
                type(target).contract.check("POST", "/v1/jobs", answers[0])

    def test_b3_readers_that_do_not_read(self, target):
        data = pictures.noise((500, 500), format="png")
        job = target.client().process(data, variants="")
        before_bytes = target.rss_bytes()
        files = len(target.open_files())
        request = f"GET {job['image']['url']} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode() * 20
        with contextlib.ExitStack() as stack:
            for _ in range(30):
                connection = stack.enter_context(socket.socket())
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                connection.connect(("127.0.0.1", target.port))
                connection.sendall(request)
            eventually(lambda: len(target.open_files()) > files + 10)
            assert target.rss_bytes() - before_bytes < 60_000_000
            eventually(lambda: len(target.open_files()) <= files, timeout_s=15)
        assert target.client().delete(f"/v1/jobs/{job['id']}").status == 204


class TestLengths:
    def head(self, *fields):
        return b"POST /v1/jobs HTTP/1.1\r\n" + HOST + b"".join(field + b"\r\n" for field in fields) + b"\r\n"

    def test_b4_fewer_bytes_than_promised(self, target):
        responses = exchange(target.port, self.head(b"Content-Length: 5000") + PICTURE[:700], half_close=True)
        assert [response.status for response in responses] in ([], [400])

    def test_b4_gone_without_a_word(self, target):
        for share in (0.01, 0.5, 0.99):
            with connect(target.port) as connection:
                data = self.head(b"Content-Length: %d" % len(PICTURE)) + PICTURE[:int(len(PICTURE) * share)]
                connection.sendall(data)
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # a reset, no FIN

    def test_b4_more_bytes_than_promised(self, target):
        """What follows a body is the next request; that one is nonsense."""
        responses = exchange(target.port, self.head(b"Content-Length: 4") + b"text" + b"\x00\x01 nonsense\r\n\r\n")
        assert [response.status for response in responses] in ([415, 400], [415])

    def test_b4_no_length(self, target):
        """Then there is no body, says RFC 9112; and an upload without bytes is none."""
        refused(target, self.head(b"Content-Type: image/jpeg", b"Connection: close"), 400, 411)

    @pytest.mark.parametrize("length", [b"-1", b"+5", b"5,6", b"5 6", b"0x5", b"5a", b"", b" ", b"5\t6", b"\xb2"])
    def test_b4_lengths_that_are_none(self, target, length):
        refused(target, self.head(b"Content-Length: " + length) + smuggled(target), 400)

    @pytest.mark.parametrize("length", [b"1500001", b"9223372036854775807", b"9223372036854775808",
                                        b"18446744073709551616", b"99999999999999999999999"])
    def test_b4_lengths_beyond_every_limit(self, target, length):
        refused(target, self.head(b"Content-Length: " + length), 413)

    def test_b4_continue_is_asked_for_and_given(self, target):
        with connect(target.port) as connection:
            connection.sendall(self.head(b"Content-Length: 4", b"Expect: 100-continue"))
            interim = connection.recv(4096)
            assert interim.startswith(b"HTTP/1.1 100 ")
            connection.sendall(b"text")
            assert read_response(connection).status == 415

    @pytest.mark.parametrize("head, status", [
        (b"POST /v1/jobs HTTP/1.1\r\nContent-Length: 30000000\r\n", 413),
        (b"POST /v1/nothing HTTP/1.1\r\nContent-Length: 30\r\n", 404),
        (b"PUT /v1/jobs HTTP/1.1\r\nContent-Length: 30\r\n", 405),
        (b"POST /v1/jobs?colour=red HTTP/1.1\r\nContent-Length: 30\r\n", 400),
    ])
    def test_b4_continue_is_refused(self, target, head, status):
        """The final answer comes at once, with no 100 before it."""
        with connect(target.port) as connection:
            connection.sendall(head + HOST + b"Expect: 100-continue\r\n\r\n")
            response = read_response(connection)
            assert (response.status, response.informational) == (status, [])

    def test_b4_another_expectation(self, target):
        responses = exchange(target.port, self.head(b"Content-Length: 4", b"Expect: miracle", b"Connection: close"))
        assert [response.status for response in responses] == [417]

    def test_b6_a_body_without_end(self, target):
        chunk = b"10000\r\n" + secrets.token_bytes(0x10000) + b"\r\n"
        with connect(target.port) as connection:
            connection.sendall(self.head(b"Transfer-Encoding: chunked") + b"%x\r\n" % len(PICTURE) + PICTURE + b"\r\n")
            sent, most_bytes = 0, 0
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                while sent < 100_000_000:
                    connection.sendall(chunk)
                    sent += 0x10000
                    stored = [path.stat().st_size for path in (target.data / "blobs").rglob("*.part")]
                    most_bytes = max([most_bytes, *stored])
            responses = parse_responses(read_to_end(connection))
        assert sent < 20_000_000, "cut at the limit"
        assert most_bytes <= 1_000_000
        # A reset may overtake the answer, since bytes of the body were unread.
        assert [response.status for response in responses] in ([413], [])


class TestSmuggling:
    """A request with two readings is refused, and what might be a second request in it is never carried out."""

    @pytest.mark.parametrize("fields", [
        [b"Content-Length: 5", b"Transfer-Encoding: chunked"],
        [b"Transfer-Encoding: chunked", b"Content-Length: 5"],
        [b"Content-Length: 5", b"Content-Length: 6"],
        [b"Content-Length: 0", b"Content-Length: 60"],
        [b"Transfer-Encoding: xchunked"],
        [b"Transfer-Encoding: chunked, identity"],
        [b"Transfer-Encoding: identity, chunked"],
        [b"Transfer-Encoding: chunked", b"Transfer-Encoding: identity"],
        [b"Transfer-Encoding: gzip"],
        [b"Transfer-Encoding : chunked"],
        [b"Content-Length : 5"],
        [b" Content-Length: 5"],
        [b"X-Folded: one", b" two", b"Content-Length: 0"],
        [b"X-Folded: one", b"\ttwo", b"Content-Length: 0"],
        [b"X-No-Colon", b"Content-Length: 0"],
        [b": no name", b"Content-Length: 0"],
        [b"X-Sp ace: 1", b"Content-Length: 0"],
        [b"X-Nul: a\x00b", b"Content-Length: 0"],
        [b"X-Cr: a\rb", b"Content-Length: 0"],
        [b"X-Control: a\x07b", b"Content-Length: 0"],
    ], ids=lambda fields: b" + ".join(fields).decode("latin-1").replace("\x00", "NUL").replace("\r", "CR"))
    def test_b5_fields(self, target, fields):
        head = b"POST /v1/jobs HTTP/1.1\r\n" + HOST + b"\r\n".join(fields) + b"\r\n\r\n"
        refused(target, head + b"0\r\n\r\n" + smuggled(target), 400, 501)

    @pytest.mark.parametrize("head", [
        b"GET /healthz HTTP/1.1\n" + HOST + b"\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\n",
        b"GET /healthz HTTP/1.1\rHost: 127.0.0.1\r\r",
        b"GET  /healthz HTTP/1.1\r\n" + HOST + b"\r\n",
        b"GET /healthz  HTTP/1.1\r\n" + HOST + b"\r\n",
        b"GET\t/healthz HTTP/1.1\r\n" + HOST + b"\r\n",
        b"GET /health z HTTP/1.1\r\n" + HOST + b"\r\n",
        b"GET /healthz\r\n" + HOST + b"\r\n",
        b"G\x01T /healthz HTTP/1.1\r\n" + HOST + b"\r\n",
        b"GET /health\x00z HTTP/1.1\r\n" + HOST + b"\r\n",
        b"GET /health\xffz HTTP/1.1\r\n" + HOST + b"\r\n",
    ])
    def test_b5_lines(self, target, head):
        refused(target, head + smuggled(target), 400)

    @pytest.mark.parametrize("body", [
        b"-5\r\nhello\r\n0\r\n\r\n",
        b"+5\r\nhello\r\n0\r\n\r\n",
        b"0x5\r\nhello\r\n0\r\n\r\n",
        b"g\r\nhello\r\n0\r\n\r\n",
        b"\r\nhello\r\n0\r\n\r\n",
        b"fffffffffffffffff\r\nhello\r\n0\r\n\r\n",
        b"10000000000000005\r\nhello\r\n0\r\n\r\n",
        b"5\nhello\r\n0\r\n\r\n",
        b"5\r\nhello0\r\n\r\n",
        b"5\r\nhelloXX0\r\n\r\n",
        b"5;" + b"x" * 100_000 + b"\r\nhello\r\n0\r\n\r\n",
        b"5 \r\nhello\r\n0\r\n\r\n",
        b"0\r\nno trailer\r\n\r\n",
        b"0\r\nX-Trailer: a\x00b\r\n\r\n",
        b"0\r\nX: " + b"y" * 100_000 + b"\r\n\r\n",
    ], ids=lambda body: repr(body[:24])[2:-1])
    def test_b5_chunks(self, target, body):
        # The picture first, so that the body is really read; then the broken framing.
        head = b"POST /v1/jobs HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n"
        first = b"%x\r\n" % len(PICTURE) + PICTURE + b"\r\n"
        responses = exchange(target.port, head + first + body + smuggled(target))
        assert [response.status for response in responses] in ([400], [431], [413])
        assert responses[0].header("Connection") == "close"

    def test_b5_bytes_behind_the_last_chunk(self, target):
        head = b"POST /v1/jobs HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n"
        responses = exchange(target.port, head + b"4\r\ntext\r\n0\r\n\r\njunk that is no request\r\n\r\n")
        assert [response.status for response in responses] in ([415, 400], [415])

    def test_b5_the_body_is_never_a_request(self, target):
        """A request that is refused before its body is read must not leave the body to be read as the next one."""
        body = smuggled(target)
        for target_path, status in ((b"/v1/nothing", 404), (b"/v1/jobs?colour=red", 400), (b"/healthz", 405)):
            head = b"POST " + target_path + b" HTTP/1.1\r\n" + HOST + b"Content-Length: %d\r\n\r\n" % len(body)
            responses = exchange(target.port, head + body, half_close=True)
            assert [response.status for response in responses] == [status]
        head = b"GET /healthz HTTP/1.1\r\n" + HOST + b"Content-Length: %d\r\n\r\n" % len(body)
        responses = exchange(target.port, head + body, half_close=True)
        assert len(responses) == 1 and responses[0].status in (200, 400)

    def test_pipelined_requests_are_answered_in_order(self, target):
        requests = b"".join(b"GET " + path + b" HTTP/1.1\r\n" + HOST + b"\r\n"
                            for path in (b"/healthz", b"/v1/nothing", b"/v1/jobs?limit=1"))
        last = b"GET /readyz HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n"
        assert [response.status for response in exchange(target.port, requests + last)] == [200, 404, 200, 200]


class TestHeads:
    @pytest.mark.parametrize("data, status", [
        (b"GET / HTTP/1.1\r\n" + HOST + b"X: " + b"a" * 65_536 + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\n" + HOST + b"X: a\r\n" * 10_000 + b"\r\n", 431),
        (b"GET / HTTP/1.1\r\n" + HOST + b"X: a\r\n" * 120 + b"\r\n", 431),
        (b"GET /" + b"a" * 65_536 + b" HTTP/1.1\r\n" + HOST + b"\r\n", 414),
        (b"GET /" + b"a" * 9_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n", 414),
        (b"GET / HTTP/1.1\r\n" + HOST * 100 + b"\r\n", 400),
        (b"GET / HTTP/1.1\r\n" + HOST * 2 + b"\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400),
        (b"GET / HTTP/2.0\r\n" + HOST + b"\r\n", 505),
        (b"GET / FTP/1.1\r\n" + HOST + b"\r\n", 400),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(100) + b"\r\n\r\n", 400),
    ], ids=["header of 64 kB", "10,000 fields", "120 fields", "target of 64 kB", "target of 9 kB", "100 hosts", "2 hosts",
            "no host", "host with a space", "HTTP/2.0", "FTP", "HTTP/2 preface", "TLS"])
    def test_b7_limits_and_nonsense(self, target, data, status):
        statuses = (status,) if status not in (505,) else (505, 400)
        refused(target, data, *statuses)


class TestForms:
    def send(self, target, content_type, body):
        return target.client().request("POST", "/v1/jobs", {"Content-Type": content_type}, body)

    def test_b8_ten_thousand_parts(self, target):
        content_type, body = multipart([("variants", None, b"")] * 10_000 + [("file", "a.jpg", PICTURE)])
        before_bytes = target.rss_bytes()
        assert self.send(target, content_type, body).status == 400
        assert target.rss_bytes() - before_bytes < 20_000_000

    @pytest.mark.parametrize("content_type", ["multipart/form-data", "multipart/form-data; boundary=",
                                              "multipart/form-data; boundary=" + "b" * 1_000,
                                              'multipart/form-data; boundary="a\x01b"', "multipart/form-data; boundary=a b c ",
                                              "multipart/mixed; boundary=abc"])
    def test_b8_boundaries(self, target, content_type):
        _, body = multipart([("file", "a.jpg", PICTURE)], boundary="abc")
        assert self.send(target, content_type, body).status in (400, 415)

    def test_b8_unterminated(self, target):
        content_type, body = multipart([("file", "a.jpg", PICTURE)], boundary="abc")
        for cut in (body[:-2 - 5], body[:-8], body[:len(body) // 2], body[:10], b""):
            assert self.send(target, content_type, cut).status == 400

    def test_b8_nested(self, target):
        inner_type, inner = multipart([("file", "a.jpg", PICTURE)], boundary="inner")
        body = (b"--outer\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\nContent-Type: "
                + inner_type.encode() + b"\r\n\r\n" + inner + b"\r\n--outer--\r\n")
        assert self.send(target, "multipart/form-data; boundary=outer", body).status == 400

    def test_b8_a_part_head_of_a_megabyte(self, target):
        body = b"--abc\r\nContent-Disposition: form-data; name=\"file\"; x=\"" + b"a" * 1_000_000 + b"\"\r\n\r\n--abc--\r\n"
        before_bytes = target.rss_bytes()
        assert self.send(target, "multipart/form-data; boundary=abc", body).status == 400
        assert target.rss_bytes() - before_bytes < 20_000_000

    def test_b8_two_files(self, target):
        content_type, body = multipart([("file", "a.jpg", PICTURE), ("file", "b.jpg", PICTURE)])
        response = self.send(target, content_type, body)
        assert response.status == 400
        assert response.problem()["errors"][0]["pointer"] == "/file"

    def test_b8_no_file(self, target):
        content_type, body = multipart([("variants", None, b"thumbnail")])
        assert self.send(target, content_type, body).status == 400

    def test_b8_a_part_without_a_name(self, target):
        body = b"--abc\r\nContent-Disposition: form-data\r\n\r\nx\r\n--abc--\r\n"
        assert self.send(target, "multipart/form-data; boundary=abc", body).status == 400
        assert self.send(target, "multipart/form-data; boundary=abc", body.replace(b"Content-Disposition", b"X")).status == 400

    @pytest.mark.parametrize("size", [3_000_000, 1_400_000])
    def test_b8_too_many_bytes(self, target, size):
        content_type, body = multipart([("file", "a.jpg", PICTURE + bytes(size))])
        assert self.send(target, content_type, body).status == 413

    def test_b8_fields_come_before_or_after_the_file(self, target):
        for order in (1, -1):
            parts = [("metadata", None, b'{"a":1}'), ("file", "a.jpg", PICTURE)][::order]
            content_type, body = multipart(parts)
            response = self.send(target, content_type, body)
            assert response.status == 202 and response.json()["metadata"] == {"a": 1}
            target.client().wait(response.json()["id"])
            assert target.client().delete(f"/v1/jobs/{response.json()['id']}").status == 204

    def test_b8_text_around_the_parts(self, target):
        content_type, body = multipart([("file", "a.jpg", PICTURE)])
        response = self.send(target, content_type, b"a preamble\r\n" + body + b"an epilogue")
        assert response.status == 202
        target.client().wait(response.json()["id"])
        assert target.client().delete(f"/v1/jobs/{response.json()['id']}").status == 204


class TestPolyglots:
    """B10: the type is what the bytes are, the variants are made anew."""

    @pytest.mark.parametrize("filename, content_type", [("x.jpg", "image/jpeg"), ("x.html", "text/html"), ("x", "")])
    def test_b10_the_clients_word_does_not_count(self, target, filename, content_type):
        client = target.client()
        data = pictures.make("png", (30, 20))
        response = client.upload_raw(data, f"?filename={filename}", content_type or "application/octet-stream")
        job = client.wait(response.json()["id"])
        assert job["image"]["media_type"] == "image/png"
        for url in (job["image"]["url"], job["image"]["variants"][0]["url"]):
            answer = client.get(url)
            assert answer.header("Content-Type") == "image/png"
            assert answer.header("X-Content-Type-Options") == "nosniff"
            assert "sandbox" in answer.header("Content-Security-Policy")
        assert client.delete(f"/v1/jobs/{job['id']}").status == 204

    @pytest.mark.parametrize("format", ["jpeg", "png", "gif", "webp"])
    def test_b10_trailing_bytes_do_not_come_through(self, target, format):
        client = target.client()
        payload = b"<script>alert('" + pictures.SECRET + b"')</script>PK\x03\x04"
        response = client.upload(pictures.make(format, (60, 40)) + payload)
        assert response.status in (202, 422)
        if response.status == 422:
            return
        job = client.wait(response.json()["id"])
        for variant in job["image"]["variants"]:
            if variant["status"] == "ready":
                assert pictures.SECRET not in client.get(variant["url"]).body
        assert client.delete(f"/v1/jobs/{job['id']}").status == 204
