"""Builders of files as telephones, chat programs and enemies send them; nothing here is read from a disk."""

import struct
import zlib
from io import BytesIO

import pillow_heif
from PIL import Image, ImageCms
from PIL.PngImagePlugin import PngInfo

RED, GREEN, BLUE, YELLOW = (200, 30, 30), (30, 170, 40), (30, 40, 200), (220, 200, 30)
# Upright, clockwise from the top left: what a corner must look like after re-encoding.
CORNERS = (RED, GREEN, YELLOW, BLUE)

# Words that must be in no stored copy; each names the block it was put into.
SECRETS = (
    b"MARK-make", b"MARK-makernote", b"MARK-artist", b"MARK-xmp", b"MARK-iptc", b"MARK-comment",
    b"MARK-trailing", b"MARK-thumbnail", b"MARK-mpf", b"MARK-text", b"MARK-itxt", b"MARK-ztxt",
)  # fmt: skip

_BACK = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def marked(width: int = 320, height: int = 200) -> Image.Image:
    """A grey picture whose four corners differ, so that every turn and mirror shows."""
    image = Image.new("RGB", (width, height), (128, 128, 128))
    side = max(1, min(width, height) // 4)
    places = ((0, 0), (width - side, 0), (width - side, height - side), (0, height - side))
    for place, colour in zip(places, CORNERS, strict=True):
        image.paste(colour, (*place, place[0] + side, place[1] + side))
    return image


def lying(orientation: int, width: int = 320, height: int = 200) -> Image.Image:
    """The marked picture as a camera stores it that says `orientation` in its EXIF block."""
    turn = _BACK[orientation]
    image = marked(width, height)
    return image if turn is None else image.transpose(turn)


# --- Blocks -----------------------------------------------------------------------------------------------


def _ifd(entries: list[tuple[int, int, int, bytes]], at: int, following: int = 0) -> bytes:
    """One TIFF directory, little-endian, beginning at offset `at`: (tag, type, count, value) each."""
    head, extra = struct.pack("<H", len(entries)), b""
    extra_at = at + 2 + 12 * len(entries) + 4
    for tag, kind, count, value in sorted(entries):
        if len(value) > 4:
            field, extra = struct.pack("<I", extra_at + len(extra)), extra + value + b"\0" * (len(value) % 2)
        else:
            field = value.ljust(4, b"\0")
        head += struct.pack("<HHI", tag, kind, count) + field
    return head + struct.pack("<I", following) + extra


def _text(tag: int, words: bytes) -> tuple[int, int, int, bytes]:
    return tag, 2, len(words) + 1, words + b"\0"


def _long(tag: int, value: int) -> tuple[int, int, int, bytes]:
    return tag, 4, 1, struct.pack("<I", value)


def _degrees(*parts: int) -> bytes:
    return b"".join(struct.pack("<II", part, 1) for part in parts)


def _thumbnail() -> bytes:
    out = BytesIO()
    marked(64, 48).save(out, "JPEG", comment=b"MARK-thumbnail")
    return out.getvalue()


def tiff(orientation: int = 1) -> bytes:
    """An EXIF block as TIFF: camera, artist, time, maker note, position and a thumbnail."""
    maker = b"MARK-makernote" * 40
    thumbnail = _thumbnail()
    private = [
        (0x927C, 7, len(maker), maker), _text(0x9003, b"2026:11:11 08:07:06"), _text(0xA431, b"MARK-make-7"),
    ]  # fmt: skip
    gps = [
        _text(1, b"N"), (2, 5, 3, _degrees(30, 12, 34)), _text(3, b"E"), (4, 5, 3, _degrees(104, 5, 6)),
    ]  # fmt: skip

    def blocks(at: tuple[int, int, int, int]) -> list[bytes]:
        exif_at, gps_at, small_at, picture_at = at
        first = [
            _text(0x010F, b"MARK-make"), _text(0x013B, b"MARK-artist"),
            (0x0112, 3, 1, struct.pack("<H", orientation)), _long(0x8769, exif_at), _long(0x8825, gps_at),
        ]  # fmt: skip
        small = [
            _long(0x0201, picture_at),
            _long(0x0202, len(thumbnail)),
            (0x0103, 3, 1, struct.pack("<H", 6)),
        ]
        return [_ifd(first, 8, small_at), _ifd(private, exif_at), _ifd(gps, gps_at), _ifd(small, small_at)]

    lengths = [len(block) for block in blocks((0, 0, 0, 0))]
    ends = [8 + sum(lengths[: n + 1]) for n in range(4)]
    return b"II*\0\x08\0\0\0" + b"".join(blocks((ends[0], ends[1], ends[2], ends[3]))) + thumbnail


def exif(orientation: int = 1) -> bytes:
    return b"Exif\0\0" + tiff(orientation)


XMP = (
    b"<?xpacket begin='' id='W5M0MpCehiHzreSzNTczkc9d'?><x:xmpmeta xmlns:x='adobe:ns:meta/'>"
    b"<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'><rdf:Description rdf:about='' "
    b"xmlns:dc='http://purl.org/dc/elements/1.1/' dc:source='MARK-xmp'/></rdf:RDF></x:xmpmeta>"
    b"<?xpacket end='w'?>"
)


def _iptc() -> bytes:
    words = b"MARK-iptc"
    record = b"\x1c\x02\x78" + struct.pack(">H", len(words)) + words
    return b"Photoshop 3.0\x008BIM\x04\x04\0\0" + struct.pack(">I", len(record)) + record + b"\0" * (len(record) % 2)


def _mpf(first_length: int, second_at: int, second_length: int) -> bytes:
    """The index of a second picture behind the first (multi-picture format), counted from its own head."""
    pictures = struct.pack("<IIIHH", 0x030000, first_length, 0, 0, 0)
    pictures += struct.pack("<IIIHH", 0x020002, second_length, second_at, 0, 0)
    entries = [(0xB000, 7, 4, b"0100"), _long(0xB001, 2), (0xB002, 7, len(pictures), pictures)]
    return b"MPF\0II*\0\x08\0\0\0" + _ifd(entries, 8)


def _segment(marker: int, data: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(data) + 2) + data


def swapped_profile() -> bytes:
    """A colour profile that takes red for green and green for red, so that ignoring it shows."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    profile = profile.replace(b"rXYZ", b"tmpZ").replace(b"gXYZ", b"rXYZ").replace(b"tmpZ", b"gXYZ")
    return profile.replace("sRGB".encode("utf-16-be"), "odd!".encode("utf-16-be"))


# --- Photos -----------------------------------------------------------------------------------------------


def plain_jpeg(image: Image.Image | None = None, **options: object) -> bytes:
    out = BytesIO()
    (image or marked()).save(out, "JPEG", **{"quality": 95, **options})
    return out.getvalue()


def loaded_jpeg(orientation: int = 1, image: Image.Image | None = None) -> bytes:
    """A JPEG with EXIF, GPS, thumbnail, XMP, IPTC, ICC, comment, a second picture and trailing bytes."""
    core = plain_jpeg(image or lying(orientation))
    icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    before = (
        core[:20] + _segment(0xE1, exif(orientation))
        + _segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + XMP)
        + _segment(0xE2, b"ICC_PROFILE\0\x01\x01" + icc) + _segment(0xED, _iptc())
        + _segment(0xFE, b"MARK-comment")
    )  # fmt: skip
    second = plain_jpeg(marked(100, 60), comment=b"MARK-mpf")
    length = len(before) + len(_segment(0xE2, _mpf(0, 0, 0))) + len(core) - 20
    index = _mpf(length, length - (len(before) + 8), len(second))
    return before + _segment(0xE2, index) + core[20:] + second + b"MARK-trailing" * 9


def png(image: Image.Image | None = None, orientation: int = 1) -> bytes:
    """A PNG with tEXt, iTXt, zTXt, eXIf and bytes after its end."""
    words = PngInfo()
    words.add_text("Author", "MARK-text")
    words.add_itxt("XML:com.adobe.xmp", XMP.decode())
    words.add_itxt("Comment", "MARK-itxt 石桥镇")
    words.add_text("Packed", "MARK-ztxt", zip=True)
    out = BytesIO()
    (image or lying(orientation)).save(out, "PNG", pnginfo=words, exif=tiff(orientation))
    return out.getvalue() + b"MARK-trailing"


def webp(orientation: int = 1) -> bytes:
    out = BytesIO()
    lying(orientation).save(out, "WEBP", quality=95, exif=exif(orientation), xmp=XMP)
    return out.getvalue()


def animated(kind: str) -> bytes:
    """Three frames as "WEBP", "GIF" or "PNG"."""
    out = BytesIO()
    frames = [Image.new("RGB", (40, 30), colour) for colour in CORNERS]
    frames[0].save(out, kind, save_all=True, append_images=frames[1:], duration=100)
    return out.getvalue()


def heic(orientation: int = 1, *, tile: int = 0) -> bytes:
    """A still as iPhones store it, in tiles or whole; `orientation` is the container's own turn, and in EXIF."""
    out = BytesIO()
    picture = pillow_heif.from_pillow(lying(orientation))
    picture.save(out, quality=95, chroma=444, exif=exif(orientation), xmp=XMP, tile_size=tile)
    return out.getvalue()


def gif_of(frames: int) -> bytes:
    """A GIF of 1 × 1 pixel with a comment and as many frames as asked for."""
    head = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff!\xfe\x0cMARK-comment\0"
    frame = b"!\xf9\x04\0\x01\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0"
    return head + frame * frames + b";"


# --- Enemies ----------------------------------------------------------------------------------------------


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def bomb(side: int = 20_000) -> bytes:
    """A PNG of some kilobytes that unpacks to `side` × `side` pixels."""
    rows = zlib.compress(bytes((side // 8 + 1) * side), 9)
    head = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + _chunk(b"IDAT", rows) + _chunk(b"IEND", b"")


def packed_text_bomb() -> bytes:
    """A PNG whose compressed text unpacks to 200 MB."""
    whole = png()
    text = _chunk(b"zTXt", b"Bomb\0\0" + zlib.compress(bytes(200_000_000), 9))
    return whole[:33] + text + whole[33:]


def many_scans(scans: int) -> bytes:
    """A progressive JPEG that repeats its last scan, the old way to keep libjpeg busy for minutes."""
    whole = plain_jpeg(marked(), progressive=True)
    last = whole.rindex(b"\xff\xda")
    scan = whole[last:-2]
    return whole[:-2] + scan * scans + b"\xff\xd9"


def cut_jpeg(share: float, *, progressive: bool = False, then: bytes = b"") -> bytes:
    whole = plain_jpeg(_noise(640, 480), progressive=progressive)
    return whole[: int(len(whole) * share)] + then


def _noise(width: int, height: int) -> Image.Image:
    return Image.effect_noise((width, height), 60).convert("RGB")


def zip_behind_jpeg() -> bytes:
    """A picture that is an archive as well, as some programs and some attackers read it."""
    return plain_jpeg() + b"PK\x03\x04MARK-trailing" + b"PK\x05\x06" + b"\0" * 18


def script_in_jpeg() -> bytes:
    return plain_jpeg(comment=b"*/=alert('MARK-comment');/*<script>alert(1)</script><?php system('id'); ?>")


SVG = b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
HTML = b"<!doctype html><script>alert(1)</script>"
PDF = b"%PDF-1.7\n1 0 obj<</OpenAction<</S/JavaScript/JS(app.alert(1))>>>>endobj"

NAMES = (
    "现场照片.jpg", "invoice.php.jpg", "../../x", "..\\..\\x.jpg", "gpj.\u202eexe.jpg", "a\x00b.jpg",
    "\u200b.jpg", "<img src=x onerror=alert(1)>.jpg", "", "长" * 300 + ".jpg", "CON",
    "photo.jpg\r\nX-Evil: 1",
)  # fmt: skip


def _box(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data) + 8) + name + data


def iso_media(brand: bytes, *tracks: bytes, compatible: bytes = b"isom") -> bytes:
    """The head of an mp4, mov, 3gp or m4a file whose tracks are of the kinds given (`vide`, `soun`)."""
    handlers = b"".join(_box(b"trak", _box(b"hdlr", b"\0" * 8 + kind + b"\0" * 12)) for kind in tracks)
    return _box(b"ftyp", brand + b"\0\0\x02\0" + compatible) + _box(b"moov", handlers) + _box(b"mdat", b"\x01" * 400)


RECORDINGS: tuple[tuple[str, bytes, str], ...] = (
    ("mp4", iso_media(b"isom", b"vide", b"soun"), "video"),
    ("mov", iso_media(b"qt  ", b"vide", b"soun"), "video"),
    ("mov without brand", _box(b"wide", b"") + _box(b"mdat", b"\x01" * 400), "video"),
    ("3gp", iso_media(b"3gp4", b"vide", b"soun"), "video"),
    ("3gp with sound only", iso_media(b"3gp4", b"soun"), "audio"),
    ("mp4 with sound only", iso_media(b"mp42", b"soun"), "audio"),
    ("m4a", iso_media(b"M4A ", b"soun"), "audio"),
    ("amr", b"#!AMR\n" + b"\x3c" * 200, "audio"),
    ("silk", b"\x02#!SILK_V3" + b"\x01" * 200, "audio"),
    ("mp3 with tags", b"ID3\x04\0\0\0\0\0\0" + b"\0" * 100, "audio"),
    ("mp3", b"\xff\xfb\x90\x64" + b"\0" * 400, "audio"),
    ("aac", b"\xff\xf1\x50\x80" + b"\0" * 400, "audio"),
    ("wav", b"RIFF\x24\x08\0\0WAVEfmt " + b"\0" * 100, "audio"),
    ("ogg", b"OggS\0\x02" + b"\0" * 100, "audio"),
    ("flac", b"fLaC\0\0\0\x22" + b"\0" * 100, "audio"),
    ("avi", b"RIFF\x24\x08\0\0AVI LIST" + b"\0" * 100, "video"),
    ("webm", b"\x1a\x45\xdf\xa3\x9f" + b"\0" * 100, "video"),
    ("wmv", b"\x30\x26\xb2\x75\x8e\x66\xcf\x11" + b"\0" * 100, "video"),
    ("flv", b"FLV\x01\x05" + b"\0" * 100, "video"),
    ("ts", (b"G\x40\x11\x10" + b"\xff" * 184) * 4, "video"),
)

OTHER_KINDS: tuple[tuple[str, bytes], ...] = (
    ("gif", gif_of(1)), ("gif of ten thousand frames", gif_of(10_000)), ("moving gif", animated("GIF")),
    ("moving webp", animated("WEBP")), ("moving png", animated("PNG")), ("svg", SVG), ("html", HTML),
    ("pdf", PDF), ("avif", _box(b"ftyp", b"avif\0\0\0\0mif1") + b"\0" * 100), ("text", b"hello"),
    ("bmp", b"BM" + b"\0" * 100), ("tiff", b"II*\0" + b"\0" * 100), ("zip", b"PK\x03\x04" + b"\0" * 100),
    ("exe", b"MZ" + b"\0" * 200), ("postscript", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n"),
    ("icon", b"\0\0\x01\0\x01\0" + b"\0" * 60), ("script", b"#!/bin/sh\nrm -rf /\n"),
)  # fmt: skip
