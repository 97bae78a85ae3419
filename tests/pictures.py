"""Pictures that the tests make themselves, and the collection beside the repository when it is there."""

import csv
import hashlib
import io
import os
import random
from dataclasses import dataclass
from pathlib import Path

import pillow_heif
import pillow_jxl  # noqa: F401 (registers itself)
from PIL import Image, ImageChops, ImageCms, ImageDraw, ImageOps, ImageStat
from PIL.ExifTags import IFD, Base

pillow_heif.register_heif_opener()

FORMATS = ("jpeg", "png", "gif", "webp", "tiff", "avif", "heic", "jxl", "bmp")
MEDIA_TYPES = {name: f"image/{name}" for name in FORMATS}
WITH_EXIF = ("jpeg", "png", "webp", "tiff", "avif", "heic")
WITH_ALPHA = ("png", "gif", "webp", "tiff", "avif", "heic", "jxl")

# The four quarters of every test picture: turned or mirrored, it shows.
QUARTERS = {"top left": (200, 30, 30), "top right": (30, 160, 30), "bottom left": (30, 30, 200),
            "bottom right": (230, 220, 90)}
SECRET = b"SECRET-THAT-MUST-NOT-COME-THROUGH"

# How a picture is stored so that its EXIF orientation turns it upright.
STORED_AS = {1: None, 2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180,
             4: Image.Transpose.FLIP_TOP_BOTTOM, 5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_90,
             7: Image.Transpose.TRANSVERSE, 8: Image.Transpose.ROTATE_270}


def quarters(size, alpha=False):
    """An upright picture; with alpha, its middle is clear."""
    width, height = size
    picture = Image.new("RGBA" if alpha else "RGB", size)
    draw = ImageDraw.Draw(picture)
    x, y = width // 2, height // 2
    for place, left, top in (("top left", 0, 0), ("top right", x, 0), ("bottom left", 0, y), ("bottom right", x, y)):
        draw.rectangle((left, top, width, height), QUARTERS[place])
    if alpha:
        draw.ellipse((x - width // 8, y - height // 8, x + width // 8, y + height // 8), (0, 0, 0, 0))
    return picture


def make(format="jpeg", size=(160, 120), orientation=None, alpha=False, gps=False, frames=1, quality=90):
    """The bytes of a picture of `size` as displayed."""
    picture = quarters(size, alpha)
    if orientation and STORED_AS[orientation] is not None:
        picture = picture.transpose(STORED_AS[orientation])
    options = {}
    if orientation or gps:
        options["exif"] = _exif(orientation, gps)
    if format in ("jpeg", "webp", "avif", "heic", "jxl"):
        options["quality"] = quality
    if format == "jpeg":
        options["subsampling"] = 0
    if format == "heic":
        return _heic(picture, options)
    if frames > 1:
        options |= {"save_all": True, "append_images": [_marked(picture, index) for index in range(1, frames)],
                    "duration": 50, "loop": 0}
    out = io.BytesIO()
    picture.save(out, format.upper(), **options)
    return out.getvalue()


def _marked(picture, index):
    """Differs from the first frame, so that no encoder drops it."""
    frame = picture.copy()
    ImageDraw.Draw(frame).point((index % picture.width, index // picture.width), (255, 255, 255))
    return frame


def _exif(orientation, gps):
    exif = Image.Exif()
    if orientation:
        exif[Base.Orientation] = orientation
    if gps:
        exif[Base.ImageDescription] = SECRET.decode()
        exif[IFD.GPSInfo] = {1: "N", 2: (51.0, 28.0, 38.0), 3: "E", 4: (0.0, 0.0, 5.0)}
    return exif.tobytes()


def _heic(picture, options):
    out = io.BytesIO()
    picture.save(out, "HEIF", **options)
    return out.getvalue()


def noise(size, seed=1, format="png"):
    """A picture that does not compress: for large bodies."""
    picture = Image.frombytes("RGB", size, random.Random(seed).randbytes(size[0] * size[1] * 3))
    out = io.BytesIO()
    picture.save(out, format.upper())
    return out.getvalue()


def blank(size):
    """White, one bit a pixel: few bytes for many pixels."""
    out = io.BytesIO()
    Image.new("1", size, 1).save(out, "PNG")
    return out.getvalue()


def jpeg_of_scans(side, scans):
    """Progressive, grey and even, of up to 883 scans: as many as coefficients have bits to be told one after the other."""
    blocks = ((side + 7) // 8) ** 2

    def segment(marker, payload):
        return bytes((0xff, marker)) + (len(payload) + 2).to_bytes(2, "big") + payload

    def scan(first, last, high, low, bits):
        bits += "1" * (-len(bits) % 8)
        data = int(bits, 2).to_bytes(len(bits) // 8, "big").replace(b"\xff", b"\xff\0")
        return segment(0xda, bytes((1, 1, 0, first, last, high << 4 | low))) + data

    def nothing():
        """Runs of blocks without coefficients: a code of one bit, then 14 bits of what is above 16,384."""
        left, bits = blocks, ""
        while left:
            run = min(left, 32_767) if left < 32_768 or left >= 32_767 + 16_384 else left - 16_384
            bits += "0" + format(run - 16_384, "014b")
            left -= run
        return bits

    assert blocks >= 16_384
    tables = segment(0xdb, bytes(1) + bytes([1] * 64))
    tables += segment(0xc2, bytes((8,)) + side.to_bytes(2, "big") * 2 + bytes((1, 1, 0x11, 0)))
    tables += segment(0xc4, bytes((0x00, 1)) + bytes(15) + bytes((0x00,)))  # the code 0: no difference
    tables += segment(0xc4, bytes((0x10, 1)) + bytes(15) + bytes((0xe0,)))  # the code 0: a run of 14 bits
    content = scan(0, 0, 0, 0, "0" * blocks)
    refinements = [(k, low + 1 if low < 13 else 0, low) for low in range(13, -1, -1) for k in range(1, 64)]
    empty = nothing()
    for k, high, low in refinements[:scans - 1]:
        content += scan(k, k, high, low, empty)
    return b"\xff\xd8" + tables + content + b"\xff\xd9"


def solid(size, colour):
    """A PNG of one colour."""
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, "PNG")
    return out.getvalue()


def opened(data):
    """Decoded completely; fails when it is broken."""
    picture = Image.open(io.BytesIO(data))
    picture.load()
    return picture


def assert_upright(picture, tolerance=24):
    """The quarters are where they belong, with their colours."""
    picture = picture.convert("RGBA").convert("RGB")
    centres = {"top left": (0.2, 0.2), "top right": (0.8, 0.2), "bottom left": (0.2, 0.8), "bottom right": (0.8, 0.8)}
    for place, (x, y) in centres.items():
        seen = picture.getpixel((int(picture.width * x), int(picture.height * y)))
        wanted = QUARTERS[place]
        assert all(abs(a - b) <= tolerance for a, b in zip(seen, wanted)), f"{place}: {seen} instead of {wanted}"


def mean_difference(one, other):
    """Of all samples of two pictures of one size, 0–255."""
    difference = ImageChops.difference(one.convert("RGBA"), other.convert("RGBA"))
    return sum(ImageStat.Stat(difference).mean) / 4


def difference_hash(picture, side=8):
    """64 bits that look alike for pictures that look alike."""
    small = ImageOps.exif_transpose(picture).convert("L").resize((side + 1, side), Image.Resampling.LANCZOS)
    pixels = list(small.tobytes())
    rows = [pixels[row * (side + 1):(row + 1) * (side + 1)] for row in range(side)]
    return sum(1 << (row * side + column) for row in range(side) for column in range(side)
               if rows[row][column] < rows[row][column + 1])


def hash_distance(first, second):
    return (first ^ second).bit_count()


def sha256(data):
    return hashlib.sha256(data).hexdigest()


# --- the collection ---

# Its manifest takes JPEG XL and BMP for formats that are off; here they are on.
EXPECTED_HERE = {f"formats/{name}": "ok" for name in (
    "jxl__bicycles.jxl", "jxl__grayscale_jpeg.jxl", "untrusted__small.bmp")}

@dataclass(frozen=True)
class CorpusFile:
    path: Path
    name: str
    expect: str  # ok, reject, either
    tests: str

    def read(self):
        return self.path.read_bytes()


def corpus_folder():
    """Where the collection of test images is, or None."""
    default = Path(__file__).resolve().parent.parent.parent / "shared/images"
    folder = Path(os.environ.get("SAFELIGHT_IMAGES", default))
    return folder if (folder / "MANIFEST.tsv").is_file() else None


def corpus():
    """Every file of the collection with what is expected of it; empty when it is not there."""
    folder = corpus_folder()
    if folder is None:
        return []
    with open(folder / "MANIFEST.tsv", newline="", encoding="utf-8") as manifest:
        rows = list(csv.DictReader(manifest, delimiter="\t", quoting=csv.QUOTE_NONE))
    return [CorpusFile(folder / row["path"], row["path"], EXPECTED_HERE.get(row["path"], row["expect"]), row["tests"])
            for row in rows]
