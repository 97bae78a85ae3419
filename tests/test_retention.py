"""Images that are deleted when they are too old, and variants that lose their bytes when nobody reads them; on every catalog."""

import concurrent.futures
import time
from pathlib import Path

import pytest

import backends
import pictures
from check_invariants import check
from eventually import eventually
from house import House
from http_client import Client
from key_client import KeyClient, command, make_key
from remains import Remains
from safelight_process import SafelightProcess

QUICK = {"SAFELIGHT_RETENTION_INTERVAL": "100ms", "SAFELIGHT_SWEEP_INTERVAL": "200ms"}
DELETES = {**QUICK, "SAFELIGHT_RETENTION_DELETE_IMAGES_AFTER": "3s"}
# What a killed worker was writing is swept when it is overdue.
KILLED = {"SAFELIGHT_WRITE_DEADLINE": "15s", "SAFELIGHT_VARIANT_WRITE_DEADLINE": "15s"}
EXPIRES = {**QUICK, "SAFELIGHT_RETENTION_EXPIRE_VARIANTS_AFTER": "2s"}


class OneServer:
    """A server with its workers on SQLite and a folder; like a House."""

    def __init__(self, folder, settings):
        self.settings = {"SAFELIGHT_DATA": str(folder / "data"), "SAFELIGHT_LEASE": "2s", "SAFELIGHT_WORKERS": "4", **settings}
        self.server = SafelightProcess(folder, self.settings)
        self.workers = [self.server]

    def start(self):
        self.server.start()
        return self

    def stop(self):
        if self.server.running:
            assert self.server.stop() == 0, self.server.log_tail()

    def kill(self):
        self.server.kill()

    @property
    def client(self):
        return Client(self.server.port)


@pytest.fixture(params=["sqlite", "postgres", "stack"])
def make_house(request, tmp_path):
    """make_house(settings): processes over the backends of that name."""
    chosen = None
    if request.param != "sqlite":
        stores = {"queue": "catalog", "store": "folder"} if request.param == "postgres" else {}
        chosen = backends.Backends(catalog="postgres", **stores).make()
    houses = []

    def make(settings):
        house = OneServer(tmp_path, settings) if chosen is None else House(tmp_path, {**chosen.settings(), **settings})
        houses.append(house)
        return house.start()

    yield make
    try:
        for process in {process for house in houses for process in (house.server, *house.workers)}:
            if process.running:
                process.kill()
    finally:
        if chosen:
            chosen.remove()


def remains_of(house):
    return Remains.of(house.settings)


def count(house, what):
    return remains_of(house).rows(f"SELECT count(*) AS n FROM {what}")[0]["n"]


def check_at_rest(house, acknowledged=None):
    eventually(lambda: count(house, "blobs WHERE state <> 'live'") == 0, timeout_s=30)
    house.stop()
    assert check(remains_of(house), acknowledged=acknowledged) == []


def upload(client, content=None, variants="thumbnail"):
    """A job that is done."""
    answer = client.upload(content or pictures.make("jpeg"), variants=variants, headers={"Prefer": "wait=30"})
    assert answer.status == 202, answer.body
    assert answer.json()["status"] == "PROCESSED", answer.body
    return answer.json()


def variant_of(client, job):
    return client.get(f"/v1/jobs/{job['id']}").json()["image"]["variants"][0]


def await_expiry(client, *jobs):
    for job in jobs:
        eventually(lambda: variant_of(client, job)["status"] == "expired", timeout_s=30)


def test_images_go_after_their_time_and_leave_nothing(make_house):
    house = make_house(DELETES)
    client = house.client
    jobs = [upload(client, pictures.make("png", (20 + number, 20))) for number in range(4)]
    began = time.monotonic()
    waiting = client.get(f"/v1/jobs/{jobs[0]['id']}")
    assert waiting.status == 200, "not before its time"
    for job in jobs:
        eventually(lambda: client.get(f"/v1/jobs/{job['id']}").status == 404, timeout_s=30)
        assert client.get(job["image"]["url"]).status == 404
    assert time.monotonic() - began < 30
    assert client.get("/v1/images").json()["items"] == []
    assert client.get("/v1/usage").json()["quotas"]["images"]["used"] == 0
    eventually(lambda: count(house, "blobs") == 0, timeout_s=30)
    check_at_rest(house, {"uploaded": {}, "deleted": [job["id"] for job in jobs]})
    assert remains_of(house).blobs.keys() == set()


def test_variants_expire_and_come_again_as_they_were(make_house):
    house = make_house(EXPIRES)
    client = house.client
    job = upload(client)
    url = job["image"]["variants"][0]["url"]
    before = client.get(url)
    assert before.status == 200
    await_expiry(client, job)
    shown = client.get(f"/v1/jobs/{job['id']}").json()
    assert shown["status"] == "PROCESSED" and shown["image"]["variants"][0]["bytes"] is None
    eventually(lambda: len(remains_of(house).blobs.keys()) == 1, timeout_s=30)  # the original
    again = client.get(url)
    assert again.status == 200, again.body
    assert again.body == before.body and again.header("ETag") == before.header("ETag")

    await_expiry(client, job)
    head = client.request("HEAD", url)
    assert head.status == 200 and head.header("Content-Length") == str(len(before.body))
    await_expiry(client, job)
    assert client.get(url, If_None_Match=before.header("ETag")).status == 304
    await_expiry(client, job)
    at_once = client.get(url, Prefer="wait=0")
    assert at_once.status == 404 and at_once.problem()["type"] == "/problems/variant-not-ready"
    assert at_once.header("Retry-After")
    eventually(lambda: client.get(url, Prefer="wait=0").status == 200, timeout_s=30)
    await_expiry(client, job)
    check_at_rest(house)
    kept = remains_of(house).rows("SELECT status, name FROM variants")
    assert kept == [{"status": "pending", "name": "thumbnail"}], "its name and place are kept"


def test_many_who_ask_at_once_have_it_made_once(make_house):
    # Long enough that it does not expire again before the last of them has been answered.
    house = make_house({**EXPIRES, "SAFELIGHT_RETENTION_EXPIRE_VARIANTS_AFTER": "6s"})
    client = house.client
    job = upload(client)
    url = job["image"]["variants"][0]["url"]
    before = client.get(url).body
    await_expiry(client, job)
    attempts = client.get(f"/v1/jobs/{job['id']}").json()["attempts"]
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: client.get(url), range(16)))
    assert [answer.status for answer in answers] == [200] * 16
    assert {answer.body for answer in answers} == {before}
    assert client.get(f"/v1/jobs/{job['id']}").json()["attempts"] == attempts + 1
    check_at_rest(house)


def test_a_read_keeps_a_variant_alive(make_house):
    house = make_house(EXPIRES)
    client = house.client
    read, unread = upload(client, pictures.make("png", (30, 20))), upload(client, pictures.make("png", (31, 20)))
    url = read["image"]["variants"][0]["url"]
    deadline = time.monotonic() + 6
    while time.monotonic() < deadline:
        assert client.request("HEAD", url).status == 200
        assert variant_of(client, read)["status"] == "ready", "it was read all the time"
        time.sleep(0.1)
    await_expiry(client, unread)
    assert client.get(f"/v1/jobs/{read['id']}").json()["attempts"] == 1, "it was made once"
    await_expiry(client, read)
    check_at_rest(house)


def test_without_a_rule_nothing_goes(make_house):
    house = make_house(QUICK)
    client = house.client
    job = upload(client)
    assert client.get(job["image"]["variants"][0]["url"]).status == 200
    time.sleep(2)  # several rounds
    assert variant_of(client, job)["status"] == "ready"
    assert remains_of(house).rows("SELECT name FROM variants WHERE read_at IS NOT NULL") == [], "nor is anything noted"
    check_at_rest(house)


def test_an_accounts_own_rules_come_before_the_servers(start_server):
    server = start_server({"SAFELIGHT_ACCESS": "keys", **DELETES, "SAFELIGHT_RETENTION_EXPIRE_VARIANTS_AFTER": "1s"})
    command(server, "account", "create", "archive", "--rule", "delete_images_after_days=0", "--rule",
            "expire_variants_after_days=0")
    command(server, "account", "create", "slow", "--rule", "delete_images_after_days=1")
    clients = {name: KeyClient(server, make_key(server, "images:read", "images:write", account=name))
               for name in ("default", "archive", "slow")}
    jobs = {name: upload(client) for name, client in clients.items()}
    await_expiry(clients["slow"], jobs["slow"])
    eventually(lambda: clients["default"].get(f"/v1/jobs/{jobs['default']['id']}").status == 404, timeout_s=30)
    assert variant_of(clients["archive"], jobs["archive"])["status"] == "ready"
    assert variant_of(clients["slow"], jobs["slow"])["status"] == "expired"

    admin = KeyClient(server, make_key(server, "admin"))
    archive = next(account for account in admin.get("/v1/accounts").json()["items"] if account["name"] == "archive")
    assert archive["retention"] == {"delete_images_after_days": 0, "expire_variants_after_days": 0}
    changed = admin.request("PATCH", f"/v1/accounts/{archive['id']}", {"Content-Type": "application/merge-patch+json"},
                            b'{"retention": {"delete_images_after_days": null}}')
    assert changed.status == 200 and changed.json()["retention"]["delete_images_after_days"] is None
    eventually(lambda: clients["archive"].get(f"/v1/jobs/{jobs['archive']['id']}").status == 404, timeout_s=30)


def test_the_command_line_shows_and_changes_rules(start_server):
    server = start_server()
    assert command(server, "account", "retention", "default").splitlines() == [
        "delete_images_after_days    never (default)", "expire_variants_after_days  never (default)"]
    shown = command(server, "account", "retention", "default", "--rule", "delete_images_after_days=30", "--rule",
                    "expire_variants_after_days=0")
    assert shown.splitlines() == ["delete_images_after_days    30 d", "expire_variants_after_days  never"]
    shown = command(server, "account", "retention", "default", "--rule", "delete_images_after_days=default")
    assert shown.splitlines()[0] == "delete_images_after_days    never (default)"


def kill_and_restart(house):
    """The process that lets go of things; the other worker of a house as well."""
    for worker in house.workers:
        worker.kill()
    for worker in house.workers:
        worker.restart()


def test_a_deletion_that_is_killed_again_and_again_leaves_nothing(make_house):
    total = 200
    house = make_house({**DELETES, **KILLED, "SAFELIGHT_RETENTION_DELETE_IMAGES_AFTER": "5s"})
    client = house.client
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: client.upload(pictures.make("png", (9, 9))), range(total)))
    assert {answer.status for answer in answers} == {202}
    uploaded = [answer.json()["id"] for answer in answers]
    kills = 0
    while (left := count(house, "images")) > 0:
        eventually(lambda: count(house, "images") < left, timeout_s=60, interval_s=0.001)
        if kills < 5:
            kill_and_restart(house)
            kills += 1
    assert kills > 0
    eventually(lambda: count(house, "blobs") == 0, timeout_s=60, describe=lambda: remains_of(house).rows("SELECT * FROM blobs"))
    check_at_rest(house, {"uploaded": {}, "deleted": uploaded})
    assert remains_of(house).blobs.keys() == set()


def test_an_expiry_that_is_killed_again_and_again_loses_nothing(make_house):
    total = 60
    house = make_house({**EXPIRES, **KILLED})
    client = house.client
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        jobs = list(pool.map(lambda number: client.upload(pictures.make("png", (20 + number, 20)),
                                                          headers={"Prefer": "wait=30"}).json(), range(total)))
    for _ in range(5):
        expired = count(house, "variants WHERE expired")
        if expired == total:
            break
        eventually(lambda: count(house, "variants WHERE expired") > expired, timeout_s=30, interval_s=0.001)
        kill_and_restart(house)
    client = house.client  # the port may be another
    eventually(lambda: count(house, "variants WHERE expired") == total, timeout_s=60)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        again = list(pool.map(lambda job: client.request("GET", job["image"]["variants"][0]["url"], {"Prefer": "wait=60"},
                                                         timeout_s=90), jobs))
    assert {answer.status for answer in again} == {200}
    eventually(lambda: count(house, "variants WHERE expired") == total, timeout_s=60)
    check_at_rest(house)


def test_metrics_and_the_log_tell_what_went(start_server):
    server = start_server({**DELETES, "SAFELIGHT_LOG_LEVEL": "info"})
    job = upload(server.client())
    eventually(lambda: server.client().get(f"/v1/jobs/{job['id']}").status == 404, timeout_s=30)
    eventually(lambda: 'safelight_retention_total{what="image_deleted"} 1' in server.client().get("/metrics").body.decode())
    logged = [line for line in Path(server.log_path).read_text().splitlines() if '"retention"' in line]
    assert logged and '"images_deleted":1' in logged[0].replace(" ", ""), logged
    assert job["id"] not in logged[0]
    warnings = [line for line in Path(server.log_path).read_text().splitlines() if "are deleted by age" in line]
    assert len(warnings) == 1, "once, when the process starts"
