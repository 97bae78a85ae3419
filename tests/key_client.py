"""Requests with an API key or a token, and keys made by the command line."""

from http_client import Client
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
