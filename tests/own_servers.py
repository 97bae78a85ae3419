"""Servers of a test's own, to freeze, kill and start again; made by the functions of scripts/services/*.sh.

    servers = OwnServers().start()
    os.environ.update(servers.environment())   # what backends.py reads
    servers["redis"].freeze()
"""

import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
from pathlib import Path

from eventually import eventually
from safelight_process import REPOSITORY


def shell(service, commands):
    """The lines that `commands` print, which may call the functions of scripts/services/SERVICE.sh."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SAFELIGHT_")}
    done = subprocess.run(["bash", "-c", f". scripts/services.sh; . scripts/services/{service}.sh; {commands}"],
                          cwd=REPOSITORY, env=kept, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120,
                          check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()


def children_of(pid):
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def is_gone(pid):
    """Ended, whether or not somebody has asked for its exit status."""
    try:
        return ") Z " in Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return True


def is_listening(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class OwnServer:
    """All processes of one server, as one."""

    name = None

    def __init__(self, folder):
        self.folder = folder / self.name
        self.folder.mkdir()
        self._pids = []
        self._frozen = []

    def processes(self):
        return list(self._pids)

    def freeze(self):
        self._frozen = self.processes()
        for pid in self._frozen:
            os.kill(pid, signal.SIGSTOP)

    def thaw(self):
        for pid in self._frozen:
            if not is_gone(pid):
                os.kill(pid, signal.SIGCONT)
        self._frozen = []

    def kill(self):
        """At once, and nothing of it is left."""
        pids = self.processes()
        for pid in pids:
            if not is_gone(pid):
                os.kill(pid, signal.SIGKILL)
        eventually(lambda: all(map(is_gone, pids)))
        self._pids = []


class OwnRedis(OwnServer):
    name = "redis"

    def start(self):
        self._run("start_redis $folder")
        return self

    def start_again(self):
        self._run(f"run_redis $folder {self.environment['SAFELIGHT_TEST_REDIS'].rpartition(':')[2]}")

    def _run(self, start):
        pid, url = shell(self.name, f"folder={self.folder}; {start}; echo $redis_pid; echo $SAFELIGHT_TEST_REDIS")
        self._pids = [int(pid)]
        self.environment = {"SAFELIGHT_TEST_REDIS": url}


class OwnPostgres(OwnServer):
    name = "postgres"

    def start(self):
        self._run("start_postgres $folder")
        return self

    def start_again(self):
        port = re.search(r":(\d+)/", self.environment["SAFELIGHT_TEST_POSTGRES"])[1]
        self._run(f"free_ports() {{ echo {port}; }}; run_postgres $folder")

    def _run(self, start):
        pid, url = shell(self.name, f"folder={self.folder}; {start} && echo $postgres_pid && echo $SAFELIGHT_TEST_POSTGRES")
        self._pids = [int(pid)]
        self.environment = {"SAFELIGHT_TEST_POSTGRES": url}

    def processes(self):
        return [process for pid in self._pids for process in (pid, *children_of(pid))]

    def kill(self):
        super().kill()
        # Where nobody asks for the exit status of orphans, the dead one would seem to be alive.
        (self.folder / "data" / "postmaster.pid").unlink(missing_ok=True)

    def lie_on(self, disk):
        """Tables that are made from now on lie there."""
        place = disk.folder / "tables"
        place.mkdir()
        if os.getuid() == 0:
            shutil.chown(place, "postgres", "postgres")
        for statement in (f"CREATE TABLESPACE small LOCATION '{place}'", "ALTER SYSTEM SET default_tablespace = small",
                          "SELECT pg_reload_conf()"):
            subprocess.run(["psql", "-X", "-q", "-c", statement, self.environment["SAFELIGHT_TEST_POSTGRES"]], check=True,
                           capture_output=True, timeout=60)

    def freeze(self):
        for pid in self._pids:  # first, so that no more come
            os.kill(pid, signal.SIGSTOP)
        super().freeze()


class SmallDisk:
    """A file system in memory, which can be filled; `mounted` is False where nobody may mount."""

    def __init__(self, folder):
        self.folder = folder
        self.folder.mkdir()
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m,mode=777", "tmpfs", str(folder)], capture_output=True,
                              check=False)
        self.mounted = done.returncode == 0

    def fill(self):
        with open(self.folder / "filler", "wb", buffering=0) as filler:
            try:
                while filler.write(bytes(4096)):
                    pass
            except OSError:
                pass  # full

    def empty(self):
        (self.folder / "filler").unlink()

    def close(self):
        if self.mounted:
            subprocess.run(["umount", str(self.folder)], check=True)


class OwnS3(OwnServer):
    name = "s3"

    def start(self):
        names = ("SAFELIGHT_TEST_S3", "SAFELIGHT_TEST_S3_ACCESS_KEY", "SAFELIGHT_TEST_S3_SECRET_KEY")
        tell = "; ".join(f"echo ${name}" for name in names)
        pids, *values = shell(self.name, f"start_s3 {self.folder} && echo ${{s3_pids[*]}}; {tell}")
        self._pids = [int(pid) for pid in pids.split()]
        self.environment = dict(zip(names, values))
        return self

    def start_again(self):
        configuration = (self.folder / "proxy.conf").read_text()
        port = re.search(r"bind_port = (\d+)", configuration)[1]
        memcached = re.search(r"memcache_servers = 127.0.0.1:(\d+)", configuration)[1]
        pids, = shell(self.name, f"run_s3 {self.folder} {port} {memcached}; echo ${{s3_pids[*]}}")
        self._pids = [int(pid) for pid in pids.split()]
        eventually(lambda: all(map(is_listening, self._ports())), timeout_s=60)
        shell(self.name, f"catch_up_s3 {self.folder}")

    def _ports(self):
        for path in self.folder.glob("*.conf"):
            if port := re.search(r"bind_port = (\d+)", path.read_text()):
                yield int(port[1])


class OwnServers:
    """One of each; by name."""

    def __init__(self, kinds=(OwnPostgres, OwnRedis, OwnS3)):
        self._kinds = kinds
        self.folder = None
        self._servers = {}

    def __getitem__(self, name):
        return self._servers[name]

    def start(self):
        # Not below pytest's folder, which the user that PostgreSQL runs as cannot reach.
        self.folder = Path(tempfile.mkdtemp(prefix="safelight-own-"))
        try:
            for kind in self._kinds:
                self._servers[kind.name] = kind(self.folder)
                self._servers[kind.name].start()
        except BaseException:
            self.close()
            raise
        return self

    def environment(self):
        return {name: value for server in self._servers.values() for name, value in server.environment.items()}

    def close(self, *disks):
        for server in self._servers.values():
            server.kill()
        for disk in disks:
            disk.close()
        shutil.rmtree(self.folder)
