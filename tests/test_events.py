"""Server-sent events of whole processes: over restarts and kills, on several nodes, with keys that are revoked."""

import threading
import time

import pytest

import backends
import pictures
from event_stream import EventStream
from eventually import eventually
from house import House
from http_client import Client
from safelight_process import SafelightProcess
from test_access import KeyClient, command, make_key

STORY = ["job.received", "job.queued", "job.started", "variant.ready", "job.finished"]


@pytest.fixture
def follow(request):
    """Opens streams; all are closed in the end."""
    opened = []

    def start(server, target="/v1/events", **options):
        contract = getattr(type(server), "contract", None)
        opened.append(EventStream(server.port, target, observe=contract.check if contract else None, **options))
        return opened[-1]

    yield start
    for stream in opened:
        stream.close()


def upload(client, number=0):
    response = client.upload(pictures.make(size=(200 + number, 150)))
    assert response.status == 202, response.body
    return response.json()["id"]


class TestOneNode:
    def test_a_job_tells_its_whole_story(self, server, client, follow):
        job = upload(client)
        stream = follow(server, f"/v1/jobs/{job}/events")
        stream.wait_for_end()
        assert stream.types(job) == STORY
        assert stream.events[-1].data == client.get(f"/v1/jobs/{job}").json()
        again = follow(server, f"/v1/jobs/{job}/events", last_id=stream.last_id)
        assert again.status == 204, "an EventSource stops then"
        assert follow(server, f"/v1/jobs/{job}/events", last_id="nonsense").status == 400
        assert follow(server, "/v1/events", last_id="nonsense").status == 400

    def test_an_account_hears_of_all_its_jobs(self, server, client, follow):
        stream = follow(server)
        assert stream.status == 200
        stream.wait_for_place()
        jobs = [upload(client, number) for number in range(10)]
        stream.wait_for_finishes(jobs)
        for job in jobs:
            assert stream.types(job) == STORY

    def test_failures_and_other_rounds_are_told(self, start_server, follow):
        server = start_server({"SAFELIGHT_WORKERS": "0"})
        client = server.client()
        stream = follow(server)
        stream.wait_for_place()
        job = upload(client)
        stream.wait_for(lambda event: event.type == "job.queued")
        assert client.request("POST", f"/v1/jobs/{job}/cancel").status == 200
        finish = stream.wait_for(lambda event: event.type == "job.finished")
        assert finish.data["status"] == "FAILED"
        assert stream.types(job) == ["job.received", "job.queued", "variant.failed", "job.finished"]
        assert client.request("POST", f"/v1/jobs/{job}/retry").status == 202
        eventually(lambda: stream.types(job).count("job.queued") == 2)

    def test_silence_is_broken(self, start_server, follow):
        server = start_server({"SAFELIGHT_EVENT_HEARTBEAT": "100ms"})
        stream = follow(server)
        eventually(lambda: stream.comments >= 3)

    def test_a_client_that_went_away_is_noticed(self, start_server, follow):
        server = start_server({"SAFELIGHT_EVENT_HEARTBEAT": "100ms", "SAFELIGHT_EVENT_STREAMS_MAX": "1"})
        follow(server).close()
        eventually(lambda: follow(server).status == 200)
        refused = follow(server)
        assert refused.status == 503 and int(refused.response.getheader("Retry-After")) >= 1

    def test_a_stop_ends_streams_at_once_and_well(self, start_server, follow):
        server = start_server()
        client = server.client()
        job = client.upload(pictures.make(), variants="").json()["id"]
        streams = [follow(server) for _ in range(5)]
        for stream in streams:
            stream.wait_for_place()
        begun = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - begun < 5, "not only at the end of the drain"
        for stream in streams:
            stream.wait_for_end()
        assert job


class TestComingBack:
    def test_after_a_kill_no_finish_is_missing(self, start_server, follow):
        server = start_server({"SAFELIGHT_WORKERS": "0"})
        client = server.client()
        stream = follow(server)
        place = stream.wait_for_place()
        jobs = [upload(client, number) for number in range(20)]
        stream.wait_for(lambda event: event.type == "job.queued" and event.data["id"] == jobs[9])
        stream.close()
        stream.wait_for_end()
        heard_to = stream.last_id
        assert heard_to != place
        server.kill()
        server.settings["SAFELIGHT_WORKERS"] = "4"
        server.restart()
        for job in jobs:
            assert server.client().wait(job)["status"] == "PROCESSED"
        again = follow(server, last_id=heard_to)
        again.wait_for_finishes(jobs)
        assert not [event for event in again.events if event.type == "stream.reset"]
        # And whoever has heard it all hears none of it again.
        third = follow(server, last_id=again.last_id)
        last = upload(server.client())
        third.wait_for_finishes([last])
        assert set(third.finished()) == {last}

    def test_a_stream_of_a_job_goes_on_after_a_kill(self, start_server, follow):
        server = start_server({"SAFELIGHT_WORKERS": "0"})
        job = upload(server.client())
        stream = follow(server, f"/v1/jobs/{job}/events")
        stream.wait_for(lambda event: event.type == "job.queued")
        server.kill()
        stream.wait_for_end()
        server.settings["SAFELIGHT_WORKERS"] = "2"
        server.restart()
        again = follow(server, f"/v1/jobs/{job}/events", last_id=stream.last_id)
        again.wait_for_end()
        assert again.types(job)[-3:] == ["job.started", "variant.ready", "job.finished"]
        assert "job.received" not in again.types(job), "that is known"

    def test_a_place_of_another_catalog_is_told(self, server, follow):
        stream = follow(server, last_id="ffffffffffff-01934b7e-5f00-7abc-8def-0123456789ab")
        stream.wait_for(lambda event: event.type == "stream.reset")


@pytest.fixture
def nodes(tmp_path):
    """Two servers without workers and two workers, on PostgreSQL."""
    chosen = backends.Backends(queue="catalog", store="folder").make()
    house = House(tmp_path, chosen.settings()).start()
    second = SafelightProcess(tmp_path / "second", {**house.settings, "SAFELIGHT_WORKERS": "0"}).start()
    yield house, second
    second.kill()
    house.kill()
    chosen.remove()


class TestSeveralNodes:
    def test_each_node_tells_what_happens_on_any(self, nodes, follow):
        house, second = nodes
        streams = [follow(house.server), follow(second)]
        for stream in streams:
            stream.wait_for_place()
        jobs = [upload(Client(server.port), number) for number in range(10) for server in (house.server, second)]
        for stream in streams:
            stream.wait_for_finishes(jobs)
            for job in jobs:
                assert stream.types(job) == STORY
        begun = time.monotonic()
        last = upload(Client(second.port))
        streams[0].wait_for_finishes([last])
        assert time.monotonic() - begun < 5

    def test_who_comes_back_to_another_node_misses_no_finish(self, nodes, follow):
        house, second = nodes
        stream = follow(house.server)
        stream.wait_for_place()
        jobs = [upload(Client(second.port), number) for number in range(40)]
        stream.wait_for(lambda event: event.type == "job.finished")
        house.server.kill()
        stream.wait_for_end()
        heard = set(stream.finished())
        again = follow(second, last_id=stream.last_id)
        again.wait_for_finishes(set(jobs) - heard)
        assert set(again.finished()) | heard == set(jobs)

    def test_a_stream_of_a_job_tells_of_a_worker_elsewhere(self, nodes, follow):
        house, second = nodes
        job = upload(Client(second.port))
        stream = follow(house.server, f"/v1/jobs/{job}/events")
        stream.wait_for_end()
        assert stream.types(job) == STORY
        assert follow(second, f"/v1/jobs/{job}/events", last_id=stream.last_id).status == 204

    def test_a_client_that_comes_back_again_and_again_hears_of_each(self, nodes, follow):
        """From node to node, cut at once after each first news."""
        house, second = nodes
        place = follow(house.server).wait_for_place()
        jobs = {upload(Client(house.server.port), number) for number in range(30)}
        heard = set()
        deadline = time.monotonic() + 60
        turn = 0
        while heard != jobs:
            assert time.monotonic() < deadline, f"missing: {jobs - heard}"
            stream = follow((house.server, second)[turn % 2], last_id=place)
            turn += 1
            stream.wait_for(lambda event: event.type == "job.finished")
            stream.close()
            stream.wait_for_end()
            heard |= set(stream.finished())
            place = stream.last_id


class TestAccess:
    def test_an_account_hears_of_its_own_jobs_alone(self, start_server, follow):
        server = start_server({"SAFELIGHT_ACCESS": "keys"})
        command(server, "account", "create", "other")
        ours = KeyClient(server, make_key(server, "images:read", "images:write"))
        theirs = KeyClient(server, make_key(server, "images:read", "images:write", account="other"))
        stream = follow(server, headers={"Authorization": f"Bearer {ours.key}"})
        stream.wait_for_place()
        foreign, own = upload(theirs), upload(ours)
        assert theirs.wait(foreign)["status"] == "PROCESSED"
        stream.wait_for_finishes([own])
        assert not stream.types(foreign)
        headers = {"Authorization": f"Bearer {theirs.key}"}
        assert follow(server, f"/v1/jobs/{own}/events", headers=headers).status == 404

    def test_a_revoked_key_ends_its_streams_within_five_seconds(self, start_server, follow):
        server = start_server({"SAFELIGHT_ACCESS": "keys", "SAFELIGHT_WORKERS": "0"})
        admin = KeyClient(server, make_key(server, "admin"))
        issued = admin.post_json("/v1/keys", {"name": "a", "scopes": ["images:read", "images:write"]}).json()
        job = upload(KeyClient(server, issued["key"]))
        headers = {"Authorization": f"Bearer {issued['key']}"}
        streams = [follow(server, headers=headers), follow(server, f"/v1/jobs/{job}/events", headers=headers)]
        for stream in streams:
            stream.wait_for_place()
        command(server, "key", "revoke", issued["id"])
        begun = time.monotonic()
        for stream in streams:
            stream.wait_for_end()
        assert time.monotonic() - begun < 5
        assert follow(server, headers=headers).status == 401

    def test_also_one_that_always_has_something_to_say(self, start_server, follow):
        server = start_server({"SAFELIGHT_ACCESS": "keys", "SAFELIGHT_WORKERS": "0"})
        admin = KeyClient(server, make_key(server, "admin"))
        busy = KeyClient(server, make_key(server, "images:read", "images:write"))
        issued = admin.post_json("/v1/keys", {"name": "a", "scopes": ["images:read"]}).json()
        stream = follow(server, headers={"Authorization": f"Bearer {issued['key']}"})
        stream.wait_for_place()
        picture = pictures.make("png", (9, 9))
        over = threading.Event()

        def keep_busy():
            while not over.is_set():
                busy.upload(picture)

        uploaders = [threading.Thread(target=keep_busy) for _ in range(3)]
        for uploader in uploaders:
            uploader.start()
        try:
            stream.wait_for(lambda event: event.type == "job.queued")
            command(server, "key", "revoke", issued["id"])
            assert stream.wait_for_end() < 5
        finally:
            over.set()
            for uploader in uploaders:
                uploader.join()
