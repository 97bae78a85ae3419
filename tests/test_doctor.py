"""`safelight doctor`: what it finds, what it says, that its advice helps, and that it leaves nothing behind."""

import re
import shutil
import socket
import sqlite3
import struct
import subprocess
import urllib.parse

import pytest

import backends
import pictures
from delaying_proxy import DOWN, DelayingProxy
from faulty_http import FaultyHttp
from http_client import Client
from own_servers import OwnRedis, OwnServers
from remains import streams_of
from safelight_process import SafelightProcess, run_command
from transaction_pooler import TransactionPooler

VERDICTS = ("ok", "warn", "FAIL", "--")


@pytest.fixture
def doctor(tmp_path):
    def run(**settings):
        return run_command("doctor", cwd=tmp_path, settings={"SAFELIGHT_DATA": str(tmp_path / "data"), **settings})

    return run


def lines_of(ended):
    """part → (the gravest verdict, all that is said)"""
    found, part = {}, None
    for line in ended.stdout.splitlines():
        verdict, text = line[:5].strip(), line[16:]
        if verdict in VERDICTS:
            part = line[6:15].strip()
            found.setdefault(part, (verdict, text))
        if text != found[part][1]:
            found[part] = (found[part][0], f"{found[part][1]}\n{text}")
    return found


def verdicts_of(ended):
    return {part: verdict for part, (verdict, _) in lines_of(ended).items()}


@pytest.fixture
def migrated(tmp_path):
    ended = run_command("migrate", "up", cwd=tmp_path, settings={"SAFELIGHT_DATA": str(tmp_path / "data")})
    assert ended.returncode == 0, ended.stderr


class TestOnOneMachine:
    def test_everything_is_well(self, migrated, doctor):
        ended = doctor()
        found = lines_of(ended)
        assert ended.returncode == 0, ended.stdout
        assert set(found) == {"data", "schema", "catalog", "blobs", "queue", "renderer"}
        assert {verdict for verdict, _ in found.values()} == {"ok"}
        assert "jpeg" in found["renderer"][1] and "locked in" in found["renderer"][1]
        assert "B free" in found["data"][1]

    def test_it_leaves_nothing_behind(self, migrated, doctor, tmp_path):
        assert doctor().returncode == 0
        with sqlite3.connect(tmp_path / "data/catalog.db") as catalog:
            assert catalog.execute("SELECT count(*) FROM blobs").fetchone() == (0,)
        assert not [path for path in (tmp_path / "data/blobs").rglob("*") if path.is_file() and path.stat().st_size]
        assert {path.name for path in (tmp_path / "data").iterdir()} - {"catalog.db-wal", "catalog.db-shm"} == {"blobs", "catalog.db"}

    def test_a_new_catalog_is_made_by_serve(self, doctor, tmp_path):
        ended = doctor()
        found = lines_of(ended)
        assert ended.returncode == 0
        assert "`safelight serve` makes it" in found["data"][1]
        assert "`safelight serve` makes it" in found["schema"][1]
        assert list(tmp_path.iterdir()) == [], "not as whoever looks, who may be another user"
        assert found["catalog"][0] == found["blobs"][0] == found["queue"][0] == "--"

    def test_a_store_that_cannot_be_written_to_is_named(self, migrated, doctor):
        ended = doctor(SAFELIGHT_BLOBS="file:///proc/nothing-can-be-made-here")
        found = lines_of(ended)
        assert ended.returncode == 1
        assert found["blobs"][0] == "FAIL"
        assert "/proc/nothing-can-be-made-here" in ended.stdout
        assert found["catalog"][0] == found["queue"][0] == "ok"

    def test_a_catalog_that_is_none_is_named(self, doctor, tmp_path):
        (tmp_path / "data").mkdir()
        (tmp_path / "data/catalog.db").write_bytes(b"not a database at all" * 500)
        ended = doctor()
        assert ended.returncode == 1
        assert lines_of(ended)["schema"][0] == "FAIL"

    def test_a_file_in_the_place_of_the_data_folder_is_named(self, doctor, tmp_path):
        (tmp_path / "data").write_text("I am a file")
        ended = doctor()
        verdict, said = lines_of(ended)["data"]
        assert ended.returncode == 1 and verdict == "FAIL"
        assert f'SAFELIGHT_DATA is "{tmp_path}/data": the folder cannot be made' in said

    def test_a_data_folder_where_nothing_can_be_written_is_named(self, doctor):
        ended = doctor(SAFELIGHT_DATA="/proc/self")
        verdict, said = lines_of(ended)["data"]
        assert ended.returncode == 1 and verdict == "FAIL"
        assert 'SAFELIGHT_DATA is "/proc/self": nothing can be written there' in said

    def test_little_space_is_a_warning(self, migrated, doctor, tmp_path):
        free = shutil.disk_usage(tmp_path).free
        ended = doctor(SAFELIGHT_FREE_SPACE_MIN=f"{free * 7 // 10}B")
        verdict, said = lines_of(ended)["data"]
        assert ended.returncode == 0, ended.stdout
        assert verdict == "warn"
        assert f"are left at {tmp_path}/data" in said and "SAFELIGHT_FREE_SPACE_MIN" in said
        assert verdicts_of(ended)["blobs"] == "ok"

    def test_an_open_sandbox_is_a_warning(self, migrated, doctor):
        ended = doctor(SAFELIGHT_SANDBOX="off")
        verdict, said = lines_of(ended)["renderer"]
        assert ended.returncode == 0
        assert verdict == "warn" and "NOT LOCKED IN" in said and "jpeg" in said


@pytest.fixture
def chosen():
    made = backends.Backends().make()
    yield made
    made.remove()


def migrate(chosen, folder):
    ended = run_command("migrate", "up", cwd=folder, settings=chosen.settings())
    assert ended.returncode == 0, ended.stderr


def advice_in(said, beginning):
    """The commands between backticks that begin so."""
    return [command for command in re.findall(r"`([^`]+)`", said) if command.startswith(beginning)]


class TestOnManyMachines:
    def test_everything_is_well_and_nothing_stays(self, chosen, doctor, tmp_path):
        migrate(chosen, tmp_path)
        ended = doctor(**chosen.settings())
        found = lines_of(ended)
        assert ended.returncode == 0, ended.stdout
        assert list(found) == ["data", "postgres", "schema", "catalog", "blobs", "queue", "renderer"]
        assert {verdict for verdict, _ in found.values()} == {"ok"}, ended.stdout
        assert f"PostgreSQL {backends.psql('SHOW server_version').split()[0]};" in found["postgres"][1]
        redis_version = re.search(r"redis_version:(\S+)", backends.redis("INFO", "server"))[1]
        assert found["queue"][1].startswith(f"Redis {redis_version};")
        assert "in parts as well" in found["blobs"][1]
        for part in ("catalog", "blobs", "queue"):
            assert re.search(r"answers in \d+\.\d\d ms", found[part][1]), found[part]
        for part in ("postgres", "blobs", "queue"):
            assert "its clock agrees with this one's" in found[part][1], "all on one machine"
        assert backends.psql("SELECT count(*) FROM blobs", chosen.database_url()) == "0"
        assert chosen.bucket().keys() == set() and chosen.bucket().unfinished() == []
        assert backends.redis("EXISTS", *streams_of(chosen.name)) == "0"

    def test_a_data_folder_that_only_has_copies_may_be_read_only(self, chosen, doctor, tmp_path):
        migrate(chosen, tmp_path)
        ended = doctor(**chosen.settings(), SAFELIGHT_DATA="/proc/self")
        verdict, said = lines_of(ended)["data"]
        assert ended.returncode == 0 and verdict == "warn", ended.stdout
        assert "nothing can be written there" in said and "No copies of uploads are kept." in said
        assert verdicts_of(doctor(**chosen.settings(), SAFELIGHT_DATA="/proc/self", SAFELIGHT_BLOBS_LOCAL="0"))["data"] == "ok"

    def test_what_does_not_need_the_catalog_is_looked_at_without_it(self, chosen, doctor, tmp_path):
        ended = doctor(**{**chosen.settings(), "SAFELIGHT_CATALOG": "postgresql://safelight@127.0.0.1:1/none"})
        verdict, said = lines_of(ended)["postgres"]
        assert ended.returncode == 1 and verdict == "FAIL"
        assert "The catalog cannot be reached" in said and "port 1 failed" in said and "is SAFELIGHT_CATALOG right?" in said
        verdicts = verdicts_of(ended)
        assert verdicts["schema"] == verdicts["catalog"] == "--"
        assert verdicts["blobs"] == verdicts["queue"] == "ok", ended.stdout
        assert "the catalog comes first" in lines_of(ended)["blobs"][1]


class TestPostgres:
    @pytest.fixture
    def chosen(self):
        made = backends.Backends("postgres", "catalog", "folder").make()
        yield made
        made.remove()

    @pytest.fixture
    def role(self, chosen):
        name = f"role_of_{chosen.name}"
        backends.psql(f"CREATE ROLE {name} LOGIN")
        yield name
        backends.psql(f"DROP OWNED BY {name}", chosen.database_url())
        backends.psql(f"DROP ROLE {name}")

    @staticmethod
    def as_role(chosen, role):
        url = urllib.parse.urlsplit(chosen.database_url())
        return {"SAFELIGHT_CATALOG": url._replace(netloc=f"{role}@{url.hostname}:{url.port}").geturl()}

    def test_a_role_without_rights_is_told_which_and_the_advice_helps(self, chosen, role, doctor, tmp_path):
        migrate(chosen, tmp_path)
        ended = doctor(**self.as_role(chosen, role))
        verdict, said = lines_of(ended)["postgres"]
        assert ended.returncode == 1 and verdict == "FAIL"
        assert f'The role "{role}" lacks rights' in said
        assert "SELECT, INSERT, UPDATE, DELETE on jobs" in said and "USAGE on rerender_tokens" in said
        assert verdicts_of(ended)["schema"] == verdicts_of(ended)["catalog"] == "--"
        commands = advice_in(said, "GRANT")
        assert len(commands) == 2
        for command in commands:
            backends.psql(command, chosen.database_url())
        mended = doctor(**self.as_role(chosen, role))
        assert mended.returncode == 0, mended.stdout
        assert set(verdicts_of(mended).values()) == {"ok"}
        server = SafelightProcess(tmp_path / "server", self.as_role(chosen, role)).start()
        try:
            client = Client(server.port)
            job = client.process(pictures.make())
            assert job["status"] == "PROCESSED"
            assert client.delete(f"/v1/jobs/{job['id']}").status == 204
        finally:
            server.kill()

    def test_one_right_that_lacks_is_named(self, chosen, role, doctor, tmp_path):
        migrate(chosen, tmp_path)
        for right in (f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {role}", f"GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO {role}",
                      f"REVOKE INSERT ON variants FROM {role}"):
            backends.psql(right, chosen.database_url())
        ended = doctor(**self.as_role(chosen, role))
        assert ended.returncode == 1
        assert "It lacks INSERT on variants.\n" in ended.stdout

    def test_a_schema_that_the_role_cannot_make_is_told_with_what_it_takes(self, chosen, role, doctor, tmp_path):
        ended = doctor(**self.as_role(chosen, role))
        verdict, said = lines_of(ended)["schema"]
        assert ended.returncode == 1 and verdict == "FAIL"
        assert "run `safelight migrate up`" in said and f'The role "{role}" cannot do that' in said
        command, = advice_in(said, "GRANT CREATE")
        backends.psql(command, chosen.database_url())
        assert "cannot do that" not in lines_of(doctor(**self.as_role(chosen, role)))["schema"][1]
        done = run_command("migrate", "up", cwd=tmp_path, settings=self.as_role(chosen, role))
        assert done.returncode == 0, done.stderr
        assert doctor(**self.as_role(chosen, role)).returncode == 0

    def test_a_schema_that_may_not_be_used_is_not_taken_for_an_empty_one(self, chosen, role, doctor, tmp_path):
        migrate(chosen, tmp_path)
        backends.psql("REVOKE USAGE ON SCHEMA public FROM PUBLIC", chosen.database_url())
        ended = doctor(**self.as_role(chosen, role))
        assert ended.returncode == 1
        assert "may use no schema of its search path" in lines_of(ended)["postgres"][1]
        assert "migrate up" not in ended.stdout

    def test_few_connections_are_a_warning(self, chosen, role, doctor, tmp_path):
        migrate(chosen, tmp_path)
        backends.psql(f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {role}; GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO {role};"
                      f"ALTER ROLE {role} CONNECTION LIMIT 7", chosen.database_url())
        ended = doctor(**self.as_role(chosen, role))
        verdict, said = lines_of(ended)["postgres"]
        assert ended.returncode == 0, ended.stdout
        assert verdict == "warn"
        assert "7 connections are free, and one more process takes up to 18" in said
        fewer = doctor(**self.as_role(chosen, role), SAFELIGHT_CATALOG_CONNECTIONS="5")
        assert verdicts_of(fewer)["postgres"] == "ok"

    def test_a_pooler_that_does_not_keep_sessions_is_found(self, chosen, doctor, tmp_path):
        migrate(chosen, tmp_path)
        with TransactionPooler(backends.host_and_port("postgres")) as pooler:
            chosen.via["postgres"] = f"127.0.0.1:{pooler.port}"
            ended = doctor(**chosen.settings())
        verdict, said = lines_of(ended)["postgres"]
        assert ended.returncode == 1 and verdict == "FAIL"
        assert "A pooler stands before PostgreSQL" in said and "pool_mode = session" in said

    def test_a_proxy_that_keeps_sessions_is_fine(self, chosen, doctor, tmp_path):
        migrate(chosen, tmp_path)
        with DelayingProxy(backends.host_and_port("postgres")) as proxy:
            proxy.delay(0.02)
            chosen.via["postgres"] = f"127.0.0.1:{proxy.port}"
            ended = doctor(**chosen.settings())
        assert ended.returncode == 0, ended.stdout
        took_ms = float(re.search(r"answers in ([\d.]+) ms", lines_of(ended)["catalog"][1])[1])
        assert took_ms >= 40, "there and back"
        assert "its clock agrees with this one's" in lines_of(ended)["postgres"][1]

    def test_a_server_that_is_too_old_is_not_supported(self, chosen, doctor):
        """A real one, whose version is changed on the way: 15.18 becomes 05.18."""
        with DelayingProxy(backends.host_and_port("postgres")) as proxy:
            proxy.corrupt(place_of_version(chosen), DOWN)
            chosen.via["postgres"] = f"127.0.0.1:{proxy.port}"
            settings = chosen.settings()
            settings["SAFELIGHT_CATALOG"] += "?sslmode=disable&gssencmode=disable"
            ended = doctor(**settings)
        verdict, said = lines_of(ended)["postgres"]
        assert ended.returncode == 1 and verdict == "FAIL"
        assert re.fullmatch(r"The catalog needs PostgreSQL 15 or later; the server has version \d\.", said), said


def place_of_version(chosen):
    """Where in the server's greeting its version stands."""
    url = urllib.parse.urlsplit(chosen.database_url())
    words = ("user", url.username, "database", url.path[1:], "application_name", "safelight", "client_encoding", "UTF8", "")
    message = struct.pack("!I", 196608) + b"".join(word.encode() + b"\0" for word in words)
    with socket.create_connection((url.hostname, url.port)) as connection:
        connection.sendall(struct.pack("!I", len(message) + 4) + message)
        greeting = b""
        while b"server_version\0" not in greeting:
            greeting += connection.recv(65536)
    return greeting.index(b"server_version\0") + len(b"server_version\0")


@pytest.fixture(scope="module")
def own_redis():
    servers = OwnServers((OwnRedis,)).start()
    yield servers["redis"]
    servers.close()


class TestRedis:
    @pytest.fixture
    def tell(self, own_redis):
        """What an operator says to the server; it is as new for each test."""
        port = own_redis.environment["SAFELIGHT_TEST_REDIS"].rpartition(":")[2]

        def command(*words):
            return subprocess.run(["redis-cli", "-p", port, *words], capture_output=True, text=True, timeout=60, check=True).stdout.strip()

        yield command
        for words in (("REPLICAOF", "NO", "ONE"), ("CONFIG", "SET", "maxmemory-policy", "noeviction"), ("FLUSHALL",)):
            assert command(*words) == "OK"

    @staticmethod
    def url(own_redis, user=""):
        return own_redis.environment["SAFELIGHT_TEST_REDIS"].replace("redis://", f"redis://{user}")

    def test_a_user_without_a_right_is_told_which_and_the_advice_helps(self, own_redis, tell, migrated, doctor):
        assert tell("ACL", "SETUSER", "worker", "reset", "on", ">open-sesame", "~safelight:*", "+@all", "-xadd", "-eval") == "OK"
        ended = doctor(SAFELIGHT_QUEUE=self.url(own_redis, "worker:open-sesame@"))
        verdict, said = lines_of(ended)["queue"]
        assert ended.returncode == 1 and verdict == "FAIL"
        assert 'The user "worker" may not give commands that the queue needs' in said and "Refused: XADD." in said
        assert "may not give EVAL: the queue works" in said
        assert "meanwhile workers look for them in the catalog" in said
        assert "open-sesame" not in ended.stdout + ended.stderr
        assert tell("DBSIZE") == "0", "trying left something there"
        command, = set(advice_in(said, "ACL SETUSER"))
        assert tell(*command.split()) == "OK"
        mended = doctor(SAFELIGHT_QUEUE=self.url(own_redis, "worker:open-sesame@"))
        assert mended.returncode == 0 and verdicts_of(mended)["queue"] == "ok", mended.stdout

    def test_a_user_of_few_rights_is_enough_and_what_it_hides_is_said(self, own_redis, tell, migrated, doctor):
        tell("ACL", "SETUSER", "worker", "reset", "on", ">open-sesame", "~safelight:*", "-@all", "+@stream", "+multi", "+exec", "+ping",
             "+select", "+client|id", "+client|setname", "+client|unblock", "+eval")
        ended = doctor(SAFELIGHT_QUEUE=self.url(own_redis, "worker:open-sesame@"))
        verdict, said = lines_of(ended)["queue"]
        assert ended.returncode == 0 and verdict == "ok", ended.stdout
        assert "maxmemory-policy is not known, for lack of +info" in said and "clock is not known, for lack of +time" in said

    def test_a_policy_that_evicts_is_a_warning(self, own_redis, tell, migrated, doctor):
        tell("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
        ended = doctor(SAFELIGHT_QUEUE=self.url(own_redis))
        verdict, said = lines_of(ended)["queue"]
        assert ended.returncode == 0, ended.stdout
        assert verdict == "warn"
        assert "maxmemory-policy is allkeys-lru" in said and "Set it to noeviction" in said
        assert "answers in" in said, "the facts stay"
        tell("CONFIG", "SET", "maxmemory-policy", "volatile-lru")
        assert verdicts_of(doctor(SAFELIGHT_QUEUE=self.url(own_redis)))["queue"] == "ok", "streams have no end of their own"

    def test_a_replica_takes_no_hints(self, own_redis, tell, migrated, doctor):
        tell("REPLICAOF", "127.0.0.1", "1")
        ended = doctor(SAFELIGHT_QUEUE=self.url(own_redis))
        verdict, said = lines_of(ended)["queue"]
        assert ended.returncode == 1 and verdict == "FAIL"
        assert "This is a replica" in said and "name the primary in SAFELIGHT_QUEUE" in said

    def test_a_key_that_holds_something_else_is_named(self, own_redis, tell, migrated, doctor):
        tell("SET", "safelight:jobs:bulk", "a string")
        ended = doctor(SAFELIGHT_QUEUE=self.url(own_redis))
        verdict, said = lines_of(ended)["queue"]
        assert ended.returncode == 1 and verdict == "FAIL" and "?stream=name" in said

    def test_away_it_is_a_failure_that_holds_up_no_job(self, migrated, doctor):
        ended = doctor(SAFELIGHT_QUEUE="redis://127.0.0.1:1")
        verdict, said = lines_of(ended)["queue"]
        assert ended.returncode == 1 and verdict == "FAIL"
        assert "no connection to Redis at 127.0.0.1:1" in said and "is SAFELIGHT_QUEUE right?" in said and "meanwhile workers look for them in the catalog" in said
        assert {verdict for part, verdict in verdicts_of(ended).items() if part != "queue"} == {"ok"}


class TestS3:
    @pytest.fixture
    def chosen(self):
        made = backends.Backends("sqlite", "catalog", "s3")
        yield made
        made.remove()

    @pytest.fixture
    def settings(self, migrated, chosen):
        return chosen.settings()

    def test_a_wrong_secret_is_told_once_and_never_shown(self, settings, doctor):
        ended = doctor(**{**settings, "SAFELIGHT_S3_SECRET_KEY": "wr0ng-secret"})
        verdict, said = lines_of(ended)["blobs"]
        assert ended.returncode == 1 and verdict == "FAIL"
        assert ended.stdout.count("SignatureDoesNotMatch: the secret key does not belong to the access key") == 1
        assert "wr0ng-secret" not in ended.stdout + ended.stderr
        assert "its clock agrees with this one's" in said, "which rules the other reason out"

    def test_a_bucket_that_is_not_there_is_made_by_migrate(self, settings, chosen, doctor, tmp_path):
        parts = urllib.parse.urlsplit(settings["SAFELIGHT_BLOBS"])
        settings["SAFELIGHT_BLOBS"] = parts._replace(netloc=chosen.name.replace("_", "-")).geturl()
        ended = doctor(**settings)
        verdict, said = lines_of(ended)["blobs"]
        assert ended.returncode == 1 and verdict == "FAIL"
        assert "there is no such bucket: `safelight migrate up` makes it" in said
        done = run_command("migrate", "up", cwd=tmp_path, settings={"SAFELIGHT_DATA": str(tmp_path / "data"), **settings})
        assert done.returncode == 0, done.stderr
        assert doctor(**settings).returncode == 0

    @pytest.mark.parametrize("right, only", [
        ("s3:PutObject", lambda method, path: method == "PUT" and "partNumber" not in path),
        ("s3:GetObject", lambda method, path: method == "GET" and "?" not in path),
        ("s3:DeleteObject", lambda method, path: method == "DELETE" and "uploadId" not in path),
        ("s3:AbortMultipartUpload", lambda method, path: method == "DELETE" and "uploadId" in path),
        ("s3:ListBucket", lambda method, path: method == "GET" and "list-type" in path),
        ("s3:ListBucketMultipartUploads", lambda method, path: method == "GET" and "max-uploads" in path)])
    def test_a_right_that_lacks_is_named(self, chosen, migrated, doctor, right, only):
        """A policy that denies one kind of request, before a real store."""
        with FaultyHttp(backends.host_and_port("s3")) as proxy:
            chosen.via["s3"] = f"127.0.0.1:{proxy.port}"
            proxy.refuse(403, "AccessDenied", only=only)
            ended = doctor(**chosen.settings())
        verdict, said = lines_of(ended)["blobs"]
        assert ended.returncode == 1 and verdict == "FAIL"
        assert said.count(f"AccessDenied: the access key may not do this: mend its policy, or the keys ({right} is needed)") == 1, said

    def test_a_clock_that_is_off_is_told_before_the_store_refuses(self, chosen, migrated, doctor):
        with FaultyHttp(backends.host_and_port("s3")) as proxy:
            chosen.via["s3"] = f"127.0.0.1:{proxy.port}"
            for ahead_s, said_of_it in ((120, r"1(19|20|21) s ahead of"), (-120, r"1(19|20|21) s behind")):
                proxy.set_clock(ahead_s)
                ended = doctor(**chosen.settings())
                verdict, said = lines_of(ended)["blobs"]
                assert ended.returncode == 0 and verdict == "warn"
                assert re.match(rf"The store's clock is {said_of_it} this machine's", said), said

    def test_away_it_is_named(self, settings, doctor):
        settings["SAFELIGHT_BLOBS"] = "s3://pictures?endpoint=http://127.0.0.1:1"
        ended = doctor(**settings)
        verdict, said = lines_of(ended)["blobs"]
        assert ended.returncode == 1 and verdict == "FAIL"
        assert "no answer from the S3 store at 127.0.0.1:1" in said
