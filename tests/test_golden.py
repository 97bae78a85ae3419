"""What every operation makes, against pictures that were looked at. They are never written by a test: see golden.py."""

import io

import pytest
from PIL import Image, ImageChops, ImageEnhance

import golden

LABELS = tuple(golden.contact_sheet.transforms("00000000-0000-4000-8000-000000000000"))


@pytest.fixture(scope="module")
def made_now():
    return golden.made_now()


@pytest.fixture(scope="module")
def made(made_now):
    return made_now[0]


@pytest.mark.parametrize("label", LABELS)
def test_looks_as_it_did(made, label):
    picture = made[label]
    assert picture is not None, "not made"
    far = golden.distance(picture, golden.stored(label))
    assert far.within(golden.is_lossy(picture)), far


@pytest.mark.parametrize("label", golden.contact_sheet.OUTPUTS)
def test_every_output_shows_the_same(made_now, label):
    """Formats and their options, against a golden picture of the same sides: exactly, or with what a lossy codec makes of fine
    stripes of colour."""
    picture = made_now[1][label]
    assert picture is not None, "not made"
    far = golden.distance(picture, golden.stored("outside 240x160"))
    is_exact = "lossless" in label or picture.format in ("PNG", "TIFF")
    mean_max = 3 if picture.format == "JXL" else 6.5  # the others halve the resolution of colour
    assert far.within(False) if is_exact else far.mean < mean_max and far.worst_block < 40, far


def test_every_golden_picture_is_compared():
    assert {path.name for path in golden.FOLDER.iterdir()} == {golden.file_of(label).name for label in LABELS}


def test_every_operation_shows():
    """Two operations that make the same would hide that one of them does nothing. (`auto` chooses WebP here.)"""
    seen = {}
    for label in LABELS:
        if label != "format auto":
            seen.setdefault(golden.stored(label).tobytes(), []).append(label)
    assert [labels for labels in seen.values() if len(labels) > 1] == []


class TestTheMetric:
    """It sees what must not happen."""

    @pytest.fixture
    def picture(self):
        return golden.stored("inside 240x160")

    @pytest.mark.parametrize("damage", [
        lambda picture: ImageChops.offset(picture, 1, 0),
        lambda picture: picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
        lambda picture: ImageEnhance.Brightness(picture).enhance(0.97),
        lambda picture: ImageEnhance.Color(picture).enhance(0.9),
        lambda picture: picture.resize((picture.width // 2, picture.height // 2)).resize(picture.size),
        lambda picture: picture.crop((0, 0, picture.width - 1, picture.height)),
        lambda picture: Image.blend(picture, Image.new("RGBA", picture.size, (0, 0, 0, 0)), 0.02),
    ], ids=["moved", "mirrored", "darker", "paler", "coarser", "cut", "clearer"])
    @pytest.mark.parametrize("lossy", [False, True])
    def test_damage_is_seen(self, picture, damage, lossy):
        assert not golden.distance(damage(picture), picture).within(lossy)

    def test_a_codecs_noise_is_not(self, picture):
        out = io.BytesIO()
        picture.convert("RGB").save(out, "jpeg", quality=98, subsampling=0)
        assert golden.distance(Image.open(out), picture).within(True)

    def test_nor_the_last_bit(self, picture):
        ones = Image.new("L", picture.size)
        ones.putdata([(x + y) % 3 == 0 for y in range(picture.height) for x in range(picture.width)])
        rounded = ImageChops.add(picture.convert("RGB"), Image.merge("RGB", (ones, ones, ones)))
        assert golden.distance(rounded, picture).mean > 0
        assert golden.distance(rounded, picture).within(False)
