"""Clients that public generators make of the contract work with the running server: one in TypeScript, one in Python; and with one
that asks for keys."""

import importlib
import io
import json
import subprocess
import sys

import pytest

import pictures
from key_client import KeyClient, guarded, make_key  # noqa: F401: a fixture among them
from safelight_process import REPOSITORY
from test_contract import NOBODY

CLIENTS = REPOSITORY / "tests/clients"
# The Python generator knows bytes by one media type alone.
AS_BYTES = ["image/*", "image/jpeg", "image/png", "image/gif", "image/webp", "image/tiff", "image/avif", "image/heic", "image/jxl",
            "image/bmp", "image/svg+xml", "application/offset+octet-stream", "*/*"]


def run(*command, cwd):
    result = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


@pytest.fixture(scope="module")
def document(shared_server, tmp_path_factory):
    """The contract as the server serves it."""
    path = tmp_path_factory.mktemp("contract") / "openapi.json"
    path.write_bytes(shared_server.client().get("/openapi.json").body)
    return path


@pytest.fixture(scope="module")
def key(guarded):
    return make_key(guarded, "images:read", "images:write")


@pytest.fixture(scope="module")
def typescript(document, tmp_path_factory):
    """Where the programs that use it are, translated."""
    folder = tmp_path_factory.mktemp("typescript")
    (folder / "node_modules").symlink_to(CLIENTS / "node_modules")
    (folder / "package.json").write_text('{"type": "module"}')
    programs = sorted(CLIENTS.glob("typed*.mts"))
    for program in programs:
        (folder / program.name).write_text(program.read_text())
    run("npx", "openapi-typescript", str(document), "-o", "api.d.mts", cwd=folder)
    run("npx", "tsc", "--strict", "--target", "es2022", "--module", "nodenext", "--moduleResolution", "nodenext",
        "--skipLibCheck", "--lib", "es2022,dom", *(program.name for program in programs), cwd=folder)
    return folder


class TestTypeScript:
    def test_works_with_the_server(self, server, client, typescript, tmp_path):
        path = tmp_path / "typed.png"
        path.write_bytes(pictures.make("png", (300, 200)))
        seen = json.loads(run("node", "typed.mjs", server.url, str(path), cwd=typescript))
        assert seen["status"] == "PROCESSED" and seen["width"] == 100
        assert seen["listed"] == seen["id"] and seen["bytes"] > 0
        assert seen["problem"] == {"type": "/problems/not-found", "status": 404}
        assert client.get(f"/v1/jobs/{seen['id']}").json()["image"]["filename"] == "typed.png"

    def test_works_with_a_key_and_is_refused_without(self, guarded, key, typescript, tmp_path):
        path = tmp_path / "keyed.png"
        path.write_bytes(pictures.make("png", (30, 20)))
        seen = json.loads(run("node", "typed_with_key.mjs", guarded.url, str(path), key, cwd=typescript))
        assert seen["problems"] == [{"type": "/problems/unauthenticated", "status": 401}] * 2
        assert seen["id"] in seen["listed"] and seen["bytes"] == path.stat().st_size
        assert KeyClient(guarded, key).get(f"/v1/jobs/{seen['id']}").json()["image"]["filename"] == "keyed.png"


@pytest.fixture(scope="module")
def generated(document, tmp_path_factory):
    folder = tmp_path_factory.mktemp("python")
    config = folder / "config.json"
    config.write_text(json.dumps({"content_type_overrides": {name: "application/octet-stream" for name in AS_BYTES},
                                  "post_hooks": []}))
    told = run(sys.executable, "-m", "openapi_python_client", "generate", "--path", str(document), "--config", str(config),
               "--output-path", str(folder / "safelight_client"), "--meta", "none", cwd=folder)
    assert "will not be generated" not in told, told
    sys.path.insert(0, str(folder))
    yield importlib.import_module
    sys.path.remove(str(folder))


class TestPython:
    def test_works_with_the_server(self, server, generated):
        api = lambda name: generated(f"safelight_client.api.{name}")
        models, types = generated("safelight_client.models"), generated("safelight_client.types")
        picture = pictures.make("png", (300, 200))
        with generated("safelight_client.client").Client(base_url=server.url) as client:
            form = models.UploadForm(file=types.File(payload=io.BytesIO(picture), file_name="generated.png"),
                                     variants="thumbnail")
            job = api("jobs.create_job").sync(client=client, body=form)
            assert isinstance(job, models.Job) and job.image.filename == "generated.png"
            job = api("jobs.get_job").sync(job.id, client=client, prefer="wait=30")
            assert job.status == models.JobStatus.PROCESSED and job.image.variants[0].width == 100
            page = api("jobs.list_jobs").sync(client=client, limit=1)
            assert page.items[0].id == job.id
            thumbnail = api("images.get_variant").sync(job.image.id, "thumbnail", client=client)
            assert pictures.opened(thumbnail.payload.read()).size == (100, 67)
            unknown = api("jobs.get_job").sync(NOBODY, client=client)
            assert isinstance(unknown, models.Problem) and unknown.status == 404
            begun = api("uploads.create_upload").sync(
                client=client, tus_resumable="1.0.0", upload_length=len(picture), variants="",
                body=types.File(payload=io.BytesIO(picture)))
            assert begun.job_url and begun.received_bytes == len(picture)

    def test_works_with_a_key_and_is_refused_without(self, guarded, key, generated):
        api = lambda name: generated(f"safelight_client.api.{name}")
        models, types, made = (generated(f"safelight_client.{name}") for name in ("models", "types", "client"))
        picture = pictures.make("png", (30, 20))
        form = lambda: models.UploadForm(file=types.File(payload=io.BytesIO(picture), file_name="keyed.png"), variants="")
        with made.Client(base_url=guarded.url) as stranger, \
                made.AuthenticatedClient(base_url=guarded.url, token="sl_live_" + "0" * 46) as liar:
            for client in stranger, liar:
                for refused in (api("jobs.create_job").sync(client=client, body=form()),
                                api("jobs.list_jobs").sync(client=client), api("jobs.get_job").sync(NOBODY, client=client)):
                    assert isinstance(refused, models.Problem)
                    assert (refused.type_, refused.status) == ("/problems/unauthenticated", 401)
        with made.AuthenticatedClient(base_url=guarded.url, token=key) as client:
            job = api("jobs.create_job").sync(client=client, body=form())
            assert isinstance(job, models.Job) and job.image.filename == "keyed.png"
            assert job.id in [each.id for each in api("jobs.list_jobs").sync(client=client).items]
            original = api("images.get_original").sync(job.image.id, client=client)
            assert original.payload.read() == picture
            beyond = api("access.list_accounts").sync(client=client)
            assert isinstance(beyond, models.Problem) and beyond.status == 403
