"""One server, two workers, and PostgreSQL, Redis and S3 servers of their own that are frozen, killed, filled and made to
refuse, one trouble after the other: nothing that was accepted is lost, nothing is left over, and no process of Safelight is
ever started again. Troubles of the connection are in test_faults.py."""

import os
import signal
import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Callable

import pytest

import backends
from baseline import Baseline
from delaying_proxy import DOWN, DelayingProxy
from eventually import eventually
from faulty_http import FaultyHttp
from house import House
from own_servers import OwnServers, SmallDisk
from remains import Remains
from uploader import GIVEN_UP_SOON, Uploader, assert_nothing_is_lost, is_well

CHECKS = {"postgres": "catalog", "redis": "queue", "s3": "blobs"}
SHARE = 0.3  # of the answers of S3, where some are spoiled and others are not


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    """The servers, what is in front of S3, and the house over them."""
    servers = OwnServers().start()
    kept = dict(os.environ)
    os.environ.update(servers.environment())
    disk = SmallDisk(servers.folder / "disk")
    try:
        if disk.mounted:
            servers["postgres"].lie_on(disk)
        with FaultyHttp(backends.host_and_port("s3")) as http, DelayingProxy(("127.0.0.1", http.port)) as tcp:
            chosen = backends.Backends(via={"s3": f"127.0.0.1:{tcp.port}"}).make()
            house = House(tmp_path_factory.mktemp("outages"), {**chosen.settings(), **GIVEN_UP_SOON}).start()
            try:
                remains = Remains.of({**house.settings, **replace(chosen, via={}).settings()})
                yield Stack(servers, disk, http, tcp, house, remains, house.baselines())
            finally:
                house.kill()
    finally:
        servers.close(disk)
        os.environ.clear()
        os.environ.update(kept)


@dataclass
class Stack:
    servers: OwnServers
    disk: SmallDisk
    http: FaultyHttp
    tcp: DelayingProxy
    house: House
    remains: Remains  # by a way without the proxies
    baselines: list[Baseline]

    def heal_s3(self):
        self.http.heal()
        self.tcp.heal()


@dataclass(frozen=True)
class Trouble:
    """`seen` waits until the trouble is felt."""

    server: str
    what: str
    begin: Callable[[Stack], object]
    end: Callable[[Stack], object]
    seen: Callable[[Stack, Uploader], object]
    statuses: frozenset = frozenset({202, 503})
    every_day: bool = True  # or with --full alone, because another one stands for it

    def __str__(self):
        return f"{self.server} {self.what}"


# How a trouble is felt.

def unready(server):
    def is_named(house):
        checks = house.client.get("/readyz").json()["checks"]
        return CHECKS[server] in [check["name"] for check in checks if check["status"] != "ok"]

    return lambda stack, uploader: eventually(lambda: is_named(stack.house), timeout_s=60, interval_s=0.1)


def refused(status):
    return lambda stack, uploader: eventually(lambda: status in uploader.statuses, timeout_s=60,
                                              describe=lambda: f"{uploader.statuses}")


def not_at_all(stack, uploader):
    uploader.wait_for_more(10)


def some_requests(stack, uploader):
    before = stack.http.spoiled
    eventually(lambda: stack.http.spoiled >= before + 20, timeout_s=60)
    uploader.wait_for_more(3)


# What is broken.

def freezing(server):
    return Trouble(server, "is frozen", lambda stack: stack.servers[server].freeze(), lambda stack: stack.servers[server].thaw(),
                   unready(server))


def killing(server, what="is killed"):
    return Trouble(server, what, lambda stack: stack.servers[server].kill(), lambda stack: stack.servers[server].start_again(),
                   unready(server))


def of_http(what, begin, seen=some_requests, **options):
    return Trouble("s3", what, lambda stack: begin(stack.http), Stack.heal_s3, seen, **options)


def of_tcp(what, begin, seen=not_at_all, **options):
    return Trouble("s3", what, lambda stack: begin(stack.tcp), Stack.heal_s3, seen, **options)


def read_only(stack):
    backends.psql("ALTER SYSTEM SET default_transaction_read_only = on")
    backends.psql("SELECT pg_reload_conf()")


def writable(stack):
    backends.psql("ALTER SYSTEM RESET default_transaction_read_only")
    backends.psql("SELECT pg_reload_conf()")


TROUBLES = [
    freezing("postgres"),
    killing("postgres"),
    Trouble("postgres", "is read-only", read_only, writable, refused(503)),
    Trouble("postgres", "has a full disk", lambda stack: stack.disk.fill(), lambda stack: stack.disk.empty(), refused(507),
            frozenset({202, 503, 507})),
    freezing("redis"),
    killing("redis", "is killed, and comes back empty"),
    Trouble("redis", "is emptied", lambda stack: backends.redis("FLUSHALL"), lambda stack: backends.redis("FLUSHALL"), not_at_all,
            every_day=False),
    Trouble("redis", "has no memory", lambda stack: backends.redis("CONFIG", "SET", "maxmemory", "1"),
            lambda stack: backends.redis("CONFIG", "SET", "maxmemory", "0"), not_at_all),
    Trouble("redis", "is a replica of nobody", lambda stack: backends.redis("REPLICAOF", "127.0.0.1", "1"),
            lambda stack: backends.redis("REPLICAOF", "NO", "ONE"), not_at_all),
    freezing("s3"),
    killing("s3"),
    of_http("answers 500", lambda http: http.refuse(500, "InternalError"), unready("s3")),
    of_http("answers 503 SlowDown", lambda http: http.refuse(503, "SlowDown"), unready("s3"), every_day=False),
    of_http("answers 500 now and then", lambda http: http.refuse(500, "InternalError", SHARE), every_day=False),
    of_http("answers 503 SlowDown now and then", lambda http: http.refuse(503, "SlowDown", SHARE)),
    of_http("cuts bodies short now and then", lambda http: http.truncate(SHARE), every_day=False),
    of_http("loses answers now and then", lambda http: http.lose(SHARE)),
    of_tcp("sends slowly", lambda tcp: tcp.slow(3_000, DOWN), every_day=False),
]


@contextmanager
def held_workers(house):
    """What is uploaded meanwhile waits."""
    for worker in house.workers:
        worker.send(signal.SIGSTOP)
    try:
        yield
    finally:
        for worker in house.workers:
            worker.send(signal.SIGCONT)


def pytest_generate_tests(metafunc):
    wanted = [trouble for trouble in TROUBLES if trouble.every_day or metafunc.config.getoption("--full")]
    metafunc.parametrize("trouble", wanted, ids=str)


def test_nothing_is_lost_and_nothing_is_started_again(stack, trouble, outage_s, summarise):
    house = stack.house
    if "disk" in trouble.what and not stack.disk.mounted:
        summarise(f"fault: {trouble}: skipped, because mounting is not allowed here")
        pytest.skip("not on this machine: mounting")
    eventually(lambda: is_well(house), timeout_s=30)
    uploader = Uploader(house.server.port, pause_s=0.1)
    uploader.start()
    try:
        with held_workers(house):
            uploader.wait_for_more(5)
            trouble.begin(stack)
        trouble.seen(stack, uploader)
        time.sleep(outage_s)
        assert house.client.get("/healthz").status == 200
        if trouble.server == "redis":
            assert_work_goes_on(house, uploader)
    finally:
        trouble.end(stack)
    ended = time.monotonic()
    eventually(lambda: is_well(house), timeout_s=60, interval_s=0.05)
    uploader.wait_for_more(1)
    recovered_s = time.monotonic() - ended
    uploader.wait_for_more(4)
    uploader.finish()
    assert uploader.statuses <= trouble.statuses
    assert uploader.without_retry_after == 0
    assert_nothing_is_lost(house, uploader.accepted, stack.remains, stack.baselines)
    for job in uploader.accepted:  # so that a check costs the same each time
        assert house.client.delete(f"/v1/jobs/{job}").status == 204
    summarise(f"fault: {trouble}: {len(uploader.accepted)} uploads accepted, {uploader.refusals} refused (the slowest answer "
              f"took {uploader.slowest_s:.1f} s), 0 lost, 0 left over, uploads again after {recovered_s:.1f} s")


def assert_work_goes_on(house, uploader):
    """Nothing needs Redis so much that requests could not be served, or that jobs would wait."""
    assert house.client.get("/readyz").status == 200
    uploader.wait_for_more(3)
    assert house.client.wait(list(uploader.accepted)[-1], seconds=30)["status"] == "PROCESSED"
