"""What the scale-out stack does while a server that it needs is away, silent or lying, and afterwards: nothing that was
accepted is lost, nothing is left over, and no process has to be started again."""

import signal
import time

import pytest

import backends
import pictures
from delaying_proxy import DOWN, DelayingProxy
from eventually import eventually
from house import House
from remains import Remains, streams_of
from uploader import GIVEN_UP_SOON, Uploader, assert_nothing_is_lost, is_well

SERVERS = ("postgres", "redis", "s3")
CHECKS = {"postgres": "catalog", "redis": "queue", "s3": "blobs"}

# What is broken, by the proxy in front of the server.
TROUBLES = {
    "refuses": lambda proxy: (proxy.refuse(), proxy.cut()),
    "is silent": lambda proxy: proxy.stall(),
    "answers nothing": lambda proxy: proxy.stall(DOWN),
    "cuts its answers short": lambda proxy: (proxy.cut_after(3, DOWN), proxy.cut()),
    "answers garbage": lambda proxy: (proxy.corrupt(3, DOWN), proxy.cut()),
}


@pytest.fixture
def proxies():
    started = {server: DelayingProxy(backends.host_and_port(server)) for server in SERVERS}
    for proxy in started.values():
        proxy.start()
    yield started
    for proxy in started.values():
        proxy.close()


@pytest.fixture
def house(proxies, tmp_path):
    chosen = backends.Backends(via={server: f"127.0.0.1:{proxy.port}" for server, proxy in proxies.items()}).make()
    started = House(tmp_path, {**chosen.settings(), **GIVEN_UP_SOON, "SAFELIGHT_RENDER_TIMEOUT": "10s"}).start()
    yield started
    for proxy in proxies.values():
        proxy.heal()
    started.kill()
    chosen.remove()


@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize("server", SERVERS)
def test_a_server_in_trouble_loses_nothing(house, proxies, server, trouble, summarise):
    baselines = house.baselines()
    uploader = Uploader(house.server.port)
    uploader.start()
    uploader.wait_for_more(5)
    TROUBLES[trouble](proxies[server])
    unready = []

    def is_named():
        answer = house.client.get("/readyz")
        unready[:] = [check["name"] for check in answer.json().get("checks", []) if check["status"] != "ok"]
        return CHECKS[server] in unready

    eventually(is_named, timeout_s=60, interval_s=0.2, describe=lambda: f"readiness said {unready}")
    assert house.client.get("/healthz").status == 200
    if server == "redis":
        assert house.client.get("/readyz").status == 200, "nothing needs Redis so much that requests could not be served"
        uploader.wait_for_more(3)
        assert house.client.wait(list(uploader.accepted)[-1], seconds=30)["status"] == "PROCESSED", "work does not go on without Redis"
    else:
        assert house.client.get("/readyz").status == 503
    proxies[server].heal()
    proxies[server].cut()  # who was lied to starts anew
    healed = time.monotonic()
    eventually(lambda: is_well(house), timeout_s=60, interval_s=0.1)
    recovered = time.monotonic() - healed
    uploader.wait_for_more(4)
    uploader.finish()
    assert uploader.statuses <= {202, 503}, uploader.statuses
    assert_nothing_is_lost(house, uploader.accepted, Remains.of(house.settings), baselines)
    summarise(f"fault: {server} {trouble}: {len(uploader.accepted)} uploads accepted, 0 lost, 0 left over, ready again after {recovered:.1f} s")


def test_an_empty_redis_loses_no_job(house):
    """Another client removes the stream while jobs wait in it."""
    for worker in house.workers:
        worker.send(signal.SIGSTOP)
    accepted = {house.client.upload(content).json()["id"]: content
                for content in (pictures.make(size=(300 + number, 200)) for number in range(20))}
    backends.redis("DEL", *streams_of(house.settings["SAFELIGHT_QUEUE"].rsplit("=", 1)[1]))
    for worker in house.workers:
        worker.send(signal.SIGCONT)
    assert_nothing_is_lost(house, accepted, Remains.of(house.settings))


@pytest.mark.parametrize("victim", ["server", "worker"])
def test_a_process_killed_again_and_again_loses_nothing(house, victim):
    accepted = {}
    for round in range(5):
        for number in range(8):
            content = pictures.make(size=(400 + 10 * round + number, 300))
            answer = house.client.upload(content)
            assert answer.status == 202
            accepted[answer.json()["id"]] = content
        process = house.server if victim == "server" else house.workers[round % 2]
        process.kill()
        process.start()
    assert_nothing_is_lost(house, accepted, Remains.of(house.settings))
