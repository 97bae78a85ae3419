"""The collection of test images, each file as its manifest expects, on one server that has to live through all of them."""

import io
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest

import pictures
from data_folder import blob_files, contents, rows
from eventually import eventually

FILES = pictures.corpus()
RENDERER_MEMORY = 1 << 30
pytestmark = pytest.mark.skipif(not FILES, reason="not on this machine: the collection of test images")


@dataclass
class Outcome:
    file: pictures.CorpusFile
    verdict: str  # accepted, refused, failed
    why: str
    seconds: float
    job: dict = None


def judge(client, file):
    begun = time.monotonic()
    response = client.upload_raw(file.read(), "?filename=" + file.path.name.replace("%", ""))
    job = None
    if response.status == 202:
        job = client.wait(response.json()["id"])
        verdict = {"PROCESSED": "accepted", "FAILED": "failed"}[job["status"]]
        why = "; ".join(variant["error"]["type"] for variant in job["image"]["variants"] if variant["error"])
    else:
        verdict, why = "refused", response.problem()["type"]
        assert 400 <= response.status < 500, (file.name, response.status, response.body)
    return Outcome(file, verdict, why, time.monotonic() - begun, job)


@pytest.fixture(scope="module")
def run(request, tmp_path_factory):
    """Everything once; the tests look at what came of it."""
    from conftest import finish, launch
    server = launch(tmp_path_factory.mktemp("corpus"), {"SAFELIGHT_RENDERER_MEMORY_MAX": RENDERER_MEMORY})
    request.addfinalizer(lambda: finish(server))
    client = server.client()

    def warm(seed):
        job = client.process(pictures.noise((600, 400), seed))
        assert client.delete(f"/v1/jobs/{job['id']}").status == 204

    with ThreadPoolExecutor(4) as pool:  # every thread and connection has had its turn
        list(pool.map(warm, range(24)))
    server.baseline = {"pid": server.pid, "files": len(server.open_files()), "rss": server.rss_bytes()}
    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(lambda file: judge(client, file), FILES))
    return server, outcomes


def outcomes_of(run, expect):
    return [outcome for outcome in run[1] if outcome.file.expect == expect]


def listed(outcomes):
    return "\n".join(f"{o.file.name}: {o.verdict} ({o.why}); it tests: {o.file.tests}" for o in outcomes)


def test_what_is_ok_is_processed(run):
    wrong = [o for o in outcomes_of(run, "ok") if o.verdict != "accepted"]
    assert not wrong, listed(wrong)


def test_what_is_to_be_rejected_is(run):
    wrong = [o for o in outcomes_of(run, "reject") if o.verdict == "accepted"]
    assert not wrong, listed(wrong)


def test_a_broken_picture_is_tried_once(run):
    """A job fails for a reason that the client can read, and is not tried again."""
    for outcome in run[1]:
        if outcome.verdict == "failed":
            assert outcome.job["attempts"] == 1, outcome
            assert outcome.why.startswith("/problems/"), outcome
            assert outcome.why not in ("/problems/internal", "/problems/attempts-exhausted"), outcome


def test_thumbnails_are_small_and_whole(run):
    server, outcomes = run
    client = server.client()
    for outcome in outcomes:
        if outcome.verdict != "accepted":
            continue
        for variant in outcome.job["image"]["variants"]:
            picture = pictures.opened(client.get(variant["url"]).body)
            assert picture.size == (variant["width"], variant["height"]), outcome.file.name
            assert 1 <= picture.width <= 100 and 1 <= picture.height <= 100, outcome.file.name
            assert not picture.getexif().get_ifd(pictures.IFD.GPSInfo), outcome.file.name
            assert picture.getexif().get(pictures.Base.Orientation, 1) == 1, outcome.file.name


def test_originals_are_kept_byte_for_byte(run):
    server, outcomes = run
    client = server.client()
    for outcome in outcomes:
        if outcome.job:
            assert client.get(outcome.job["image"]["url"]).body == outcome.file.read(), outcome.file.name


def test_every_orientation_comes_out_upright(run):
    """The same picture in eight orientations gives thumbnails of the same shape that look alike."""
    server, outcomes = run
    client = server.client()
    by_name = {outcome.file.path.stem: outcome for outcome in outcomes if outcome.file.name.startswith("orientation/")}
    assert len(by_name) == 21

    def thumbnail(outcome):
        return pictures.opened(client.get(outcome.job["image"]["variants"][0]["url"]).body).convert("RGB")

    for family, numbers in (("recurser__Landscape_", "012345678"), ("recurser__Portrait_", "1368")):
        model = thumbnail(by_name[family + "1"])
        for number in numbers:
            turned = thumbnail(by_name[family + number])
            assert turned.size == model.size, family + number
            distance = pictures.hash_distance(pictures.difference_hash(turned), pictures.difference_hash(model))
            assert distance <= 6, f"{family}{number} differs by {distance} of 64 bits"
    for name in ("pillow__hopper_orientation_3", "pillow__hopper_orientation_6", "pillow__hopper_orientation_8"):
        shown = pictures.ImageOps.exif_transpose(pictures.opened(by_name[name].file.read()))
        distance = pictures.hash_distance(pictures.difference_hash(thumbnail(by_name[name])),
                                          pictures.difference_hash(shown))
        assert distance <= 6, f"{name} differs by {distance} of 64 bits"


def test_facts_are_those_of_the_picture(run):
    """Displayed size and frames, compared with another decoder where that one can read the file."""
    wrong = []
    for outcome in outcomes_of(run, "ok"):
        if outcome.verdict != "accepted":
            continue
        try:
            shown = pictures.ImageOps.exif_transpose(pictures.opened(outcome.file.read()))
        except Exception:  # the other decoder knows less than ours
            continue
        image = outcome.job["image"]
        if (image["width"], image["height"]) != shown.size:
            wrong.append(f"{outcome.file.name}: {image['width']}×{image['height']} instead of {shown.size}")
    assert not wrong, "\n".join(wrong)


def test_the_server_has_lived_through_it(run):
    """I7: the same process, memory and files as before; every refused file has left nothing behind."""
    server, outcomes = run
    assert server.running and server.pid == server.baseline["pid"]
    assert server.client().get("/readyz").status == 200
    eventually(lambda: len(server.open_files()) <= server.baseline["files"],
               describe=lambda: f"open besides {server.baseline['files']}: {server.open_files()}")
    kept = sum(outcome.job is not None for outcome in outcomes)
    ready = sum(outcome.verdict == "accepted" for outcome in outcomes)
    eventually(lambda: contents(server.data).files == kept + ready)
    assert contents(server.data).images == kept
    assert len(blob_files(server.data)) == len(rows(server.data, "SELECT 1 FROM blobs WHERE state = 'live'"))
    before = server.baseline["rss"]
    eventually(lambda: server.rss_bytes() < 1.2 * before,
               describe=lambda: f"{server.rss_bytes()} bytes after {before}, at most {server.rss_peak_bytes()}")


def test_no_renderer_took_more_than_it_may(run):
    """Address space is limited, so that what is resident is too. No process came to that limit: none was replaced."""
    server, _ = run
    assert server.renderers_peak_bytes() < RENDERER_MEMORY
    assert server.events("renderer replaced") == []


def test_animations_keep_their_frames(run):
    """As many as another decoder sees, in the facts and in what is animated again."""
    server, outcomes = run
    counted = 0
    for outcome in outcomes_of(run, "ok"):
        if outcome.job is None or outcome.job["image"]["media_type"] not in ("image/gif", "image/webp"):
            continue
        original = pictures.opened(outcome.file.read())
        assert outcome.job["image"]["frames"] == original.n_frames, outcome.file.name
        made = pictures.opened(server.client().get(outcome.job["image"]["variants"][0]["url"]).body)
        assert made.n_frames == original.n_frames, outcome.file.name
        counted += original.n_frames > 1
    assert counted >= 5


@pytest.mark.parametrize("name", ["formats/libvips__sample-xyb.jpg", "photos/libvips__ultra-hdr.jpg"])
def test_unusual_jpegs_come_in_the_colours_that_they_show(run, name):
    """XYB, and a gain map that is left aside: the mean of each channel against another decoder and colour engine."""
    server, outcomes = run
    outcome = next(outcome for outcome in outcomes if outcome.file.name == name)
    made = pictures.opened(server.client().get(outcome.job["image"]["variants"][0]["url"]).body).convert("RGB")
    original = pictures.opened(outcome.file.read())
    profile = original.info.get("icc_profile")
    if profile:
        original = pictures.ImageCms.profileToProfile(original, pictures.ImageCms.ImageCmsProfile(io.BytesIO(profile)),
                                                      pictures.ImageCms.createProfile("sRGB"))
    seen, expected = pictures.ImageStat.Stat(made).mean, pictures.ImageStat.Stat(original.convert("RGB")).mean
    assert all(abs(a - b) < 4 for a, b in zip(seen, expected)), (seen, expected)


def test_summary(run, summarise):
    server, outcomes = run
    table = Counter((outcome.file.expect, outcome.verdict) for outcome in outcomes)
    before, peak, renderer = (size >> 20 for size in (server.baseline["rss"], server.rss_peak_bytes(),
                                                      server.renderers_peak_bytes()))
    summarise(f"{len(outcomes)} files of the collection; peak memory of the server {peak} MiB ({before} MiB before), "
              f"of the largest renderer {renderer} MiB")
    summarise(f"  {'expected':10}{'accepted':>10}{'refused':>10}{'failed':>10}")
    for expect in ("ok", "either", "reject"):
        summarise(f"  {expect:10}" + "".join(f"{table[expect, verdict]:>10}" for verdict in ("accepted", "refused", "failed")))
    slowest = sorted(outcomes, key=lambda outcome: -outcome.seconds)[:3]
    summarise("  slowest: " + ", ".join(f"{o.file.name} {o.seconds:.1f} s" for o in slowest))
