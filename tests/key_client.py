"""Requests with an API key or a token, and keys made by the command line."""

import socket
import time

import pytest

from http_client import Client, read_to_end
from safelight_process import run_command


class KeyClient(Client):
    """Every request with an API key or a token, or without either."""

    def __init__(self, server, key):
        super().__init__(server.port, type(server).contract.check)
        self.key = key

    def request(self, method, target, headers=None, body=None, timeout_s=40):
        authorisation = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        return super().request(method, target, {**authorisation, **(headers or {})}, body, timeout_s)


def command(server, *arguments):
    done = run_command(*arguments, settings={"SAFELIGHT_DATA": server.data}, cwd=server.folder)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def make_key(server, *scopes, account="default"):
    flags = [part for scope in scopes for part in ("--scope", scope)]
    return command(server, "key", "create", "a key", "--account", account, *flags)


class SlowDownload:
    """A client that takes its time with a picture, so that much of it is still with the server."""

    def __init__(self, server, url, credentials):
        self._connection = socket.socket()
        self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
        self._connection.settimeout(20)
        self._connection.connect(("127.0.0.1", server.port))
        self._connection.sendall(f"GET {url} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
                                 f"Authorization: Bearer {credentials}\r\n\r\n".encode())
        self._received = len(self._connection.recv(1_000))

    def finish(self, slow_until):
        """Slowly until then (time.monotonic), and the rest at once. Returns how many bytes came in all."""
        with self._connection:
            while time.monotonic() < slow_until:
                self._received += len(self._connection.recv(4_096))
                time.sleep(0.02)
            return self._received + len(read_to_end(self._connection))  # a connection that is cut may be reset


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    """A server that asks for keys."""
    from conftest import finish, launch
    server = launch(tmp_path_factory.mktemp("guarded"), {"SAFELIGHT_ACCESS": "keys"})
    yield server
    finish(server)
