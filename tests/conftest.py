"""What every system test shares: servers, the contract that all answers are held against, the closing summary."""

import itertools
import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

import pictures
from contract import Contract
from http_client import Client
from safelight_process import BINARY, REPOSITORY, SafelightProcess

# Those that take longest begin first, so that none is left over when the others are done.
LONGEST = ["test_outages", "test_upgrades", "test_rolling_upgrades", "test_retention", "test_faults", "test_quotas", "test_kill_sweep",
           "test_webhooks", "test_overload", "test_backends", "test_stack_sweep", "test_quality", "test_crowd"]
summary_lines = []
servers = []
died = []
answers_seen = set()  # by all processes of this run, at its end


def pytest_addoption(parser):
    parser.addoption("--full", action="store_true", help="outages of a minute, crowds of a thousand jobs, every kill point")
    parser.addoption("--tell-skipped", metavar="FILE", help="adds a line to FILE for each test that is skipped, with the reason")
    parser.addoption("--judge-contract", action="store_true", help="fails when a documented answer was not seen in this run")


def pytest_configure(config):
    if not BINARY.exists():
        pytest.exit(f"{BINARY} is not there: build it first (cmake --preset release && cmake --build build/release)", 3)


def pytest_collection_modifyitems(items):
    ranks = {name: rank for rank, name in enumerate(LONGEST)}
    items.sort(key=lambda item: ranks.get(item.path.stem, len(ranks)))


# A run may be spread over processes (pytest -n). What each saw, and has to say, goes to the one that began them.

def pytest_sessionfinish(session):
    if Server.contract:
        answers_seen.update(Server.contract.seen)
    sent_home = getattr(session.config, "workeroutput", None)
    if sent_home is not None:
        sent_home.update(seen=sorted(answers_seen), summary=summary_lines)
        return
    tell_skipped(session.config)
    never_seen = []
    if session.config.getoption("--judge-contract"):
        document = json.loads((REPOSITORY / "openapi/openapi.json").read_text())
        never_seen, report = Contract(document).judge(answers_seen)
        summary_lines.extend(report)
    else:
        summary_lines.append("Whether every documented answer was seen is judged in a run of all tests (--judge-contract).")
    if died or never_seen:
        summary_lines.extend(["FAILED:", *died, *([f"{len(never_seen)} documented answers were never seen"] if never_seen else [])])
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def tell_skipped(config):
    path = config.getoption("--tell-skipped")
    if not path:
        return
    skipped = config.pluginmanager.get_plugin("terminalreporter").stats.get("skipped", [])
    with open(path, "a") as file:
        file.writelines(f"{report.nodeid}: {report.longrepr[2].removeprefix('Skipped: ')}\n" for report in skipped)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node, error):
    if error:
        died.append(f"a process of this run died: {error}")
    output = getattr(node, "workeroutput", {})
    answers_seen.update(map(tuple, output.get("seen", ())))
    summary_lines.extend(output.get("summary", ()))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """A failure shows what the servers that are running logged."""
    report = yield
    if report.failed:
        for server in servers:
            report.sections.append((f"log of the server in {server.folder}", server.log_tail()))
    return report


def pytest_terminal_summary(terminalreporter):
    if pictures.corpus_folder() is None:
        summary_lines.append(
            "Skipped, because ../shared/images (or SAFELIGHT_IMAGES) is not there: the collection of test images "
            "(test_corpus.py); pictures made by the tests themselves were used.")
    if summary_lines:
        terminalreporter.section("system tests")
        for line in summary_lines:
            terminalreporter.write_line(line)


@pytest.fixture
def summarise():
    """Adds a line to the closing summary."""
    return summary_lines.append


@pytest.fixture(scope="session")
def full(request):
    """Whether it may take many minutes."""
    return request.config.getoption("--full")


@pytest.fixture(scope="session")
def outage_s(full):
    """How long what is broken stays so, once that was felt."""
    return 60 if full else 0


class Server(SafelightProcess):
    """A server whose client holds every answer against the contract."""

    contract = None

    def client(self):
        return Client(self.port, Server.contract.check if Server.contract else None)


def launch(folder, settings=None, **how):
    server = Server(folder, settings, **how)
    servers.append(server)
    server.start()
    if Server.contract is None:
        Server.contract = Contract(json.loads(Client(server.port).get("/openapi.json").body))
    return server


def finish(server):
    """A server that is still running has to end well."""
    try:
        if server.running:
            assert server.stop() == 0, server.log_tail()
    finally:
        if server.running:
            server.kill()
        servers.remove(server)


@pytest.fixture(scope="session")
def shared_server(tmp_path_factory):
    """One server for all tests that leave it as they found it."""
    server = launch(tmp_path_factory.mktemp("shared-server"))
    yield server
    finish(server)


@pytest.fixture
def server(shared_server):
    assert shared_server.running, shared_server.log_tail()
    return shared_server


@pytest.fixture
def client(server):
    return server.client()


@pytest.fixture
def contract(server):
    return Server.contract


@pytest.fixture
def start_server(tmp_path):
    """Starts servers of the test's own: start_server({"SAFELIGHT_…": …}); `how` is of SafelightProcess."""
    started = []
    numbers = itertools.count()

    def start(settings=None, **how):
        started.append(launch(tmp_path / f"server-{next(numbers)}", settings, **how))
        return started[-1]

    yield start
    for one in started:
        finish(one)
