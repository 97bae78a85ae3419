"""Where the server must not be talked into fetching from, and whom it believes over TLS."""

import datetime
import ipaddress
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

import pictures
from conftest import finish, launch
from data_folder import contents
from fetching import (LOOPBACK, TIMEOUT, assert_refused, by_url, fetching, fresh_path, ours, source)  # noqa: F401 (fixtures)
from safelight_process import run_command
from source_server import SourceServer


@pytest.fixture(scope="module")
def strict(tmp_path_factory, source):
    """The same without the exception for this machine: every host is on the list, no private address is."""
    server = launch(tmp_path_factory.mktemp("strict"), {**TIMEOUT, "SAFELIGHT_SOURCE_HOSTS": f"*,*:{source.port}"})
    yield server
    finish(server)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """Of this machine's address, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.timezone.utc)
    signed = (x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
              .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(days=1))
              .not_valid_after(now + datetime.timedelta(days=1))
              .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
              .add_extension(x509.BasicConstraints(ca=True, path_length=None), True).sign(key, hashes.SHA256()))
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    path.write_bytes(signed.public_bytes(serialization.Encoding.PEM) + key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    return path


@pytest.mark.parametrize("variable, value", [
    ("SAFELIGHT_SOURCE_HOSTS", "https://example.com"), ("SAFELIGHT_SOURCE_HOSTS", "example.com,"), ("SAFELIGHT_SOURCE_HOSTS", "a.*"),
    ("SAFELIGHT_OUTBOUND_ALLOWED_NETWORKS", "10.0.0.1/8"), ("SAFELIGHT_OUTBOUND_ALLOWED_NETWORKS", "localhost"),
    ("SAFELIGHT_OUTBOUND_CA_FILE", "/no/such/file.pem"), ("SAFELIGHT_SOURCE_TIMEOUT", "0s"), ("SAFELIGHT_SOURCE_FETCHES_MAX", "0")])
def test_settings_that_are_wrong_stop_the_start(tmp_path, variable, value):
    done = run_command("serve", settings={"SAFELIGHT_DATA": tmp_path / "data", variable: value}, cwd=tmp_path)
    assert done.returncode != 0 and variable in done.stderr and value in done.stderr, done.stderr


class TestAddressesThatAreRefused:
    @pytest.mark.parametrize("host", [
        "127.0.0.1", "127.255.255.254", "2130706433", "0x7f.1", "0x7f000001", "0177.0.0.1", "017700000001", "127.1", "0",
        "0.0.0.0", "localhost", "LOCALHOST", "localhost.", "a.localhost", "[::1]", "[::]", "[0:0:0:0:0:0:0:1]",
        "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]", "[64:ff9b::127.0.0.1]", "[2002:7f00:1::]", "169.254.169.254",
        "[::ffff:169.254.169.254]", "[fd00:ec2::254]", "10.0.0.1", "172.16.0.1", "192.168.0.1", "100.100.100.200", "[fe80::1]",
        "[fc00::1]", "224.0.0.1", "255.255.255.255", "[ff02::1]", "%31%32%37.0.0.1"])
    def test_whatever_they_are_written_like(self, strict, source, host):
        before = len(source.requests)
        for port in (source.port, 80):
            assert_refused(by_url(strict.client(), f"http://{host}:{port}/a.jpg"), 422, "source-refused")
        assert len(source.requests) == before
        assert contents(strict.data).ledger == 0

    def test_names_that_lead_inside(self, strict, source):
        """Any name of this machine stands for one that a stranger's name server answers for."""
        names = set()
        for line in Path("/etc/hosts").read_text().splitlines():
            address, *aliases = line.partition("#")[0].split() or ["::"]
            if not ipaddress.ip_address(address).is_global:
                names |= set(aliases)
        assert names
        for name in names:
            assert_refused(by_url(strict.client(), f"http://{name}:{source.port}/"), 422, "source-refused")

    def test_a_name_that_does_not_exist_is_told_like_one_that_leads_inside(self, strict, source):
        details = {assert_refused(by_url(strict.client(), f"http://{host}:{source.port}/"), 422, "source-refused")["detail"]
                   for host in ("localhost", "a" * 64)}
        assert len(details) == 1

    @pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://127.0.0.1/a", "gopher://127.0.0.1/_x", "dict://127.0.0.1/",
                                     "http://user@127.0.0.1/", "http://user:password@127.0.0.1/", "http://[fe80::1%25lo]/"])
    def test_other_schemes_and_credentials(self, ours, url):
        assert_refused(by_url(ours, url), 422, "source-refused")

    @pytest.mark.parametrize("port", [1, 22, 25, 81, 6379, 9200])
    def test_ports_that_are_not_named(self, ours, port):
        assert_refused(by_url(ours, f"http://127.0.0.1:{port}/"), 422, "source-refused")

    @pytest.mark.parametrize("location", [
        "http://169.254.169.254/latest/meta-data/", "http://[::1]/", "http://[::ffff:10.0.0.1]/", "http://0/", "//192.168.0.1/",
        "file:///etc/passwd", "gopher://127.0.0.1/", "http://user:password@127.0.0.1/", "http://127.0.0.1:22/"])
    def test_that_a_permitted_one_redirects_to(self, ours, source, location):
        assert_refused(by_url(ours, source.redirect(fresh_path(), location)), 422, "source-refused")

    def test_hosts_that_are_not_on_the_list(self, start_server, source):
        hosts = f"*.example.com,other.example:{source.port},localhost:{source.port}"
        server = start_server({**LOOPBACK, "SAFELIGHT_SOURCE_HOSTS": hosts})
        path = fresh_path()
        source.serve(path, pictures.make("png", (9, 9)))
        assert by_url(server.client(), f"http://localhost:{source.port}{path}").status == 202
        for url in (source.url + path, "http://example.com/", "http://localhost/", f"http://a.localhost:{source.port}/",
                    f"http://localhost@127.0.0.1:{source.port}{path}", f"http://127.0.0.1:{source.port}#@localhost/"):
            assert_refused(by_url(server.client(), url), 422, "source-refused")
        away = source.redirect(fresh_path(), f"{source.url}{path}").replace("127.0.0.1", "localhost")
        assert_refused(by_url(server.client(), away), 422, "source-refused")

    def test_the_environment_names_no_proxy(self, tmp_path, source):
        server = launch(tmp_path, {**LOOPBACK, "SAFELIGHT_SOURCE_HOSTS": f"*:{source.port}",
                                   "http_proxy": "http://127.0.0.1:1", "all_proxy": "http://127.0.0.1:1"})
        try:
            assert by_url(server.client(), source.serve(fresh_path(), pictures.make("png", (9, 9)))).status == 202
        finally:
            finish(server)


class TestTls:
    def test_counts(self, start_server, certificate):
        source = SourceServer(certificate)
        try:
            url = source.serve("/a.png", pictures.make("png", (9, 9)))
            settings = {**LOOPBACK, "SAFELIGHT_SOURCE_HOSTS": f"*:{source.port}"}
            assert_refused(by_url(start_server(settings).client(), url), 502, "source-failed")
            trusting = start_server({**settings, "SAFELIGHT_OUTBOUND_CA_FILE": str(certificate)}).client()
            assert by_url(trusting, url).status == 202
            other_name = url.replace("127.0.0.1", "localhost")
            assert_refused(by_url(trusting, other_name), 502, "source-failed")
            assert_refused(by_url(trusting, url.replace("https", "http")), 502, "source-failed")
        finally:
            source.close()
