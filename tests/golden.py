#!/usr/bin/env python3
"""Golden pictures: what every operation of a transform made when somebody last looked at it.

    golden.py [NAME…]          shows how far each is from what the program makes now
    golden.py --bless NAME…    takes what the program makes now for these; look at it first, and say in the commit why

The tests only read them. The source is made by arithmetic, so that it is the same everywhere.
"""

import argparse
import io
import math
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageChops, ImageStat

from safelight_process import BINARY

ROOT = Path(__file__).resolve().parent.parent
FOLDER = Path(__file__).resolve().parent / "golden"
FOCAL_POINT = "0.2,0.48"
LOSSY = ("JPEG", "WEBP", "AVIF", "GIF", "JXL")
sys.path.insert(0, str(ROOT / "bench"))

import contact_sheet  # noqa: E402 (the operations are those that it shows)


def scene():
    """A bright disc on slopes of colour, stripes that grow finer, a plain sky, a chequered floor; 1200×900."""
    small = Image.new("RGB", (300, 225))
    pixels = []
    for y in range(225):
        for x in range(300):
            stripe = 40 * math.sin(x * x / 300) if 90 < y < 140 else 0
            red = 60 + 150 * x / 300 + stripe
            green = 40 + 120 * y / 225 + stripe
            blue = 200 - 150 * x / 300 * y / 225
            if y >= 190 and (x // 6 + y // 6) % 2:
                red, green, blue = 20, 25, 30
            if y < 30:
                red, green, blue = 120, 170, 220
            if (x - 75) ** 2 + (y - 60) ** 2 < 24 ** 2:
                red, green, blue = 250, 220, 60
            pixels.append(tuple(max(0, min(255, round(value))) for value in (red, green, blue)))
    small.putdata(pixels)
    return small.resize((1200, 900), Image.Resampling.NEAREST)


def source():
    out = io.BytesIO()
    scene().save(out, "png")
    return out.getvalue()


def file_of(label):
    return FOLDER / ("".join(c if c.isalnum() or c in ".-" else "-" for c in label).strip("-") + ".webp")


@dataclass
class Distance:
    """Of 255: the mean over all samples, and that of the worst block of 8×8 pixels."""

    mean: float
    worst_block: float

    def within(self, lossy):
        """Codecs may change their noise with a version, and rounding its last bit; nothing else may change."""
        return self.mean <= (1.5 if lossy else 0.5) and self.worst_block <= (10 if lossy else 4)


def distance(one, other):
    if one.size != other.size:
        return Distance(255, 255)
    # Channel by channel: Pillow takes a fourth one for the alpha of the others.
    differences = [ImageChops.difference(*bands) for bands in zip(one.convert("RGBA").split(), other.convert("RGBA").split())]
    return Distance(max(ImageStat.Stat(band).mean[0] for band in differences),
                    max(band.reduce(8).getextrema()[1] for band in differences))


def stored(label):
    return Image.open(file_of(label)).convert("RGBA")


def is_lossy(picture):
    return picture.format in LOSSY


def made_now():
    """label → picture, by a server of its own: of the operations, and of the outputs, which are no golden pictures."""
    with tempfile.TemporaryDirectory() as folder:
        server = contact_sheet.Server(BINARY, folder)
        try:
            logo_id = server.upload(contact_sheet.logo(), [], filename="logo.png")["image"]["id"]
            operations, outputs = (
                {label: picture for label, picture, _ in contact_sheet.cells_of(server, source(), shown, FOCAL_POINT)}
                for shown in (contact_sheet.transforms(logo_id), contact_sheet.OUTPUTS))
            return operations, outputs
        finally:
            server.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--bless", action="store_true")
    arguments = parser.parse_args()
    pictures, _ = made_now()
    unknown = set(arguments.names) - set(pictures)
    if unknown or (arguments.bless and not arguments.names):
        raise SystemExit(f"Names are: {', '.join(pictures)}")
    for label in arguments.names or pictures:
        if arguments.bless:
            FOLDER.mkdir(exist_ok=True)
            pictures[label].convert("RGBA").save(file_of(label), lossless=True, exact=True, method=6)
        far = distance(pictures[label], stored(label)) if file_of(label).exists() else None
        print(f"{label:30} {far}")


if __name__ == "__main__":
    main()
