"""Two servers over one catalog and accounts with quotas on them: fixtures and helpers."""

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
