"""As systemd's Type=notify has it: the program says when it serves, that it is alive, and when it stops."""

import os
import signal
import socket

import pytest

from safelight_process import ServerDied


@pytest.fixture(name="manager")
def fixture_manager(monkeypatch):
    """What systemd is to the program: a socket that messages come to, and two variables."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as listening:
        listening.bind("")  # the kernel finds an abstract name
        listening.settimeout(60)
        monkeypatch.setenv("NOTIFY_SOCKET", "@" + listening.getsockname()[1:].decode())
        monkeypatch.setenv("WATCHDOG_USEC", "200000")
        yield listening


def next_message(manager):
    return manager.recv(1024).decode().split("\n")


class TestServe:
    def test_it_says_when_it_serves_that_it_is_alive_and_when_it_stops(self, manager, start_server):
        server = start_server()
        assert next_message(manager) == ["READY=1", "STATUS=Serving"]
        assert [next_message(manager) for _ in range(3)] == [["WATCHDOG=1"]] * 3
        server.send(signal.SIGTERM)
        messages = [next_message(manager)]
        while messages[-1] == ["WATCHDOG=1"]:
            messages.append(next_message(manager))
        assert messages[-1] == ["STOPPING=1", "STATUS=Finishing what is in hand"]
        assert server.wait() == 0

    def test_one_that_cannot_start_is_never_ready(self, manager, start_server):
        with pytest.raises(ServerDied):
            start_server({"SAFELIGHT_IO_THREADS": "none"})
        manager.setblocking(False)
        with pytest.raises(BlockingIOError):
            manager.recv(1024)

    def test_renderer_processes_know_nothing_of_the_manager(self, manager, start_server):
        server = start_server()
        assert next_message(manager)[0] == "READY=1"
        pids = [int(pid) for pid in os.listdir("/proc") if pid.isdigit()]
        children = [pid for pid in pids if parent_of(pid) == server.pid]
        assert children
        for pid in children:
            with open(f"/proc/{pid}/environ", "rb") as environment:
                assert b"NOTIFY_SOCKET" not in environment.read()


def parent_of(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as stat:
            return int(stat.read().rpartition(")")[2].split()[1])
    except OSError:
        return None
