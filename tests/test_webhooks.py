"""Webhooks: what becomes of jobs is told, signed, in order, and whatever dies, nothing of it is lost."""

import collections
import itertools

import pytest

import pictures
from backends import Backends
from check_invariants import check
from conftest import finish, launch
from eventually import eventually
from http_client import Client
from key_client import KeyClient, command, make_key
from remains import Remains
from safelight_process import SafelightProcess, run_command
from webhook_receiver import Receiver, verify

LOOPBACK = {"SAFELIGHT_OUTBOUND_ALLOWED_NETWORKS": "127.0.0.0/8"}
# Many short pauses: what is down for a while is not given up. The lease is twice the timeout and five seconds.
PATIENT = {**LOOPBACK, "SAFELIGHT_WEBHOOK_TIMEOUT": "1s", "SAFELIGHT_WEBHOOK_RETRIES": ",".join(["200ms"] * 10 + ["500ms"] * 20)}
HASTY = {**LOOPBACK, "SAFELIGHT_WEBHOOK_TIMEOUT": "500ms", "SAFELIGHT_WEBHOOK_RETRIES": "50ms,100ms"}


@pytest.fixture
def receiver():
    receiver = Receiver().open()
    yield receiver
    receiver.close()


def make(client, url, **members):
    made = client.post_json("/v1/webhooks", {"url": url, **members})
    assert made.status == 201, made.body
    return made.json()


def state(client, webhook):
    return client.get(f"/v1/webhooks/{webhook['id']}").json()


def deliveries(client, webhook, status=None):
    """All of them, oldest first."""
    items, cursor = [], ""
    while cursor is not None:
        page = client.get(f"/v1/webhooks/{webhook['id']}/deliveries?limit=200" + (f"&status={status}" if status else "")
                          + (f"&cursor={cursor}" if cursor else ""))
        assert page.status == 200, page.body
        items += page.json()["items"]
        cursor = page.json()["next_cursor"]
    return items[::-1]


def all_delivered(client, webhook, timeout_s=60):
    eventually(lambda: not deliveries(client, webhook, "waiting"), timeout_s,
               describe=lambda: f"{len(deliveries(client, webhook, 'waiting'))} deliveries wait")
    return deliveries(client, webhook)


def process(client):
    return client.process(pictures.make("png", (40, 30)))


class Installation:
    """A server that works and sends by itself over SQLite; over PostgreSQL a server that does neither, and two workers."""

    def __init__(self, folder, catalog):
        self.backends = Backends(catalog, "catalog", "folder").make()
        settings = {**PATIENT, **self.backends.settings(), "SAFELIGHT_DATA": str(folder / "data")}
        self.settings = settings
        if catalog == "sqlite":
            self.server = SafelightProcess(folder / "server", settings)
            self.senders = [self.server]
        else:
            migrated = run_command("migrate", "up", settings=settings, cwd=folder)
            assert migrated.returncode == 0, migrated.stderr
            alone = {**settings, "SAFELIGHT_WORKERS": "0", "SAFELIGHT_WEBHOOK_ATTEMPTS_MAX": "0"}
            self.server = SafelightProcess(folder / "server", alone)
            working = {**settings, "SAFELIGHT_WORKERS": "2", "SAFELIGHT_WORKER_HEALTH": "127.0.0.1:0"}
            self.senders = [SafelightProcess(folder / f"worker-{number}", working, command="worker") for number in range(2)]
        for process_ in self.processes:
            process_.start()

    @property
    def processes(self):
        return list({id(one): one for one in (self.server, *self.senders)}.values())

    @property
    def client(self):
        return Client(self.server.port)

    def kill_a_sender(self):
        self.senders[0].kill()

    def start_it_again(self):
        self.senders[0].restart()

    def stop(self):
        for one in self.processes:
            assert one.stop() == 0, one.log_tail()
        return check(Remains.of(self.settings))

    def remove(self):
        for one in self.processes:
            one.kill()
        self.backends.remove()


@pytest.fixture(params=["sqlite", "postgres"])
def installation(request, tmp_path):
    made = Installation(tmp_path, request.param)
    made.catalog = request.param
    yield made
    made.remove()


class TestNothingIsLost:
    JOBS = 50
    FINISHES = 4  # of each

    def finish_all(self, client):
        """Each job is finished as often: with a thumbnail, and then with one variant more each time."""
        jobs = [client.upload_raw(pictures.make("png", (40, 30))).json()["id"] for _ in range(self.JOBS)]
        for job in jobs:
            assert client.wait(job)["status"] == "PROCESSED"
        for number in range(1, self.FINISHES):
            wanted = {"variants": [{"name": f"v{number}", "transform": {"resize": {"width": 10 + number}}}]}
            for job in jobs:
                assert client.post_json(f"/v1/jobs/{job}/variants", wanted).status == 202
            for job in jobs:
                assert client.wait(job)["status"] == "PROCESSED"

    def test_to_somebody_who_is_away_then_slow_then_back(self, installation, receiver, summarise):
        receiver.close()
        webhook = make(installation.client, receiver.url())
        self.finish_all(installation.client)
        assert len(deliveries(installation.client, webhook, "waiting")) == self.JOBS * self.FINISHES
        assert not receiver.messages

        receiver.delay_s = 0.4
        receiver.open()
        receiver.wait_for(10)
        installation.kill_a_sender()  # with some on their way
        at_the_kill = len(receiver.messages)
        installation.start_it_again()
        receiver.wait_for(at_the_kill + 10)
        receiver.delay_s = 0
        told = all_delivered(installation.client, webhook)

        assert len(told) == self.JOBS * self.FINISHES
        assert {delivery["status"] for delivery in told} == {"delivered"}
        received = collections.defaultdict(list)
        for message in receiver.messages:
            received[message.id].append(message)
        assert received.keys() == {delivery["message_id"] for delivery in told}, "each came, and nothing else did"
        for same in received.values():
            assert len({message.body for message in same}) == 1
        of_job = collections.defaultdict(list)
        for delivery in told:
            of_job[delivery["job_id"]].append(received[delivery["message_id"]])
        assert [len(finishes) for finishes in of_job.values()] == [self.FINISHES] * self.JOBS
        for finishes in of_job.values():
            for earlier, later in itertools.pairwise(finishes):
                assert earlier[-1].at < later[0].at, "in order of finish, the later one after the last of the earlier"
                assert earlier[0].event["timestamp"] <= later[0].event["timestamp"]
        verified, refused = verify([(webhook["secret"], message) for message in receiver.messages])
        assert (verified, refused) == (len(receiver.messages), [])
        duplicates = len(receiver.messages) - len(received)
        failed = sum(attempt["error"] is not None for delivery in told for attempt in delivery["attempts"])
        summarise(f"webhooks on {installation.catalog}: {len(told)} deliveries to a receiver that was away, slow, and back, with a "
                  f"kill -9 of the sender: {len(received)} delivered, 0 lost, {duplicates} duplicates with the same webhook-id, "
                  f"{failed} failed attempts, {verified} signatures verified by standardwebhooks")
        assert installation.stop() == []

    def test_a_dead_endpoint_is_not_in_the_way_of_others(self, installation, receiver):
        silent = Receiver().open()
        silent.delay_s = 30
        client = installation.client
        dead = [make(client, silent.url(f"/{number}")) for number in range(8)]
        alive = make(client, receiver.url())
        for _ in range(20):
            process(client)
        assert len(all_delivered(client, alive, 20)) == 20
        for webhook in dead:
            assert client.delete(f"/v1/webhooks/{webhook['id']}").status == 204
        silent.close()


@pytest.fixture(params=["sqlite", "postgres"])
def catalog(request, tmp_path):
    """The settings of a catalog of the test's own."""
    backends = Backends(request.param, "catalog", "folder").make()
    settings = backends.settings()
    if request.param == "postgres":
        migrated = run_command("migrate", "up", settings={**settings, "SAFELIGHT_DATA": tmp_path / "data"}, cwd=tmp_path)
        assert migrated.returncode == 0, migrated.stderr
    yield settings
    backends.remove()


@pytest.fixture
def patient(catalog, start_server):
    return start_server({**PATIENT, **catalog})


@pytest.fixture
def hasty(catalog, start_server):
    return start_server({**HASTY, **catalog})


class TestMessages:
    def test_say_what_became_of_a_job(self, patient, receiver):
        client = patient.client()
        webhook = make(client, receiver.url())
        made = process(client)
        message = receiver.wait_for(1)[0]
        assert message.event == {"type": "job.processed", "timestamp": made["finished_at"],
                                 "data": {"job_id": made["id"], "image_id": made["image"]["id"], "status": "PROCESSED"}}
        assert message.headers["content-type"] == "application/json"
        assert verify([(webhook["secret"], message)]) == (1, [])
        message.body += " "
        assert verify([(webhook["secret"], message)])[0] == 0
        slow = client.upload(pictures.noise((1500, 1500)), variants=[
            {"name": "slow", "transform": {"resize": {"width": 2000}, "format": "avif", "effort": 9}}]).json()
        assert client.request("POST", f"/v1/jobs/{slow['id']}/cancel").status == 200
        failed = receiver.wait_for(2)[1]
        assert (failed.event["type"], failed.event["data"]["status"]) == ("job.failed", "FAILED")
        assert client.delete(f"/v1/jobs/{slow['id']}").status == 204

    def test_only_what_an_endpoint_asks_for(self, patient, receiver):
        client = patient.client()
        make(client, receiver.url("/all"))
        failures = make(client, receiver.url("/failures"), events=["job.failed"])
        process(client)
        receiver.wait_for(1, "/all")
        assert deliveries(client, failures) == []

    def test_what_is_deleted_meanwhile_is_told_all_the_same(self, patient, receiver):
        client = patient.client()
        receiver.close()
        webhook = make(client, receiver.url())
        job = process(client)
        assert client.delete(f"/v1/jobs/{job['id']}").status == 204
        receiver.open()
        assert receiver.wait_for(1)[0].job == job["id"]
        assert all_delivered(client, webhook)[0]["status"] == "delivered"

    def test_are_sent_again_with_the_same_id_and_body(self, patient, receiver):
        client = patient.client()
        answers = iter([(500, {}), (302, {"Location": receiver.url("/elsewhere")}), (404, {}), (200, {})])
        receiver.answer = lambda message: next(answers)
        webhook = make(client, receiver.url())
        process(client)
        delivery = all_delivered(client, webhook)[0]
        messages = receiver.wait_for(4)
        assert {(message.id, message.body) for message in messages} == {(delivery["message_id"], messages[0].body)}
        assert [attempt["http_status"] for attempt in delivery["attempts"]] == [500, 302, 404, 200]
        assert not receiver.at("/elsewhere"), "redirects are not followed"
        assert verify([(webhook["secret"], message) for message in messages]) == (4, [])

    def test_wait_as_long_as_they_are_asked_to(self, patient, receiver):
        client = patient.client()
        answers = iter([(429, {"Retry-After": "2"}), (200, {})])
        receiver.answer = lambda message: next(answers)
        make(client, receiver.url())
        process(client)
        first, second = receiver.wait_for(2)
        assert second.at - first.at > 1.9

    def test_are_delivered_again_on_request(self, patient, receiver):
        client = patient.client()
        webhook = make(client, receiver.url())
        process(client)
        delivery = all_delivered(client, webhook)[0]
        replay = f"/v1/webhooks/{webhook['id']}/deliveries/{delivery['id']}/replay"
        assert client.request("POST", replay).status == 202
        first, second = receiver.wait_for(2)
        assert (first.id, first.body) == (second.id, second.body)
        assert verify([(webhook["secret"], second)]) == (1, [])
        assert len(all_delivered(client, webhook)[0]["attempts"]) == 2
        found = client.get(replay.removesuffix("/replay"))
        assert found.status == 200 and found.json() == deliveries(client, webhook)[0]

    def test_are_signed_by_every_secret_that_is_good(self, patient, receiver):
        client = patient.client()
        webhook = make(client, receiver.url())
        rotated = client.request("POST", f"/v1/webhooks/{webhook['id']}/secrets")
        assert rotated.status == 201 and rotated.json()["secret"] != webhook["secret"]
        process(client)
        message = receiver.wait_for(1)[0]
        assert len(message.headers["webhook-signature"].split(" ")) == 2
        for secret in (webhook["secret"], rotated.json()["secret"]):
            assert verify([(secret, message)]) == (1, [])
        stranger = "whsec_" + "A" * 43 + "="
        assert verify([(stranger, message)])[0] == 0

    def test_secrets_are_shown_once_and_stand_in_no_log(self, patient, receiver):
        client = patient.client()
        webhook = make(client, receiver.url())
        process(client)
        all_delivered(client, webhook)
        for target in ("", f"/{webhook['id']}", f"/{webhook['id']}/deliveries"):
            assert b"whsec_" not in client.get("/v1/webhooks" + target).body
        assert webhook["secret"] not in patient.log_path.read_text()


class TestEndpointsThatFail:
    def test_are_disabled_and_the_others_told(self, hasty, receiver):
        client = hasty.client()
        receiver.answer = lambda message: (500 if message.path == "/broken" else 200, {})
        broken = make(client, receiver.url("/broken"))
        watching = make(client, receiver.url("/watching"), events=["webhook.disabled"])
        process(client)
        message = receiver.wait_for(1, "/watching")[0]
        assert message.event["type"] == "webhook.disabled"
        assert message.event["data"] == {"webhook_id": broken["id"], "reason": "failing"}
        assert verify([(watching["secret"], message)]) == (1, [])
        assert len(receiver.at("/broken")) == 3
        found = state(client, broken)
        assert (found["enabled"], found["disabled_reason"]) == (False, "failing") and found["disabled_at"]
        hasty.wait_for_event("webhook disabled")
        assert b'safelight_webhooks_disabled_total{reason="failing"} 1' in client.get("/metrics").body
        process(client)
        assert len(deliveries(client, broken)) == 1, "nothing is written for it any more"

    def test_who_is_gone_is_not_asked_again(self, hasty, receiver):
        client = hasty.client()
        receiver.answer = lambda message: (410, {})
        webhook = make(client, receiver.url())
        process(client)
        eventually(lambda: state(client, webhook)["disabled_reason"] == "gone")
        assert len(receiver.messages) == 1

    def test_what_waited_goes_out_when_it_is_enabled_again(self, patient, receiver):
        client = patient.client()
        receiver.close()
        webhook = make(client, receiver.url())
        for _ in range(5):
            process(client)
        assert b"safelight_webhook_deliveries_waiting 5" in client.get("/metrics").body
        assert b"safelight_webhook_oldest_waiting_seconds " in client.get("/metrics").body
        patch = lambda **members: client.request(  # noqa: E731
            "PATCH", f"/v1/webhooks/{webhook['id']}", {"Content-Type": "application/json"},
            ('{"enabled": %s}' % str(members["enabled"]).lower()).encode())
        assert patch(enabled=False).json()["disabled_reason"] == "paused"
        receiver.open()
        process(client)  # is not told
        assert len(deliveries(client, webhook, "waiting")) == 5
        assert b"safelight_webhook_deliveries_waiting 0" in client.get("/metrics").body, "nobody waits for what is disabled"
        assert patch(enabled=True).json()["enabled"]
        assert len(all_delivered(client, webhook)) == 5
        assert len({message.id for message in receiver.messages}) == 5

    def test_a_deleted_one_is_told_nothing(self, patient, receiver):
        client = patient.client()
        receiver.close()
        webhook = make(client, receiver.url())
        other = make(client, Receiver().url("/other"))
        process(client)
        assert client.delete(f"/v1/webhooks/{webhook['id']}").status == 204
        receiver.open()
        eventually(lambda: any(attempt["error"] for attempt in deliveries(client, other)[0]["attempts"]))
        assert not receiver.messages


def test_changes_are_a_merge_patch(client):
    path = f"/v1/webhooks/{make(client, 'https://example.com/')['id']}"
    changed = client.request("PATCH", path, {"Content-Type": "application/merge-patch+json"}, b'{"enabled": false}')
    assert changed.status == 200 and changed.json()["disabled_reason"] == "paused"
    assert client.request("PATCH", path, {"Content-Type": "text/plain"}, b"{}").status == 415
    assert client.delete(path).status == 204


class TestTargets:
    @pytest.mark.parametrize("url", [
        "http://example.com/", "http://127.0.0.1/", "https://127.0.0.1/", "https://10.1.2.3/", "https://[::1]/",
        "https://169.254.169.254/latest/meta-data", "https://192.168.0.1/", "https://[::ffff:10.0.0.1]/", "https://0/",
        "https://2130706433/", "https://0x7f.1/", "https://user:password@example.com/", "ftp://example.com/", "file:///etc/passwd",
        "example.com", "", "https://", "https://[fe80::1%25lo]/"])
    def test_that_are_refused_at_once(self, client, url):
        refused = client.post_json("/v1/webhooks", {"url": url})
        assert refused.status == 400
        assert [fault["pointer"] for fault in refused.problem()["errors"]] == ["/url"]

    def test_names_that_lead_inside_are_refused_when_they_are_connected_to(self, start_server, receiver):
        server = start_server({"SAFELIGHT_WEBHOOK_RETRIES": "10ms"})
        client = server.client()
        webhook = make(client, f"https://localhost:{receiver.port}/")
        process(client)
        eventually(lambda: state(client, webhook)["disabled_reason"] == "failing")
        assert {attempt["error"] for attempt in deliveries(client, webhook)[0]["attempts"]} == {"no_public_address"}
        assert not receiver.messages

    def test_without_tls_only_permitted_networks_are_reached(self, start_server, receiver):
        """A name whose address is public is stood for by one that lies in no permitted network."""
        server = start_server({"SAFELIGHT_OUTBOUND_ALLOWED_NETWORKS": "10.0.0.0/8", "SAFELIGHT_WEBHOOK_RETRIES": "10ms"})
        client = server.client()
        webhook = make(client, f"http://localhost:{receiver.port}/")
        process(client)
        eventually(lambda: state(client, webhook)["disabled_reason"] == "failing")
        assert deliveries(client, webhook)[0]["attempts"][0]["error"] == "no_public_address"
        assert not receiver.messages

    def test_hosts_can_be_listed(self, start_server):
        client = start_server({"SAFELIGHT_WEBHOOK_HOSTS": "*.example.com"}).client()
        made = make(client, "https://hooks.example.com/", enabled=False)
        assert client.post_json("/v1/webhooks", {"url": "https://example.org/"}).status == 400
        assert client.delete(f"/v1/webhooks/{made['id']}").status == 204


class TestAccounts:
    def test_each_is_told_of_its_own_jobs(self, tmp_path, receiver):
        server = launch(tmp_path / "two", {**PATIENT, "SAFELIGHT_ACCESS": "keys"})
        try:
            command(server, "account", "create", "other")
            ours = KeyClient(server, make_key(server, "images:read", "images:write"))
            theirs = KeyClient(server, make_key(server, "images:read", "images:write", account="other"))
            mine, others = make(ours, receiver.url("/ours")), make(theirs, receiver.url("/theirs"))
            job, their_job = process(ours), process(theirs)
            assert receiver.wait_for(1, "/ours")[0].job == job["id"]
            assert receiver.wait_for(1, "/theirs")[0].job == their_job["id"]
            all_delivered(ours, mine)
            all_delivered(theirs, others)
            assert len(receiver.messages) == 2
            assert theirs.get(f"/v1/webhooks/{mine['id']}").status == 404
            assert theirs.get(f"/v1/webhooks/{mine['id']}/deliveries").status == 404
            assert [item["id"] for item in theirs.get("/v1/webhooks").json()["items"]] == [others["id"]]
        finally:
            finish(server)


@pytest.mark.parametrize("variable, value", [
    ("SAFELIGHT_WEBHOOK_RETRIES", ""), ("SAFELIGHT_WEBHOOK_RETRIES", "5s,"), ("SAFELIGHT_WEBHOOK_RETRIES", "soon"),
    ("SAFELIGHT_WEBHOOK_TIMEOUT", "0s"), ("SAFELIGHT_WEBHOOK_HOSTS", "https://example.com"),
    ("SAFELIGHT_WEBHOOK_ATTEMPTS_MAX", "1000")])
def test_settings_that_are_wrong_stop_the_start(tmp_path, variable, value):
    done = run_command("serve", settings={"SAFELIGHT_DATA": tmp_path / "data", variable: value}, cwd=tmp_path)
    assert done.returncode != 0 and variable in done.stderr, done.stderr
