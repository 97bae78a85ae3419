"""The running server against its OpenAPI document: every documented answer is provoked, and no other one comes. (Whether all
were is judged at the end of a whole run: contract.py.)"""

import ctypes
import json
import os
import re
import subprocess
import threading

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

import pictures
from data_folder import blob_path, rows
from eventually import eventually
from http_client import connect, parse_responses, read_to_end
from safelight_process import REPOSITORY

NOBODY = "01934b7e-5f00-7abc-8def-0123456789ab"


def needs_admin(operation):
    """Such calls are not for a server that asks for no keys: test_access.py has them."""
    return any("admin" in scopes for requirement in operation.get("security", []) for scopes in requirement.values())


@pytest.fixture(scope="module")
def job(shared_server):
    return shared_server.client().process(pictures.make("jpeg", (200, 150)), "contract.jpg")


@pytest.fixture(scope="module")
def bulk_operation(shared_server):
    return shared_server.client().request("POST", "/v1/jobs/retry?created_before=2020-01-01T00:00:00Z").header("Location")


@pytest.fixture(scope="module")
def upload(shared_server):
    """A resumable one that has begun."""
    fields = {"Tus-Resumable": "1.0.0", "Upload-Length": "10", "Upload-Metadata": "note"}
    return shared_server.client().request("POST", "/v1/uploads", fields).header("Location")


@pytest.fixture(scope="module")
def webhook(shared_server):
    """One that is told nothing."""
    made = shared_server.client().post_json("/v1/webhooks", {"url": "https://example.com/hooks", "enabled": False})
    assert made.status == 201
    yield made.header("Location")
    assert shared_server.client().delete(made.header("Location")).status == 204


@pytest.fixture(scope="module")
def delivery(shared_server, webhook):
    """Of that one: it was told something, at an address that is refused."""
    client = shared_server.client()
    patch = lambda body: client.request("PATCH", webhook, {"Content-Type": "application/json"}, body).status  # noqa: E731
    assert patch(b'{"enabled": true, "url": "https://localhost:1/"}') == 200
    client.process(pictures.make("png", (9, 8)))
    told = client.get(webhook + "/deliveries").json()["items"]
    assert patch(b'{"enabled": false, "url": "https://example.com/hooks"}') == 200
    return f"{webhook}/deliveries/{told[0]['id']}"


@pytest.fixture
def address(job, bulk_operation, upload, webhook, delivery):
    """An address for each documented path."""
    image = job["image"]["id"]
    values = {"/v1/jobs/{id}": f"/v1/jobs/{job['id']}", "/v1/jobs/{id}/variants": f"/v1/jobs/{job['id']}/variants",
              "/v1/images/{id}": f"/v1/images/{image}", "/v1/images/{id}/original": f"/v1/images/{image}/original",
              "/v1/images/{id}/variants/{name}": f"/v1/images/{image}/variants/thumbnail",
              "/assets/{path}": "/assets/app.js", "/api-docs/{path}": "/api-docs/init.js",
              "/problems/{type}": "/problems/not-found",
              "/v1/accounts/{id}": f"/v1/accounts/{NOBODY}", "/v1/keys/{id}": f"/v1/keys/{NOBODY}",
              "/v1/keys/{id}/rotate": f"/v1/keys/{NOBODY}/rotate", "/v1/jobs/{id}/retry": f"/v1/jobs/{job['id']}/retry",
              "/v1/jobs/{id}/events": f"/v1/jobs/{job['id']}/events",
              "/v1/jobs/{id}/cancel": f"/v1/jobs/{job['id']}/cancel", "/v1/bulk-operations/{id}": bulk_operation,
              "/v1/uploads/{id}": upload, "/v1/webhooks/{id}": webhook, "/v1/webhooks/{id}/secrets": webhook + "/secrets",
              "/v1/webhooks/{id}/deliveries": webhook + "/deliveries", "/v1/webhooks/{id}/deliveries/{delivery_id}": delivery,
              "/v1/webhooks/{id}/deliveries/{delivery_id}/replay": f"{webhook}/deliveries/{NOBODY}/replay"}
    return lambda path: values.get(path, path)


class TestDocument:
    def test_is_valid(self, contract):
        OpenAPIV31SpecValidator(contract.document).validate()

    def test_is_the_one_of_the_repository(self, client):
        assert client.get("/openapi.json").json() == json.loads((REPOSITORY / "openapi/openapi.json").read_text())

    def test_every_operation_is_described(self, contract):
        names = [operation["operationId"] for _, _, operation in contract.operations()]
        assert len(names) == len(set(names))
        for path, method, operation in contract.operations():
            assert operation.get("summary"), f"{method} {path}"
            assert operation.get("tags"), f"{method} {path}"

    def test_examples_fit_their_schemas(self, contract):
        def walk(node, where):
            if isinstance(node, dict):
                if "schema" in node and "example" in node:
                    contract._validate(node["schema"], node["example"], where)
                for example in node.get("examples", {}).values() if isinstance(node.get("examples"), dict) else []:
                    if "schema" in node and "value" in example:
                        contract._validate(node["schema"], example["value"], where)
                for name, child in node.items():
                    walk(child, f"{where}/{name}")
            elif isinstance(node, list):
                for index, child in enumerate(node):
                    walk(child, f"{where}/{index}")
        walk(contract.document["paths"], "#/paths")
        walk(contract.document["components"], "#/components")

    def test_every_problem_has_its_page(self, client, contract):
        slugs = set(re.findall(r"/problems/([a-z-]+)", json.dumps(contract.document)))
        assert len(slugs) > 20
        for slug in slugs:
            page = client.get(f"/problems/{slug}")
            assert page.status == 200 and page.header("Content-Type").startswith("text/html"), slug
        assert client.get("/problems/no-such-problem").status == 404


class TestEveryAnswer:
    """The client of these tests fails by itself when an answer is not as documented."""

    def test_reading(self, client, contract, address):
        for path, method, operation in contract.operations():
            if method not in ("get", "head") or needs_admin(operation):
                continue
            target, verb = address(path), method.upper()
            if path == "/v1/events":  # goes on for ever: test_events.py listens to it
                assert client.request("HEAD", target).status == 200
                assert client.get(target + "?colour=red").status == 400
                continue
            assert client.request(verb, target).status == 200
            for headers in ({"If-None-Match": "*"}, {"If-Match": '"other"'}, {"Range": "bytes=0-1"},
                            {"Range": "bytes=99999999-"}):
                client.request(verb, target, headers)
            if path.startswith("/v1/"):
                refused = client.request(verb, target + "?colour=red")
                assert refused.status == 400, path
            if "{id}" in path:
                assert client.request(verb, target.replace(target.split("/")[3], NOBODY)).status == 404
            if "{path}" in path or "{type}" in path:
                assert client.request(verb, path.split("{")[0] + "no-such-thing").status == 404

    @pytest.mark.parametrize("method", ["PUT", "PATCH", "OPTIONS", "POST", "DELETE", "BREW"])
    def test_other_methods(self, client, contract, address, method):
        for path, item in contract.document["paths"].items():
            if path == "/v1/jobs/retry":  # with other methods it is a job's address
                continue
            if method.lower() in item:
                continue
            response = client.request(method, address(path))
            assert response.status == 405, (method, path, response.status)
            allowed = {name.strip() for name in response.header("Allow").split(",")}
            documented = {name.upper() for name in item if name in ("get", "post", "patch", "delete", "options")}
            assert allowed == documented | ({"HEAD"} if "GET" in documented else set()), path

    @pytest.mark.parametrize("target", ["/v1", "/v1/", "/v1/job", "/v2/jobs", "/jobs", "/healthz/", "/HEALTHZ", "/assets",
                                        "/assets/", "/assets/../index.html", "/api-docs/../../etc/passwd", "/favicon.ico",
                                        "/assets/%2e%2e/index.html", "/.env", "/v1/jobs/x/y/z", "/index.html"])
    def test_unknown_paths(self, client, target):
        response = client.request("GET", target)
        assert response.status in (400, 404)
        assert response.problem()["type"] in ("/problems/not-found", "/problems/bad-request")

    def test_writing(self, client, address, job):
        variants = f"/v1/jobs/{job['id']}/variants"
        taken = {"variants": [{"name": "thumbnail", "transform": {"resize": {"width": 3}}}]}
        assert client.post_json(variants, {"variants": ["thumbnail"]}).status == 202
        assert client.post_json(variants, taken).status == 409
        assert client.post_json(variants, {"variants": [7]}).status == 400
        assert client.post_json(f"/v1/jobs/{NOBODY}/variants", {"variants": ["thumbnail"]}).status == 404
        assert client.request("POST", variants, {"Content-Type": "text/plain"}, b"thumbnail").status == 415
        assert client.post_json(variants, {"variants": ["x" * 100_000]}).status == 413
        unwritable = {"variants": [{"name": "unwritable", "transform": {"format": "heic"}}]}
        assert client.post_json(variants, unwritable).status == 400
        assert client.upload_raw(b"nothing but text in here, much too plain").status == 415
        assert client.upload(pictures.make("png")[:60]).status == 422
        assert client.upload_raw(b"", "?colour=red").status == 400
        assert client.upload_raw(pictures.make("png") + bytes(26_000_000)).status == 413
        image = f"/v1/images/{job['image']['id']}"
        patch = lambda target, body, content_type="application/merge-patch+json": client.request(
            "PATCH", target, {"Content-Type": content_type}, body).status
        assert patch(image, b'{"focal_point": {"x": 0.5, "y": 0.5}}') == 200
        assert patch(image, b'{"focal_point": 5}') == 400
        assert patch(f"/v1/images/{NOBODY}", b'{"focal_point": null}') == 404
        assert patch(image, b"{}", "text/plain") == 415
        assert patch(image, b" " * 5_000) == 413
        assert client.get(f"/v1/images?similar_to={NOBODY}").status == 404
        unseen = client.upload(pictures.make("png"), variants="").json()["image"]["id"]
        assert client.get(f"/v1/images?similar_to={unseen}").status == 409
        for kind in ("jobs", "images"):
            made = client.process(pictures.make("png", (9, 9)))
            target = f"/v1/{kind}/{made['id'] if kind == 'jobs' else made['image']['id']}"
            assert client.delete(target + "?colour=red").status == 400
            assert client.delete(target).status == 204
            assert client.delete(target).status == 404

    def test_webhooks(self, client, webhook):
        for method, target in (("POST", "/v1/webhooks"), ("PATCH", webhook)):
            send = lambda body, content_type="application/json": client.request(  # noqa: E731
                method, target, {"Content-Type": content_type}, body).status  # noqa: B023
            assert send(b'{"url": "http://127.0.0.1/"}') == 400
            assert send(b'{"url": "https://example.com/"}', "text/plain") == 415
            assert send(b" " * 20_000) == 413
        assert client.request("PATCH", webhook, {"Content-Type": "application/json"}, b'{"description": "a"}').status == 200
        unknown = webhook.rpartition("/")[0] + "/" + NOBODY
        assert client.request("PATCH", unknown, {"Content-Type": "application/json"}, b"{}").status == 404
        assert client.delete(unknown).status == 404
        assert client.delete(webhook + "?colour=red").status == 400
        assert client.request("POST", unknown + "/secrets").status == 404
        assert client.request("POST", webhook + "/secrets?colour=red").status == 400
        for _ in range(4):
            assert client.request("POST", webhook + "/secrets").status == 201
        assert client.request("POST", webhook + "/secrets").status == 409
        assert client.get(f"{webhook}/deliveries/{NOBODY}").status == 404
        assert client.request("POST", f"{webhook}/deliveries/{NOBODY}/replay").status == 404
        assert client.request("POST", f"{webhook}/deliveries/{NOBODY}/replay?colour=red").status == 400
        made = [client.post_json("/v1/webhooks", {"url": "https://example.com/", "enabled": False}) for _ in range(10)]
        assert [response.status for response in made] == [201] * 9 + [409]
        for response in made[:9]:
            assert client.delete(response.header("Location")).status == 204

    def test_many_jobs_at_once(self, client):
        long_ago = "created_before=2020-01-01T00:00:00Z"
        for method, target in (("POST", "/v1/jobs/retry"), ("DELETE", "/v1/jobs")):
            assert client.request(method, f"{target}?{long_ago}").status == 202
            assert client.request(method, f"{target}?colour=red").status == 400
        assert client.delete("/v1/jobs").status == 400

    def test_retrying_and_cancelling(self, client, job):
        for call in ("retry", "cancel"):
            target = f"/v1/jobs/{job['id']}/{call}"
            assert client.request("POST", target).status == 409
            assert client.request("POST", target + "?colour=red").status == 400
            assert client.post_json(target, {}).status == 400
            assert client.request("POST", f"/v1/jobs/{NOBODY}/{call}").status == 404

    def test_slow_bodies(self, start_server):
        server = start_server({"SAFELIGHT_BODY_RATE_GRACE": "300ms"})
        made = server.client().process(pictures.make("png", (9, 9)))
        for method, target, content_type in (("POST", "/v1/jobs", "image/png"),
                                             ("POST", f"/v1/jobs/{made['id']}/variants", "application/json"),
                                             ("PATCH", f"/v1/images/{made['image']['id']}", "application/json")):
            with connect(server.port) as connection:
                connection.sendall(f"{method} {target} HTTP/1.1\r\nHost: a\r\nContent-Type: {content_type}\r\n"
                                   "Content-Length: 4000\r\n\r\n{".encode())
                responses = parse_responses(read_to_end(connection))
            assert [response.status for response in responses] == [408]
            type(server).contract.check(method, target, responses[0])

    def test_too_long_a_backlog(self, start_server):
        server = start_server({"SAFELIGHT_WORKERS": "0", "SAFELIGHT_BACKLOG_MAX": "2"})
        client = server.client()
        upload = lambda: client.upload(pictures.make("png", (9, 9)))
        assert [upload().status for _ in range(2)] == [202, 202]
        eventually(lambda: upload().status == 503)  # the backlog is counted once a second
        refused = upload()
        assert refused.problem()["type"] == "/problems/overloaded"
        assert int(refused.header("Retry-After")) >= 1

    def test_no_blocking_work_can_be_taken(self, start_server):
        """The one thread for blocking work stands still and its queue is full: 503 at once, on every operation."""
        server = start_server({"SAFELIGHT_BLOCKING_THREADS": "1", "SAFELIGHT_BLOCKING_QUEUE_MAX": "1"})
        client = server.client()
        made = client.process(pictures.make("jpeg", (50, 50)))
        image = f"/v1/images/{made['image']['id']}"
        with StoppedThread(server, "blocking"):
            held = []
            holders = [threading.Thread(target=lambda: held.append(client.get("/v1/jobs").status)) for _ in range(3)]
            for holder in holders:
                holder.start()
            eventually(lambda: 503 in held)  # there was no room for it, nor will there be
            for method, target in (
                    ("GET", "/v1/jobs"), ("GET", f"/v1/jobs/{made['id']}"), ("GET", "/v1/images"), ("GET", image),
                    ("GET", image + "/original"), ("HEAD", image + "/original"), ("GET", image + "/variants/thumbnail"),
                    ("HEAD", image + "/variants/thumbnail"), ("DELETE", f"/v1/jobs/{made['id']}"), ("DELETE", image),
                    ("GET", "/readyz"), ("GET", "/metrics"), ("DELETE", "/v1/jobs?status=FAILED"), ("POST", "/v1/jobs/retry"),
                    ("GET", "/v1/events"), ("GET", f"/v1/jobs/{made['id']}/events"), ("GET", f"/v1/bulk-operations/{NOBODY}")):
                response = client.request(method, target)
                assert response.status == 503, (method, target, response.status)
                assert method == "HEAD" or int(response.header("Retry-After")) >= 1
            assert client.upload(pictures.make("png")).status == 503
            assert client.post_json(f"/v1/jobs/{made['id']}/variants", {"variants": ["thumbnail"]}).status == 503
            for call in ("retry", "cancel"):
                assert client.request("POST", f"/v1/jobs/{made['id']}/{call}").status == 503
            merge = {"Content-Type": "application/merge-patch+json"}
            assert client.request("PATCH", image, merge, b"{}").status == 503
            assert client.get("/healthz").status == 200
        for holder in holders:
            holder.join(20)
        assert client.get(f"/v1/jobs/{made['id']}").json() == made
        assert client.get("/readyz").status == 200

    def test_no_space_left(self, start_server):
        """Writes fail with ENOSPC: 507, nothing is left behind, and all is well once there is space again."""
        server = start_server({"SAFELIGHT_BLOCKING_THREADS": "1"})
        client = server.client()
        made = client.process(pictures.make("jpeg", (50, 50)))
        with FailingCalls(server, "fsync,fdatasync,pwrite64,write:error=ENOSPC", blobs_and_catalog(server)):
            assert client.upload(pictures.make("png")).status == 507
            more = {"variants": [{"name": "more", "transform": {"resize": {"width": 10}}}]}
            assert client.post_json(f"/v1/jobs/{made['id']}/variants", more).status == 507
            point = b'{"focal_point": {"x": 0, "y": 0}}'
            merge = {"Content-Type": "application/merge-patch+json"}
            assert client.request("PATCH", f"/v1/images/{made['image']['id']}", merge, point).status == 507
            assert client.get("/healthz").status == 200
        assert client.process(pictures.make("png"))["status"] == "PROCESSED"
        assert len(rows(server.data, "SELECT 1 FROM images")) == 2
        eventually(lambda: not rows(server.data, "SELECT 1 FROM blobs WHERE state <> 'live'"))

    def test_no_space_left_for_decisions_about_jobs(self, start_server):
        server = start_server({"SAFELIGHT_BLOCKING_THREADS": "1", "SAFELIGHT_WORKERS": "0"})
        client = server.client()
        cancelled, waiting = (client.upload(pictures.make("png", (9, 9))).json()["id"] for _ in range(2))
        assert client.request("POST", f"/v1/jobs/{cancelled}/cancel").status == 200
        decide = lambda: [client.request("POST", f"/v1/jobs/{job}/{call}").status
                          for job, call in ((cancelled, "retry"), (waiting, "cancel"))]
        with FailingCalls(server, "fsync,fdatasync,pwrite64,write:error=ENOSPC", blobs_and_catalog(server)):
            assert decide() == [507, 507]
            assert client.request("POST", "/v1/jobs/retry").status == 507
            assert client.delete("/v1/jobs?status=FAILED").status == 507
        assert decide() == [202, 200]

    def test_a_damaged_blob_is_never_served_as_whole(self, start_server):
        server = start_server()
        client = server.client()
        made = client.process(pictures.noise((700, 700)))
        key = rows(server.data, "SELECT blob FROM images")[0][0]
        path = blob_path(server.data, key)
        damaged = bytearray(path.read_bytes())
        damaged[len(damaged) // 2] ^= 1
        path.write_bytes(damaged)
        with connect(server.port) as connection:
            connection.sendall(f"GET {made['image']['url']} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
            responses = parse_responses(read_to_end(connection))
        assert [response.status for response in responses] in ([], [500]), "cut, or told at once"


def blobs_and_catalog(server):
    return [str(path) for path in server.data.rglob("*") if path.is_dir()] + [
        str(server.data / name) for name in ("catalog.db", "catalog.db-wal")]


class StoppedThread:
    """A thread of the server, by its name, stands still as long as the context lasts."""

    ATTACH, DETACH, WALL = 16, 17, 0x40000000

    def __init__(self, server, name):
        self.tid = next(tid for tid in server.threads()
                        if open(f"/proc/{server.pid}/task/{tid}/comm").read().strip().startswith(name))
        self.libc = ctypes.CDLL(None, use_errno=True)

    def __enter__(self):
        assert self.libc.ptrace(self.ATTACH, self.tid, None, None) == 0, os.strerror(ctypes.get_errno())
        os.waitpid(self.tid, self.WALL)

    def __exit__(self, *_):
        assert self.libc.ptrace(self.DETACH, self.tid, None, None) == 0, os.strerror(ctypes.get_errno())


class FailingCalls:
    """System calls of the server on these paths fail as long as the context lasts."""

    def __init__(self, server, injection, paths):
        self.command = ["strace", "-f", "-p", str(server.pid), "-o", "/dev/null", "-e", f"inject={injection}"]
        for path in paths:
            self.command += ["-P", path]

    def __enter__(self):
        self.tracer = subprocess.Popen(self.command, stderr=subprocess.PIPE, text=True)
        # It says so once for each thread, and then of the whole process.
        assert "attached" in self.tracer.stderr.readline()

    def __exit__(self, *_):
        self.tracer.terminate()
        self.tracer.communicate(timeout=20)
