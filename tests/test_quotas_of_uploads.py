"""What counts as an upload for the quotas of accounts, whichever way it comes: forms, fetched ones, in pieces, sent again."""

import uuid

from quota_nodes import (PICTURE, PIXELS, SlowUpload, nodes, quota_of, rate_limit, whole)  # noqa: F401 (fixtures)
from tus_client import TusClient


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
