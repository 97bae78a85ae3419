"""URLs that need no key (F4 of the fault catalogue): made by the server, and by a client that has its secret, with another
library; what is changed of them is refused; a browser shows such a picture."""

import base64
import hashlib
import hmac
import time
from urllib.parse import urlsplit

import pytest

import pictures
from http_client import Client
from key_client import KeyClient, command, make_key
from safelight_process import run_command

SECRET = "a secret of the test of more than 32 bytes"
OLD_SECRET = "the secret before which still counts"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    from conftest import finish, launch
    server = launch(tmp_path_factory.mktemp("signed"), {"SAFELIGHT_ACCESS": "keys",
                                                        "SAFELIGHT_SIGNED_URL_SECRETS": f"{SECRET},{OLD_SECRET}"})
    yield server
    finish(server)


@pytest.fixture(scope="module")
def ours(guarded):
    return KeyClient(guarded, make_key(guarded, "images:read", "images:write"))


@pytest.fixture(scope="module")
def anybody(guarded):
    return KeyClient(guarded, None)


@pytest.fixture(scope="module")
def job(ours):
    return ours.process(pictures.make("jpeg", (200, 150)))


@pytest.fixture(scope="module")
def account(guarded):
    return command(guarded, "account", "list").splitlines()[-1].split()[0]


def signed_by_hand(path, account, expires, secret=SECRET):
    """As the documentation says it."""
    text = f"safelight-url-v1\n{path}\n{account}\n{expires}".encode()
    signature = base64.urlsafe_b64encode(hmac.new(secret.encode(), text, hashlib.sha256).digest()).decode().rstrip("=")
    return f"{path}?account={account}&expires={expires}&signature={signature}"


def refused(client, url):
    answer = client.get(url)
    assert answer.status == 403, (url, answer.status)
    assert answer.json()["type"] == "/problems/invalid-signature"


class TestSignedUrls:
    def test_the_servers_open_without_a_key(self, ours, anybody, job):
        paths = [job["image"]["url"], job["image"]["variants"][0]["url"], f"/v1/jobs/{job['id']}/events"]
        made = ours.post_json("/v1/signed-urls", {"urls": paths, "expires_in_s": 60})
        assert made.status == 200
        original, thumbnail, events = made.json()["urls"]
        assert anybody.get(paths[0]).status == 401
        assert hashlib.sha256(anybody.get(original).body).hexdigest() == job["image"]["sha256"]
        assert pictures.opened(anybody.get(thumbnail).body).size == (100, 75)
        assert anybody.request("HEAD", thumbnail).status == 200
        assert b"event: job.finished" in anybody.get(events).body

    @pytest.mark.parametrize("secret", [SECRET, OLD_SECRET])
    def test_those_of_a_client_with_the_secret_are_as_good(self, anybody, job, account, secret):
        url = signed_by_hand(job["image"]["url"], account, int(time.time()) + 60, secret)
        assert hashlib.sha256(anybody.get(url).body).hexdigest() == job["image"]["sha256"]

    def test_the_servers_are_made_as_documented(self, ours, job, account):
        path = job["image"]["url"]
        url = ours.post_json("/v1/signed-urls", {"urls": [path]}).json()["urls"][0]
        expires = int(dict(part.split("=", 1) for part in urlsplit(url).query.split("&"))["expires"])
        assert url == signed_by_hand(path, account, expires)
        assert 3_500 < expires - time.time() <= 3_600

    def test_what_was_changed_is_refused(self, ours, anybody, job):
        path = job["image"]["variants"][0]["url"]
        other = ours.process(pictures.make("jpeg", (40, 30)))["image"]["variants"][0]["url"]
        url = ours.post_json("/v1/signed-urls", {"urls": [path]}).json()["urls"][0]
        query = url.split("?")[1]
        for i in range(len(query)):
            changed = query[:i] + chr(ord(query[i]) ^ 1) + query[i + 1:]
            if "&signature=" in "&" + changed and "#" not in changed and changed.isprintable():
                refused(anybody, f"{path}?{changed}")
        refused(anybody, f"{other}?{query}")
        refused(anybody, f"{path.replace('thumbnail', '%74humbnail')}?{query}")
        refused(anybody, f"{url}&width=10")
        assert anybody.get(url).status == 200

    @pytest.mark.parametrize("secret", ["", " ", "x", "another secret of more than 32 bytes"])
    def test_other_secrets_are_refused(self, anybody, job, account, secret):
        refused(anybody, signed_by_hand(job["image"]["url"], account, int(time.time()) + 60, secret))

    def test_what_has_expired_is_refused(self, anybody, job, account):
        refused(anybody, signed_by_hand(job["image"]["url"], account, int(time.time())))
        for expires in ("", "never", "-1", "99999999999999999999"):
            refused(anybody, signed_by_hand(job["image"]["url"], account, expires))

    def test_another_accounts_picture_stays_unknown(self, guarded, anybody, job):
        command(guarded, "account", "create", "signing")
        other = KeyClient(guarded, make_key(guarded, "images:read", account="signing"))
        url = other.post_json("/v1/signed-urls", {"urls": [job["image"]["url"]]}).json()["urls"][0]
        assert anybody.get(url).status == 404

    def test_neither_secret_nor_signature_is_logged(self, guarded, ours, anybody, job):
        url = ours.post_json("/v1/signed-urls", {"urls": [job["image"]["url"]]}).json()["urls"][0]
        assert anybody.get(url).status == 200
        log = guarded.log_tail(lines=100_000)
        assert job["image"]["url"] in log
        for hidden in (SECRET, OLD_SECRET, url.split("signature=")[1]):
            assert hidden not in log

    def test_every_answer_of_the_call(self, ours, job):
        target = "/v1/signed-urls"
        assert ours.post_json(target, {"urls": []}).status == 400
        assert ours.request("POST", target, {"Content-Type": "text/plain"}, b"x").status == 415
        assert ours.post_json(target, {"urls": ["x" * 20_000]}).status == 413
        keyed = {"Content-Type": "application/json", "Idempotency-Key": "signing"}
        bodies = [f'{{"urls": ["{job["image"]["url"]}"], "expires_in_s": {n}}}'.encode() for n in (60, 61)]
        first = ours.request("POST", target, keyed, bodies[0])
        assert ours.request("POST", target, keyed, bodies[0]).json() == first.json()
        assert ours.request("POST", target, keyed, bodies[1]).status == 422


class TestSettings:
    def test_without_a_secret_there_are_none(self, client):
        answer = client.post_json("/v1/signed-urls", {"urls": ["/v1/images/01934b7e-5f00-7abc-8def-0123456789ab/original"]})
        assert answer.status == 409 and "SAFELIGHT_SIGNED_URL_SECRETS" in answer.json()["detail"]

    @pytest.mark.parametrize("secrets", ["short", SECRET + ",", SECRET + ",short"])
    def test_a_weak_secret_stops_the_start(self, tmp_path, secrets):
        done = run_command("serve", cwd=tmp_path, settings={"SAFELIGHT_SIGNED_URL_SECRETS": secrets})
        assert done.returncode != 0
        assert "SAFELIGHT_SIGNED_URL_SECRETS" in done.stderr and secrets not in done.stderr
