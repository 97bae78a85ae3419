"""Tokens (JWT) of another issuer, made by an independent library: which are taken, for whom, and until when."""

import base64
import http.client
import json
import threading
import time

import jwt
import pytest

import pictures
from eventually import eventually
from key_client import KeyClient, SlowDownload, command, make_key
from safelight_process import run_command
from token_issuer import AUDIENCE, ISSUER, Key, KeyServer, MAKERS, SECRET, by_hmac, by_rsa, claims, part, signed_by_hand


@pytest.fixture
def key_server():
    server = KeyServer()
    yield server
    server.close()


@pytest.fixture(scope="module")
def issuer_keys():
    return {algorithm: Key(algorithm, f"{algorithm}-1") for algorithm in MAKERS}


def settings(jwks, **others):
    return {"SAFELIGHT_ACCESS": "keys", "SAFELIGHT_JWT_ISSUER": ISSUER, "SAFELIGHT_JWT_AUDIENCE": AUDIENCE,
            "SAFELIGHT_JWT_ALGORITHMS": "RS256,ES256,EdDSA,HS256", "SAFELIGHT_JWT_SECRET": SECRET, "SAFELIGHT_JWT_LEEWAY": "0s",
            "SAFELIGHT_JWT_JWKS": str(jwks), **{f"SAFELIGHT_JWT_{name}": value for name, value in others.items()}}


@pytest.fixture(scope="module")
def shared_key_server(issuer_keys):
    server = KeyServer()
    server.serve(*issuer_keys.values())
    yield server
    server.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory, shared_key_server):
    """One that has read its keys, and does not want to read them again for an hour."""
    from conftest import finish, launch
    started = launch(tmp_path_factory.mktemp("tokens"), settings(shared_key_server.url, JWKS_INTERVAL_MIN="1h", JWKS_REFRESH="1h"))
    started.wait_for_event("keys for tokens")
    yield started
    finish(started)


def status(server, token, target="/v1/jobs"):
    return KeyClient(server, token).get(target).status


class TestGenuine:
    @pytest.mark.parametrize("algorithm", MAKERS)
    def test_of_each_algorithm(self, server, issuer_keys, algorithm):
        token = issuer_keys[algorithm].sign(claims())
        assert status(server, token) == 200
        assert status(server, token) == 200, "and from memory"

    def test_of_the_secret(self, server):
        assert status(server, jwt.encode(claims(), SECRET, "HS256")) == 200
        assert status(server, jwt.encode(claims(), SECRET + "!", "HS256")) == 401

    def test_keys_are_taken_as_before(self, server):
        assert status(server, make_key(server, "images:read")) == 200

    def test_scopes_are_those_of_the_claim(self, server, issuer_keys):
        reader = KeyClient(server, issuer_keys["ES256"].sign(claims(scope="openid images:read")))
        assert reader.get("/v1/jobs").status == 200
        refused = reader.upload(pictures.make("png"))
        assert refused.status == 403 and 'error="insufficient_scope"' in refused.header("WWW-Authenticate")
        for scope in (None, "", "openid", ["x"], {"images:read": True}):
            assert status(server, issuer_keys["ES256"].sign(claims(scope=scope))) == 403, scope
        assert status(server, issuer_keys["ES256"].sign(claims(scope=["images:read"]))) == 200
        assert status(server, issuer_keys["ES256"].sign(claims(scope="admin")), "/v1/keys") == 200

    def test_it_acts_for_its_account(self, server, issuer_keys):
        command(server, "account", "create", "tenant")
        ours = KeyClient(server, issuer_keys["RS256"].sign(claims()))
        theirs = KeyClient(server, issuer_keys["RS256"].sign(claims(sub="tenant")))
        job = ours.upload(pictures.make("png"), variants="").json()
        assert ours.get(f"/v1/jobs/{job['id']}").status == 200
        assert theirs.get(f"/v1/jobs/{job['id']}").status == 404
        assert theirs.upload(pictures.make("png"), variants="").status == 202

    def test_an_audience_among_others(self, server, issuer_keys):
        assert status(server, issuer_keys["ES256"].sign(claims(aud=["other", AUDIENCE]))) == 200


def attacks(keys, attacker_url):
    """name → a token that must not be taken (F3)."""
    es, rs, now = keys["ES256"], keys["RS256"], int(time.time())
    own = Key("RS256", rs.kid)
    header = {"alg": "RS256", "kid": rs.kid, "typ": "JWT"}
    good = rs.sign(claims())
    text, _, signature = good.rpartition(".")
    duplicate = json.dumps(claims())[:-1] + ', "sub": "somebody"}'
    return {
        "expired": es.sign(claims(seconds=-1)),
        "expired long ago": es.sign(claims(seconds=-10**6)),
        "without expiry": es.sign(claims(exp=None)),
        "expiry as a text": es.sign_text(json.dumps(claims(exp=str(now + 60)))),
        "expiry beyond time": es.sign_text(json.dumps(claims(exp=10**30))),
        "not yet valid": es.sign(claims(nbf=now + 3600)),
        "another audience": es.sign(claims(aud="other")),
        "no audience": es.sign(claims(aud=None)),
        "audience that begins alike": es.sign(claims(aud=AUDIENCE + "x")),
        "another issuer": es.sign(claims(iss=ISSUER + "/")),
        "no issuer": es.sign(claims(iss=None)),
        "account that nobody knows": es.sign(claims(sub="nobody")),
        "account by another type": es.sign_text(json.dumps(claims(sub=["default"]))),
        "no account": es.sign(claims(sub=None)),
        "alg none": signed_by_hand({"alg": "none"}, claims(), lambda text: b""),
        "alg none with a signature": signed_by_hand({"alg": "none", "kid": rs.kid}, claims(), by_rsa(rs)),
        "alg nOnE": signed_by_hand({"alg": "nOnE"}, claims(), lambda text: b"x"),
        "no alg": signed_by_hand({"kid": rs.kid}, claims(), by_rsa(rs)),
        "RS512": jwt.encode(claims(), rs.private, "RS512", {"kid": rs.kid}),
        "PS256": jwt.encode(claims(), rs.private, "PS256", {"kid": rs.kid}),
        "HS256 by the public key (PEM)": signed_by_hand({"alg": "HS256", "kid": rs.kid}, claims(), by_hmac(rs.public_pem())),
        "HS256 by the public key (JWK)": signed_by_hand({"alg": "HS256", "kid": rs.kid}, claims(),
                                                        by_hmac(json.dumps(rs.public_jwk()).encode())),
        "HS256 by nothing": signed_by_hand({"alg": "HS256"}, claims(), by_hmac(b"")),
        "ES256 by the name of an RSA key": es.sign(claims(), {"kid": rs.kid}),
        "ES256 as zeros": signed_by_hand({"alg": "ES256", "kid": es.kid}, claims(), lambda text: bytes(64)),
        "a key of one's own": own.sign(claims()),
        "kid ../": rs.sign(claims(), {"kid": "../../../../dev/null"}),
        "kid as SQL": rs.sign(claims(), {"kid": "x' OR '1'='1"}),
        "kid as an address": rs.sign(claims(), {"kid": attacker_url}),
        "kid of another type": signed_by_hand({**header, "kid": 1}, claims(), by_rsa(rs)),
        "kid that is long": rs.sign(claims(), {"kid": "k" * 1000}),
        "jku": own.sign(claims(), {"jku": attacker_url}),
        "jku, signed well": rs.sign(claims(), {"jku": attacker_url}),
        "x5u": own.sign(claims(), {"x5u": attacker_url}),
        "jwk": own.sign(claims(), {"jwk": own.public_jwk()}),
        "x5c": own.sign(claims(), {"x5c": ["MIIB"]}),
        "crit": signed_by_hand({**header, "crit": ["exp"]}, claims(), by_rsa(rs)),
        "zip": signed_by_hand({**header, "zip": "DEF"}, claims(), by_rsa(rs)),
        "another type": rs.sign(claims(), {"typ": "logout+jwt"}),
        "huge": rs.sign(claims(padding="x" * 8_000)),
        "claim twice": rs.sign_text(duplicate),
        "claim twice, once escaped": rs.sign_text(duplicate.replace('"sub": "somebody"', '"s\\u0075b": "somebody"')),
        "header member twice": signed_by_hand(b'{"alg": "none", "alg": "RS256", "kid": "%s"}' % rs.kid.encode(), claims(),
                                              by_rsa(rs)),
        "claims that are a list": rs.sign_text("[]"),
        "claims that are nothing": rs.sign_text("null"),
        "deep": rs.sign_text(json.dumps(claims())[:-1] + ', "a": ' + "[" * 2000 + "]" * 2000 + "}"),
        "changed": good.replace(good[40], "A" if good[40] != "A" else "B", 1),
        "without a signature": text + ".",
        "signature cut": good[:-4],
        "signature of another token": f"{rs.sign(claims(sub='tenant')).rpartition('.')[0]}.{signature}",
        "four parts": good + ".x",
        "padding": good + "=",
        "as JSON": json.dumps({"payload": good.split(".")[1], "protected": good.split(".")[0], "signature": signature}),
        "encrypted": ".".join([part({"alg": "dir", "enc": "A128GCM"}), "", "x", "x", "x"]),
    }


class TestAttacks:
    def test_none_of_them_is_taken_and_no_key_is_fetched(self, server, issuer_keys, shared_key_server, key_server, summarise):
        attempts = attacks(issuer_keys, key_server.url)
        before = shared_key_server.requests
        reasons = {}
        for name, token in attempts.items():
            response = KeyClient(server, token).get("/v1/jobs")
            assert response.status == 401, name
            assert response.header("WWW-Authenticate") == 'Bearer realm="safelight", error="invalid_token"', name
            problem = response.problem()
            assert problem["type"] == "/problems/unauthenticated"
            assert token not in response.body.decode()
            reasons[name] = problem["detail"]
        assert shared_key_server.requests == before and key_server.requests == 0
        assert reasons["expired"] == "The token has expired."
        assert reasons["another audience"] == "The token is for another audience."
        assert reasons["a key of one's own"] == "The token's signature is not valid."
        assert reasons["huge"] == "The token is too long."
        assert status(server, issuer_keys["RS256"].sign(claims())) == 200, "the server is well"
        summarise(f"tokens: {len(attempts)} bad tokens, each 401, no key fetched")

    def test_longer_than_any_header(self, server):
        assert status(server, "x" * 20_000) == 431

    def test_an_algorithm_that_is_not_configured(self, start_server, shared_key_server, issuer_keys):
        picky = start_server(settings(shared_key_server.url, ALGORITHMS="ES256"))
        eventually(lambda: status(picky, issuer_keys["ES256"].sign(claims())) == 200)
        assert status(picky, issuer_keys["RS256"].sign(claims())) == 401
        assert status(picky, jwt.encode(claims(), SECRET, "HS256")) == 401


class TestRotation:
    def test_a_new_key_is_found_and_an_old_one_forgotten(self, start_server, key_server):
        old, new = Key("ES256", "old"), Key("ES256", "new")
        key_server.serve(old)
        server = start_server(settings(key_server.url, JWKS_INTERVAL_MIN="100ms", JWKS_REFRESH="1h"))
        server.wait_for_event("keys for tokens")
        kept = old.sign(claims())
        assert status(server, kept) == 200
        assert status(server, new.sign(claims())) == 401
        key_server.serve(old, new)
        eventually(lambda: status(server, new.sign(claims())) == 200, timeout_s=5)
        assert status(server, kept) == 200
        key_server.serve(new)
        # Something that is not known has the keys read again: what the old key signed is not taken any more.
        eventually(lambda: (status(server, Key("ES256", "unknown").sign(claims())), status(server, kept))[1] == 401, timeout_s=5)
        assert status(server, new.sign(claims())) == 200

    def test_unknown_keys_have_the_source_asked_once_an_interval(self, start_server, key_server):
        key = Key("EdDSA", "a")
        key_server.serve(key)
        server = start_server(settings(key_server.url, JWKS_INTERVAL_MIN="1h", JWKS_REFRESH="1h"))
        server.wait_for_event("keys for tokens")
        for number in range(30):
            assert status(server, Key("EdDSA", f"unknown {number}").sign(claims())) == 401
        assert key_server.requests == 1

    def test_the_last_good_keys_are_kept_while_the_source_is_away(self, start_server, key_server):
        key = Key("ES256", "a")
        key_server.serve(key)
        server = start_server(settings(key_server.url, JWKS_INTERVAL_MIN="100ms", JWKS_REFRESH="1s"))
        server.wait_for_event("keys for tokens")
        for trouble in ({"status": 503}, {"status": 200, "document": {"error": "x"}},
                        {"status": 302, "location": key_server.url}, {"status": 200, "location": None, "document": "x" * 300_000}):
            for name, value in trouble.items():
                setattr(key_server, name, value)
            asked = key_server.requests
            eventually(lambda: key_server.requests > asked)  # noqa: B023
            assert status(server, key.sign(claims())) == 200
        server.wait_for_event("the keys for tokens could not be read")
        key_server.close()
        assert status(server, key.sign(claims())) == 200

    def test_before_any_keys_were_read_it_is_not_the_tokens_fault(self, start_server, key_server):
        key = Key("ES256", "a")
        key_server.status = 500
        server = start_server(settings(key_server.url, JWKS_INTERVAL_MIN="100ms"))
        refused = KeyClient(server, key.sign(claims())).get("/v1/jobs")
        assert refused.status == 503 and refused.header("Retry-After")
        assert status(server, make_key(server, "images:read")) == 200
        key_server.status = 200
        key_server.serve(key)
        eventually(lambda: status(server, key.sign(claims())) == 200)

    def test_from_a_file(self, start_server, tmp_path):
        first, second = Key("RS256", "a"), Key("ES256", "b")
        path = tmp_path / "jwks.json"
        path.write_text(json.dumps({"keys": [first.public_jwk()]}))
        server = start_server(settings(path, JWKS_INTERVAL_MIN="100ms"))
        assert status(server, first.sign(claims())) == 200
        path.write_text(json.dumps({"keys": [first.public_jwk(), second.public_jwk()]}))
        eventually(lambda: status(server, second.sign(claims())) == 200)
        path.unlink()
        assert status(server, first.sign(claims())) == 200


class TestExpiry:
    """What takes long ends when the token does."""

    def test_while_an_answer_is_held(self, server, issuer_keys):
        ours = KeyClient(server, issuer_keys["ES256"].sign(claims()))
        big = ours.upload(pictures.noise((1500, 1500)), variants=[
            {"name": f"v{side}", "transform": {"resize": {"width": side}, "format": "avif", "effort": 9}}
            for side in range(2000, 2010)]).json()["id"]
        token = issuer_keys["ES256"].sign(claims(seconds=3))
        began = time.monotonic()
        response = KeyClient(server, token).get(f"/v1/jobs/{big}", Prefer="wait=50")
        assert response.status == 401 and response.json()["detail"] == "The token has expired."
        assert response.header("WWW-Authenticate").endswith('error="invalid_token"')
        assert time.monotonic() - began < 6
        assert ours.delete(f"/v1/jobs/{big}").status == 204

    def test_during_an_upload(self, server, issuer_keys):
        picture = pictures.make("png", (64, 64))
        token = issuer_keys["ES256"].sign(claims(seconds=2))
        expires = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))["exp"]
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
        connection.putrequest("POST", "/v1/jobs")
        for name, value in {"Authorization": f"Bearer {token}", "Content-Type": "image/png", "Content-Length": len(picture)}.items():
            connection.putheader(name, str(value))
        connection.endheaders()
        connection.send(picture[:-10])
        time.sleep(max(0, expires - time.time()) + 0.01)  # a promise about time
        connection.send(picture[-10:])
        assert connection.getresponse().status == 401
        connection.close()

    def test_during_a_download(self, server, issuer_keys):
        picture = pictures.noise((2600, 2600))
        image = KeyClient(server, issuer_keys["ES256"].sign(claims())).upload(picture, variants="").json()["image"]
        token = issuer_keys["ES256"].sign(claims(seconds=2))
        download = SlowDownload(server, image["url"], token)
        assert download.finish(time.monotonic() + 5) < len(picture)  # a promise about time


class TestAccounts:
    def test_a_new_account_is_made_where_that_is_wanted(self, start_server, shared_key_server, issuer_keys):
        server = start_server(settings(shared_key_server.url, ACCOUNTS="made", ACCOUNT_CLAIM="https://example.com/tenant",
                                       SCOPE_CLAIM="permissions"))
        eventually(lambda: server.events("keys for tokens"))

        def client(tenant):
            return KeyClient(server, issuer_keys["ES256"].sign(
                claims(**{"https://example.com/tenant": tenant, "permissions": ["images:read", "images:write"]})))

        job = client("Café 7").upload(pictures.make("png"), variants="").json()
        assert client("Café 7").get(f"/v1/jobs/{job['id']}").status == 200
        assert client("Café 8").get(f"/v1/jobs/{job['id']}").status == 404
        names = [line.split(" ", 1)[1] for line in command(server, "account", "list").splitlines()]
        assert names == ["default", "Café 7", "Café 8"]
        for tenant in ("a\nb", "x" * 200, "", 7):
            assert client(tenant).get("/v1/jobs").status == 401, tenant
        threads = [threading.Thread(target=lambda: client("crowd").get("/v1/jobs")) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [line.split(" ", 1)[1] for line in command(server, "account", "list").splitlines()].count("crowd") == 1


class TestConfiguration:
    @pytest.mark.parametrize("changes, words", [
        ({"SAFELIGHT_JWT_AUDIENCE": ""}, "SAFELIGHT_JWT_AUDIENCE"),
        ({"SAFELIGHT_JWT_JWKS": ""}, "SAFELIGHT_JWT_JWKS"),
        ({"SAFELIGHT_JWT_JWKS": "http://id.example/keys"}, "SAFELIGHT_JWT_JWKS"),
        ({"SAFELIGHT_JWT_SECRET": "short"}, "SAFELIGHT_JWT_SECRET"),
        ({"SAFELIGHT_JWT_ALGORITHMS": "none"}, "SAFELIGHT_JWT_ALGORITHMS"),
        ({"SAFELIGHT_ACCESS": "loopback"}, "SAFELIGHT_ACCESS"),
        ({"SAFELIGHT_JWT_JWKS": "/nowhere/keys.json"}, "/nowhere/keys.json"),
    ])
    def test_faults_stop_the_start(self, tmp_path, changes, words):
        done = run_command("serve", cwd=tmp_path, settings={**settings("https://id.example/keys"), **changes,
                                                            "SAFELIGHT_DATA": tmp_path / "data", "SAFELIGHT_LISTEN": "127.0.0.1:0"})
        assert done.returncode in (1, 2) and words in done.stderr
        assert "short" not in done.stderr

    def test_the_doctor_looks_at_the_keys(self, tmp_path, key_server):
        def examine():
            done = run_command("doctor", cwd=tmp_path, settings={**settings(key_server.url), "SAFELIGHT_DATA": tmp_path / "data"})
            return next(line for line in done.stdout.splitlines() if " tokens " in line), done

        run_command("migrate", "up", cwd=tmp_path, settings={"SAFELIGHT_DATA": tmp_path / "data"})
        line, done = examine()
        assert line.startswith("FAIL") and "SAFELIGHT_JWT_JWKS" in line and done.returncode == 1
        key_server.serve(Key("ES256", "the key of spring"))
        line, done = examine()
        assert line.startswith("ok") and "the key of spring" in line and done.returncode == 0, done.stdout
        key_server.status = 404
        line, done = examine()
        assert line.startswith("FAIL") and done.returncode == 1
        assert key_server.url in done.stdout


def test_nothing_secret_is_logged(server, issuer_keys):
    """After all of the above."""
    token = issuer_keys["RS256"].sign(claims())
    assert status(server, token, "/v1/jobs?token=" + token) == 400
    log = server.log_path.read_text()
    assert SECRET not in log and token not in log and token.rpartition(".")[2] not in log
