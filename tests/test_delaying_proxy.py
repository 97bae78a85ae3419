"""The proxy of the fault tests by itself: what it does to bytes, and that it takes it back."""

import socket
import socketserver
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from delaying_proxy import DOWN, UP, BadCommand, DelayingProxy, obey
from eventually import eventually

PATIENCE_S = 10


class Echo(socketserver.BaseRequestHandler):
    def handle(self):
        try:
            while piece := self.request.recv(65536):
                self.server.received += len(piece)
                self.request.sendall(piece)
        except OSError:
            pass


class EchoServer(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    received = 0


@pytest.fixture
def echo():
    with EchoServer(("127.0.0.1", 0), Echo) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def proxy(echo):
    with DelayingProxy(echo.server_address) as started:
        yield started


def connect(proxy):
    return socket.create_connection(("127.0.0.1", proxy.port), timeout=PATIENCE_S)


def receive(client, count):
    received = b""
    while len(received) < count:
        piece = client.recv(count - len(received))
        if not piece:
            break
        received += piece
    return received


def answers(client, text=b"hello"):
    client.sendall(text)
    return receive(client, len(text)) == text


def is_silent(client, seconds=0.1):
    client.settimeout(seconds)
    try:
        return client.recv(1) is None
    except TimeoutError:
        return True
    finally:
        client.settimeout(PATIENCE_S)


def test_without_faults_everything_goes_through_unchanged(proxy):
    content = bytes(range(256)) * 8192  # 2 MiB: more than is held
    with connect(proxy) as client:
        sender = threading.Thread(target=lambda: (client.sendall(content), client.shutdown(socket.SHUT_WR)))
        sender.start()
        assert receive(client, len(content) + 1) == content, "and the end came after it"
        sender.join()
    assert proxy.bytes_passed(UP) == proxy.bytes_passed(DOWN) == len(content)
    assert proxy.connections == 1
    eventually(lambda: proxy.open_connections == 0)


def test_a_delay_holds_for_its_time_and_for_its_direction(proxy):
    with connect(proxy) as client:
        assert answers(client)
        proxy.delay(0.2, DOWN)
        start = time.monotonic()
        assert answers(client)
        assert 0.2 <= time.monotonic() - start < 0.2 + PATIENCE_S
        proxy.delay(0.1, UP)
        start = time.monotonic()
        assert answers(client)
        assert time.monotonic() - start >= 0.3


def test_a_delay_is_no_throttle(proxy):
    with connect(proxy) as client:
        proxy.delay(0.2)
        start = time.monotonic()
        for _ in range(20):
            client.sendall(b"x")
            time.sleep(0.01)  # so that they are pieces of their own
        assert receive(client, 20) == b"x" * 20
        assert time.monotonic() - start < 20 * 0.2


def test_a_throttle_takes_its_time(proxy):
    with connect(proxy) as client:
        proxy.slow(10_000, DOWN)
        start = time.monotonic()
        assert answers(client, b"x" * 3000)
        assert time.monotonic() - start >= 0.25


def test_a_stall_holds_what_it_is_told_to_and_lets_go_of_it(proxy, echo):
    with connect(proxy) as client:
        proxy.stall(DOWN)
        client.sendall(b"hello")
        eventually(lambda: echo.received == 5, describe=lambda: "what is asked arrives")
        assert is_silent(client)
        proxy.heal()
        assert receive(client, 5) == b"hello"
        proxy.stall(UP)
        client.sendall(b"again")
        assert is_silent(client)
        assert echo.received == 5
        proxy.heal()
        assert receive(client, 5) == b"again"


def test_a_stalled_proxy_takes_connections(proxy):
    proxy.stall()
    with connect(proxy) as client:
        client.sendall(b"hello")
        assert is_silent(client)


def test_a_cut_resets_every_connection_and_no_new_one(proxy):
    with connect(proxy) as one, connect(proxy) as other:
        assert answers(one) and answers(other)
        proxy.cut()
        for client in (one, other):
            with pytest.raises(ConnectionResetError):
                client.recv(1)
    with connect(proxy) as client:
        assert answers(client)


def test_a_cut_goes_through_a_stall(proxy):
    with connect(proxy) as client:
        assert answers(client)
        proxy.stall()
        client.sendall(b"hello")
        proxy.cut()
        with pytest.raises(ConnectionResetError):
            client.recv(1)


def test_cut_after_so_many_bytes(proxy):
    proxy.cut_after(3, DOWN)
    for _ in range(2):
        with connect(proxy) as client:
            client.sendall(b"hello")
            assert receive(client, 5) == b"hel"
    proxy.heal()
    with connect(proxy) as client:
        assert answers(client)


def test_cut_before_the_first_byte(proxy):
    proxy.cut_after(0, DOWN)
    with connect(proxy) as client:
        client.sendall(b"hello")
        assert receive(client, 5) == b""


def test_one_bit_of_one_byte_is_corrupted(proxy):
    proxy.corrupt(7, DOWN)
    with connect(proxy) as client:
        client.sendall(b"abcde")
        assert receive(client, 5) == b"abcde"
        client.sendall(b"fghij")
        assert receive(client, 5) == b"fgiij"
        assert answers(client, b"abcdefghij"), "once in a connection"


def test_a_refusal_refuses_and_leaves_the_others_alone(proxy):
    with connect(proxy) as client:
        assert answers(client)
        port = proxy.port
        proxy.refuse()
        with pytest.raises(ConnectionRefusedError):
            connect(proxy)
        assert answers(client)
        proxy.heal()
        assert proxy.port == port
        with connect(proxy) as another:
            assert answers(another)


def test_a_server_that_is_not_there_is_a_reset(echo):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        # The reset may come as soon as the connection is there.
        with DelayingProxy(unused.getsockname()) as proxy, pytest.raises(ConnectionResetError):
            with connect(proxy) as client:
                client.recv(1)


def test_whoever_leaves_is_let_go(proxy):
    proxy.delay(0.01)
    for _ in range(20):
        with connect(proxy) as client:
            client.sendall(b"hello")
    eventually(lambda: proxy.open_connections == 0)


@pytest.mark.parametrize("address", [("0.0.0.0", 1), ("192.0.2.1", 80), ("::", 80)])
def test_nothing_but_loopback(address):
    with pytest.raises(BadCommand):
        DelayingProxy(address)
    with pytest.raises(BadCommand):
        DelayingProxy(("127.0.0.1", 1), listen=address)


@pytest.mark.parametrize("line", ["delays 1", "delay", "delay x", "delay -1", "delay 1 sideways", "delay 1 up x",
                                  "slow 0", "cut now", "cut-after -1", "corrupt 1.5", "heal up"])
def test_commands_that_make_no_sense_are_refused(proxy, line):
    with pytest.raises(BadCommand):
        obey(proxy, line)


def test_as_a_program_it_takes_commands_from_its_input(echo):
    program = Path(__file__).with_name("delaying_proxy.py")
    host, port = echo.server_address
    with subprocess.Popen([sys.executable, program, "--to", f"{host}:{port}"], text=True, stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as process:
        def say(line):
            process.stdin.write(line + "\n")
            process.stdin.flush()
            return process.stdout.readline().strip()

        address = process.stdout.readline().removeprefix("listening on ").strip()
        host, port = address.rsplit(":", 1)
        with socket.create_connection((host, int(port)), timeout=PATIENCE_S) as client:
            assert answers(client)
            assert say("stall down") == "ok"
            client.sendall(b"hello")
            assert is_silent(client)
            assert say("nonsense").startswith("error: ")
            assert say("heal") == "ok"
            assert receive(client, 5) == b"hello"
        process.stdin.close()
        assert process.wait(PATIENCE_S) == 0
