"""Quotas of accounts, on SQLite and on PostgreSQL, each with two servers: exact whoever comes at the same time and wherever,
told to clients, and right after deletes, variants and kills."""

import concurrent.futures
import json
import re
import socket
import uuid

import pytest

import pictures
from backends import Backends
from check_invariants import check
from conftest import Server, finish, servers
from eventually import eventually
from http_client import Client, read_response
from key_client import KeyClient
from remains import Remains
from safelight_process import run_command
from source_server import SourceServer
from tus_client import TusClient

LEASE_S = 2
PICTURE = pictures.make("jpeg", (40, 30))
PIXELS = 40 * 30
QUOTAS = ("stored_bytes", "images", "uploads_per_minute", "concurrent_uploads", "pixels_per_day")


class Nodes:
    """Two servers with workers over one catalog and one folder of blobs."""

    def __init__(self, folder, catalog):
        self.folder = folder
        self.backends = Backends(catalog=catalog, queue="catalog", store="folder").make()
        self.source = SourceServer()
        self.settings = {"SAFELIGHT_DATA": str(folder / "data"), "SAFELIGHT_ACCESS": "keys", "SAFELIGHT_WORKERS": "2",
                         "SAFELIGHT_WRITE_DEADLINE": "20s", "SAFELIGHT_VARIANT_WRITE_DEADLINE": "20s", "SAFELIGHT_LEASE": "5s",
                         "SAFELIGHT_QUOTA_UPLOAD_LEASE": f"{LEASE_S}s", "SAFELIGHT_SOURCE_HOSTS": f"*:{self.source.port}",
                         "SAFELIGHT_OUTBOUND_ALLOWED_NETWORKS": "127.0.0.0/8", **self.backends.settings()}
        (folder / "data").mkdir()
        self.command("migrate", "up")
        self.servers = [Server(folder / name, self.settings) for name in ("first", "second")]
        for server in self.servers:
            servers.append(server)
            server.start()
        if Server.contract is None:
            from contract import Contract
            Server.contract = Contract(json.loads(Client(self.servers[0].port).get("/openapi.json").body))
        self.admin = self.key("default", "admin")

    def command(self, *arguments):
        done = run_command(*arguments, settings=self.settings, cwd=self.folder)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def key(self, account, *scopes):
        flags = [part for scope in scopes for part in ("--scope", scope)]
        return self.command("key", "create", "a key", "--account", account, *flags)

    def account(self, **quotas):
        """A new one, with these quotas."""
        return Account(self, quotas)

    @property
    def remains(self):
        return Remains.of(self.settings)

    def close(self):
        for server in self.servers:
            finish(server)
        self.source.close()
        self.backends.remove()


class Account:
    def __init__(self, nodes, quotas):
        self.nodes, self.name = nodes, f"account {uuid.uuid4()}"
        flags = [part for name, value in quotas.items() for part in ("--quota", f"{name}={value}")]
        self.id = nodes.command("account", "create", self.name, *flags).split()[0]
        key = nodes.key(self.name, "images:read", "images:write")
        self.clients = [KeyClient(server, key) for server in nodes.servers]
        self.client = self.clients[0]

    def reconnect(self):
        """After a node was killed: it is started again, at another port."""
        for number, server in enumerate(self.nodes.servers):
            if not server.running:
                server.restart()
                self.clients[number] = KeyClient(server, self.client.key)

    def set(self, **quotas):
        """By the API. It is in force at that node at once; the other one is not asked before it has heard of it."""
        admin = KeyClient(self.nodes.servers[0], self.nodes.admin)
        changed = admin.request("PATCH", f"/v1/accounts/{self.id}", {"Content-Type": "application/merge-patch+json"},
                                json.dumps({"quotas": quotas}).encode())
        assert changed.status == 200, changed.body
        assert {name: changed.json()["quotas"][name] for name in quotas} == quotas
        self.clients[1].get("/v1/usage")  # looks it up
        return changed.json()

    def usage(self, node=0):
        answer = self.clients[node].get("/v1/usage")
        assert answer.status == 200
        return answer.json()["quotas"]

    def used(self, node=0):
        return {name: state["used"] for name, state in self.usage(node).items()}

    def upload(self, node=0, picture=PICTURE, variants="", headers=None):
        return self.clients[node].upload_raw(picture, f"?variants={variants}", "image/jpeg", headers)

    def burst(self, count=100, **options):
        """So many uploads at once, at both nodes in turns; the answers by their status."""
        with concurrent.futures.ThreadPoolExecutor(count) as pool:
            answers = list(pool.map(lambda n: self.upload(n % 2, **options), range(count)))
        by_status = {}
        for answer in answers:
            by_status.setdefault(answer.status, []).append(answer)
        return by_status

    def rows(self, table):
        """How many of it are this account's."""
        literal = f"x'{uuid.UUID(self.id).hex}'" if self.nodes.backends.catalog == "sqlite" else f"'{self.id}'"
        return self.nodes.remains.rows(f"SELECT count(*) AS n FROM {table} WHERE account = {literal}")[0]["n"]


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def nodes(request, tmp_path_factory):
    running = Nodes(tmp_path_factory.mktemp(f"quotas-{request.param}"), request.param)
    yield running
    running.close()


@pytest.fixture(autouse=True)
def whole(nodes):
    """What a test has left behind is in order: the store has what the catalog says, and usage is what there is."""
    yield
    for server in nodes.servers:
        if not server.running:
            server.restart()
    eventually(lambda: nodes.remains.is_quiet(), 60)  # what a killed node was writing is swept past its deadline
    assert check(nodes.remains) == []


def quota_of(answer, name):
    """The problem's member, of a refusal for this quota."""
    problem = answer.problem()
    assert problem["quota"]["name"] == name
    return problem["quota"]


def rate_limit(answer):
    """{"uploads": {"r": 1, "t": 59}}"""
    items = re.findall(r'"([a-z]+)";r=(\d+)(?:;t=(\d+))?', answer.header("RateLimit") or "")
    return {name: {"r": int(left), "t": int(seconds or -1)} for name, left, seconds in items}


class SlowUpload:
    """One whose body has begun, and goes on when it is told."""

    def __init__(self, node, key, target="/v1/jobs?variants=", method="POST", **headers):
        self.socket = socket.create_connection(("127.0.0.1", node.port), 20)
        fields = {"Host": "a", "Content-Length": len(PICTURE), "Expect": "100-continue", "Authorization": f"Bearer {key}",
                  **{name.replace("_", "-"): value for name, value in headers.items()}}
        head = f"{method} {target} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        self.socket.sendall(head.encode() + b"\r\n")
        self.beginning = self.socket.recv(2_000)

    @property
    def is_taken(self):
        return b"100 Continue" in self.beginning

    def finish(self):
        self.socket.sendall(PICTURE)
        with self.socket:
            return read_response(self.socket)

    def close(self):
        self.socket.close()


class TestExactness:
    """A hundred at once, where there is room for one."""

    def test_stored_bytes(self, nodes):
        account = nodes.account(stored_bytes=2 * len(PICTURE))
        assert account.upload().status == 202
        answers = account.burst()
        assert {status: len(each) for status, each in answers.items()} == {202: 1, 403: 99}
        for refused in answers[403]:
            assert refused.problem()["type"] == "/problems/quota-exceeded"
            assert quota_of(refused, "stored_bytes")["limit"] == 2 * len(PICTURE)
            assert refused.header("Retry-After") is None
        assert account.used()["stored_bytes"] == account.used(1)["stored_bytes"] == 2 * len(PICTURE)
        stored = sum(job["image"]["bytes"] for job in account.client.get("/v1/jobs").json()["items"])
        assert stored == 2 * len(PICTURE)

    def test_the_store_has_the_bytes_of_the_usage(self, nodes):
        """Of all accounts together, with whatever other tests have left."""
        account = nodes.account(stored_bytes=3 * len(PICTURE))
        account.burst(30)
        eventually(lambda: nodes.remains.is_quiet(), 30)
        used, = nodes.remains.rows("SELECT sum(stored_bytes) AS n FROM account_usage")
        blobs = nodes.remains.blobs
        assert sum(len(blobs.read(key)) for key in blobs.keys()) == used["n"]

    def test_images(self, nodes):
        account = nodes.account(images=3)
        assert [account.upload().status for _ in range(2)] == [202, 202]
        answers = account.burst()
        assert {status: len(each) for status, each in answers.items()} == {202: 1, 403: 99}
        assert account.used()["images"] == 3

    def test_pixels(self, nodes):
        account = nodes.account(pixels_per_day=2 * PIXELS)
        assert account.upload().status == 202
        answers = account.burst()
        assert {status: len(each) for status, each in answers.items()} == {202: 1, 429: 99}
        for refused in answers[429]:
            assert refused.problem()["type"] == "/problems/daily-quota-exceeded"
            assert 0 < int(refused.header("Retry-After")) <= 86_400
        assert account.used()["pixels_per_day"] == 2 * PIXELS

    def test_pixels_of_all_frames(self, nodes):
        animation = pictures.make("gif", (20, 10), frames=3)
        account = nodes.account(pixels_per_day=600)
        assert account.upload(picture=animation).status == 202
        assert account.used()["pixels_per_day"] == 600
        assert account.upload(picture=animation).status == 429

    def test_rate(self, nodes):
        account = nodes.account(uploads_per_minute=7)
        answers = account.burst()
        assert {status: len(each) for status, each in answers.items()} == {202: 7, 429: 93}
        for refused in answers[429]:
            assert refused.problem()["type"] == "/problems/rate-limited"
            assert 0 < int(refused.header("Retry-After")) <= 60
            assert rate_limit(refused)["uploads"]["r"] == 0
        for taken in answers[202]:
            assert taken.header("RateLimit-Policy") == '"uploads";q=7;w=60'
            assert rate_limit(taken)["uploads"]["r"] <= 6 and 0 < rate_limit(taken)["uploads"]["t"] <= 60
        assert account.used()["uploads_per_minute"] == 7

    def test_concurrency(self, nodes):
        account = nodes.account(concurrent_uploads=3)
        with concurrent.futures.ThreadPoolExecutor(20) as pool:
            slow = list(pool.map(lambda n: SlowUpload(nodes.servers[n % 2], account.client.key), range(20)))
        taken = [upload for upload in slow if upload.is_taken]
        assert len(taken) == 3
        for upload in slow:
            if not upload.is_taken:
                assert upload.beginning.startswith(b"HTTP/1.1 429"), upload.beginning
                assert b"Retry-After: 1" in upload.beginning and b"too-many-uploads" in upload.beginning
                upload.close()
        refused = account.upload(1)
        assert refused.status == 429 and quota_of(refused, "concurrent_uploads")["used"] == 3
        assert taken[0].finish().status == 202
        assert account.upload(1).status == 202, "its place is free when its answer has come"
        assert [upload.finish().status for upload in taken[1:]] == [202, 202]
        assert account.used()["concurrent_uploads"] == 0

    def test_places_last_as_long_as_their_uploads(self, nodes):
        """A client that is silent for longer than the lease is still there."""
        account = nodes.account(concurrent_uploads=1)
        slow = SlowUpload(nodes.servers[0], account.client.key)
        assert slow.is_taken
        refused = []

        def silent_for_two_leases():
            refused.append(account.upload(1).status)
            return len(refused) * 0.2 > 2 * LEASE_S
        eventually(silent_for_two_leases, 60, 0.2)
        assert set(refused) == {429}
        slow.close()
        eventually(lambda: account.upload(1).status == 202, 10)


class TestTrouble:
    def test_places_of_a_killed_node_come_back(self, nodes):
        account = nodes.account(concurrent_uploads=2)
        second = nodes.servers[1]
        slow = [SlowUpload(second, account.client.key) for _ in range(2)]
        assert all(upload.is_taken for upload in slow)
        assert account.upload().status == 429
        second.kill()
        for upload in slow:
            upload.close()
        assert account.upload().status == 429, "nobody knows yet"
        eventually(lambda: account.upload().status == 202, 5 * LEASE_S)
        assert account.upload().status == 202

    def test_what_a_killed_node_had_begun_is_not_counted(self, nodes):
        account = nodes.account(images=2)
        assert account.upload().status == 202
        slow = SlowUpload(nodes.servers[1], account.client.key)
        assert slow.is_taken
        slow.socket.sendall(PICTURE[:-1])
        nodes.servers[1].kill()
        slow.close()
        account.reconnect()
        assert account.used()["images"] == 1
        assert len(account.burst(20)[202]) == 1
        assert account.used(1)["images"] == 2

    def test_a_kill_in_the_middle_of_a_burst(self, nodes):
        """What was accepted and what is counted agree, and there is room for exactly the rest."""
        account = nodes.account(images=40)

        def upload(number):
            if number == 12:
                nodes.servers[1].kill()
            try:
                return account.upload(number % 2).status
            except OSError:
                return None  # nobody knows what became of it
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            statuses = list(pool.map(upload, range(40)))
        assert None in statuses
        account.reconnect()
        used = account.used()["images"]
        assert statuses.count(202) <= used <= 40
        answers = account.burst(60)
        assert len(answers[202]) == 40 - used
        assert account.used()["images"] == 40


class TestAccounts:
    def test_do_not_touch_each_other(self, nodes):
        full = nodes.account(images=1, uploads_per_minute=5, concurrent_uploads=1)
        other = nodes.account(images=1, uploads_per_minute=5, concurrent_uploads=1)
        slow = SlowUpload(nodes.servers[0], full.client.key)
        assert slow.is_taken
        assert other.upload().status == 202
        assert slow.finish().status == 202
        assert full.upload().status == other.upload().status == 403
        assert full.used()["images"] == other.used()["images"] == 1
        assert full.used()["uploads_per_minute"] == 1

    def test_without_a_limit_nothing_is_told_or_written(self, nodes):
        account = nodes.account()
        answers = account.burst(20)
        assert set(answers) == {202}
        for answer in answers[202]:
            assert answer.header("RateLimit") is None and answer.header("RateLimit-Policy") is None
        assert account.rows("upload_minutes") == account.rows("upload_places") == 0
        if nodes.backends.catalog == "postgres":
            assert account.rows("quota_locks") == 0
        assert account.used()["images"] == 20, "it is counted all the same"
        assert all(state["limit"] is None and state["remaining"] is None for state in account.usage().values())

    def test_overrides(self, nodes):
        account = nodes.account(images=1)
        assert account.upload().status == 202
        assert account.upload().status == 403
        account.set(images=2, stored_bytes=None)
        assert account.upload().status == 202
        assert account.upload().status == 403
        account.set(images=0)
        assert account.upload().status == 202, "0: no limit"
        account.set(images=None)
        assert account.upload().status == 202, "the server's default, which is none"
        # Another node knows what it had looked up for three seconds at most.
        account.set(images=1)
        eventually(lambda: account.upload(1).status == 403, 10)

    def test_by_the_command_line(self, nodes):
        account = nodes.account(images=5, stored_bytes="10 MB")
        assert account.upload().status == 202
        shown = nodes.command("account", "quotas", account.name)
        assert re.search(r"^images +1 of 5$", shown, re.MULTILINE), shown
        assert re.search(rf"^stored_bytes +{len(PICTURE)} of 10000000$", shown, re.MULTILINE), shown
        assert re.search(r"^uploads_per_minute +0 of no limit \(default\)$", shown, re.MULTILINE), shown
        shown = nodes.command("account", "quotas", account.name, "--quota", "images=default", "--quota", "pixels_per_day=7")
        assert re.search(r"^images +1 of no limit \(default\)$", shown, re.MULTILINE), shown
        assert re.search(r"^pixels_per_day +1200 of 7$", shown, re.MULTILINE), shown
        for wrong in ("images", "images=-1", "colour=1", "images=1 MB", "images=1000000000000000"):
            refused = run_command("account", "quotas", account.name, "--quota", wrong, settings=nodes.settings, cwd=nodes.folder)
            assert refused.returncode == 1 and "no quota" in refused.stderr, wrong

    def test_usage_is_told_to_its_owner_and_to_admins(self, nodes):
        account = nodes.account(images=5)
        assert account.upload().status == 202
        admin = KeyClient(nodes.servers[1], nodes.admin)
        told = admin.get(f"/v1/accounts/{account.id}/usage").json()
        assert told == account.clients[1].get("/v1/usage").json()
        assert told["account_id"] == account.id
        assert told["quotas"]["images"] == {"limit": 5, "used": 1, "remaining": 4, "resets_at": None}
        assert tuple(told["quotas"]) == QUOTAS

    def test_metrics_count_refusals_without_names(self, nodes):
        account = nodes.account(images=1)
        account.upload()
        account.upload()
        metrics = Client(nodes.servers[0].port).get("/metrics").body.decode()
        assert re.search(r'^safelight_quota_refusals_total\{quota="images"\} [1-9]', metrics, re.MULTILINE)
        assert account.id not in metrics and account.name not in metrics


class TestUsage:
    def test_goes_back_after_deletes(self, nodes):
        account = nodes.account(images=3)
        jobs = [account.upload(variants="thumbnail").json() for _ in range(3)]
        for job in jobs:
            account.client.wait(job["id"])
        assert account.used()["stored_bytes"] > 3 * len(PICTURE)
        assert account.upload(1).status == 403
        assert account.client.delete(f"/v1/jobs/{jobs[0]['id']}").status == 204
        assert account.clients[1].delete(f"/v1/images/{jobs[1]['image']['id']}").status == 204
        assert account.used()["images"] == 1
        assert account.used()["pixels_per_day"] == 3 * PIXELS, "what was done was done"
        assert [account.upload(1).status for _ in range(3)] == [202, 202, 403]
        accepted = account.client.request("DELETE", "/v1/jobs?status=PROCESSED")
        assert accepted.status == 202
        operation = eventually(lambda: (told := account.client.get(accepted.header("Location")).json())["finished"] and told, 30)
        assert operation["jobs_done"] == 1
        assert account.used()["images"] == 2
        assert account.used(1)["stored_bytes"] == 2 * len(PICTURE), "the variants have gone with it"
        for job in account.client.get("/v1/jobs").json()["items"]:
            account.client.delete(f"/v1/jobs/{job['id']}")
        assert account.used()["stored_bytes"] == account.used()["images"] == 0

    def test_counts_variants(self, nodes):
        account = nodes.account(stored_bytes=len(PICTURE) + 1)
        job = account.client.wait(account.upload(variants="thumbnail").json()["id"])
        made, = job["image"]["variants"]
        assert account.used()["stored_bytes"] == len(PICTURE) + made["bytes"], "variants may go past the limit"
        refused = account.upload()
        assert refused.status == 403 and quota_of(refused, "stored_bytes")["used"] == len(PICTURE) + made["bytes"]
        more = account.client.post_json(f"/v1/jobs/{job['id']}/variants", {"variants": [
            {"name": "small", "transform": {"resize": {"width": 10}}}]})
        assert more.status == 202
        variants = account.client.wait(job["id"])["image"]["variants"]
        assert account.used()["stored_bytes"] == len(PICTURE) + sum(variant["bytes"] for variant in variants)

    def test_of_many_at_once(self, nodes):
        """Uploads, their variants and deletions of one account at both nodes; the check at the end of each test counts."""
        account = nodes.account()

        def live(number):
            job = account.upload(number % 2, variants="thumbnail" if number % 3 else "").json()
            if number % 4 == 0:
                assert account.clients[(number + 1) % 2].delete(f"/v1/jobs/{job['id']}").status == 204
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            list(pool.map(live, range(80)))
        assert account.used()["images"] == 60
        assert account.used()["pixels_per_day"] == 80 * PIXELS


class TestEveryKindOfUpload:
    def test_forms(self, nodes):
        account = nodes.account(images=1, uploads_per_minute=5)
        taken = account.client.upload(PICTURE, variants="")
        assert taken.status == 202 and rate_limit(taken)["uploads"]["r"] == 4
        refused = account.client.upload(PICTURE, variants="")
        assert refused.status == 403 and quota_of(refused, "images") == {"name": "images", "limit": 1, "used": 1}

    def test_fetched_ones(self, nodes):
        url = nodes.source.serve(f"/{uuid.uuid4()}", PICTURE)
        account = nodes.account(images=1, uploads_per_minute=2)
        body = {"source_url": url, "variants": ""}
        taken = account.client.post_json("/v1/jobs", body)
        assert taken.status == 202 and rate_limit(taken)["uploads"]["r"] == 1
        assert account.client.post_json("/v1/jobs", body).status == 403
        account.set(images=None, stored_bytes=len(PICTURE) + 1)
        refused = account.client.post_json("/v1/jobs", body)
        assert refused.status == 403 and quota_of(refused, "stored_bytes"), "known when it has come"
        assert account.client.post_json("/v1/jobs", body).status == 429

    def test_an_announced_size_is_enough(self, nodes):
        account = nodes.account(stored_bytes=len(PICTURE) - 1)
        slow = SlowUpload(nodes.servers[0], account.client.key)
        assert slow.beginning.startswith(b"HTTP/1.1 403"), "before the body"
        slow.close()
        refused = TusClient(account.client).create(len(PICTURE))
        assert refused.status == 403 and quota_of(refused, "stored_bytes")["used"] == 0
        chunked = account.client.request("POST", "/v1/jobs?variants=", {"Content-Type": "image/jpeg"}, iter([PICTURE]))
        assert chunked.status == 403, "in the end"

    def test_resumable_ones(self, nodes):
        account = nodes.account(images=1, uploads_per_minute=3)
        tus, other = TusClient(account.client), TusClient(account.clients[1])
        first, second = tus.create(len(PICTURE)), other.create(len(PICTURE))
        assert [rate_limit(answer)["uploads"]["r"] for answer in (first, second)] == [2, 1]
        urls = [answer.header("Location") for answer in (first, second)]
        for url in urls:
            assert tus.append(url, 0, PICTURE[:100]).status == 204, "more requests are no more uploads"
        assert other.append(urls[0], 100, PICTURE[100:]).status == 204
        refused = tus.append(urls[1], 100, PICTURE[100:])
        assert refused.status == 403 and quota_of(refused, "images")
        assert other.offset(urls[1]) == 100, "what came before is kept"
        assert account.upload().status == 403
        for job in account.client.get("/v1/jobs").json()["items"]:
            account.client.delete(f"/v1/jobs/{job['id']}")
        assert tus.append(urls[1], 100, PICTURE[100:]).header("Upload-Job")
        account.set(images=None)
        assert tus.create(len(PICTURE), PICTURE).status == 201
        limited = tus.create(len(PICTURE))
        assert limited.status == 429 and limited.problem()["type"] == "/problems/rate-limited"
        assert limited.header("Retry-After") and limited.header("Tus-Resumable") == "1.0.0"

    def test_resumable_ones_take_a_place_while_bytes_come(self, nodes):
        account = nodes.account(concurrent_uploads=1)
        tus = TusClient(account.client)
        url = tus.begin(len(PICTURE))
        slow = SlowUpload(nodes.servers[1], account.client.key, url, "PATCH", Tus_Resumable="1.0.0", Upload_Offset="0",
                          Content_Type="application/offset+octet-stream")
        assert slow.is_taken
        assert account.upload().status == 429
        for method, more in (("PATCH", {}), ("POST", {"X_HTTP_Method_Override": "PATCH"})):
            refused = tus.append(url, 0, PICTURE, method, **more)
            assert refused.status == 429 and refused.problem()["type"] == "/problems/too-many-uploads"
        assert tus.create(len(PICTURE)).status == 201, "without bytes"
        assert slow.finish().status == 204
        assert account.upload().status == 202

    def test_an_end_by_post(self, nodes):
        """PATCH by POST, refused by a quota, as the contract has it."""
        account = nodes.account(images=1)
        tus = TusClient(account.client)
        url = tus.begin(len(PICTURE))
        assert account.upload().status == 202
        refused = tus.append(url, 0, PICTURE, "POST", X_HTTP_Method_Override="PATCH")
        assert refused.status == 403 and quota_of(refused, "images")

    def test_a_repetition_is_no_second_upload(self, nodes):
        account = nodes.account(images=1, uploads_per_minute=1, concurrent_uploads=1, pixels_per_day=PIXELS,
                                stored_bytes=len(PICTURE))
        key = {"Idempotency-Key": str(uuid.uuid4())}
        first = account.upload(headers=key)
        assert first.status == 202 and set(rate_limit(first)) == {"uploads", "pixels"}
        for node in (0, 1):
            again = account.upload(node, headers=key)
            assert again.status == 202 and again.header("Idempotency-Replayed") == "true"
            assert (again.body, again.header("RateLimit")) == (first.body, None)
        assert account.upload().status == 403
        assert account.used() == {"stored_bytes": len(PICTURE), "images": 1, "uploads_per_minute": 1, "concurrent_uploads": 0,
                                  "pixels_per_day": PIXELS}

    def test_a_hundred_repetitions_at_once_are_one_upload(self, nodes):
        account = nodes.account(images=2, uploads_per_minute=50)
        key = {"Idempotency-Key": str(uuid.uuid4())}
        answers = account.burst(headers=key)
        assert set(answers) <= {202, 409}
        used = account.used()
        assert (used["images"], used["uploads_per_minute"]) == (1, 1)


def test_defaults_are_for_every_account(start_server):
    server = start_server({"SAFELIGHT_QUOTA_IMAGES": "1", "SAFELIGHT_QUOTA_UPLOADS_PER_MINUTE": "3",
                           "SAFELIGHT_QUOTA_STORED_BYTES": "1 GB", "SAFELIGHT_QUOTA_CONCURRENT_UPLOADS": "8",
                           "SAFELIGHT_QUOTA_PIXELS_PER_DAY": "1000000"})
    client = server.client()
    limits = {name: state["limit"] for name, state in client.get("/v1/usage").json()["quotas"].items()}
    assert limits == {"images": 1, "uploads_per_minute": 3, "stored_bytes": 10**9, "concurrent_uploads": 8,
                      "pixels_per_day": 10**6}
    first = client.upload_raw(PICTURE, "?variants=")
    assert first.status == 202
    assert first.header("RateLimit-Policy") == '"uploads";q=3;w=60, "pixels";q=1000000;w=86400;qu="pixels"'
    assert rate_limit(first)["pixels"]["r"] == 10**6 - PIXELS
    assert client.upload_raw(PICTURE, "?variants=").status == 403


def test_settings_that_are_none(tmp_path):
    for name, value in (("IMAGES", "-1"), ("STORED_BYTES", "many"), ("UPLOADS_PER_MINUTE", "1.5"), ("UPLOAD_LEASE", "0s")):
        done = run_command("serve", settings={f"SAFELIGHT_QUOTA_{name}": value}, cwd=tmp_path)
        assert done.returncode == 2 and f"SAFELIGHT_QUOTA_{name}" in done.stderr, done.stderr

