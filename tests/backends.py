"""The real servers that ./test has started, each test with a database, a stream and a folder of the bucket of its own."""

import os
import subprocess
import urllib.parse
import uuid
from dataclasses import dataclass, field, replace

from remains import BucketBlobs, streams_of

CATALOGS = ("sqlite", "postgres")
QUEUES = ("catalog", "redis")
STORES = ("folder", "s3")


def address(name):
    """Where ./test has started the server; without it there is no test, and no skipping."""
    variable = f"SAFELIGHT_TEST_{name.upper()}"
    assert variable in os.environ, f"{variable} is not set: ./test starts the server and sets it"
    return os.environ[variable]


def psql(statement, url=None):
    done = subprocess.run(["psql", "-X", "-q", "-t", "-A", "-v", "ON_ERROR_STOP=1", url or address("postgres")], input=statement,
                          capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def redis(*command):
    url = urllib.parse.urlsplit(address("redis"))
    done = subprocess.run(["redis-cli", "-h", url.hostname, "-p", str(url.port), *command], capture_output=True, text=True,
                          timeout=60, check=True)
    return done.stdout.strip()


@dataclass
class Backends:
    """What the settings name. `via` replaces the address of a server, for a proxy in front of it."""

    catalog: str = "postgres"
    queue: str = "redis"
    store: str = "s3"
    via: dict = field(default_factory=dict)  # "postgres", "redis", "s3" → host:port
    name: str = field(default_factory=lambda: f"test_{uuid.uuid4().hex}")

    def make(self):
        if self.catalog == "postgres":
            psql(f"CREATE DATABASE {self.name}")
        return self

    def remove(self):
        if self.catalog == "postgres":
            psql(f"DROP DATABASE IF EXISTS {self.name} WITH (FORCE)")
        if self.queue == "redis":
            redis("DEL", *streams_of(self.name))
        if self.store == "s3":
            self.bucket().empty()  # the bucket may be one that stays

    def objects(self):
        """The names of all that is stored, seen by Amazon's own client."""
        return self.bucket().objects()

    def database_url(self):
        return urllib.parse.urlsplit(address("postgres"))._replace(path=f"/{self.name}").geturl()

    def _through(self, server, url):
        if server not in self.via:
            return url
        parts = urllib.parse.urlsplit(url)
        user = f"{parts.netloc.rpartition('@')[0]}@" if "@" in parts.netloc else ""
        return parts._replace(netloc=user + self.via[server]).geturl()

    def settings(self):
        settings = {}
        if self.catalog == "postgres":
            settings["SAFELIGHT_CATALOG"] = self._through("postgres", self.database_url())
        if self.queue == "redis":
            settings["SAFELIGHT_QUEUE"] = self._through("redis", address("redis")) + f"?stream={self.name}"
        if self.store == "s3":
            url = urllib.parse.urlsplit(address("s3"))
            query = dict(urllib.parse.parse_qsl(url.query))
            query["endpoint"] = self._through("s3", query["endpoint"])
            settings["SAFELIGHT_BLOBS"] = f"s3://{url.netloc}/{self.name}?{urllib.parse.urlencode(query)}"
            settings["SAFELIGHT_S3_ACCESS_KEY"] = os.environ["SAFELIGHT_TEST_S3_ACCESS_KEY"]
            settings["SAFELIGHT_S3_SECRET_KEY"] = os.environ["SAFELIGHT_TEST_S3_SECRET_KEY"]
        return settings

    def bucket(self):
        """Read by another client than ours, and without what is in front of the store."""
        settings = replace(self, via={}).settings()
        return BucketBlobs(settings["SAFELIGHT_BLOBS"], settings["SAFELIGHT_S3_ACCESS_KEY"], settings["SAFELIGHT_S3_SECRET_KEY"])


def host_and_port(server):
    """("127.0.0.1", 5432)"""
    url = urllib.parse.urlsplit(address(server))
    if server == "s3":
        url = urllib.parse.urlsplit(dict(urllib.parse.parse_qsl(url.query))["endpoint"])
    return url.hostname, url.port
