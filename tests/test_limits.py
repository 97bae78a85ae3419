"""Limits that are set from outside: memory, processes and descriptors that the kernel does not give. Renderer processes die,
uploads are refused in words, and the server goes on."""

import contextlib
import http.client
import io
import os
import resource
import signal
import socket
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from PIL import Image

import backends
import http_client
import pictures
from check_invariants import check
from conftest import summary_lines
from control_group import ControlGroup, NoControlGroup
from eventually import eventually
from house import House
from http_client import multipart
from remains import Remains
from safelight_process import SafelightProcess, ServerDied
from uploader import assert_nothing_is_lost, is_well

MIB = 1024 * 1024


@contextlib.contextmanager
def control_group(**limits):
    try:
        group = ControlGroup(**limits)
    except NoControlGroup as error:
        told = f"Skipped for want of control groups ({error}): limits of memory and processes (test_limits.py)."
        if told not in summary_lines:
            summary_lines.append(told)
        pytest.skip(told)
    with group:
        yield group


def assert_whole(server, accepted):
    """At rest: what was accepted is done, and nothing of what was refused is left."""
    told = {"uploaded": {job["id"]: {"image": job["image"]["id"], "sha256": job["image"]["sha256"]} for job in accepted},
            "deleted": []}
    remains = Remains.of_folder(server.data)
    eventually(remains.is_quiet, timeout_s=30)
    assert check(remains, server.url, told) == []


def finished(client, job):
    """The job at its end, however many are before it."""
    def ended():
        now = client.get(f"/v1/jobs/{job['id']}", Prefer="wait=10").json()
        return now if now["status"] != "PROCESSING" else None
    return eventually(ended, timeout_s=120)


def try_again(client, jobs):
    """Those that failed, one after the other; each has to be done now."""
    for job in jobs:
        if job["status"] == "PROCESSED":
            continue
        assert {variant["error"]["type"] for variant in job["image"]["variants"] if variant["error"]} == {
            "/problems/renderer-failed"}, job
        assert client.request("POST", f"/v1/jobs/{job['id']}/retry").status == 202
        assert finished(client, job)["status"] == "PROCESSED"


def oom_score_adjustment(pid):
    with open(f"/proc/{pid}/oom_score_adj") as file:
        return int(file.read())


def large_picture(number, size=(7000, 5000)):
    """Small to send; decoded as a whole it takes more than 100 MB."""
    out = io.BytesIO()
    Image.new("RGB", size, (30, 160, number)).save(out, "WEBP", lossless=True, method=0)
    return out.getvalue()


class TestMemory:
    def test_renderers_offer_themselves_also_those_that_come_later(self, start_server):
        server = start_server({"SAFELIGHT_RENDERS": "2"})
        before = server.renderers()
        os.kill(before[0], signal.SIGKILL)
        server.client().process(pictures.make())
        eventually(lambda: len(set(server.renderers()) | set(before)) == 4)
        for pid in server.renderers():
            eventually(lambda pid=pid: oom_score_adjustment(pid) == 1000)
        assert oom_score_adjustment(server.pid) < 1000

    def test_the_kernel_kills_renderers_and_not_the_server(self, start_server, summarise):
        with control_group(memory_bytes=512 * MIB, processes=256) as group:
            # More is promised than there is.
            server = start_server({"SAFELIGHT_RENDERS": "4", "SAFELIGHT_RENDER_MEMORY": "4 GiB"}, prepare=group.enter)
            pid, client = server.pid, server.client()
            bodies = [body for number in range(8) for body in (large_picture(number), pictures.make(size=(200 + number, 150)))]
            with ThreadPoolExecutor(len(bodies)) as pool:
                answers = list(pool.map(client.upload, bodies))
                assert {answer.status for answer in answers} == {202}
                jobs = list(pool.map(lambda answer: finished(client, answer.json()), answers))
            kills = group.kills()
            summarise(f"512 MiB: the kernel killed {kills} renderer processes, "
                      f"{sum(job['status'] == 'FAILED' for job in jobs)} of {len(jobs)} jobs were given up until tried again")
            assert kills > 0
            assert "killed by signal 9" in server.wait_for_event("renderer replaced")["ending"]
            assert {job["status"] for job in jobs[1::2]} == {"PROCESSED"}, "small pictures are in nobody's way"
            try_again(client, jobs)
            assert server.running and server.pid == pid
            assert_whole(server, jobs)
            assert server.stop() == 0

    def test_the_budget_is_that_of_the_control_group(self, start_server):
        with control_group(memory_bytes=1024 * MIB) as group:
            server = start_server({"SAFELIGHT_RENDERS": "2"}, prepare=group.enter)
            assert server.wait_for_event("listening")["render_memory"] == "512 MiB"
            client = server.client()
            answers = [client.upload(large_picture(number, (4000, 3000))) for number in range(8)]
            assert {answer.status for answer in answers} == {202}, answers[0].body
            assert {finished(client, answer.json())["status"] for answer in answers} == {"PROCESSED"}
            assert group.kills() == 0
            assert server.stop() == 0


class Connection:
    """One that is kept."""

    def __init__(self, port):
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=40)
        self._connection.connect()

    def ask(self, method, target, headers=None, body=None):
        self._connection.request(method, target, body=body, headers=headers or {})
        raw = self._connection.getresponse()
        return http_client.Response(raw.status, raw.getheaders(), raw.read())

    def upload(self, content):
        content_type, body = multipart([("file", "picture", content)])
        return self.ask("POST", "/v1/jobs", {"Content-Type": content_type}, body)

    def close(self):
        self._connection.close()


def assert_busy(answer):
    assert answer.status == 503
    assert int(answer.header("Retry-After")) > 0


def leave_descriptors(pid, count):
    """Lowers the soft limit, so that the process finds so many and no more."""
    taken = {int(name) for name in os.listdir(f"/proc/{pid}/fd")}
    limit = 0
    while limit - sum(number < limit for number in taken) < count or limit in taken:
        limit += 1
    _, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (limit, hard))


def upload_with_few_descriptors(port, pid, counts):
    """With so many left, one after the other. What was answered, and what was accepted."""
    early = Connection(port)
    content = pictures.noise((300, 200))
    assert len(content) > 64 * 1024, "or it would travel to the renderer as a message"
    statuses, accepted = [], {}
    for count in counts:
        leave_descriptors(pid, count)
        answer = early.upload(content)
        return_descriptors(pid)
        statuses.append(answer.status)
        if answer.status == 202:
            accepted[answer.json()["id"]] = content
        else:
            assert_busy(answer)
    early.close()
    return statuses, accepted


def return_descriptors(pid):
    _, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (hard, hard))


def share_of_a_processor(server, seconds=1):
    """Of the server alone, while nothing is asked of it."""
    clock = ~server.pid << 3 | 2
    before = time.clock_gettime(clock)
    time.sleep(seconds)
    return (time.clock_gettime(clock) - before) / seconds


class TestDescriptors:
    def test_a_crowd_leaves_enough_for_those_who_are_served(self, start_server):
        server = start_server(prepare=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256)))
        told = server.wait_for_event("fewer connections than configured")
        assert (told["connections"], told["descriptors"]) == (128, 256)
        pid = server.pid
        crowd = [Connection(server.port) for _ in range(300)]
        answers = [connection.ask("GET", "/healthz") for connection in crowd]
        served = [connection for connection, answer in zip(crowd, answers) if answer.status == 200]
        assert len(served) == 128
        for answer in answers:
            if answer.status != 200:
                assert_busy(answer)
        with ThreadPoolExecutor(32) as pool:
            uploads = list(pool.map(lambda connection: connection.upload(pictures.make()), served[:64]))
        assert {answer.status for answer in uploads} == {202}
        accepted = [answer.json() for answer in uploads]
        done = [served[0].ask("GET", f"/v1/jobs/{job['id']}", {"Prefer": "wait=30"}).json() for job in accepted]
        assert {job["status"] for job in done} == {"PROCESSED"}
        assert share_of_a_processor(server) < 0.2
        assert server.client().get("/healthz").status == 503
        for connection in crowd:
            connection.close()
        eventually(lambda: server.client().get("/healthz").status == 200)
        assert_whole(server, accepted)
        assert server.running and server.pid == pid

    def test_an_upload_that_finds_none_left_is_refused_and_leaves_nothing(self, start_server):
        """However many are left: at whatever call they run out, and there is none at which they do not."""
        server = start_server({"SAFELIGHT_RENDERS": "2"})
        pid, client = server.pid, server.client()
        statuses, accepted = upload_with_few_descriptors(server.port, pid, range(12))
        assert statuses[0] == 503 and statuses[-1] == 202, statuses
        jobs = [finished(client, {"id": job}) for job in accepted]
        assert {job["status"] for job in jobs} == {"PROCESSED"}
        assert client.get("/readyz").status == 200
        assert_whole(server, jobs)
        assert server.running and server.pid == pid

    def test_so_is_one_over_postgresql_redis_and_s3(self, tmp_path):
        chosen = backends.Backends().make()
        house = House(tmp_path, chosen.settings()).start()
        try:
            pid = house.server.pid
            statuses, accepted = upload_with_few_descriptors(house.server.port, pid, range(12))
            assert 503 in statuses and statuses[-1] == 202, statuses
            assert_nothing_is_lost(house, accepted, Remains.of(house.settings))
            eventually(lambda: is_well(house))
            assert house.server.running and house.server.pid == pid
            house.stop()
        finally:
            house.kill()
            chosen.remove()

    def test_without_any_the_server_waits_and_so_do_its_jobs(self, start_server):
        server = start_server({"SAFELIGHT_RENDERS": "1", "SAFELIGHT_WORKERS": "2"})
        early = Connection(server.port)
        waiting = [socket.socket() for _ in range(40)]
        slow = {"name": "slow", "transform": {"resize": {"width": 1500}, "format": "avif", "effort": 6}}
        client = server.client()
        accepted = [client.upload(pictures.make(size=(1600, 1200)), variants=[slow]).json() for _ in range(4)]
        leave_descriptors(server.pid, 0)
        for one in waiting:
            one.settimeout(20)
            one.connect(("127.0.0.1", server.port))
            one.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        answers = [answer for one in waiting for answer in http_client.parse_responses(http_client.read_to_end(one))]
        # A worker that closes its file leaves room for somebody.
        assert len(answers) == len(waiting) and {answer.status for answer in answers} <= {200, 503}
        refused = [answer for answer in answers if answer.status == 503]
        assert len(refused) > len(waiting) / 2
        for answer in refused:
            assert_busy(answer)
        assert early.ask("GET", "/healthz").status == 200
        server.wait_for_event("job attempt", lambda event: event["outcome"] == "retried" and event["error"] == "unavailable")
        assert share_of_a_processor(server) < 0.3
        return_descriptors(server.pid)
        eventually(lambda: server.client().get("/readyz").status == 200)
        assert {finished(client, job)["status"] for job in accepted} == {"PROCESSED"}
        assert_whole(server, accepted)


class TestProcesses:
    SMALL = {"SAFELIGHT_RENDERS": "1", "SAFELIGHT_WORKERS": "2", "SAFELIGHT_BLOCKING_THREADS": "2"}

    def test_a_start_with_too_few_says_so_whichever_thread_is_missing(self, tmp_path):
        started = False
        with control_group(processes=1) as group:
            for count in range(1, 200, 2):
                group.limit_processes(count)
                server = SafelightProcess(tmp_path / "server", self.SMALL, prepare=group.enter)
                try:
                    server.start()
                except ServerDied:
                    assert server.wait() == 1, server.log_tail()
                    assert "could be started" in server.log_tail() or "could not be started" in server.log_tail()
                    continue
                started = True
                assert server.stop() == 0
                break
        assert started and count > 20

    def test_renderers_that_cannot_be_started_are_waited_for(self, start_server):
        with control_group(processes=300) as group:
            server = start_server({**self.SMALL, "SAFELIGHT_RENDERS": "2"}, prepare=group.enter)
            pid, client = server.pid, server.client()
            group.limit_processes(len(server.threads()))
            for renderer in server.renderers():
                os.kill(renderer, signal.SIGKILL)
            refused = client.upload(pictures.make())
            assert_busy(refused)
            server.wait_for_event("no renderer could be started")
            assert client.get("/healthz").status == 200
            group.limit_processes(300)
            accepted = eventually(lambda: (answer := client.upload(pictures.make())).status == 202 and answer, timeout_s=20)
            assert finished(client, accepted.json())["status"] == "PROCESSED"
            assert_whole(server, [accepted.json()])
            assert server.running and server.pid == pid
            assert server.stop() == 0

    @pytest.mark.parametrize("format", ["webp", "avif", "heic"])
    def test_a_picture_waits_for_the_threads_of_its_codec(self, start_server, format):
        with control_group(processes=300) as group:
            server = start_server({**self.SMALL, "SAFELIGHT_TRIES_MAX": "1", "SAFELIGHT_BACKOFF_BASE": "100ms"}, prepare=group.enter)
            client = server.client()
            group.limit_processes(1)
            answer = client.upload(pictures.make(format, (640, 480)), variants=[
                {"name": name, "transform": {"resize": {"width": 200}, "format": name}} for name in ("jpeg", "webp", "avif")])
            assert answer.status == 202
            in_vain = {"outcome": "retried", "error": "unavailable"}
            eventually(lambda: len(server.events("job attempt")) >= 3, timeout_s=30)
            assert all(event.items() >= in_vain.items() for event in server.events("job attempt"))
            group.limit_processes(300)
            job = finished(client, answer.json())
            assert job["status"] == "PROCESSED"
            assert_whole(server, [job])
            assert server.stop() == 0
