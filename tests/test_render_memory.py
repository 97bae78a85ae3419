"""The memory of all renderer processes together, whatever is uploaded."""

import concurrent.futures
import io
import pathlib
import threading

import pictures
from PIL import Image
from safelight_process import run_command

MIB = 1024 * 1024


def resident_bytes(pid):
    """0 for a process that is gone."""
    try:
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmRSS:"))


class Watch:
    """Samples what the renderer processes hold together, as fast as it can."""

    def __init__(self, server):
        self._server = server
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._sample)
        self.peak_bytes = 0
        self.samples = 0

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._thread.join()

    def _sample(self):
        while not self._over.is_set():
            pids = self._server.renderers()
            for _ in range(20):
                self.peak_bytes = max(self.peak_bytes, sum(map(resident_bytes, pids)))
                self.samples += 1


def encoded(picture, format, **options):
    out = io.BytesIO()
    picture.save(out, format, **options)
    return out.getvalue()


def large_pictures():
    """12 megapixels in kinds that have to be held as a whole."""
    picture = pictures.quarters((4000, 3000))
    with_alpha = pictures.quarters((4000, 3000), alpha=True)
    return [encoded(picture, "JPEG", progressive=True, subsampling=0), encoded(picture, "JPEG"),
            encoded(picture.convert("CMYK"), "JPEG", progressive=True), encoded(with_alpha, "PNG", compress_level=1),
            encoded(picture, "WEBP", method=0), encoded(picture, "TIFF", compression="tiff_lzw")]


def finished(client, uploaded):
    """The job once it is finished, however many others are before it."""
    assert uploaded.status == 202, (uploaded.status, uploaded.body)
    for _ in range(10):
        job = client.get(f"/v1/jobs/{uploaded.json()['id']}", Prefer="wait=30").json()
        if job["status"] != "PROCESSING":
            break
    return job


class TestBudget:
    def test_many_large_pictures_at_once_stay_below_it(self, start_server):
        budget = 700 * MIB
        server = start_server({"SAFELIGHT_RENDERS": "4", "SAFELIGHT_WORKERS": "8", "SAFELIGHT_RENDER_TIMEOUT": "10m",
                               "SAFELIGHT_RENDER_MEMORY": f"{budget // MIB} MiB"})
        client = server.client()
        variants = [{"name": "small", "transform": {"resize": {"width": 300}, "format": "webp"}},
                    {"name": "upright", "transform": {"rotate": 90, "resize": {"width": 1500}, "format": "jpeg"}}]
        bodies = large_pictures() * 2
        with Watch(server) as watch, concurrent.futures.ThreadPoolExecutor(len(bodies)) as pool:
            jobs = list(pool.map(lambda body: finished(client, client.upload(body, variants=variants)), bodies))
        assert [job["status"] for job in jobs] == ["PROCESSED"] * len(bodies)
        assert watch.samples > 20
        assert watch.peak_bytes < budget
        metrics = client.get("/metrics").body.decode()
        assert "\nsafelight_render_memory_bytes 0\n" in metrics
        assert f"safelight_render_wait_seconds_count {len(bodies)}\n" in metrics

    def test_what_can_never_be_decoded_is_refused_at_upload(self, start_server):
        server = start_server({"SAFELIGHT_RENDERS": "1", "SAFELIGHT_RENDER_MEMORY": "310 MiB"})
        client = server.client()
        refused = client.upload(encoded(Image.new("RGB", (8000, 5000)), "JPEG"))
        assert refused.status == 422
        assert refused.problem()["type"].endswith("/image-too-large")
        assert "MiB of memory" in refused.problem()["detail"]
        assert client.process(pictures.make())["status"] == "PROCESSED"

    def test_a_variant_that_takes_too_much_fails_alone(self, start_server):
        server = start_server({"SAFELIGHT_RENDERS": "1", "SAFELIGHT_RENDER_MEMORY": "310 MiB"})
        variants = [{"name": "small", "transform": {"resize": {"width": 300}, "format": "webp"}},
                    {"name": "whole", "transform": {"format": "webp", "lossless": True}}]
        job = server.client().process(encoded(Image.new("RGB", (3000, 3000)), "PNG"), variants=variants)
        assert job["status"] == "FAILED"
        small, whole = job["image"]["variants"]
        assert small["status"] == "ready"
        assert whole["status"] == "failed"
        assert "MiB of memory" in whole["error"]["detail"]

    def test_a_budget_without_room_stops_the_start(self, tmp_path):
        ended = run_command("serve", settings={"SAFELIGHT_RENDERS": "4", "SAFELIGHT_RENDER_MEMORY": "200 MiB"},
                            cwd=tmp_path)
        assert ended.returncode != 0
        assert "SAFELIGHT_RENDER_MEMORY" in ended.stderr
        assert "SAFELIGHT_RENDERS" in ended.stderr
