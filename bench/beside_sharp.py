#!/usr/bin/env python3
"""The time from bytes to bytes beside sharp and this system's libvips, in turns, one thread each.

    beside_sharp.py [PHOTO] [--rounds 3] [--seconds 4] [--build build/release] [--sharp build/sharp] [--json FILE]

PHOTO is brought to 2 and to 12 megapixels, as JPEG (quality 90) and as PNG; without one, a picture is made. Each round
measures each work for so many seconds with each of the three; the table shows medians of the rounds' medians.

    Safelight  render_bench in process: no server, no sandbox. It reads the file each time, of which the system has a copy.
               Resampled in linear light, as it always is; the others are not asked for it.
    sharp      by bench/beside_sharp.mjs in one Node process, its own build of libvips, concurrency 1, no cache. A promise for
               each picture, as everybody who uses it has. Installed by npm into --sharp when it is not there.
    libvips    vips_thumbnail_buffer and the saver, concurrency 1, no cache, by ctypes in a process of its own. (The programs
               vips and vipsthumbnail would be charged with their start.)

All write what they write by default: quality 80 for JPEG and WebP; PNG without a palette, for which sharp must be given no
quality. The sizes of the results say whether the encoders did like work. Needs Python's Pillow, Node and npm.
"""

import argparse
import ctypes
import ctypes.util
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from PIL import Image

import harness

HERE = Path(__file__).resolve().parent
SHARP = "sharp@0.35"
QUALITY = 80
BUSY_ABOVE = 0.5  # processes that wanted to run in the last minute
WORKS = [  # megapixels and format of the original, width, format
    (2, "jpeg", 200, "jpeg"), (12, "jpeg", 400, "jpeg"), (2, "png", 200, "png"), (12, "png", 400, "png"),
    (2, "jpeg", 200, "webp"), (12, "jpeg", 400, "webp")]


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photo", nargs="?")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4, help="of each work by each contestant in each round")
    parser.add_argument("--build", type=Path, default=harness.ROOT / "build/release")
    parser.add_argument("--sharp", type=Path, default=harness.ROOT / "build/sharp")
    parser.add_argument("--json", help="also writes every round to this file")
    return parser.parse_args()


def make_originals(arguments, folder):
    """(megapixels, format) → path"""
    source = arguments.photo
    if source is None:
        source = os.path.join(folder, "made.jpg")
        subprocess.run([arguments.build / "bench/upload_load", "--make", "4000x3000", "--write-picture", source], check=True)
    picture = Image.open(source).convert("RGB")
    paths = {}
    for megapixels in (2, 12):
        scale = (megapixels * 1e6 / (picture.width * picture.height)) ** 0.5
        sized = picture.resize((round(picture.width * scale), round(picture.height * scale)), Image.Resampling.LANCZOS)
        for format, options in (("jpeg", {"quality": 90}), ("png", {})):
            paths[megapixels, format] = os.path.join(folder, f"{megapixels}mp.{format}")
            sized.save(paths[megapixels, format], format.upper(), **options)
    return paths


class Safelight:
    name = "Safelight"

    def __init__(self, build):
        self._bench = build / "bench/render_bench"
        self.version = subprocess.run([build / "src/app/safelight", "version"], capture_output=True, text=True,
                                      check=True).stdout.split("\n")[0]

    def measure(self, path, width, format, seconds):
        transform = {"resize": {"width": width}, "format": format}
        if format != "png":
            transform["quality"] = QUALITY
        done = subprocess.run([self._bench, "--seconds", str(seconds), "-", json.dumps(transform), path],
                              stdout=subprocess.PIPE, text=True, check=True)
        median, *_, runs, size = re.findall(r"[\d.]+", done.stdout.splitlines()[-1].removeprefix(os.path.basename(path)))
        return {"median_ms": float(median), "runs": int(runs), "bytes": int(size)}

    def end(self):
        pass


class Worker:
    """A process that answers a line of JSON with one."""

    def __init__(self, name, command):
        self.name = name
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.version = self._read()["version"]

    def _read(self):
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"{self.name} ended with {self._process.wait()}")
        return json.loads(line)

    def measure(self, path, width, format, seconds):
        work = {"path": path, "width": width, "format": format, "seconds": seconds}
        print(json.dumps(work), file=self._process.stdin, flush=True)
        result = self._read()
        return {"median_ms": statistics.median(result["ms"]), "runs": len(result["ms"]), "bytes": result["bytes"]}

    def end(self):
        self._process.stdin.close()
        self._process.wait()


def install_sharp(folder):
    if (folder / "node_modules/sharp").is_dir():
        return
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "package.json").write_text("{}")
    subprocess.run(["npm", "install", "--prefix", folder, "--silent", "--no-audit", "--no-fund", SHARP], check=True)


# --- libvips, in a process of its own ---

def serve_libvips():
    vips = ctypes.CDLL(ctypes.util.find_library("vips"))
    for name in ("vips_version_string", "vips_error_buffer"):
        getattr(vips, name).restype = ctypes.c_char_p
    vips.vips_init(b"beside_sharp")
    vips.vips_concurrency_set(1)
    vips.vips_cache_set_max(0)
    print(json.dumps({"version": f"libvips {vips.vips_version_string().decode()}"}), flush=True)
    for line in sys.stdin:
        print(json.dumps(measured_by_libvips(vips, **json.loads(line))), flush=True)


def measured_by_libvips(vips, path, width, format, seconds):
    original = Path(path).read_bytes()
    source = ctypes.create_string_buffer(original, len(original))
    save = getattr(vips, f"vips_{format}save_buffer")
    options = () if format == "png" else (b"Q", ctypes.c_int(QUALITY))
    free = ctypes.CDLL(ctypes.util.find_library("glib-2.0")).g_free
    release = ctypes.CDLL(ctypes.util.find_library("gobject-2.0")).g_object_unref

    def once():
        image, data, size = ctypes.c_void_p(), ctypes.c_void_p(), ctypes.c_size_t()
        failed = vips.vips_thumbnail_buffer(source, ctypes.c_size_t(len(original)), ctypes.byref(image), ctypes.c_int(width),
                                            b"height", ctypes.c_int(10_000_000), None)
        failed = failed or save(image, ctypes.byref(data), ctypes.byref(size), *options, None)
        if failed:
            raise SystemExit(vips.vips_error_buffer().decode())
        release(image)
        free(data)
        return size.value

    size, ms, end = once(), [], time.perf_counter() + seconds
    while time.perf_counter() < end:
        begin = time.perf_counter()
        once()
        ms.append(1000 * (time.perf_counter() - begin))
    return {"ms": ms, "bytes": size}


def main():
    arguments = parse_arguments()
    install_sharp(arguments.sharp.resolve())
    if os.getloadavg()[0] > BUSY_ABOVE:
        print(f"The machine is busy (load {os.getloadavg()[0]:.1f}): the figures are of no use.", file=sys.stderr)
    contestants = [Safelight(arguments.build.resolve()),
                   Worker("sharp", ["node", HERE / "beside_sharp.mjs", arguments.sharp.resolve()]),
                   Worker("libvips", [sys.executable, __file__, "--serve-libvips"])]
    with tempfile.TemporaryDirectory() as folder:
        paths = make_originals(arguments, folder)
        rounds = []
        for number in range(arguments.rounds):
            for megapixels, source, width, format in WORKS:
                for contestant in contestants:
                    result = contestant.measure(paths[megapixels, source], width, format, arguments.seconds)
                    rounds.append({"round": number, "work": f"{megapixels} MP {source.upper()} → {width}, {format}",
                                   "contestant": contestant.name, **result})
    for contestant in contestants:
        contestant.end()
    print_table(contestants, rounds)
    if arguments.json:
        Path(arguments.json).write_text("".join(json.dumps(each) + "\n" for each in rounds))


def print_table(contestants, rounds):
    print("; ".join(contestant.version for contestant in contestants))
    print(f"Milliseconds, medians of {rounds[-1]['round'] + 1} round(s).\n")
    print("| work | " + " | ".join(contestant.name for contestant in contestants) + " | bytes |")
    print("|---" * (len(contestants) + 2) + "|")
    for work in dict.fromkeys(each["work"] for each in rounds):
        of_work = [[each for each in rounds if (each["work"], each["contestant"]) == (work, contestant.name)]
                   for contestant in contestants]
        times = " | ".join(f"{statistics.median(each['median_ms'] for each in results):.1f}" for results in of_work)
        print(f"| {work} | {times} | " + " / ".join(f"{results[-1]['bytes']:,}" for results in of_work) + " |")


if __name__ == "__main__":
    if sys.argv[1:] == ["--serve-libvips"]:
        serve_libvips()
    else:
        main()
