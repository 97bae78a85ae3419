"""Many worker processes and many jobs, over PostgreSQL and S3 and each queue: every job is committed once. It is a trigger of
the test's own in the database that counts, and other clients than ours that look: psql and boto3."""

import itertools
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

import backends
import pictures
from eventually import eventually
from http_client import Client
from safelight_process import SafelightProcess, run_command

# What happens to jobs and to the ledger, row by row: more than the rows themselves can tell at the end.
AUDIT = """
CREATE TABLE audit (what text NOT NULL, id uuid NOT NULL);
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO audit VALUES (TG_ARGV[0], (to_jsonb(NEW) ->> TG_ARGV[1])::uuid);
    RETURN NULL;
END $$;
CREATE TRIGGER audit_finished AFTER UPDATE ON jobs FOR EACH ROW
    WHEN (NEW.finished_at IS DISTINCT FROM OLD.finished_at) EXECUTE FUNCTION note('finished', 'id');
CREATE TRIGGER audit_claimed AFTER UPDATE ON jobs FOR EACH ROW
    WHEN (NEW.attempts > OLD.attempts) EXECUTE FUNCTION note('claimed', 'id');
CREATE TRIGGER audit_reserved AFTER INSERT ON blobs FOR EACH ROW EXECUTE FUNCTION note('reserved', 'key');
CREATE TRIGGER audit_doomed AFTER UPDATE ON blobs FOR EACH ROW
    WHEN (NEW.state = 'doomed') EXECUTE FUNCTION note('doomed', 'key');
"""


@pytest.fixture(params=backends.QUEUES)
def chosen(request):
    made = backends.Backends(queue=request.param).make()
    yield made
    made.remove()


class Crowd:
    """A server without workers, and `count` processes of workers."""

    def __init__(self, folder, settings, count):
        # Nobody dies, so a lease that runs out would be a fault of the machine's speed.
        settings = {"SAFELIGHT_DATA": str(folder / "data"), "SAFELIGHT_LEASE": "2m", **settings}
        migrated = run_command("migrate", "up", cwd=folder, settings=settings)
        assert migrated.returncode == 0, migrated.stderr
        self.server = SafelightProcess(folder / "server", {**settings, "SAFELIGHT_WORKERS": "0"})
        self.workers = [SafelightProcess(folder / f"worker-{number}",
                                         {**settings, "SAFELIGHT_WORKERS": "2", "SAFELIGHT_CATALOG_CONNECTIONS": "4",
                                          "SAFELIGHT_WORKER_HEALTH": "127.0.0.1:0"}, command="worker") for number in range(count)]

    def stop(self):
        for process in (self.server, *self.workers):
            if process.running:
                assert process.stop() == 0, process.log_tail()

    def kill(self):
        for process in (self.server, *self.workers):
            if process.running:
                process.kill()


@pytest.fixture
def crowd(chosen, full, tmp_path):
    made = Crowd(tmp_path, chosen.settings(), 8 if full else 4)
    backends.psql(AUDIT, chosen.database_url())
    made.server.start()
    yield made
    made.kill()


def upload(port, numbers):
    """From several threads; each picture is another."""
    client = Client(port)

    def one(number):
        answer = client.upload(pictures.make(size=(100 + number % 100, 80 + number // 100)))
        assert answer.status == 202, answer.body
        return answer.json()["id"]

    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(one, numbers))


def test_every_job_is_committed_once(crowd, chosen, full, summarise):
    count = 1000 if full else 200
    counted = lambda query: int(backends.psql(query, chosen.database_url()))
    noted = lambda what: counted(f"SELECT count(*) FROM audit WHERE what = '{what}'")
    # Half of them wait when the workers come, the others come while they work.
    jobs = upload(crowd.server.port, range(count // 2))
    began = time.monotonic()
    for worker in crowd.workers:
        worker.start()
    jobs += upload(crowd.server.port, range(count // 2, count))
    eventually(lambda: noted("finished") >= count, timeout_s=60 + count // 4, interval_s=0.2,
               describe=lambda: f"{noted('finished')} of {count} are finished")
    took_s = time.monotonic() - began
    crowd.stop()
    assert counted("SELECT count(*) FROM jobs WHERE status = 'PROCESSED' AND attempts = 1 AND tries = 0") == count
    assert noted("finished") == noted("claimed") == count
    assert counted("SELECT count(DISTINCT id) FROM audit WHERE what = 'finished'") == count
    assert counted("SELECT count(*) FROM variants WHERE status = 'ready'") == count
    assert (noted("reserved"), noted("doomed")) == (2 * count, 0), "something was made that nobody wanted"
    assert counted("SELECT count(*) FROM blobs WHERE state = 'live'") == counted("SELECT count(*) FROM blobs") == 2 * count
    assert len(chosen.bucket().keys()) == 2 * count
    attempts = [[event["job_id"] for event in worker.events("job attempt")] for worker in crowd.workers]
    assert sorted(itertools.chain(*attempts)) == sorted(jobs)
    assert all(attempts), "a worker had nothing to do"
    summarise(f"crowd: {len(crowd.workers)} worker processes × {count} jobs, {chosen.queue} queue: each claimed once, committed "
              f"once, {2 * count} objects, in {took_s:.1f} s")
