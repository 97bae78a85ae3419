"""Idempotency-Key: a POST that is sent again is answered again, and not served again; whatever dies in between."""

import contextlib
import json
import socket
import threading
import uuid

import pytest

import kill_sweep
import pictures
from backends import Backends
from conftest import finish, launch
from eventually import eventually
from http_client import Client, read_response
from key_client import KeyClient, make_key
from lives import GONE
from safelight_process import SafelightProcess, run_command

LEASE = {"SAFELIGHT_IDEMPOTENCY_LEASE": "2s"}
SCOPES = ("images:read", "images:write", "admin")


def fresh_key():
    return str(uuid.uuid4())


def upload(client, key, picture, variants="", **options):
    return client.upload(picture, variants=variants, headers={"Idempotency-Key": key, **options.pop("headers", {})}, **options)


def jobs(client):
    """Ids of all of them."""
    return {job["id"] for job in client.get("/v1/jobs?limit=200").json()["items"]}


def same(first, again):
    """Whether `again` is the first answer, and says that it is not new."""
    assert again.header("Idempotency-Replayed") == "true" and first.header("Idempotency-Replayed") is None
    for name in ("Location", "Content-Type", "Cache-Control"):
        assert again.header(name) == first.header(name)
    assert (again.status, again.body) == (first.status, first.body)
    return True


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    server = launch(tmp_path_factory.mktemp("idempotency"),
                    {"SAFELIGHT_ACCESS": "keys", "SAFELIGHT_WEBHOOK_RETRIES": "1ms",
                     "SAFELIGHT_SIGNED_URL_SECRETS": "a secret of the test of more than 32 bytes", **LEASE})
    yield server
    finish(server)


@pytest.fixture(scope="module")
def ours(guarded):
    return KeyClient(guarded, make_key(guarded, *SCOPES))


class Outstanding:
    """A request whose body has not come to its end."""

    def __init__(self, server, target, headers, body, api_key=None):
        self._last = body[-1:]
        self._socket = socket.create_connection(("127.0.0.1", server.port), 20)
        fields = {"Host": "a", "Content-Length": len(body), "Expect": "100-continue", **headers}
        if api_key:
            fields["Authorization"] = f"Bearer {api_key}"
        head = f"POST {target} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in fields.items()) + "\r\n"
        self._socket.sendall(head.encode())
        # The key is held before the body is asked for.
        assert b"100 Continue" in self._socket.recv(1_000)
        self._socket.sendall(body[:-1])

    def finish(self):
        self._socket.sendall(self._last)
        with self._socket:
            return read_response(self._socket)

    def close(self):
        self._socket.close()


class TestEveryPost:
    """Generated from the contract: a new call cannot be forgotten."""

    @staticmethod
    def requests(ours, path):
        """(target, headers, body, another body) of a call that can be served; both are None where it has no body."""
        json_type = {"Content-Type": "application/json"}
        if path in ("/v1/jobs/{id}/retry", "/v1/jobs/{id}/cancel"):
            job = ours.upload(pictures.noise((1500, 1500)), variants=[
                {"name": f"v{side}", "transform": {"resize": {"width": side}, "format": "avif", "effort": 9}}
                for side in range(2000, 2010)]).json()  # more work than can be done meanwhile
        else:
            job = ours.upload(pictures.make("jpeg", (90, 60)), variants="").json()
        if path == "/v1/jobs/{id}/retry":
            assert ours.request("POST", f"/v1/jobs/{job['id']}/cancel").status == 200
        tus = {"Tus-Resumable": "1.0.0", "Content-Type": "application/offset+octet-stream"}
        piece, other_piece = pictures.make("png", (9, 9)), pictures.make("png", (9, 9))[:-1] + b"x"
        if path == "/v1/uploads/{id}":
            begun = ours.request("POST", "/v1/uploads", {**tus, "Upload-Length": str(len(piece))})
            headers = {**tus, "Upload-Offset": "0", "X-HTTP-Method-Override": "PATCH"}
            return begun.header("Location"), headers, piece, other_piece
        if path.startswith("/v1/webhooks/{id}"):
            # Its address leads nowhere: the attempt fails at once, and what is given up can be replayed.
            made = ours.post_json("/v1/webhooks", {"url": "https://localhost:1/", "enabled": True}).json()
            target = f"/v1/webhooks/{made['id']}"
            if path.endswith("/secrets"):
                return target + "/secrets", {}, None, None
            ours.wait(ours.upload(pictures.make("png", (9, 9)), variants=["thumbnail"]).json()["id"])
            failed = eventually(lambda: ours.get(target + "/deliveries?status=failed").json()["items"])
            return f"{target}/deliveries/{failed[0]['id']}/replay", {}, None, None
        key_id = ours.post_json("/v1/keys", {"name": "a", "scopes": ["images:read"]}).json()["id"]
        bodies = {"/v1/jobs": ({"Content-Type": "image/png"}, pictures.make("png", (9, 9)), pictures.make("png", (10, 9))),
                  "/v1/jobs/{id}/variants": (json_type, b'{"variants": ["thumbnail"]}', b'{"variants":  ["thumbnail"]}'),
                  "/v1/accounts": (json_type, json.dumps({"name": fresh_key()}).encode(), b'{"name": "other"}'),
                  "/v1/keys": (json_type, b'{"name": "new", "scopes": ["images:read"]}', b'{"name": "n", "scopes": ["admin"]}'),
                  "/v1/keys/{id}/rotate": (json_type, b'{"grace_s": 5}', b'{"grace_s": 6}'),
                  "/v1/uploads": ({**tus, "Upload-Length": str(len(piece))}, piece, other_piece),
                  "/v1/signed-urls": (json_type, b'{"urls": ["/v1/images/01934b7e-5f00-7abc-8def-0123456789ab/original"]}',
                                      b'{"urls": ["/v1/jobs/01934b7e-5f00-7abc-8def-0123456789ab/events"]}'),
                  "/v1/webhooks": (json_type, b'{"url": "https://example.com/", "enabled": false}', b'{"url": "https://a.com/"}'),
                  "/v1/jobs/retry": ({}, None, None), "/v1/jobs/{id}/retry": ({}, None, None),
                  "/v1/jobs/{id}/cancel": ({}, None, None)}
        assert path in bodies, f"say here how POST {path} is served"
        return path.replace("{id}", key_id if "/keys/" in path else job["id"]), *bodies[path]

    def test_is_served_once(self, guarded, ours, contract, summarise):
        posts = [(path, operation) for path, method, operation in contract.operations() if method == "post"]
        assert len(posts) >= 5
        for path, operation in posts:
            names = {contract.resolve(parameter)["name"] for parameter in operation["parameters"]}
            assert "Idempotency-Key" in names, f"POST {path} does not document it"
            target, headers, body, other_body = self.requests(ours, path)
            headers = {**headers, "Idempotency-Key": fresh_key()}

            if body is None:  # served before another one can come in between
                answered = ours.request("POST", target, headers)
            else:
                first = Outstanding(guarded, target, headers, body, ours.key)
                refused = ours.request("POST", target, headers, body)
                assert refused.status == 409 and refused.header("Retry-After"), path
                assert refused.problem()["type"] == "/problems/request-outstanding"
                answered = first.finish()
            assert 200 <= answered.status < 300, (path, answered)

            for _ in range(2):
                assert same(answered, ours.request("POST", target, headers, body)), path
            refused = ours.request("POST", target if body else target + "?status=FAILED", headers, other_body)
            assert refused.status == 422, path
            assert refused.problem()["type"] == "/problems/idempotency-key-already-used"
            fresh = ours.request("POST", target, {**headers, "Idempotency-Key": fresh_key()}, body)
            assert fresh.header("Idempotency-Replayed") is None
            if path.startswith("/v1/jobs/{id}"):
                assert ours.delete(target.rpartition("/")[0]).status == 204
        summarise(f"idempotency: each of {len(posts)} POSTs served once, then 409, replayed, 422")

    def test_the_key_of_one_call_is_not_anothers(self, ours):
        key = {"Idempotency-Key": fresh_key(), "Content-Type": "application/json"}
        assert ours.request("POST", "/v1/keys", key, b'{"name": "a", "scopes": ["admin"]}').status == 201
        assert ours.request("POST", "/v1/accounts", key, b'{"name": "a", "scopes": ["admin"]}').status == 422

    def test_a_call_without_a_body_waits_for_the_key_as_well(self, guarded, ours):
        key = {"Idempotency-Key": fresh_key(), "Content-Type": "image/png"}
        upload_first = Outstanding(guarded, "/v1/jobs", key, pictures.make("png"), ours.key)
        refused = ours.request("POST", "/v1/jobs/retry", {"Idempotency-Key": key["Idempotency-Key"]})
        assert refused.status == 409
        assert refused.problem()["type"] == "/problems/request-outstanding"
        assert upload_first.finish().status == 202

    def test_a_new_api_key_is_shown_again_and_nowhere_readable(self, guarded, ours):
        key = {"Idempotency-Key": fresh_key(), "Content-Type": "application/json"}
        first = ours.request("POST", "/v1/keys", key, b'{"name": "a", "scopes": ["images:read"]}')
        again = ours.request("POST", "/v1/keys", key, b'{"name": "a", "scopes": ["images:read"]}')
        assert same(first, again)
        secret = first.json()["key"]
        assert KeyClient(guarded, secret).get("/v1/jobs").status == 200
        for path in guarded.data.rglob("*"):
            assert path.is_dir() or secret.encode() not in path.read_bytes()
            assert path.is_dir() or key["Idempotency-Key"].encode() not in path.read_bytes()


class TestKeys:
    @pytest.mark.parametrize("key", ["", "a" * 256, "a b", "a,b", 'a"b', '"', "a\\b", "é"])
    def test_that_cannot_be_one(self, ours, key):
        before = jobs(ours)
        refused = ours.request("POST", "/v1/jobs", {"Idempotency-Key": key.encode("latin-1")}, pictures.make("png"))
        assert refused.status == 400
        assert "Idempotency-Key" in refused.problem()["detail"]
        assert jobs(ours) == before

    def test_of_any_other_text(self, ours):
        picture = pictures.make("png", (8, 8))
        for key in ("a" * 255, "!#$%&'()*+-./:;<=>?@[]^_`{|}~"):
            assert same(upload(ours, key, picture), upload(ours, key, picture))

    def test_with_or_without_quotes(self, ours):
        """The draft has a quoted string; most clients send the bare text."""
        picture, key = pictures.make("png", (8, 8)), fresh_key()
        assert same(upload(ours, key, picture), upload(ours, f'"{key}"', picture))

    def test_belong_to_an_account(self, guarded, ours):
        ours.post_json("/v1/accounts", {"name": "neighbour"})
        theirs = KeyClient(guarded, make_key(guarded, *SCOPES, account="neighbour"))
        key = fresh_key()
        first, other = upload(ours, key, pictures.make("png", (7, 7))), upload(theirs, key, pictures.make("png", (6, 6)))
        assert first.status == other.status == 202
        assert first.json()["id"] != other.json()["id"] and other.header("Idempotency-Replayed") is None

    def test_another_key_of_the_account_finds_the_answer(self, guarded, ours):
        key, picture = fresh_key(), pictures.make("png", (7, 8))
        colleague = KeyClient(guarded, make_key(guarded, *SCOPES))
        assert same(upload(ours, key, picture), upload(colleague, key, picture))


class TestUploads:
    def test_the_content_counts_and_not_its_framing(self, ours):
        """Another boundary, the picture as the body itself: the same request."""
        picture, key = pictures.make("jpeg", (200, 100)), fresh_key()
        first = ours.upload(picture, "cat.jpg", variants="thumbnail", headers={"Idempotency-Key": key})
        assert first.status == 202
        assert same(first, ours.upload(picture, "cat.jpg", variants="thumbnail", headers={"Idempotency-Key": key}))
        assert same(first, ours.upload_raw(picture, "?filename=cat.jpg&variants=thumbnail", headers={"Idempotency-Key": key}))

    def test_every_part_counts(self, ours):
        picture, key = pictures.make("jpeg", (200, 100)), fresh_key()
        first = ours.upload(picture, "cat.jpg", variants="", metadata='{"a":1}', headers={"Idempotency-Key": key})
        assert first.status == 202
        before = jobs(ours)
        for other in ({"data": pictures.make("jpeg", (200, 101))}, {"filename": "dog.jpg"}, {"variants": "thumbnail"},
                      {"metadata": '{"a":2}'}, {"metadata": None}, {"variants": None}):
            request = {"data": picture, "filename": "cat.jpg", "variants": "", "metadata": '{"a":1}', **other}
            refused = ours.upload(headers={"Idempotency-Key": key}, **request)
            assert refused.status == 422, other
        assert jobs(ours) == before

    def test_large_ones_too(self, ours):
        picture, key = pictures.noise((1400, 1000)), fresh_key()
        assert len(picture) > 1_000_000
        first = upload(ours, key, picture)
        assert same(first, upload(ours, key, picture))
        assert upload(ours, key, picture[:-1]).status == 422, "what is sent again is not stored, and not looked at"

    def test_what_was_refused_may_be_sent_again(self, ours):
        key = fresh_key()
        assert upload(ours, key, b"no picture").status == 415
        assert upload(ours, key, pictures.make("png", (5, 5)), metadata="nonsense").status == 400
        first = upload(ours, key, pictures.make("png", (5, 5)))
        assert first.status == 202 and first.header("Idempotency-Replayed") is None

    def test_an_upload_that_was_cut_off_frees_its_key(self, guarded, ours):
        before, key, picture = jobs(ours), fresh_key(), pictures.make("png", (50, 50))
        cut = Outstanding(guarded, "/v1/jobs", {"Idempotency-Key": key}, picture, ours.key)
        cut.close()
        first = eventually(lambda: (answer := upload(ours, key, picture)).status == 202 and answer)
        assert jobs(ours) - before == {first.json()["id"]}

    def test_the_answer_after_a_wait_is_the_one_that_is_kept(self, ours):
        key, picture = fresh_key(), pictures.make("jpeg", (300, 200))
        first = upload(ours, key, picture, variants="thumbnail", headers={"Prefer": "wait=30"})
        assert first.json()["status"] == "PROCESSED"
        assert same(first, upload(ours, key, picture, variants="thumbnail"))

    def test_an_answer_outlives_what_it_tells_of(self, ours):
        key, picture = fresh_key(), pictures.make("png", (5, 6))
        first = upload(ours, key, picture)
        assert ours.delete(first.header("Location")).status == 204
        assert same(first, upload(ours, key, picture))
        assert ours.get(first.header("Location")).status == 404

    def test_many_at_once_make_one_job(self, guarded, ours, summarise):
        before, key, picture = jobs(ours), fresh_key(), pictures.make("jpeg", (400, 300))
        answers = at_once(20, lambda number: upload(ours, key, picture))
        made = {answer.json()["id"] for answer in answers if answer.status == 202}
        assert len(made) == 1 and jobs(ours) - before == made
        assert {answer.status for answer in answers} <= {202, 409}
        assert sum(answer.header("Idempotency-Replayed") is None for answer in answers if answer.status == 202) == 1
        summarise(f"idempotency: 20 uploads at once, {[a.status for a in answers].count(409)} of them 409, one job")

    def test_many_at_once_with_other_bodies_make_one_job(self, ours):
        before, key = jobs(ours), fresh_key()
        answers = at_once(12, lambda number: upload(ours, key, pictures.make("png", (10 + number, 10))))
        assert len(jobs(ours) - before) == 1
        assert sorted({answer.status for answer in answers} | {409, 422}) == [202, 409, 422]


def at_once(count, request):
    answers, start = [None] * count, threading.Barrier(count)

    def run(number):
        start.wait()
        answers[number] = request(number)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


class TestTime:
    def test_an_answer_is_kept_for_its_time_and_swept(self, start_server):
        server = start_server({"SAFELIGHT_IDEMPOTENCY_EXPIRY": "1s", "SAFELIGHT_LOG_LEVEL": "debug"})
        client, key, picture = server.client(), fresh_key(), pictures.make("png", (5, 5))
        first = upload(client, key, picture)
        assert same(first, upload(client, key, picture))
        second = eventually(lambda: (answer := upload(client, key, picture)).header("Idempotency-Replayed") is None and answer)
        assert second.json()["id"] != first.json()["id"]
        server.wait_for_event("kept answers swept")

    def test_over_a_restart(self, start_server):
        server, key, picture = start_server(), fresh_key(), pictures.make("png", (5, 5))
        first = upload(server.client(), key, picture)
        assert server.stop() == 0
        server.restart()
        assert same(first, upload(server.client(), key, picture))
        assert len(jobs(server.client())) == 1


class TestKill:
    """kill -9 at every place between the two answers: one job, whatever the client does not know."""

    def test_while_the_body_comes_in(self, start_server):
        server, key = start_server({"SAFELIGHT_IDEMPOTENCY_LEASE": "6s"}), fresh_key()
        picture = pictures.make("png", (64, 64))
        outstanding = Outstanding(server, "/v1/jobs", {"Idempotency-Key": key}, picture)
        server.kill()
        outstanding.close()
        server.restart()
        refused = upload(server.client(), key, picture)
        assert refused.status == 409, "the dead request may have been alive"
        first = eventually(lambda: (answer := upload(server.client(), key, picture)).status == 202 and answer)
        assert jobs(server.client()) == {first.json()["id"]}

    def test_at_every_call_that_changes_something(self, tmp_path, full, summarise):
        """As kill_sweep.py does: the server is killed when a thread makes a call for the n-th time; the client asks again."""
        settings = {**kill_sweep.SETTINGS, "SAFELIGHT_IDEMPOTENCY_LEASE": "500ms", "SAFELIGHT_KEYS_AHEAD_MAX": "0"}
        picture = pictures.make("jpeg", (300, 200))
        points = self.points(SafelightProcess(tmp_path / "reference", settings),
                             lambda client, key: upload(client, key, picture, variants="thumbnail"))
        assert {point.thread for point in points} >= {"catalog-writer", "blocking"}, points
        if not full:
            points = points[::max(1, len(points) // 6)]
        answered = killed = 0
        for number, point in enumerate(points):
            server = SafelightProcess(tmp_path / f"run-{number}", settings).start()
            key, first = fresh_key(), None
            tid = next(tid for tid, name in kill_sweep.thread_names(server).items() if name == point.thread)
            tracer = kill_sweep.attach(["strace", "-o", "/dev/null", "-p", str(tid), "-e", f"trace={point.call}", "-e",
                                        f"inject={point.call}:signal=SIGKILL:when={point.n}"])
            with contextlib.suppress(*GONE):
                first = upload(Client(server.port), key, picture, variants="thumbnail")
            killed += first is None
            answered += first is not None
            server.kill()
            tracer.wait(20)
            client = Client(server.restart().port)
            again = eventually(lambda: (answer := upload(client, key, picture, variants="thumbnail")).status == 202 and answer)  # noqa: B023
            assert jobs(client) == {again.json()["id"]}, str(point)
            assert again.header("Idempotency-Replayed") == "true" or first is None, str(point)
            assert first is None or same(first, again), str(point)
            assert server.stop() == 0
        assert killed > len(points) // 2
        summarise(f"idempotency: {killed} kills before the answer and {answered} after it, one job each")

    def test_of_a_resumable_upload_in_its_creation(self, tmp_path, full):
        """The same: the answer is written with the job."""
        settings = {**kill_sweep.SETTINGS, "SAFELIGHT_IDEMPOTENCY_LEASE": "500ms", "SAFELIGHT_KEYS_AHEAD_MAX": "0"}
        picture = pictures.make("jpeg", (300, 200))

        def create(client, key):
            return client.request("POST", "/v1/uploads", {
                "Tus-Resumable": "1.0.0", "Upload-Length": str(len(picture)), "Idempotency-Key": key,
                "Content-Type": "application/offset+octet-stream"}, picture)

        points = [point for point in self.points(SafelightProcess(tmp_path / "reference", settings), create)
                  if point.thread in ("catalog-writer", "blocking")]
        for number, point in enumerate(points if full else points[::max(1, len(points) // 6)]):
            server = SafelightProcess(tmp_path / f"run-{number}", settings).start()
            key, first = fresh_key(), None
            tid = next(tid for tid, name in kill_sweep.thread_names(server).items() if name == point.thread)
            tracer = kill_sweep.attach(["strace", "-o", "/dev/null", "-p", str(tid), "-e", f"trace={point.call}", "-e",
                                        f"inject={point.call}:signal=SIGKILL:when={point.n}"])
            with contextlib.suppress(*GONE):
                first = create(Client(server.port), key)
            server.kill()
            tracer.wait(20)
            client = Client(server.restart().port)
            again = eventually(lambda: (answer := create(client, key)).status == 201 and answer)  # noqa: B023
            assert len(jobs(client)) == 1, str(point)
            assert first is None or again.header("Upload-Job") == first.header("Upload-Job"), str(point)
            assert server.stop() == 0

    @staticmethod
    def points(server, create):
        """Every call of one upload that changes something."""
        server.start()
        names, log = kill_sweep.thread_names(server), server.folder / "calls"
        tracer = kill_sweep.attach(["strace", "-f", "-y", "-o", str(log), "-e",
                                    "trace=" + ",".join(f"?{call}" for call in kill_sweep.CALLS), "-p", str(server.pid)])
        assert create(Client(server.port), fresh_key()).status in (201, 202)
        tracer.terminate()
        tracer.communicate(timeout=20)
        server.kill()
        return kill_sweep.points_of("upload", log.read_text(errors="replace"), names, server.data)


class TestNodes:
    def test_over_one_postgresql(self, tmp_path, start_server):
        backends, nodes = Backends(queue="catalog", store="s3").make(), []
        try:
            settings = {**backends.settings(), "SAFELIGHT_WORKERS": "0", **LEASE}
            migrated = run_command("migrate", "up", settings=settings, cwd=tmp_path)
            assert migrated.returncode == 0, migrated.stderr
            nodes += [start_server(settings) for _ in range(2)]
            picture, key = pictures.make("jpeg", (300, 200)), fresh_key()
            answers = at_once(20, lambda number: upload(nodes[number % 2].client(), key, picture))
            assert {answer.status for answer in answers} <= {202, 409}
            made = {answer.json()["id"] for answer in answers if answer.status == 202}
            assert len(made) == 1 and jobs(nodes[0].client()) == made
            first = upload(nodes[0].client(), key, picture)
            assert first.body == upload(nodes[1].client(), key, picture).body
            assert upload(nodes[1].client(), key, pictures.make("png")).status == 422
            # One node dies in the middle of an upload; the other one takes over when its hold is over.
            dying = fresh_key()
            outstanding = Outstanding(nodes[0], "/v1/jobs", {"Idempotency-Key": dying}, picture)
            nodes[0].kill()
            outstanding.close()
            assert upload(nodes[1].client(), dying, picture).status == 409
            taken_over = eventually(lambda: (answer := upload(nodes[1].client(), dying, picture)).status == 202 and answer)
            assert jobs(nodes[1].client()) == made | {taken_over.json()["id"]}
        finally:
            for node in nodes:
                if node.running:
                    node.stop()
            backends.remove()


def test_other_methods_take_no_notice(client):
    for _ in range(2):
        answer = client.request("GET", "/v1/jobs", {"Idempotency-Key": "a"})
        assert answer.status == 200 and answer.header("Idempotency-Replayed") is None
