"""How good small pictures are, measured: SSIMULACRA2 of what the program makes of large photos, in its sandbox, against a
reference in linear light and double precision (bench/quality.py)."""

import io
import sys
from pathlib import Path

import pytest
from PIL import Image

import pictures
from safelight_process import BINARY

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "bench"))
import quality  # noqa: E402

FOLDER = pictures.corpus_folder()
PHOTOS = ("immich__craft-beer.jpg", "immich__book-beside-flowers.jpg", "immich__japanese-shop.jpg")
SIZE, QUALITY = 500, 80
SCORE_MIN = 75
COMPANY_CHANGE_MIN = -1

pytestmark = pytest.mark.skipif(FOLDER is None, reason="not on this machine: the collection of test images")


@pytest.fixture(scope="module", params=PHOTOS)
def photo(request):
    path = FOLDER / "photos" / request.param
    return path, quality.upright(path)


@pytest.fixture(scope="module")
def alone(photo):
    """The variant's bytes, the reference, and the score."""
    path, full = photo
    name = f"fit{SIZE}"
    content = quality.process(str(BINARY), path, [quality.variant(SIZE, QUALITY)])[name]
    made = Image.open(io.BytesIO(content))
    wanted = quality.reference(full, made.size)
    return content, wanted, quality.score(wanted, made)


def test_looks_like_the_reference(alone):
    assert alone[2] >= SCORE_MIN


def test_takes_no_more_bytes_than_libjpeg_turbo_at_the_same_score(alone):
    content, wanted, score = alone
    for jpeg_quality in range(50, 101):
        encoded = io.BytesIO()
        wanted.save(encoded, "jpeg", quality=jpeg_quality, subsampling="4:2:0")
        if len(encoded.getvalue()) >= len(content):
            break
        if len(encoded.getvalue()) > len(content) * 0.8:  # far below there is no need to look
            assert quality.score(wanted, Image.open(encoded)) < score, jpeg_quality
    else:
        pytest.fail("no quality takes as many bytes")


def test_is_as_good_in_the_company_of_other_sizes(photo, alone):
    path, full = photo
    _, wanted, score = alone
    together = quality.process(str(BINARY), path, [quality.variant(size, QUALITY) for size in (200, SIZE, 1000, 1600)])
    made = Image.open(io.BytesIO(together[f"fit{SIZE}"]))
    assert quality.score(wanted, made) - score >= COMPANY_CHANGE_MIN
