#!/usr/bin/env python3
"""How good the pictures are: SSIMULACRA2 of what `safelight process` makes, against references in floating point.

    quality.py SAFELIGHT PHOTO… [--size 500] [--quality 80] [--json FILE]

The reference of a photo is its decode (by Pillow: libjpeg-turbo, full size, upright), brought to linear light, resized by a
Lanczos kernel of three lobes in double precision, and brought back to sRGB. It is printed for each photo

    score       SSIMULACRA2 of the variant against the reference (100: the same; 90: looks the same; 70: high quality)
    same bytes  the score that libjpeg-turbo's encoder gives the reference itself, with no more bytes than the variant has:
                what is lost by the encoder whatever the resampler does
    company     the lowest score of the same variant made together with larger ones, against the one made alone, and how
                its own score changes by it

Needs Python's numpy, Pillow and ssimulacra2 (another implementation of the metric than the one of libjxl; its scores differ
in the first decimal).
"""

import argparse
import io
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy
import ssimulacra2
from PIL import Image, ImageCms, ImageOps

LOBES = 3
SRGB = ImageCms.createProfile("sRGB")
COMPANY = (200, 400, 800, 1600)


def to_linear(encoded):
    return numpy.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)


def to_srgb(linear):
    linear = numpy.clip(linear, 0, 1)
    return numpy.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)


def lanczos(pixels, size, axis):
    """Resized along one axis; weights are normalised at the edges, as a convolution over the picture alone."""
    length = pixels.shape[axis]
    scale = length / size
    reach = LOBES * max(scale, 1)
    pixels = numpy.moveaxis(pixels, axis, 0)
    rows = []
    for target in range(size):
        centre = (target + 0.5) * scale
        taps = numpy.arange(max(0, int(centre - reach)), min(length, int(numpy.ceil(centre + reach)) + 1))
        x = (taps + 0.5 - centre) / max(scale, 1)
        weights = numpy.where(numpy.abs(x) < LOBES, numpy.sinc(x) * numpy.sinc(x / LOBES), 0)
        rows.append(numpy.tensordot(weights / weights.sum(), pixels[taps], axes=(0, 0)))
    return numpy.moveaxis(numpy.stack(rows), 0, axis)


def upright(path):
    """In sRGB."""
    with Image.open(path) as photo:
        profile = photo.info.get("icc_profile")
        photo = ImageOps.exif_transpose(photo)
        if profile:
            return ImageCms.profileToProfile(photo, io.BytesIO(profile), SRGB, ImageCms.Intent.RELATIVE_COLORIMETRIC,
                                             "RGB", flags=ImageCms.Flags.BLACKPOINTCOMPENSATION)
        return photo.convert("RGB")


def reference(photo, size):
    linear = to_linear(numpy.asarray(photo, dtype=numpy.float64) / 255)
    linear = lanczos(lanczos(linear, size[1], 0), size[0], 1)
    return Image.fromarray(numpy.round(to_srgb(linear) * 255).astype(numpy.uint8))


def score(one, other):
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / name for name in ("one.png", "other.png")]
        for path, picture in zip(paths, (one, other)):
            picture.convert("RGB").save(path)
        return float(ssimulacra2.compute_ssimulacra2(str(paths[0]), str(paths[1])))


def process(safelight, photo, variants):
    """name → bytes"""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SAFELIGHT_")}
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([safelight, "process", photo, "--out", folder, "--variants", json.dumps(variants)], check=True,
                       env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return {variant["name"]: next(Path(folder).rglob(f"*{variant['name']}.jpeg")).read_bytes() for variant in variants}


def variant(size, quality):
    return {"name": f"fit{size}", "transform": {"resize": {"width": size, "height": size, "fit": "inside"},
                                                "format": "jpeg", "quality": quality}}


def best_of_encoder(picture, bytes_max):
    """The best JPEG of `picture` by libjpeg-turbo with no more bytes: 4:2:0, the fixed Huffman tables."""
    best = None
    for quality in range(30, 101):
        content = io.BytesIO()
        picture.save(content, "jpeg", quality=quality, subsampling="4:2:0")
        if len(content.getvalue()) > bytes_max:
            break
        best = content
    return Image.open(best) if best else None


def measure(safelight, photo, size, quality):
    full = upright(photo)
    alone = process(safelight, photo, [variant(size, quality)])[f"fit{size}"]
    made = Image.open(io.BytesIO(alone))
    wanted = reference(full, made.size)
    encoded = best_of_encoder(wanted, len(alone))
    line = {"photo": Path(photo).name, "pixels": f"{full.width}×{full.height}", "size": f"{made.width}×{made.height}",
            "bytes": len(alone), "score": score(wanted, made),
            "same_bytes": score(wanted, encoded) if encoded else None}
    line["company"], line["company_change"] = company(safelight, photo, full, quality)
    return line


def company(safelight, photo, full, quality):
    together = process(safelight, photo, [variant(size, quality) for size in COMPANY])
    likeness, change = [], []
    for size in COMPANY[:-1]:
        name = f"fit{size}"
        one = Image.open(io.BytesIO(process(safelight, photo, [variant(size, quality)])[name]))
        other = Image.open(io.BytesIO(together[name]))
        wanted = reference(full, one.size)
        likeness.append(score(one, other))
        change.append(score(wanted, other) - score(wanted, one))
    return min(likeness), min(change)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("safelight")
    parser.add_argument("photos", nargs="+")
    parser.add_argument("--size", type=int, default=500)
    parser.add_argument("--quality", type=int, default=80)
    parser.add_argument("--json")
    arguments = parser.parse_args()
    print(f"fit {arguments.size}, quality {arguments.quality}")
    print(f"{'photo':34} {'pixels':>11} {'size':>9} {'bytes':>7} {'score':>6} {'same bytes':>10} {'company':>8} {'change':>7}")
    lines = []
    for photo in arguments.photos:
        line = measure(arguments.safelight, photo, arguments.size, arguments.quality)
        lines.append(line)
        print(f"{line['photo'][:34]:34} {line['pixels']:>11} {line['size']:>9} {line['bytes']:7} {line['score']:6.1f} "
              f"{line['same_bytes']:10.1f} {line['company']:8.1f} {line['company_change']:+7.2f}", flush=True)
    print(f"median score {statistics.median(line['score'] for line in lines):.1f}")
    if arguments.json:
        Path(arguments.json).write_text(json.dumps(lines, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
