"""What variants say of the picture beside its pixels: read from what the server hands out by a library that is not ours."""

import io
import struct

import pytest
from PIL import Image, ImageCms
from PIL.ExifTags import GPS, IFD, Base

import pictures

ARTIST, COPYRIGHT, CREDIT = "Ann Author", "(c) 2024 Ann Author", "Agency Credit"
SECRET = pictures.SECRET.decode()
EXIF_FORMATS = ("jpeg", "png", "webp", "tiff", "avif", "jxl")
ICC_FORMATS = ("jpeg", "png", "webp", "tiff", "avif")
LOCATING_OR_IDENTIFYING = {
    Base.ImageDescription, Base.Software, Base.HostComputer, Base.UserComment, Base.MakerNote, Base.ImageUniqueID,
    Base.CameraOwnerName, Base.BodySerialNumber, Base.LensSerialNumber, Base.CameraSerialNumber}

XMP = (f'<?xpacket begin="" id="x"?><x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF><rdf:Description photoshop:Credit="{CREDIT}" '
       f'aux:SerialNumber="{SECRET}" exif:GPSLatitude="51,28N"/></rdf:RDF></x:xmpmeta><?xpacket end="w"?>').encode()


def exif_with_secrets():
    exif = Image.Exif()
    exif[Base.Make], exif[Base.Model] = "Maker", "Model 5"
    exif[Base.Artist], exif[Base.Copyright] = ARTIST, COPYRIGHT
    exif[Base.ImageDescription] = exif[Base.Software] = exif[Base.CameraSerialNumber] = SECRET
    exif[IFD.Exif] = {Base.DateTimeOriginal: "2024:05:31 12:00:00", Base.ISOSpeedRatings: 100, Base.LensModel: "50mm",
                      Base.BodySerialNumber: SECRET, Base.LensSerialNumber: SECRET, Base.CameraOwnerName: SECRET,
                      Base.ImageUniqueID: SECRET, Base.MakerNote: SECRET.encode()}
    exif[IFD.GPSInfo] = {GPS.GPSLatitudeRef: "N", GPS.GPSLatitude: (51.0, 28.0, 38.0),
                         GPS.GPSLongitudeRef: "E", GPS.GPSLongitude: (0.0, 0.0, 5.0)}
    return with_thumbnail(exif.tobytes())


def with_thumbnail(exif):
    """With a second directory that leads to a small picture, which Pillow writes none of."""
    head, block = exif[:6], bytearray(exif[6:])
    order = "<" if block[:2] == b"II" else ">"
    first, = struct.unpack_from(order + "I", block, 4)
    entries, = struct.unpack_from(order + "H", block, first)
    block += b"\0" * (len(block) % 2)
    thumbnail = pictures.make("jpeg", (16, 12))
    second = len(block)
    struct.pack_into(order + "I", block, first + 2 + 12 * entries, second)
    data_at = second + 2 + 3 * 12 + 4
    block += struct.pack(order + "H", 3)
    for tag, kind, value in ((Base.Compression, 3, 6 if order == "<" else 6 << 16), (Base.JpegIFOffset, 4, data_at),
                             (Base.JpegIFByteCount, 4, len(thumbnail))):
        block += struct.pack(order + "HHII", tag, kind, 1, value)
    return head + bytes(block) + struct.pack(order + "I", 0) + thumbnail


def display_p3():
    """A matrix profile (ICC.1:2001) with P3's primaries, adapted to D50, and a gamma of 2.2."""
    def fixed(*values):
        return b"".join(struct.pack(">i", round(value * 65536)) for value in values)

    def colour(*xyz):
        return b"XYZ \0\0\0\0" + fixed(*xyz)

    name = b"Display P3 of a test\0"
    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(2.2 * 256)) + b"\0\0"
    tags = {b"desc": b"desc\0\0\0\0" + struct.pack(">I", len(name)) + name + b"\0" * (78 + 3),
            b"cprt": b"text\0\0\0\0none\0\0\0\0", b"wtpt": colour(0.9642, 1, 0.8249),
            b"rXYZ": colour(0.51512, 0.24120, -0.00105), b"gXYZ": colour(0.29198, 0.69225, 0.04189),
            b"bXYZ": colour(0.15710, 0.06657, 0.78407), b"rTRC": curve, b"gTRC": curve, b"bTRC": curve}
    table, data = struct.pack(">I", len(tags)), b""
    for name, content in tags.items():
        content += b"\0" * (-len(content) % 4)
        table += name + struct.pack(">II", 128 + 4 + 12 * len(tags) + len(data), len(content))
        data += content
    size = 128 + len(table) + len(data)
    header = struct.pack(">I4sI4s4s4s", size, b"\0\0\0\0", 0x02100000, b"mntr", b"RGB ", b"XYZ ")
    header += struct.pack(">6H", 2024, 1, 1, 0, 0, 0) + b"acsp" + b"\0" * 28 + fixed(0.9642, 1, 0.8249)
    return header.ljust(128, b"\0") + table + data


def variant(format, **options):
    quality = {} if format in ("png", "tiff") else {"quality": 95}
    return {"name": format, "transform": {"format": format, "resize": {"width": 40}, **quality, **options}}


@pytest.fixture(scope="module")
def original():
    picture = Image.new("RGB", (80, 60), (210, 60, 50))
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=100, subsampling=0, exif=exif_with_secrets(), xmp=XMP, icc_profile=display_p3(),
                 comment=SECRET)
    return out.getvalue()


@pytest.fixture(scope="module")
def made(shared_server, original):
    """(format, policy or "icc") → the bytes that the server hands out."""
    client = shared_server.client()
    shown = {}
    for key, option in (("none", {}), ("copyright", {"metadata": "copyright"}),
                        ("all-but-location", {"metadata": "all-but-location"}), ("icc", {"icc": "keep"})):
        formats = ICC_FORMATS if key == "icc" else EXIF_FORMATS
        job = client.process(original, variants=[variant(name, **option) for name in formats])
        assert job["status"] == "PROCESSED", job
        for made_variant in job["image"]["variants"]:
            shown[made_variant["name"], key] = client.get(made_variant["url"]).body
    return shown


def exif_of(data):
    return pictures.opened(data).getexif()


def test_the_original_holds_all_that(original):
    exif = exif_of(original)
    assert exif[Base.Artist] == ARTIST
    assert exif.get_ifd(IFD.GPSInfo)[GPS.GPSLatitude] == (51, 28, 38)
    assert exif.get_ifd(IFD.Exif)[Base.BodySerialNumber] == SECRET
    assert exif.get_ifd(IFD.IFD1)[Base.JpegIFByteCount] > 100
    assert CREDIT.encode() in original


@pytest.mark.parametrize("policy", ["none", "copyright", "all-but-location"])
@pytest.mark.parametrize("format", EXIF_FORMATS)
class TestPolicies:
    def test_nothing_locates_or_identifies(self, made, format, policy):
        data = made[format, policy]
        assert pictures.SECRET not in data
        exif = exif_of(data)
        details = exif.get_ifd(IFD.Exif)
        assert not exif.get_ifd(IFD.GPSInfo)
        assert not exif.get_ifd(IFD.IFD1), "a thumbnail"
        assert exif.get(Base.Orientation, 1) == 1
        assert not LOCATING_OR_IDENTIFYING & {*exif, *details}
        assert data.count(b"\xff\xd8\xff") == (1 if format == "jpeg" else 0), "a picture within the picture"
        assert not pictures.opened(data).info.get("xmp")

    def test_credit_is_kept_where_it_is_asked_for(self, made, format, policy):
        exif = exif_of(made[format, policy])
        if policy == "none":
            assert Base.Artist not in exif and Base.Copyright not in exif
        else:
            assert exif[Base.Artist] == f"{ARTIST}; {CREDIT}"
            assert exif[Base.Copyright] == COPYRIGHT

    def test_how_and_when_is_kept_where_it_is_asked_for(self, made, format, policy):
        exif = exif_of(made[format, policy])
        details = exif.get_ifd(IFD.Exif)
        if policy == "all-but-location":
            assert (exif[Base.Make], exif[Base.Model]) == ("Maker", "Model 5")
            assert details[Base.DateTimeOriginal] == "2024:05:31 12:00:00"
            assert (details[Base.ISOSpeedRatings], details[Base.LensModel]) == (100, "50mm")
        else:
            assert Base.Model not in exif and not details


class TestProfile:
    @pytest.mark.parametrize("format", EXIF_FORMATS)
    def test_without_asking_there_is_none(self, made, format):
        if format != "jxl":  # says its colour space in every file
            assert not pictures.opened(made[format, "none"]).info.get("icc_profile")

    @pytest.mark.parametrize("format", ICC_FORMATS)
    def test_p3_is_kept(self, made, original, format):
        picture = pictures.opened(made[format, "icc"])
        profile = ImageCms.ImageCmsProfile(io.BytesIO(picture.info["icc_profile"]))
        assert "P3" in ImageCms.getProfileDescription(profile)
        for colorant, expected in (("red", (0.515, 0.241, -0.001)), ("green", (0.292, 0.692, 0.042)),
                                   ("blue", (0.157, 0.067, 0.784))):
            xyz = getattr(profile.profile, colorant + "_colorant")[0]
            assert all(abs(a - b) < 0.003 for a, b in zip(xyz, expected)), (colorant, xyz)
        source = ImageCms.ImageCmsProfile(io.BytesIO(display_p3()))
        expected = ImageCms.profileToProfile(pictures.opened(original), source, profile).getpixel((40, 30))
        seen = picture.convert("RGB").getpixel((20, 15))
        assert all(abs(a - b) <= 3 for a, b in zip(seen, expected)), (seen, expected)

    def test_else_it_is_srgb(self, made, original):
        source = ImageCms.ImageCmsProfile(io.BytesIO(display_p3()))
        shown = ImageCms.profileToProfile(pictures.opened(original), source, ImageCms.createProfile("sRGB"))
        expected = shown.getpixel((40, 30))
        seen = pictures.opened(made["png", "none"]).convert("RGB").getpixel((20, 15))
        assert all(abs(a - b) <= 3 for a, b in zip(seen, expected)), (seen, expected)
        kept = pictures.opened(made["png", "icc"]).convert("RGB").getpixel((20, 15))
        assert max(abs(a - b) for a, b in zip(seen, kept)) > 8, "the two would be taken for each other"


def test_an_animation_in_webp_carries_its_credit(client):
    frames = [Image.new("RGB", (40, 30), colour) for colour in ("red", "green", "blue")]
    out = io.BytesIO()
    frames[0].save(out, "WEBP", save_all=True, append_images=frames[1:], duration=50, exif=exif_with_secrets(), xmp=XMP)
    for policy in ("copyright", "all-but-location"):
        job = client.process(out.getvalue(), variants=[variant("webp", metadata=policy)])
        data = client.get(job["image"]["variants"][0]["url"]).body
        picture = pictures.opened(data)
        assert picture.n_frames == 3
        assert picture.getexif()[Base.Artist] == f"{ARTIST}; {CREDIT}"
        assert picture.getexif()[Base.Copyright] == COPYRIGHT
        assert not picture.getexif().get_ifd(IFD.GPSInfo)
        assert pictures.SECRET not in data
