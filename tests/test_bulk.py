"""Many jobs at once, in the background: deleted, and tried again, with the server killed in the middle."""

import concurrent.futures

import pictures
from data_folder import blob_files, contents, rows
from eventually import eventually

TOTAL = 600


def upload_many(client, count):
    picture = pictures.make("png", (9, 9))
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        statuses = list(pool.map(lambda _: client.upload(picture).status, range(count)))
    assert statuses == [202] * count


def progress(server, location):
    return server.client().get(location).json()


def kill_in_the_middle(server, location):
    """Killed once something is done and not all of it; started again."""
    eventually(lambda: progress(server, location)["jobs_done"] > 0, interval_s=0.001)
    server.kill()
    done = rows(server.data, "SELECT jobs_done FROM bulk_operations")[0][0]
    assert 0 < done < TOTAL, "not in the middle"
    server.restart()


def finished(server, location):
    return eventually(lambda: (operation := progress(server, location))["finished"] and operation, timeout_s=30)


def test_a_deletion_that_is_killed_in_the_middle_goes_on(start_server):
    server = start_server({"SAFELIGHT_WORKERS": "0", "SAFELIGHT_LEASE": "1s"})
    client = server.client()
    kept = client.upload(pictures.make("png", (9, 9))).json()
    assert client.request("POST", f"/v1/jobs/{kept['id']}/cancel").status == 200
    upload_many(client, TOTAL)
    accepted = client.delete("/v1/jobs?status=PROCESSING")
    assert accepted.status == 202
    location = accepted.header("Location")
    assert client.get(location).json()["kind"] == "delete"
    kill_in_the_middle(server, location)
    assert finished(server, location)["jobs_done"] == TOTAL, "each once"
    assert [job["id"] for job in server.client().get("/v1/jobs").json()["items"]] == [kept["id"]]
    eventually(lambda: len(blob_files(server.data)) == 1)
    left = contents(server.data)
    assert (left.images, left.jobs, left.ledger) == (1, 1, 1)


def test_a_retry_that_is_killed_in_the_middle_goes_on(start_server):
    server = start_server({"SAFELIGHT_WORKERS": "0", "SAFELIGHT_LEASE": "1s"})
    client = server.client()
    upload_many(client, TOTAL)
    jobs = [uuid.hex() for uuid, in rows(server.data, "SELECT id FROM jobs")]
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        cancelled = list(pool.map(lambda job: client.request("POST", f"/v1/jobs/{as_id(job)}/cancel").status, jobs))
    assert cancelled == [200] * TOTAL
    accepted = client.request("POST", "/v1/jobs/retry")
    assert accepted.status == 202
    location = accepted.header("Location")
    kill_in_the_middle(server, location)
    assert finished(server, location)["jobs_done"] == TOTAL
    server.stop()
    server.settings["SAFELIGHT_WORKERS"] = "4"
    server.restart()
    eventually(lambda: rows(server.data, "SELECT count(*) FROM jobs WHERE status = 'PROCESSED'")[0][0] == TOTAL, timeout_s=60)


def as_id(text):
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))
