"""Who may do what, on whole processes: every call of the contract with every kind of key; keys from the command line;
revocation on connections that are open."""

import http.client
import re
import time

import pytest

import pictures
from backends import Backends
from eventually import eventually
from key_client import KeyClient, SlowDownload, command, guarded, make_key  # noqa: F401: a fixture among them
from safelight_process import run_command

SCOPES = ("images:read", "images:write", "admin")
NOBODY = "01934b7e-5f00-7abc-8def-0123456789ab"


@pytest.fixture(scope="module")
def keys(guarded):
    """What may do everything, what may do all but one thing, what belongs to somebody else, and what was revoked."""
    command(guarded, "account", "create", "other")
    all_keys = {"ours": make_key(guarded, *SCOPES), "other": make_key(guarded, *SCOPES, account="other")}
    for scope in SCOPES:
        all_keys[f"without {scope}"] = make_key(guarded, *(each for each in SCOPES if each != scope))
    all_keys["revoked"] = make_key(guarded, *SCOPES)
    listed = command(guarded, "key", "list").splitlines()
    command(guarded, "key", "revoke", listed[-1].split()[0])
    return all_keys


@pytest.fixture(scope="module")
def ours(guarded, keys):
    return KeyClient(guarded, keys["ours"])


def calls(contract):
    """(path, method, scope) of everything that needs a key."""
    for path, method, operation in contract.operations():
        for requirement in operation.get("security", []):
            if "apiKey" in requirement:
                yield path, method, requirement["apiKey"][0]


TUS = {"Tus-Resumable": "1.0.0"}
TUS_BYTES = {**TUS, "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}


def body_for(path, method):
    """What the call would be served with."""
    if path.startswith("/v1/uploads"):
        if path == "/v1/uploads":
            return {**TUS, "Upload-Length": "10"}, None
        override = {"X-HTTP-Method-Override": "PATCH"} if method == "post" else {}
        return ({**TUS_BYTES, **override}, b"x") if method in ("patch", "post") else (TUS, None)
    bodies = {("/v1/jobs", "post"): ("image/png", pictures.make("png", (9, 9))),
              ("/v1/jobs/{id}/variants", "post"): ("application/json", b'{"variants": ["thumbnail"]}'),
              ("/v1/images/{id}", "patch"): ("application/merge-patch+json", b"{}"),
              ("/v1/accounts", "post"): ("application/json", b'{"name": "new"}'),
              ("/v1/accounts/{id}", "patch"): ("application/merge-patch+json", b"{}"),
              ("/v1/keys", "post"): ("application/json", b'{"name": "new", "scopes": ["images:read"]}'),
              ("/v1/keys/{id}/rotate", "post"): ("application/json", b"{}"),
              ("/v1/signed-urls", "post"): ("application/json", f'{{"urls": ["/v1/images/{NOBODY}/original"]}}'.encode()),
              ("/v1/webhooks", "post"): ("application/json", b'{"url": "https://example.com/", "enabled": false}'),
              ("/v1/webhooks/{id}", "patch"): ("application/json", b"{}")}
    content_type, body = bodies.get((path, method), (None, None))
    return ({"Content-Type": content_type} if content_type else {}), body


def address(path, job, key_id, operation_id, upload_id, webhook_id):
    owner = {"/v1/jobs": job["id"], "/v1/images": job["image"]["id"], "/v1/keys": key_id, "/v1/accounts": NOBODY,
             "/v1/bulk-operations": operation_id, "/v1/uploads": upload_id, "/v1/webhooks": webhook_id}
    for prefix, value in owner.items():
        if path.startswith(prefix + "/{id}"):
            return path.replace("{id}", value).replace("{name}", "thumbnail").replace("{delivery_id}", NOBODY)
    return path


class TestMatrix:
    """Generated from the contract: a new call cannot be forgotten."""

    def test_every_call_with_every_kind_of_key(self, guarded, keys, ours, contract, summarise):
        table = []
        operation_id = ours.request("POST", "/v1/jobs/retry?created_before=2020-01-01T00:00:00Z").json()["id"]
        upload = ours.request("POST", "/v1/uploads", {**TUS, "Upload-Length": "10"}).json()
        webhook = ours.post_json("/v1/webhooks", {"url": "https://example.com/", "enabled": False}).header("Location")
        untouched = ours.get(webhook).json()
        for path, method, scope in calls(contract):
            job = ours.process(pictures.make("jpeg", (200, 150)))
            key_id = ours.post_json("/v1/keys", {"name": "victim", "scopes": ["images:read"]}).json()["id"]
            target = address(path, job, key_id, operation_id, upload["id"], untouched["id"])
            headers, body = body_for(path, method)
            verb = "HEAD" if path == "/v1/events" else method.upper()  # its body goes on for ever
            statuses = {kind: KeyClient(guarded, key).request(verb, target, headers, body).status
                        for kind, key in (("no key", None), ("revoked", keys["revoked"]),
                                          ("wrong scope", keys[f"without {scope}"]), ("other account", keys["other"]))}
            table.append((f"{method.upper()} {path}", *statuses.values()))
            assert statuses["no key"] == statuses["revoked"] == 401, (method, path, statuses)
            assert statuses["wrong scope"] == 403, (method, path, statuses)
            if "{id}" in path and scope != "admin":
                assert statuses["other account"] == 404, (method, path, statuses)
                assert ours.get(f"/v1/jobs/{job['id']}").json() == job, "nothing happened to it"
                assert ours.get(upload["url"]).json() == upload
                assert ours.get(webhook).json() == untouched
        assert len(table) > 15
        for row in (("call", "no key", "revoked", "wrong scope", "other account"), *table):
            summarise("access: " + " | ".join(str(cell) for cell in row))

    def test_what_needs_no_key_is_known(self, contract):
        open_paths = {path for path, method, operation in contract.operations()
                      if not operation.get("security") and method != "options"}
        assert open_paths == {"/", "/assets/{path}", "/api-docs", "/api-docs/{path}", "/openapi.json", "/problems/{type}",
                              "/healthz", "/readyz", "/metrics"}

    def test_somebody_elses_is_as_unknown_as_nothing(self, guarded, keys, ours):
        job = ours.process(pictures.make("jpeg", (200, 150)))
        other = KeyClient(guarded, keys["other"])
        upload = ours.request("POST", "/v1/uploads", {**TUS, "Upload-Length": "10"}).json()
        for path in (f"/v1/jobs/{job['id']}", f"/v1/images/{job['image']['id']}", job["image"]["url"],
                     job["image"]["variants"][0]["url"], upload["url"]):
            unknown = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", NOBODY, path)
            theirs, nothing = (other.get(target).json() for target in (path, unknown))
            assert {**theirs, "instance": "", "request_id": ""} == {**nothing, "instance": "", "request_id": ""}
        assert job["id"] not in {item["id"] for item in other.get("/v1/jobs?limit=200").json()["items"]}
        assert other.get(f"/v1/images?similar_to={job['image']['id']}").status == 404

    def test_every_answer_of_the_calls_for_admins(self, ours):
        made = ours.post_json("/v1/accounts", {"name": "shop"})
        assert made.status == 201
        assert ours.get(made.header("Location")).json() == made.json()
        assert ours.post_json("/v1/accounts", {"name": "shop"}).status == 409
        assert ours.post_json("/v1/accounts", {"name": ""}).status == 400
        assert ours.get(f"/v1/accounts/{NOBODY}").status == 404
        issued = ours.post_json("/v1/keys", {"name": "a", "scopes": ["admin"], "account_id": made.json()["id"]}).json()
        key = f"/v1/keys/{issued['id']}"
        assert issued["key"].startswith("sl_live_")
        assert ours.get("/v1/keys?account_id=" + made.json()["id"]).json()["items"][0]["id"] == issued["id"]
        assert ours.request("POST", key + "/rotate").status == 201
        assert ours.request("POST", key + "/rotate").status == 409
        assert ours.delete(key).status == 204
        assert ours.get(key).json()["revoked_at"]
        account = made.header("Location")
        for content_type in ("application/json", "application/merge-patch+json"):
            changed = ours.request("PATCH", account, {"Content-Type": content_type}, b'{"quotas": {"images": 5}}')
            assert changed.status == 200 and changed.json()["quotas"]["images"] == 5
        assert ours.request("PATCH", account, {"Content-Type": "text/plain"}, b"x").status == 415
        assert ours.request("PATCH", account, {"Content-Type": "application/json"}, b" " * 20_000).status == 413
        assert ours.request("PATCH", account, {"Content-Type": "application/json"}, b'{"name": "b"}').status == 400
        assert ours.request("PATCH", f"/v1/accounts/{NOBODY}", {"Content-Type": "application/json"}, b"{}").status == 404
        assert ours.get(account + "/usage").json()["quotas"]["images"]["limit"] == 5
        assert ours.get(account + "/usage?colour=red").status == 400
        assert ours.get(f"/v1/accounts/{NOBODY}/usage").status == 404
        for target in ("/v1/accounts", "/v1/keys", key + "/rotate"):
            assert ours.request("POST", target, {"Content-Type": "text/plain"}, b"x").status == 415
            assert ours.post_json(target, {"name": "x" * 20_000}).status == 413
            assert ours.post_json(target, {"colour": "red"}).status == 400
        for target in ("/v1/accounts", "/v1/keys", key):
            assert ours.get(target + "?colour=red").status == 400
            assert ours.request("HEAD", target).status == 200
        assert ours.get(f"/v1/accounts/{made.json()['id']}?colour=red").status == 400
        assert ours.delete(key + "?colour=red").status == 400
        assert ours.get(f"/v1/keys/{NOBODY}").status == 404
        assert ours.delete(f"/v1/keys/{NOBODY}").status == 404
        assert ours.request("POST", f"/v1/keys/{NOBODY}/rotate").status == 404


class TestRevocation:
    """A key that is revoked by another process is refused within five seconds, wherever it is in use."""

    SECONDS = 5

    def revoke(self, guarded, key_id):
        command(guarded, "key", "revoke", key_id)
        return time.monotonic()

    def issue(self, ours):
        return ours.post_json("/v1/keys", {"name": "a", "scopes": ["images:read", "images:write"]}).json()

    def test_on_a_connection_that_is_kept(self, guarded, ours):
        issued = self.issue(ours)
        connection = http.client.HTTPConnection("127.0.0.1", guarded.port, timeout=20)

        def status():
            connection.request("GET", "/v1/jobs", headers={"Authorization": f"Bearer {issued['key']}"})
            response = connection.getresponse()
            response.read()
            return response.status

        assert status() == 200
        revoked = self.revoke(guarded, issued["id"])
        while status() == 200:
            assert time.monotonic() - revoked < self.SECONDS
            time.sleep(0.05)
        assert status() == 401
        connection.close()

    def test_while_an_answer_is_held(self, guarded, ours):
        issued = self.issue(ours)
        uploader = KeyClient(guarded, issued["key"])
        with_workers_at_rest = uploader.upload(pictures.make("png"), variants="")
        job = with_workers_at_rest.json()["id"]
        connection = http.client.HTTPConnection("127.0.0.1", guarded.port, timeout=20)
        # A job without variants is finished: what is held is the answer to one that is still at work.
        big = uploader.upload(pictures.noise((1500, 1500)), variants=[
            {"name": f"v{side}", "transform": {"resize": {"width": side}, "format": "avif", "effort": 9}}
            for side in range(2000, 2010)]).json()["id"]
        connection.request("GET", f"/v1/jobs/{big}",
                           headers={"Authorization": f"Bearer {issued['key']}", "Prefer": "wait=50"})
        revoked = self.revoke(guarded, issued["id"])
        response = connection.getresponse()
        assert response.status == 401, response.read()
        assert time.monotonic() - revoked < self.SECONDS
        connection.close()
        assert ours.delete(f"/v1/jobs/{big}").status == 204
        assert ours.delete(f"/v1/jobs/{job}").status == 204

    def test_during_an_upload(self, guarded, ours):
        issued = self.issue(ours)
        before = len(ours.get("/v1/jobs?limit=200").json()["items"])
        picture = pictures.make("png", (64, 64))
        connection = http.client.HTTPConnection("127.0.0.1", guarded.port, timeout=20)
        connection.putrequest("POST", "/v1/jobs")
        for name, value in {"Authorization": f"Bearer {issued['key']}", "Content-Type": "image/png",
                            "Content-Length": len(picture)}.items():
            connection.putheader(name, str(value))
        connection.endheaders()
        connection.send(picture[:-10])
        self.revoke(guarded, issued["id"])
        time.sleep(3.5)  # what is remembered of the key is forgotten after three seconds: a promise about time
        connection.send(picture[-10:])
        assert connection.getresponse().status == 401
        connection.close()
        assert len(ours.get("/v1/jobs?limit=200").json()["items"]) == before

    def test_during_a_download(self, guarded, ours):
        """A client that takes its time: what it gets ends before the picture does."""
        issued = self.issue(ours)
        picture = pictures.noise((2600, 2600))
        assert len(picture) > 15_000_000
        image = ours.upload(picture).json()["image"]
        download = SlowDownload(guarded, image["url"], issued["key"])
        revoked = self.revoke(guarded, issued["id"])
        assert download.finish(revoked + self.SECONDS) < len(picture)  # a promise about time

    def test_jobs_that_were_accepted_before_are_done(self, guarded, ours):
        issued = self.issue(ours)
        job = KeyClient(guarded, issued["key"]).upload(pictures.make("jpeg", (300, 300))).json()["id"]
        self.revoke(guarded, issued["id"])
        assert ours.wait(job)["status"] == "PROCESSED"


class TestNodes:
    def test_a_key_revoked_at_one_node_is_refused_at_the_other(self, start_server, tmp_path):
        """Over one PostgreSQL; nothing tells the other node."""
        backends, nodes = Backends(queue="catalog", store="folder").make(), []
        try:
            settings = {**backends.settings(), "SAFELIGHT_ACCESS": "keys", "SAFELIGHT_WORKERS": "0"}
            migrated = run_command("migrate", "up", settings=settings, cwd=tmp_path)
            assert migrated.returncode == 0, migrated.stderr
            nodes += [start_server(settings) for _ in range(2)]
            made = run_command("key", "create", "admin", *(flag for scope in SCOPES for flag in ("--scope", scope)),
                               settings=settings, cwd=tmp_path)
            admin, victims = made.stdout.strip(), []
            for _ in range(3):
                victims.append(KeyClient(nodes[0], admin).post_json("/v1/keys", {"name": "a", "scopes": ["images:read"]}).json())
            for victim in victims:
                here, there = (KeyClient(node, victim["key"]) for node in nodes)
                assert here.get("/v1/jobs").status == there.get("/v1/jobs").status == 200
                assert KeyClient(nodes[0], admin).delete(f"/v1/keys/{victim['id']}").status == 204
                revoked = time.monotonic()
                while there.get("/v1/jobs").status == 200:
                    assert time.monotonic() - revoked < TestRevocation.SECONDS
                    time.sleep(0.05)
                eventually(lambda: here.get("/v1/jobs").status == 401, TestRevocation.SECONDS)  # noqa: B023
        finally:
            for node in nodes:
                node.stop()
            backends.remove()


class TestCommands:
    def test_a_key_before_the_first_start(self, tmp_path):
        settings = {"SAFELIGHT_DATA": tmp_path / "data"}
        made = run_command("key", "create", "first", "--scope", "admin", settings=settings, cwd=tmp_path)
        assert made.returncode == 0, made.stderr
        assert re.fullmatch(r"sl_live_[0-9A-Za-z]{46}", made.stdout.strip()), "alone, for scripts"
        assert made.stdout.strip() not in made.stderr
        listed = run_command("key", "list", settings=settings, cwd=tmp_path)
        assert "first" in listed.stdout and "admin" in listed.stdout and "sl_live_" not in listed.stdout
        # Neither is it anywhere in the files.
        for path in (tmp_path / "data").rglob("*"):
            assert path.is_dir() or made.stdout.strip().encode() not in path.read_bytes()

    def test_a_rotated_key_is_good_for_its_grace(self, guarded, ours):
        old = make_key(guarded, "images:read")
        key_id = command(guarded, "key", "list").splitlines()[-1].split()[0]
        new = command(guarded, "key", "rotate", key_id, "--grace", "1h")
        assert KeyClient(guarded, old).get("/v1/jobs").status == KeyClient(guarded, new).get("/v1/jobs").status == 200
        assert "until" in next(line for line in command(guarded, "key", "list").splitlines() if key_id in line)

    @pytest.mark.parametrize("arguments, words", [
        (["key", "create", "a", "--scope", "everything"], "is no scope"),
        (["key", "create", "a", "--scope", "admin", "--account", "nobody"], "no account"),
        (["key", "create", "", "--scope", "admin"], "/name"),
        (["key", "create", "a", "--scope", "admin", "--expires", "soon"], "--expires"),
        (["key", "create", "a"], "--scope is required"),
        (["account", "create", ""], "/name"),
        (["key", "list"], "catalog"),
        (["key", "revoke", NOBODY], "catalog"),
        (["account", "create", "default"], "exists"),
        (["account"], "subcommand"),
    ])
    def test_faults_are_told(self, tmp_path, arguments, words):
        done = run_command(*arguments, settings={"SAFELIGHT_DATA": tmp_path / "data"}, cwd=tmp_path)
        assert done.returncode in (1, 2)
        assert words in done.stderr + done.stdout

    def test_what_is_not_there_is_told(self, guarded):
        for arguments, words in ((["key", "revoke", "x"], "is no id"), (["key", "revoke", NOBODY], "no such key"),
                                 (["key", "rotate", NOBODY], "no such key"),
                                 (["key", "rotate", NOBODY, "--grace", "31d"], "30 days"),
                                 (["key", "list", "--account", "nobody"], "no account")):
            done = run_command(*arguments, settings={"SAFELIGHT_DATA": guarded.data}, cwd=guarded.folder)
            assert done.returncode == 1 and words in done.stderr, (arguments, done.stderr)

    def test_accounts_are_listed(self, guarded):
        command(guarded, "account", "create", "Zoë")
        names = [line.split(" ", 1)[1] for line in command(guarded, "account", "list").splitlines()]
        assert names[0] == "default" and "Zoë" in names


def test_nothing_secret_is_logged(guarded, keys, ours):
    """After all of the above."""
    ours.get("/v1/jobs?key=" + keys["other"])
    log = guarded.log_path.read_text()
    for key in keys.values():
        assert key not in log
    metrics = ours.get("/metrics").body.decode()
    assert "sl_live_" not in log.replace("sl_live_…", "") and "sl_live_" not in metrics


def test_beyond_this_machine_only_with_keys(tmp_path):
    settings = {"SAFELIGHT_DATA": tmp_path / "data", "SAFELIGHT_LISTEN": "0.0.0.0:0"}
    refused = run_command("serve", settings=settings, cwd=tmp_path)
    assert refused.returncode == 2 and "safelight key create" in refused.stderr
