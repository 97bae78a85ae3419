"""What the backends hold, read by other clients than ours (sqlite3, psql, redis-cli, boto3), one like the other: ids and
keys are texts of UUIDs, hashes are hexadecimal."""

import functools
import json
import re
import sqlite3
import subprocess
import urllib.parse
import uuid
from dataclasses import dataclass
from pathlib import Path

UNFINISHED_SUFFIX = ".part"


class SqliteRows:
    """Read-only, as they stand."""

    def __init__(self, path):
        self.path = Path(path)

    def __call__(self, query):
        connection = sqlite3.connect(f"file:{self.path}?mode=ro", uri=True, timeout=10)
        connection.row_factory = sqlite3.Row
        try:
            return [{name: self._plain(row[name]) for name in row.keys()} for row in connection.execute(query)]
        finally:
            connection.close()

    @staticmethod
    def _plain(value):
        if not isinstance(value, bytes):
            return value
        return str(uuid.UUID(bytes=value)) if len(value) == 16 else value.hex()

    def faults(self):
        """What the database says of itself."""
        broken = [row["integrity_check"] for row in self("PRAGMA integrity_check")]
        return [answer for answer in broken if answer != "ok"] + [
            f"a foreign key of {row['table']} leads nowhere" for row in self("PRAGMA foreign_key_check")]


class PostgresRows:
    def __init__(self, url):
        self.url = url

    def __call__(self, query):
        done = subprocess.run(["psql", "-X", "-q", "-t", "-A", "-v", "ON_ERROR_STOP=1", self.url],
                              input=f"SELECT row_to_json(wanted) FROM ({query}) AS wanted", capture_output=True, text=True,
                              timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        return [{name: self._plain(value) for name, value in json.loads(line).items()} for line in done.stdout.splitlines()]

    @staticmethod
    def _plain(value):
        return value[2:] if isinstance(value, str) and value.startswith("\\x") else value

    def faults(self):
        """Constraints that were switched off or never checked, and indexes that are not whole."""
        return [row["name"] for row in self("SELECT conname AS name FROM pg_constraint WHERE NOT convalidated UNION ALL "
                                            "SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid")]


class FolderBlobs:
    def __init__(self, folder):
        self.folder = Path(folder)

    def keys(self):
        return {path.name for path in self._files() if not path.name.endswith(UNFINISHED_SUFFIX)}

    def unfinished(self):
        return [path.name for path in self._files() if path.name.endswith(UNFINISHED_SUFFIX)]

    def read(self, key):
        """None when it is not there."""
        path = self.folder / key[-2:] / key
        return path.read_bytes() if path.is_file() else None

    def remove(self, key):
        (self.folder / key[-2:] / key).unlink()

    def place(self, key, content):
        (self.folder / key[-2:] / key).write_bytes(content)

    def _files(self):
        return [path for path in self.folder.rglob("*") if path.is_file()]


class BucketBlobs:
    """By Amazon's own client."""

    def __init__(self, url, access_key, secret_key):
        parts = urllib.parse.urlsplit(url)
        self.bucket, self.prefix = parts.netloc, parts.path.strip("/") + "/"
        self._endpoint = dict(urllib.parse.parse_qsl(parts.query))["endpoint"]
        self._keys = (access_key, secret_key)

    @functools.cached_property
    def client(self):
        import boto3
        from botocore.config import Config

        return boto3.client("s3", endpoint_url=self._endpoint, region_name="us-east-1", aws_access_key_id=self._keys[0],
                            aws_secret_access_key=self._keys[1],
                            config=Config(s3={"addressing_style": "path"}, proxies={}, retries={"total_max_attempts": 3}))

    def objects(self):
        """The names of everything, the prefix included."""
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=self.prefix)
        return [entry["Key"] for page in pages for entry in page.get("Contents", [])]

    def keys(self):
        """Of blobs: without what the store's check leaves."""
        return {name.removeprefix(self.prefix) for name in self.objects()} - {"safelight-check"}

    def empty(self):
        for name in self.objects():
            self.client.delete_object(Bucket=self.bucket, Key=name)
        for upload in self.client.list_multipart_uploads(Bucket=self.bucket, Prefix=self.prefix).get("Uploads", []):
            self.client.abort_multipart_upload(Bucket=self.bucket, Key=upload["Key"], UploadId=upload["UploadId"])

    def unfinished(self):
        """Uploads of several parts that nobody has ended."""
        answer = self.client.list_multipart_uploads(Bucket=self.bucket, Prefix=self.prefix)
        return [upload["Key"].removeprefix(self.prefix) for upload in answer.get("Uploads", [])]

    def read(self, key):
        """None when it is not there."""
        try:
            return self.client.get_object(Bucket=self.bucket, Key=self.prefix + key)["Body"].read()
        except self.client.exceptions.NoSuchKey:
            return None

    def remove(self, key):
        self.client.delete_object(Bucket=self.bucket, Key=self.prefix + key)

    def place(self, key, content):
        self.client.put_object(Bucket=self.bucket, Key=self.prefix + key, Body=content)


LANES = ("", ":interactive", ":bulk", ":overflow-interactive", ":overflow-normal", ":overflow-bulk")


def streams_of(name):
    """The keys in Redis of a queue of this name."""
    return [name + lane for lane in LANES]


class Hints:
    """Redis Streams, one for each lane."""

    def __init__(self, url):
        parts = urllib.parse.urlsplit(url)
        self._command = ["redis-cli", "-h", parts.hostname, "-p", str(parts.port)]
        self.stream = dict(urllib.parse.parse_qsl(parts.query)).get("stream", "safelight:jobs")
        self.streams = streams_of(self.stream)

    def __call__(self, *command):
        return subprocess.run([*self._command, *command], capture_output=True, text=True, timeout=60, check=True).stdout.strip()

    def waiting(self):
        """Those that were given to no worker yet."""
        return sum(map(self._waiting_in, self.streams))

    def _waiting_in(self, stream):
        if self("EXISTS", stream) == "0":
            return 0
        in_hand = re.search(r"^pending\n(\d+)$", self("XINFO", "GROUPS", stream), re.MULTILINE)
        return int(self("XLEN", stream)) - int(in_hand[1] if in_hand else 0)


class NoHints:
    """The catalog as the queue."""

    def waiting(self):
        return 0


@dataclass(frozen=True)
class Remains:
    """Everything that one installation holds."""

    rows: SqliteRows | PostgresRows
    blobs: FolderBlobs | BucketBlobs
    hints: Hints | NoHints
    settings: dict  # for the program's own commands

    @staticmethod
    def of_folder(data):
        return Remains.of({"SAFELIGHT_DATA": str(data)})

    @staticmethod
    def of(settings):
        """As the settings name them: a data folder, and what is not in it."""
        data = Path(settings["SAFELIGHT_DATA"])
        catalog, queue, blobs = (settings.get(f"SAFELIGHT_{name}", "") for name in ("CATALOG", "QUEUE", "BLOBS"))
        return Remains(
            PostgresRows(catalog) if catalog.startswith("postgres") else SqliteRows(data / "catalog.db"),
            BucketBlobs(blobs, settings["SAFELIGHT_S3_ACCESS_KEY"], settings["SAFELIGHT_S3_SECRET_KEY"])
            if blobs.startswith("s3:") else FolderBlobs(data / "blobs"),
            Hints(queue) if queue.startswith("redis") else NoHints(), settings)

    def is_quiet(self):
        """No work waits, and nothing has to be swept."""
        row, = self.rows("SELECT (SELECT count(*) FROM jobs WHERE status = 'PROCESSING') + (SELECT count(*) FROM rerenders "
                         "WHERE state = 'waiting') + (SELECT count(*) FROM bulk_operations WHERE finished_at IS NULL) + "
                         "(SELECT count(*) FROM blobs WHERE state <> 'live') AS unsettled")
        return row["unsettled"] == 0
