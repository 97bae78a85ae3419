"""A server that fetches pictures, for the tests of what it fetches and of what it must not be talked into: fixtures and helpers."""

import json
import uuid

import pytest

import check_invariants
from conftest import finish, launch
from eventually import eventually
from remains import Remains
from source_server import SourceServer

LOOPBACK = {"SAFELIGHT_OUTBOUND_ALLOWED_NETWORKS": "127.0.0.0/8"}
TIMEOUT = {"SAFELIGHT_SOURCE_TIMEOUT": "30s"}


@pytest.fixture(scope="module")
def source():
    server = SourceServer()
    yield server
    server.close()


@pytest.fixture(scope="module")
def fetching(tmp_path_factory, source):
    """A server that fetches from wherever there is a public address, or one of this machine."""
    server = launch(tmp_path_factory.mktemp("fetching"),
                    {**LOOPBACK, **TIMEOUT, "SAFELIGHT_SOURCE_HOSTS": f"*,*:{source.port}"})
    yield server
    finish(server)


@pytest.fixture
def ours(fetching):
    """Its client; what a test has left behind has to be whole."""
    yield fetching.client()
    assert_whole(fetching)


def assert_whole(server):
    eventually(Remains.of_folder(server.data).is_quiet)
    assert check_invariants.check(Remains.of_folder(server.data)) == []


def by_url(client, url, headers=None, **members):
    body = json.dumps({"source_url": url, **members}).encode()
    return client.request("POST", "/v1/jobs", {"Content-Type": "application/json", **(headers or {})}, body)


def assert_refused(answer, status, problem):
    assert (answer.status, answer.problem()["type"]) == (status, f"/problems/{problem}"), answer.body
    assert "secret" not in answer.body.decode()
    return answer.problem()


def fresh_path(suffix=".jpg"):
    return f"/{uuid.uuid4().hex}{suffix}"
