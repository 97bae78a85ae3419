"""A stop drains: what is in flight ends well, and what is unfinished goes on after the next start."""

import contextlib
import signal

import pytest

import pictures
from eventually import eventually
from http_client import connect, parse_responses, read_response, read_to_end

PICTURE = pictures.noise((300, 300), format="jpeg")
HEAD = (b"POST /v1/jobs HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n"
        b"Expect: 100-continue\r\n\r\n" % len(PICTURE))


def begin_upload(connection):
    """Returns once the server has said that it reads the body, and some of it is sent."""
    connection.sendall(HEAD)
    assert connection.recv(4096).startswith(b"HTTP/1.1 100 ")
    connection.sendall(PICTURE[:1000])


def stop_begins(server, number):
    """Asks for a stop, and waits until the server says that it stops."""
    server.send(number)
    server.wait_for_event("stopping")


def is_served(server):
    """Whether somebody who comes now gets an answer."""
    try:
        with connect(server.port, 5) as late:
            late.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
            return bool(late.recv(1))
    except OSError:
        return False


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
class TestDrain:
    def test_an_upload_in_flight_finishes(self, start_server, number):
        server = start_server()
        with connect(server.port) as connection:
            begin_upload(connection)
            stop_begins(server, number)
            connection.sendall(PICTURE[1000:])
            response = read_response(connection)
        assert response.status == 202
        assert response.header("Connection") == "close"
        job = response.json()
        assert server.wait() == 0
        server.restart()
        client = server.client()
        assert client.wait(job["id"])["status"] == "PROCESSED"
        assert client.get(job["image"]["url"]).body == PICTURE

    def test_a_long_poll_ends(self, start_server, number):
        server = start_server({"SAFELIGHT_WORKERS": "0"})
        job_id = server.client().upload(PICTURE).json()["id"]
        with connect(server.port) as connection:
            connection.sendall(f"GET /v1/jobs/{job_id} HTTP/1.1\r\nHost: a\r\nPrefer: wait=60\r\n\r\n".encode())
            assert server.client().get("/healthz").status == 200
            server.send(number)
            responses = parse_responses(read_to_end(connection))
        assert [response.status for response in responses] in ([200], [503])
        assert server.wait() == 0

    def test_nobody_new_is_let_in(self, start_server, number):
        server = start_server()
        with connect(server.port) as held:
            begin_upload(held)
            stop_begins(server, number)
            eventually(lambda: not is_served(server), timeout_s=5)
            held.sendall(PICTURE[1000:])
            assert read_response(held).status == 202
        assert server.wait() == 0

    def test_idle_connections_do_not_hold_it_up(self, start_server, number):
        server = start_server()
        with connect(server.port) as idle:
            idle.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
            assert read_response(idle).status == 200
            server.send(number)
            assert server.wait(timeout_s=8) == 0
            assert read_to_end(idle) == b""


def test_a_client_that_hangs_is_cut_at_the_deadline(start_server):
    server = start_server({"SAFELIGHT_DRAIN_TIMEOUT": "500ms"})
    with connect(server.port) as connection:
        begin_upload(connection)
        stop_begins(server, signal.SIGTERM)
        assert server.wait(timeout_s=8) == 0
        read_to_end(connection)
    server.restart()
    assert server.client().get("/v1/jobs").json()["items"] == []


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_unfinished_jobs_go_on_after_a_restart(start_server, end):
    server = start_server({"SAFELIGHT_WORKERS": "1", "SAFELIGHT_LEASE": "1s"})
    client = server.client()
    data = pictures.noise((1500, 1500), format="jpeg")
    ids = [client.upload(data, f"{index}.jpg").json()["id"] for index in range(8)]
    if end == "stop":
        assert server.stop() == 0
    else:
        server.kill()
    server.restart()
    client = server.client()
    jobs = [client.wait(job_id, 60) for job_id in ids]
    assert {job["status"] for job in jobs} == {"PROCESSED"}
    for job in jobs:
        assert client.get(job["image"]["url"]).body == data
        thumbnail = client.get(job["image"]["variants"][0]["url"])
        assert thumbnail.status == 200 and pictures.opened(thumbnail.body).size == (100, 100)


def test_a_second_signal_ends_it_at_once(start_server):
    server = start_server({"SAFELIGHT_DRAIN_TIMEOUT": "60s"})
    with connect(server.port) as connection:
        begin_upload(connection)
        stop_begins(server, signal.SIGTERM)
        server.send(signal.SIGTERM)
        assert server.wait(timeout_s=5) != 0
    server.restart()


def test_two_servers_cannot_share_a_port(start_server):
    from safelight_process import run_command
    server = start_server()
    other = run_command("serve", cwd=server.folder, settings={
        "SAFELIGHT_DATA": server.folder / "other", "SAFELIGHT_LISTEN": f"127.0.0.1:{server.port}"})
    assert other.returncode == 1
    assert str(server.port) in other.stderr


def test_waiters_are_not_lost_when_many_stop_together(start_server):
    """Long polls, those that were only just sent among them, and idle connections all at once."""
    server = start_server({"SAFELIGHT_WORKERS": "0"})
    job = server.client().upload(PICTURE).json()["id"]
    with contextlib.ExitStack() as open_ones:
        idle = open_ones.enter_context(connect(server.port))
        idle.sendall(b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n")
        assert read_response(idle).status == 200
        waiters = [open_ones.enter_context(connect(server.port)) for _ in range(20)]
        for waiter in waiters:
            waiter.sendall(f"GET /v1/jobs/{job} HTTP/1.1\r\nHost: a\r\nPrefer: wait=60\r\n\r\n".encode())
        assert server.stop() == 0
        answers = [read_response(waiter) for waiter in waiters]
        assert [answer.status for answer in answers] == [200] * 20
        assert {answer.json()["status"] for answer in answers} == {"PROCESSING"}, "it waits in the queue"
        assert idle.recv(1) == b""
