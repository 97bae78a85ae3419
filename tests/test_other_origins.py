"""Pages of another site in a real browser, with a server that asks for keys: they upload with Uppy, read answers, show a picture
by a signed URL and listen to a job's events; pages of a third site may not."""

import base64
import contextlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from key_client import make_key
from safelight_process import run_command
from test_browser import driver, picture_file  # noqa: F401: fixtures
from test_uploads import CLIENTS

SECRET = "a secret of the test of more than 32 bytes"


class EmptyPage(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>shop</title>")

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def site():
    """The origin of a site with an empty page."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), EmptyPage)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def shop():
    with site() as origin:
        yield origin


@pytest.fixture
def guarded(start_server, shop):
    return start_server({"SAFELIGHT_ACCESS": "keys", "SAFELIGHT_CORS_ORIGINS": shop, "SAFELIGHT_SIGNED_URL_SECRETS": SECRET})


@pytest.fixture
def key(guarded):
    return make_key(guarded, "images:read", "images:write")


def run_in(driver, script, *arguments):  # noqa: F811
    """What the function resolves to, or "failed: …"."""
    return driver.execute_async_script(
        "const done = arguments[arguments.length - 1]; const run = async (...args) => {" + script + "};"
        "run(...arguments).then(done, error => done('failed: ' + error));", *arguments)


UPLOAD = """
    const [base, key, bytes] = args;
    const {Uppy, Tus} = window.Uppy;
    let job;
    const uppy = new Uppy({autoProceed: false}).use(Tus, {
        endpoint: base + "/v1/uploads", chunkSize: 20000, headers: {Authorization: "Bearer " + key},
        onAfterResponse: (request, response) => { job = response.getHeader("Upload-Job") || job; }});
    const data = new Blob([Uint8Array.from(atob(bytes), c => c.charCodeAt(0))], {type: "image/jpeg"});
    uppy.addFile({name: "photo.jpg", type: "image/jpeg", data});
    const result = await uppy.upload();
    return result.failed.length ? "failed: " + result.failed[0].error : job;
"""
FOLLOW = """
    const [base, key, path] = args;
    const headers = {Authorization: "Bearer " + key, "Content-Type": "application/json"};
    const job = await (await fetch(base + path, {headers: {...headers, Prefer: "wait=30"}})).json();
    const urls = [job.image.variants[0].url, path + "/events"];
    const signed = await (await fetch(base + "/v1/signed-urls", {method: "POST", headers, body: JSON.stringify({urls})})).json();
    const picture = new Image();
    picture.src = base + signed.urls[0];
    await picture.decode();
    const stream = new EventSource(base + signed.urls[1]);
    const finished = await new Promise(resolve => stream.addEventListener("job.finished", event => resolve(event.data)));
    stream.close();
    return {status: job.status, width: picture.naturalWidth, recorded: job.image.variants[0].width, event: JSON.parse(finished).id, id: job.id};
"""
TRY = """
    const [base, key] = args;
    return (await fetch(base + "/v1/jobs", {headers: {Authorization: "Bearer " + key}})).status;
"""


class TestPagesOfAnotherSite:
    def test_upload_show_and_listen(self, driver, guarded, key, shop, picture_file):  # noqa: F811
        driver.get(shop)
        driver.execute_script((CLIENTS / "node_modules/uppy/dist/uppy.min.js").read_text() + ";window.Uppy = Uppy;")
        path = run_in(driver, UPLOAD, guarded.url, key, base64.b64encode(picture_file.read_bytes()).decode())
        assert path.startswith("/v1/jobs/"), path
        seen = run_in(driver, FOLLOW, guarded.url, key, path)
        assert seen == {"status": "PROCESSED", "width": 100, "recorded": 100, "event": path.removeprefix("/v1/jobs/"), "id": seen["id"]}
        driver.get("about:blank")

    def test_those_of_a_third_site_may_not(self, driver, guarded, key, shop):  # noqa: F811
        with site() as stranger:
            driver.get(stranger)
            assert "Failed to fetch" in run_in(driver, TRY, guarded.url, key)
            driver.get(shop)
            assert run_in(driver, TRY, guarded.url, key) == 200
            driver.get("about:blank")


class TestSettings:
    @pytest.mark.parametrize("access", ["loopback", "everyone"])
    def test_everybodys_pages_are_not_let_in_without_keys(self, tmp_path, access):
        done = run_command("serve", cwd=tmp_path, settings={"SAFELIGHT_CORS_ORIGINS": "*", "SAFELIGHT_ACCESS": access})
        assert done.returncode != 0
        assert "SAFELIGHT_CORS_ORIGINS" in done.stderr and "SAFELIGHT_ACCESS" in done.stderr

    def test_what_is_no_origin_stops_the_start(self, tmp_path):
        done = run_command("serve", cwd=tmp_path, settings={"SAFELIGHT_CORS_ORIGINS": "https://shop.example/page"})
        assert done.returncode != 0 and "SAFELIGHT_CORS_ORIGINS" in done.stderr
