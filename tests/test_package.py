"""The Debian package: what it holds, what it asks for, and that the program in it runs."""

import subprocess

import pytest

from safelight_process import BINARY, REPOSITORY, clean_environment

BUILD = BINARY.parents[2]
UNITS = ["safelight.service", "safelight-worker.service"]


def run(*command, cwd=None):
    done = subprocess.run([str(part) for part in command], cwd=cwd, env=clean_environment({}), capture_output=True, text=True,
                          timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module", name="package")
def fixture_package(tmp_path_factory):
    folder = tmp_path_factory.mktemp("package")
    run("cpack", "--config", BUILD / "CPackConfig.cmake", "-B", folder)
    [package] = folder.glob("safelight_*.deb")
    return package


@pytest.fixture(scope="module", name="root")
def fixture_root(package):
    root = package.parent / "root"
    run("dpkg-deb", "--extract", package, root)
    run("dpkg-deb", "--control", package, root / "DEBIAN")
    return root


def test_it_holds_the_program_its_units_its_settings_and_its_documents(root):
    files = {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}
    documents = {f"usr/share/doc/safelight/{name}"
                 for name in ["README.md", "CHANGELOG.md", "scaling.md", "openapi.json", "copyright"]}
    control = {f"DEBIAN/{name}" for name in ["control", "conffiles", "md5sums", "postinst", "prerm", "postrm"]}
    assert files == {"usr/bin/safelight", "etc/safelight/safelight.env", *documents, *control,
                     *(f"usr/lib/systemd/system/{unit}" for unit in UNITS)}


def test_the_program_in_it_runs(root, tmp_path):
    assert run(root / "usr/bin/safelight", "version", cwd=tmp_path).startswith("safelight ")


def test_it_depends_on_the_libraries_that_the_program_needs(package):
    depends = run("dpkg-deb", "--field", package, "Depends")
    for library in ["libvips42", "libsqlite3-0", "libpq5", "libseccomp2", "adduser"]:
        assert library in depends
    assert run("dpkg-deb", "--field", package, "Package").strip() == "safelight"


def test_settings_are_kept_from_others_and_kept_when_it_is_updated(root):
    assert (root / "etc/safelight/safelight.env").stat().st_mode & 0o777 == 0o600
    assert (root / "DEBIAN/conffiles").read_text().split() == ["/etc/safelight/safelight.env"]


def test_the_units_start_the_program_of_the_package(root):
    for unit in UNITS:
        text = (root / "usr/lib/systemd/system" / unit).read_text()
        assert "ExecStart=/usr/bin/safelight " in text
        assert "/usr/local" not in text
        assert text.replace("/usr/", "/usr/local/") == (REPOSITORY / "deploy/systemd" / unit).read_text()


def test_its_scripts_are_scripts(root):
    for script in ["postinst", "prerm", "postrm"]:
        assert (root / "DEBIAN" / script).stat().st_mode & 0o111
        run("sh", "-n", root / "DEBIAN" / script)


def test_taking_it_away_leaves_the_pictures(root):
    for script in ["postinst", "prerm", "postrm"]:
        assert "rm " not in (root / "DEBIAN" / script).read_text()
