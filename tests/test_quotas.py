"""Quotas of accounts, on SQLite and on PostgreSQL, each with two servers: exact whoever comes at the same time and wherever,
told to clients, and right after deletes, variants and kills."""

import concurrent.futures
import re

import pictures
from eventually import eventually
from http_client import Client
from key_client import KeyClient
from quota_nodes import (LEASE_S, PICTURE, PIXELS, QUOTAS, SlowUpload, nodes, quota_of, rate_limit, whole)  # noqa: F401 (fixtures)
from safelight_process import run_command


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
