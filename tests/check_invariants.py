#!/usr/bin/env python3
"""Checks that an installation at rest keeps Safelight's promises; reads the backends without the program (remains.py), and
asks the program's own `reconcile` as well.

    check_invariants.py [DATA] [--url http://127.0.0.1:PORT] [--acknowledged FILE]

    I1  nothing acknowledged is lost: originals are there, byte for byte
    I2  every ready variant is there, and is a picture of the recorded size
    I3  no orphans: ledger, references and blobs agree, and nothing is unfinished
    I4  every job, rerender, bulk operation and webhook delivery is at its end, or waits as it may
    I5  the same transform of the same picture looks the same
    I6  what was deleted is gone
    I7  processes are those that were started, with the memory and the open files that they had (baseline.py, from tests alone)
    I8  no byte crosses tenants (check_owners.py)
    I9  metrics say what the backends hold (check_metrics.py, with --url)

and what has no number: usage of accounts, hints, what the database says of itself, and `reconcile`.

Without DATA, a data folder, the backends are those that SAFELIGHT_DATA, SAFELIGHT_CATALOG, SAFELIGHT_QUEUE, SAFELIGHT_BLOBS
and SAFELIGHT_S3_… in the environment name.

FILE is JSON: {"uploaded": {job id: {"image": id, "sha256": hex}}, "deleted": [job id, …]}: what clients were told; and, if there
are any, "retried": {job id: attempts before}, and "operations": {bulk operation id: how many jobs}.
With --url, what is in the catalog is also fetched, and the metrics are read. Prints one line for each violation; the exit code is 1 if any.
"""

import argparse
import hashlib
import json
import os
import sys
import tempfile
import uuid
from pathlib import Path
from urllib.parse import urlsplit

from check_metrics import metric_faults
from check_owners import owner_faults
from http_client import Client
from pictures import mean_difference, opened
from remains import Remains
from safelight_process import run_command

TRIES_MAX = 3


class Checker:
    def __init__(self, remains, url=None, acknowledged=None, baselines=()):
        self.remains = remains
        self.rows, self.blobs, self.hints, self.settings = remains.rows, remains.blobs, remains.hints, remains.settings
        self.client = Client(urlsplit(url).port) if url else None
        self.acknowledged = acknowledged or {"uploaded": {}, "deleted": []}
        self.baselines = baselines
        self.violations = []

    def violated(self, invariant, text):
        self.violations.append(f"{invariant}: {text}")

    def run(self):
        self.check_originals()
        self.check_variants()
        self.check_ledger()
        self.check_uploads()
        self.check_jobs()
        self.check_rerenders()
        self.check_bulk_operations()
        self.check_webhooks()
        self.check_usage()
        self.check_owners()
        self.check_acknowledged()
        self.check_metrics()
        self.check_processes()
        self.check_hints()
        self.check_database()
        self.check_reconcile()
        return self.violations

    def check_blob(self, invariant, what, row):
        content = self.blobs.read(row["blob"])
        if content is None:
            self.violated(invariant, f"{what} has no blob {row['blob']}")
            return None
        if len(content) != row["size_bytes"] or hashlib.sha256(content).hexdigest() != row["sha256"]:
            self.violated(invariant, f"{what}: {row['blob']} is not what was recorded")
            return None
        return content

    def check_originals(self):
        """I1, as far as the backends tell."""
        for row in self.rows("SELECT id, blob, size_bytes, sha256 FROM images"):
            self.check_blob("I1", f"the original of {row['id']}", row)

    def check_variants(self):
        """I2, I5: every ready variant has its bytes, they are a picture of the recorded size, and the same transform of
        the same picture looks the same (what it was made together with may change its last bits)."""
        made = {}
        query = ("SELECT image_id, name, v.blob, v.size_bytes, v.sha256, v.width_px, v.height_px, transform, "
                 "i.sha256 AS original FROM variants v JOIN images i ON i.id = image_id WHERE v.status = 'ready'")
        for row in self.rows(query):
            what = f"the variant {row['name']} of {row['image_id']}"
            content = self.check_blob("I2", what, row)
            if content is None:
                continue
            try:
                picture = opened(content)
            except Exception as error:  # whatever a decoder says of broken bytes
                self.violated("I2", f"{what} does not decode: {error}")
                continue
            if picture.size != (row["width_px"], row["height_px"]):
                self.violated("I2", f"{what} is {picture.size}, recorded as {row['width_px']}×{row['height_px']}")
            same = made.setdefault((row["original"], row["transform"]), picture)
            if same.size != picture.size or mean_difference(same, picture) > 1:
                self.violated("I5", f"{what} looks unlike the same transform of the same picture elsewhere")

    def check_ledger(self):
        """I3: ledger, references and blobs agree; nothing is unfinished."""
        ledger = {row["key"]: row["state"] for row in self.rows("SELECT key, state FROM blobs")}
        referenced = {row["blob"] for row in self.rows("SELECT blob FROM images UNION ALL "
                                                       "SELECT blob FROM variants WHERE blob IS NOT NULL UNION ALL "
                                                       "SELECT blob FROM upload_parts")}
        there = self.blobs.keys()
        for name in self.blobs.unfinished():
            self.violated("I3", f"an unfinished write is left: {name}")
        for key, state in ledger.items():
            if state != "live":
                self.violated("I3", f"{key} is {state} at rest")
        live = {key for key, state in ledger.items() if state == "live"}
        for key in live - referenced:
            self.violated("I3", f"{key} is live, and nothing refers to it")
        for key in referenced - live:
            self.violated("I3", f"{key} is referred to, and not live")
        for key in there - ledger.keys():
            self.violated("I3", f"{key} is a blob without a row")
        for key in live - there:
            self.violated("I3", f"{key} is a row without a blob")

    def check_uploads(self):
        """I3: what has come of an unfinished upload is there, without gaps; a finished one has let go of it."""
        parts = self.rows("SELECT upload, position, blob, size_bytes, sha256 FROM upload_parts ORDER BY upload, position")
        for upload in self.rows("SELECT id, size_bytes, received_bytes, job FROM uploads"):
            end = 0
            for part in (part for part in parts if part["upload"] == upload["id"]):
                if part["position"] != end:
                    self.violated("I3", f"upload {upload['id']} has a gap before {part['position']}")
                self.check_blob("I3", f"part {end} of upload {upload['id']}", part)
                end = part["position"] + part["size_bytes"]
            if end != (0 if upload["job"] else upload["received_bytes"]):
                self.violated("I3", f"upload {upload['id']} has {end} bytes: {upload}")

    def check_jobs(self):
        """I4: every job is at an end, and was not tried more often than allowed."""
        query = "SELECT id, status, attempts, tries, lease_until FROM jobs"
        for row in self.rows(query):
            if row["status"] == "PROCESSING" or row["lease_until"] is not None:
                self.violated("I4", f"the job {row['id']} is {row['status']} at rest")
            if row["tries"] > TRIES_MAX:
                self.violated("I4", f"the job {row['id']} was tried {row['tries']} times")
        any_variant = "EXISTS (SELECT 1 FROM variants v WHERE v.image_id = jobs.image_id"
        derived = self.rows("SELECT id FROM jobs WHERE status <> CASE "
                            f"WHEN {any_variant} AND v.status = 'pending' AND NOT v.expired) THEN 'PROCESSING' "
                            f"WHEN {any_variant} AND v.status = 'failed') THEN 'FAILED' WHEN {any_variant}) THEN 'PROCESSED' "
                            "ELSE 'UNPROCESSED' END")
        for row in derived:
            self.violated("I4", f"the status of the job {row['id']} does not follow from its variants")
        backlog = self.rows("SELECT sum(value) AS value FROM totals WHERE name = 'backlog'")[0]["value"]
        if backlog != 0:
            self.violated("I4", f"the backlog is {backlog} at rest")

    def check_rerenders(self):
        """I2, I4: what is to be made again is at an end, and has its old content."""
        query = ("SELECT r.image_id, r.name, r.state, r.token, r.tries, r.transform = v.transform AS done, v.status "
                 "FROM rerenders r LEFT JOIN variants v USING (image_id, name)")
        for row in self.rows(query):
            what = f"the variant {row['name']} of {row['image_id']}"
            if row["state"] != "failed" or row["token"] is not None:
                self.violated("I4", f"{what} still waits to be made again at rest")
            if row["status"] != "ready":
                self.violated("I2", f"{what} is to be made again, and is {row['status']}")
            if row["done"]:
                self.violated("I4", f"{what} is to be made again as it is")
            if row["tries"] > TRIES_MAX + 1:  # the last one gives up without trying
                self.violated("I4", f"{what} was tried {row['tries']} times")
        waiting = self.rows("SELECT sum(value) AS value, (SELECT count(*) FROM rerenders WHERE state = 'waiting') AS counted "
                            "FROM totals WHERE name = 'rerenders'")[0]
        if waiting["value"] != waiting["counted"]:
            self.violated("I4", f"{waiting['value']} rerenders are said to wait, {waiting['counted']} do")

    def check_bulk_operations(self):
        """I4: what is done to many jobs is at an end. Of what was accepted each job was done, once."""
        operations = {row["id"]: row for row in self.rows("SELECT id, jobs_done, jobs_skipped, finished_at FROM bulk_operations")}
        for operation in operations.values():
            if operation["finished_at"] is None:
                self.violated("I4", f"the bulk operation {operation['id']} is not finished at rest")
        attempts = {row["id"]: row["attempts"] for row in self.rows("SELECT id, attempts FROM jobs")}
        for job, before in self.acknowledged.get("retried", {}).items():
            if job in attempts and attempts[job] <= before:
                self.violated("I4", f"the job {job} was to be tried again, and was not")
        for operation, count in self.acknowledged.get("operations", {}).items():
            row = operations.get(operation)
            if row is None or (row["jobs_done"], row["jobs_skipped"]) != (count, 0):
                self.violated("I4", f"the bulk operation {operation} of {count} jobs is told as {row}")
            if self.client:
                answer = self.client.get(f"/v1/bulk-operations/{operation}")
                if answer.status != 200 or not answer.json()["finished"] or answer.json()["jobs_done"] != count:
                    self.violated("I4", f"the bulk operation {operation} of {count} jobs is answered with {answer.body}")

    def check_webhooks(self):
        """I4: a job that is at its end was told to every endpoint that was there for it, or will be; of one job and endpoint in
        the order in which it was finished; what is finished was tried, and what waits is held by nobody at rest."""
        secrets = {row["webhook"] for row in self.rows("SELECT webhook FROM webhook_secrets WHERE expires_at IS NULL")}
        for row in self.rows("SELECT id FROM webhooks WHERE removed_at IS NULL"):
            if row["id"] not in secrets:
                self.violated("I4", f"the webhook {row['id']} has no secret")
        attempts = {}
        for row in self.rows("SELECT delivery, number, http_status, error FROM webhook_attempts ORDER BY delivery, number"):
            attempts.setdefault(row["delivery"], []).append(row)
        payloads = {}
        for row in self.rows("SELECT * FROM webhook_deliveries ORDER BY sequence"):
            what = f"the delivery {row['id']} of {row['job']}"
            made = attempts.get(row["id"], [])
            payload = json.loads(row["payload"])
            if payload["type"] != row["event"] or payload["data"].get("job_id") != row["job"]:
                self.violated("I4", f"{what} says {payload}")
            if made and made[-1]["number"] > row["attempts"]:
                self.violated("I4", f"{what} has an attempt {made[-1]['number']} of {row['attempts']}")
            if row["status"] == "delivered" and not any(attempt["error"] is None for attempt in made):
                self.violated("I4", f"{what} is delivered, and no attempt was taken")
            if row["status"] == "failed" and not any(attempt["error"] for attempt in made):
                self.violated("I4", f"{what} was given up, and no attempt has failed")
            if row["job"]:
                earlier = payloads.setdefault((row["webhook"], row["job"]), [])
                if earlier and earlier[-1] > payload["timestamp"]:
                    self.violated("I4", f"{what} was finished before the one ahead of it")
                earlier.append(payload["timestamp"])
        # As long as an endpoint was there, never disabled and never changed, all that was finished since is in its outbox. Its
        # id says when it was made, as the first 48 bits.
        present = "SELECT id, owner, events, updated_at FROM webhooks WHERE removed_at IS NULL AND disabled_at IS NULL"
        for webhook in self.rows(present):
            if webhook["updated_at"] != int(webhook["id"].replace("-", "")[:12], 16) or webhook["events"] != 0:
                continue
            for job in self.rows("SELECT id, owner, finished_at FROM jobs WHERE finished_at IS NOT NULL"):
                since = job["owner"] == webhook["owner"] and job["finished_at"] > webhook["updated_at"]
                if since and (webhook["id"], job["id"]) not in payloads:
                    self.violated("I4", f"the finish of {job['id']} is not in the outbox of {webhook['id']}")

    def check_usage(self):
        """What is said of each account is what it has; of the day's pixels nothing is missing."""
        of_variants = "(SELECT coalesce(sum(v.size_bytes), 0) FROM variants v WHERE v.image_id = images.id)"
        counted = {row["owner"]: (row["bytes"], row["images"]) for row in self.rows(
            f"SELECT owner, sum(size_bytes + {of_variants}) AS bytes, count(*) AS images FROM images GROUP BY owner")}
        said = {row["account"]: (row["bytes"], row["images"]) for row in self.rows(
            "SELECT account, sum(stored_bytes) AS bytes, sum(images) AS images FROM account_usage GROUP BY account")}
        for account in counted.keys() | said.keys():
            if said.get(account, (0, 0)) != counted.get(account, (0, 0)):
                self.violated("usage", f"{account} is said to have {said.get(account)} (bytes, images), "
                                       f"and has {counted.get(account)}")
        pixels = {(row["account"], row["day"]): row["pixels"] for row in self.rows(
            "SELECT account, day, sum(pixels) AS pixels FROM account_pixels GROUP BY account, day")}
        taken = {}
        for row in self.rows("SELECT id, owner, width_px * height_px * frames AS pixels FROM images"):
            day = (row["owner"], (uuid.UUID(row["id"]).int >> 80) // 86_400_000)
            taken[day] = taken.get(day, 0) + row["pixels"]
        for (account, day), sum_of_images in taken.items():
            # Days that are over are let go of; an id may be of a moment before midnight, and its job of one after it.
            if (account, day) in pixels and pixels[account, day] + pixels.get((account, day + 1), 0) < sum_of_images:
                self.violated("usage", f"{account} is said to have sent {pixels[account, day]} pixels on day {day}, "
                                       f"and has {sum_of_images} of it")
        for row in self.rows("SELECT account, sum(stored_bytes) AS bytes, sum(images) AS images FROM account_usage "
                             "GROUP BY account HAVING sum(stored_bytes) < 0 OR sum(images) < 0"):
            self.violated("usage", f"{row['account']} is said to have less than nothing: {row}")

    def check_owners(self):
        """I8"""
        for fault in owner_faults(self.rows):
            self.violated("I8", fault)

    def check_metrics(self):
        """I9"""
        for client in filter(None, [self.client, *(Client(baseline.process.port) for baseline in self.baselines)]):
            for fault in metric_faults(self.remains, client):
                self.violated("I9", fault)

    def check_processes(self):
        """I7"""
        for baseline in self.baselines:
            for fault in baseline.faults():
                self.violated("I7", fault)

    def check_acknowledged(self):
        """I1, I6: what clients were told holds."""
        there = {row["id"] for row in self.rows("SELECT id FROM jobs")}
        for job, told in self.acknowledged["uploaded"].items():
            if job not in there:
                self.violated("I1", f"the acknowledged upload {job} is lost")
            elif self.client:
                original = self.client.get(f"/v1/images/{told['image']}/original")
                if original.status != 200 or hashlib.sha256(original.body).hexdigest() != told["sha256"]:
                    self.violated("I1", f"the original of {job} comes as {original.status}, or with other bytes")
        for job in self.acknowledged["deleted"]:
            if job in there:
                self.violated("I6", f"the deleted job {job} is there")
            if self.client and self.client.get(f"/v1/jobs/{job}").status != 404:
                self.violated("I6", f"the deleted job {job} is served")
        if self.client:
            for job in there:
                self.fetch(job)

    def fetch(self, job):
        answer = self.client.get(f"/v1/jobs/{job}")
        if answer.status != 200:
            self.violated("I1", f"the job {job} is answered with {answer.status}")
            return
        image = answer.json()["image"]
        for thing in [image, *[variant for variant in image["variants"] if variant["status"] == "ready"]]:
            content = self.client.get(thing["url"])
            if content.status != 200 or len(content.body) != thing["bytes"]:
                self.violated("I2", f"{thing['url']} is answered with {content.status}, {len(content.body)} bytes")

    def check_hints(self):
        """Every hint went to a worker: a job at rest needs none."""
        if waiting := self.hints.waiting():
            self.violated("queue", f"{waiting} hints wait at rest")

    def check_database(self):
        for fault in self.rows.faults():
            self.violated("database", fault)

    def check_reconcile(self):
        with tempfile.TemporaryDirectory() as elsewhere:
            result = run_command("reconcile", "--verify", "--grace", "0s", cwd=elsewhere, settings=self.settings)
        if result.returncode != 0:
            self.violated("reconcile", (result.stdout + result.stderr).strip())


def check(remains, url=None, acknowledged=None, baselines=()):
    """The violations, as texts."""
    return Checker(remains, url, acknowledged, baselines).run()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, nargs="?")
    parser.add_argument("--url")
    parser.add_argument("--acknowledged", type=Path)
    arguments = parser.parse_args()
    acknowledged = json.loads(arguments.acknowledged.read_text()) if arguments.acknowledged else None
    remains = Remains.of_folder(arguments.data.absolute()) if arguments.data else Remains.of(os.environ)
    violations = check(remains, arguments.url, acknowledged)
    for violation in violations:
        print(violation)
    print(f"{len(violations)} violations")
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
