#!/usr/bin/env python3
"""One PNG that shows every operation of a transform on a photo, every way to write it, and an animation, for eyes to judge.

    contact_sheet.py SAFELIGHT PHOTO SHEET.png

Starts a server of its own on a free port of the loopback interface with a temporary data folder, uploads a logo that it
draws, then the photo with all variants, and lays out what comes. Needs Python's Pillow; JPEG XL is shown where Pillow's
plug-in for it is there.
"""

import contextlib
import io
import json
import os
import subprocess
import sys
import tempfile
import urllib.parse
import urllib.request

from PIL import Image, ImageCms, ImageDraw, ImageFont
from PIL.ExifTags import Base

with contextlib.suppress(ImportError):
    import pillow_jxl  # noqa: F401 (registers itself)

CELL = 260
LABEL = 46
COLUMNS = 6
GROUND = (236, 236, 236)


def box(fit, **more):
    return {"resize": {"width": 240, "height": 160, "fit": fit, **more}}


SMALL = {"resize": {"longest_side": 240}}


def transforms(logo):
    """label → transform"""
    shown = {
        "inside 240x160": box("inside"),
        "outside 240x160": box("outside"),
        "cover": box("cover"),
        "cover, north-west": box("cover", gravity="north-west"),
        "cover, attention": {"resize": {"width": 110, "height": 160, "fit": "cover", "gravity": "attention"}},
        "cover, entropy": {"resize": {"width": 110, "height": 160, "fit": "cover", "gravity": "entropy"}},
        "cover, focal": box("cover", gravity="focal"),
        "contain": {**box("contain"), "background": "#334455"},
        "fill": box("fill"),
        "area 20,000": {"resize": {"area": 20_000}},
        "dpr 1.5 of 150": {"resize": {"width": 150, "dpr": 1.5}},
        "enlarge 80x60 to 240": {"crop": {"x": 300, "y": 300, "width": 80, "height": 60},
                                 "resize": {"width": 240, "enlarge": True}},
        "crop 600x600 at (300, 300)": {"crop": {"x": 300, "y": 300, "width": 600, "height": 600}, **SMALL},
        "crop by attention": {"crop": {"width": 900, "height": 900, "gravity": "attention"}, **SMALL},
        "trim 30": {"trim": 30, **SMALL},
        "rotate 90": {"rotate": 90, **SMALL},
        "rotate 12.5": {"rotate": 12.5, **SMALL, "background": "#ffffff"},
        "flip": {"flip": "horizontal", **SMALL},
        "flip vertical": {"flip": "vertical", **SMALL},
        "greyscale": {"greyscale": True, **SMALL},
        "saturation 1.8": {"saturation": 1.8, **SMALL},
        "brightness 1.3": {"brightness": 1.3, **SMALL},
        "contrast 1.4": {"contrast": 1.4, **SMALL},
        "duotone": {"duotone": {"dark": "#1b1464", "light": "#f9d976"}, **SMALL},
        "blur 4": {"blur": 4, **SMALL},
        "sharpen 2": {"sharpen": 2, **SMALL},
        "watermark": {"watermark": {"image": logo, "opacity": 0.8, "scale": 0.35, "margin": 8}, **SMALL},
        "corner radius 30": {"corner_radius": 30, **SMALL, "format": "png"},
        "pad": {"pad": {"top": 8, "right": 16, "bottom": 24, "left": 16}, "background": "#c0392b", **SMALL},
        "quality 10": {**SMALL, "format": "jpeg", "quality": 10},
        "at most 5,000 bytes": {**SMALL, "format": "jpeg", "max_bytes": 5_000},
        "webp": {**SMALL, "format": "webp"},
        "avif": {**SMALL, "format": "avif"},
        "gif": {**SMALL, "format": "gif"},
        "format auto": {**SMALL, "format": "auto"},
    }
    return shown


# All of them show the same, as far as the format can.
OUTPUTS = {
    "png": {**SMALL, "format": "png"},
    "tiff": {**SMALL, "format": "tiff"},
    "jxl": {**SMALL, "format": "jxl"},
    "jxl, lossless": {**SMALL, "format": "jxl", "lossless": True},
    "webp, lossless": {**SMALL, "format": "webp", "lossless": True},
    "jpeg": {**SMALL, "format": "jpeg"},
    "jpeg, progressive": {**SMALL, "format": "jpeg", "progressive": True},
    "jpeg, effort 9": {**SMALL, "format": "jpeg", "effort": 9},
    "webp, effort 6": {**SMALL, "format": "webp", "effort": 6},
    "avif, effort 4": {**SMALL, "format": "avif", "effort": 4},
    "png, effort 9": {**SMALL, "format": "png", "effort": 9},
    "metadata none": {**SMALL, "format": "jpeg", "metadata": "none"},
    "metadata copyright": {**SMALL, "format": "jpeg", "metadata": "copyright"},
    "metadata all-but-location": {**SMALL, "format": "jpeg", "metadata": "all-but-location"},
    "icc srgb": {**SMALL, "format": "jpeg", "icc": "srgb"},
    "icc keep": {**SMALL, "format": "jpeg", "icc": "keep"},
}

ANIMATIONS = {
    "gif, first frames": {"resize": {"width": 75}, "format": "gif"},
    "webp, first frames": {"resize": {"width": 75}, "format": "webp"},
    "turned by 15": {"rotate": 15, "resize": {"width": 75}, "format": "webp"},
    "cropped, flipped, rounded": {"crop": {"width": 130, "height": 130, "gravity": "attention"}, "flip": "vertical",
                                  "resize": {"width": 75}, "corner_radius": 20, "format": "webp"},
    "first frame alone": {"resize": {"width": 75}, "format": "webp", "animation": "first-frame"},
}


class Server:
    def __init__(self, safelight, folder):
        environment = {name: value for name, value in os.environ.items() if not name.startswith("SAFELIGHT_")}
        environment.update(SAFELIGHT_LISTEN="127.0.0.1:0", SAFELIGHT_DATA=folder, SAFELIGHT_LOG_FORMAT="json")
        self.process = subprocess.Popen([os.path.abspath(safelight), "serve"], env=environment, cwd=folder, text=True,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self.url = None
        for line in self.process.stderr:
            with contextlib.suppress(ValueError):
                event = json.loads(line)
                if event.get("event") == "listening":
                    self.url = event["url"].rstrip("/")
                    break
        if self.url is None:
            raise SystemExit("the server does not start")

    def call(self, target, data=None, **headers):
        request = urllib.request.Request(self.url + target, data, headers)
        with urllib.request.urlopen(request, timeout=120) as response:
            return response.read()

    def upload(self, content, variants, **parameters):
        query = urllib.parse.urlencode({"variants": json.dumps(variants) if variants else "", **parameters})
        job = json.loads(self.call(f"/v1/jobs?{query}", content, **{"Content-Type": "application/octet-stream"}))
        while job["status"] == "PROCESSING":
            job = json.loads(self.call(f"/v1/jobs/{job['id']}", Prefer="wait=30"))
        return job

    def stop(self):
        self.process.terminate()
        self.process.wait(30)


def logo():
    """White letters on a dark disc, clear around it."""
    picture = Image.new("RGBA", (400, 200), (0, 0, 0, 0))
    draw = ImageDraw.Draw(picture)
    draw.rounded_rectangle((4, 4, 396, 196), 60, (20, 20, 20, 220))
    draw.text((200, 100), "SAFELIGHT", (255, 255, 255, 255), ImageFont.load_default(60), anchor="mm")
    content = io.BytesIO()
    picture.save(content, "png")
    return content.getvalue()


def animation():
    """A disc that walks over a slope of colour, as a GIF of five frames."""
    frames = []
    slope = Image.linear_gradient("L").resize((200, 150))
    for step in range(5):
        frame = Image.merge("RGB", (slope, slope.transpose(Image.Transpose.ROTATE_180), slope.point(lambda _: 120)))
        ImageDraw.Draw(frame).ellipse((15 + 30 * step, 45, 65 + 30 * step, 95), (250, 220, 60))
        frames.append(frame)
    content = io.BytesIO()
    frames[0].save(content, "gif", save_all=True, append_images=frames[1:], duration=100, loop=0)
    return content.getvalue()


def with_credits(photo):
    """A JPEG without EXIF is given something to say."""
    picture = Image.open(io.BytesIO(photo))
    if picture.format != "JPEG" or picture.getexif():
        return photo
    exif = Image.Exif()
    exif[Base.Artist], exif[Base.Copyright], exif[Base.Model] = "Ann Author", "(c) Ann Author", "Model 5"
    block = exif.tobytes()
    return photo[:2] + b"\xff\xe1" + (len(block) + 2).to_bytes(2, "big") + block + photo[2:]


def note_of(variant, picture):
    """What the file is, and what it says of itself."""
    said = [str(value) for tag, value in picture.getexif().items() if tag in (Base.Artist, Base.Copyright, Base.Model)]
    if profile := picture.info.get("icc_profile"):
        said.append(ImageCms.getProfileDescription(ImageCms.ImageCmsProfile(io.BytesIO(profile))).strip())
    note = f"{variant['width']}x{variant['height']}, {variant['bytes']:,} B, {variant['media_type'].removeprefix('image/')}"
    return "\n".join([note, "; ".join(said)])


def side_by_side(picture, count=3):
    """The first frames of an animation."""
    count = min(count, getattr(picture, "n_frames", 1))
    strip = Image.new("RGBA", (count * (picture.width + 5), picture.height))
    for index in range(count):
        picture.seek(index)
        strip.paste(picture.convert("RGBA"), (index * (picture.width + 5), 0))
    return strip


def on_ground(picture):
    """Fitted into a cell, on a chequered ground that shows what is clear."""
    ground = Image.new("RGB", (CELL - 10, CELL - LABEL - 10), GROUND)
    draw = ImageDraw.Draw(ground)
    for y in range(0, ground.height, 10):
        for x in range(y // 10 % 2 * 10, ground.width, 20):
            draw.rectangle((x, y, x + 9, y + 9), (222, 222, 222))
    picture = picture.convert("RGBA")
    picture.thumbnail(ground.size)
    ground.paste(picture, ((ground.width - picture.width) // 2, (ground.height - picture.height) // 2), picture)
    return ground


def sheet(cells):
    rows = -(-len(cells) // COLUMNS)
    page = Image.new("RGB", (COLUMNS * CELL, rows * CELL), "white")
    draw = ImageDraw.Draw(page)
    font = ImageFont.load_default(15)
    for index, (label, picture, note) in enumerate(cells):
        x, y = index % COLUMNS * CELL, index // COLUMNS * CELL
        draw.text((x + 6, y + 3), label, "black", font)
        lines = "\n".join(line[:46] for line in note.splitlines())
        draw.multiline_text((x + 6, y + 19), lines, (110, 110, 110), ImageFont.load_default(11), spacing=2)
        if picture:
            page.paste(on_ground(picture), (x + 5, y + LABEL + 3))
    return page


def cells_of(server, photo, shown, focal_point="0.2,0.2"):
    """(label, picture, note) of each of the transforms."""
    names = {f"v{index}": label for index, label in enumerate(shown)}
    variants = [{"name": name, "transform": shown[label]} for name, label in names.items()]
    for start in range(0, len(variants), 16):
        part = variants[start:start + 16]
        job = server.upload(photo, part, filename="photo", focal_point=focal_point)
        for variant in job["image"]["variants"]:
            label = names[variant["name"]]
            if variant["status"] != "ready":
                yield label, None, variant["error"]["detail"]
                continue
            try:
                picture = Image.open(io.BytesIO(server.call(variant["url"])))
            except Image.UnidentifiedImageError:
                yield label, Image.new("RGBA", (1, 1)), "made, and Pillow has no plug-in to show it"
                continue
            yield label, picture, note_of(variant, picture)


def all_cells(server, photo):
    logo_id = server.upload(logo(), [], filename="logo.png")["image"]["id"]
    yield from cells_of(server, photo, transforms(logo_id))
    yield from cells_of(server, with_credits(photo), OUTPUTS)
    for label, picture, note in cells_of(server, animation(), ANIMATIONS):
        yield label, picture and side_by_side(picture), note


def main():
    if len(sys.argv) != 4:
        raise SystemExit(__doc__)
    safelight, photo, path = sys.argv[1:]
    with open(photo, "rb") as file, tempfile.TemporaryDirectory() as folder:
        server = Server(safelight, folder)
        try:
            cells = list(all_cells(server, file.read()))
        finally:
            server.stop()
    sheet(cells).save(path)
    failed = [label for label, picture, _ in cells if picture is None]
    print(f"{path}: {len(cells)} pictures" + (f"; not made: {', '.join(failed)}" if failed else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
