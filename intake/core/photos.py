"""A photo in, a clean photo out: upright, sRGB, one size at most, nothing of where and with what. ADR 0007.

Everything happens in memory. What a file is, its bytes say; its name is only ever repeated to its sender.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from threading import Condition
from typing import Any, Final, Literal

from PIL import Image, ImageCms, ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile

from intake.core import late

Reason = Literal["broken", "too_big", "kind", "video", "audio", "too_many", "busy"]

MEDIA_TYPE: Final = "image/jpeg"
# How long a photo waits for its turn (about 0.25 s each) before its sender is told to add it later.
WAIT_SECONDS: Final = 20.0

# Baseline at 82: progressive saves 10 % of the bytes and costs 90 ms of 230 a photo (docs/adr/0007).
_QUALITY: Final = 82
_LONGEST_NAME: Final = 40
_NAMELESS: Final = "照片"
# A progressive photo has about ten scans. With thousands, libjpeg walks the whole picture for each.
_MOST_SCANS: Final = 64
_BAND: Final = 256
# libwebp keeps a picture three times while it reads one; so half as many pixels are its share.
_WEIGHT: Final = {"webp": 2}
_LARGEST_PROFILE: Final = 4 * 1024 * 1024
_SRGB: Final = ImageCms.createProfile("sRGB")


@dataclass(frozen=True, slots=True)
class Limits:
    """What binds a photo: bytes as sent, pixels as declared, longest side kept, pictures decoded at once."""

    max_bytes: int = 10 * 1024 * 1024
    max_pixels: int = 40_000_000
    side: int = 2560
    slots: int = 2


@dataclass(frozen=True, slots=True)
class Photo:
    """A re-encoded photo; `width` and `height` in pixels, as it stands."""

    data: bytes
    media_type: str
    width: int
    height: int


class NotTaken(Exception):
    """A file that is left out. `name` is safe to show to its sender, `reason` says why."""

    def __init__(self, reason: Reason, name: str = "") -> None:
        super().__init__(reason)
        self.reason: Reason = reason
        self.name = shown_name(name)


def shown_name(name: str) -> str:
    """A file's name for its sender's eyes: no folders, nothing invisible, nothing that turns a line."""
    base = re.split(r"[/\\]", name)[-1]
    plain = "".join(mark for mark in base if unicodedata.category(mark)[0] not in "CZ" or mark == " ").strip()
    if len(plain) > _LONGEST_NAME:
        plain = f"{plain[: _LONGEST_NAME - 13]}…{plain[-12:]}"
    return plain or _NAMELESS


# --- What a file is ---------------------------------------------------------------------------------------

Opener = Callable[[BytesIO], ImageFile.ImageFile]


def _heic(data: BytesIO) -> ImageFile.ImageFile:
    """One thread a picture: the slots say how many cores photos may have. Side pictures are never looked at."""
    heif: Any = late.pillow_heif  # it carries no types
    heif.options.DECODE_THREADS = 1
    heif.options.THUMBNAILS = heif.options.DEPTH_IMAGES = heif.options.AUX_IMAGES = False
    opened: ImageFile.ImageFile = heif.HeifImageFile(data)
    return opened


# The plugins themselves instead of Image.open: nothing else can be reached, whatever is registered elsewhere.
_OPENERS: Final[dict[str, Opener]] = {
    "jpeg": JpegImageFile,
    "png": PngImageFile,
    "webp": WebPImageFile,
    "heic": _heic,
}

_HEIC_BRANDS: Final = frozenset({b"heic", b"heix", b"heim", b"heis"})
_OTHER_PICTURE_BRANDS: Final = frozenset({b"mif1", b"avif", b"avis", b"hevc", b"hevx", b"msf1", b"crx "})
_AUDIO_BRANDS: Final = frozenset({b"M4A ", b"M4B ", b"M4P ", b"F4A "})
_BOXES_OF_OLD_FILMS: Final = frozenset({b"moov", b"mdat", b"wide", b"pnot"})

_STARTS: Final[tuple[tuple[bytes, str], ...]] = (
    (b"\xff\xd8\xff", "jpeg"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"#!AMR", "audio"),
    (b"#!SILK", "audio"),
    (b"\x02#!SILK", "audio"),  # a voice message saved from WeChat
    (b"ID3", "audio"),
    (b"fLaC", "audio"),
    (b"OggS", "audio"),
    (b"caff", "audio"),
    (b"\x1a\x45\xdf\xa3", "video"),  # Matroska, WebM
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "video"),  # ASF: wmv, wma
    (b"FLV\x01", "video"),
    (b"\x00\x00\x01\xba", "video"),
    (b"\x00\x00\x01\xb3", "video"),
)
_RECORDINGS: Final[dict[str, Reason]] = {"video": "video", "audio": "audio"}
_RIFF_KINDS: Final = {b"WEBP": "webp", b"WAVE": "audio", b"AVI ": "video"}


def _iso_media(data: bytes) -> str:
    """ISO base media files tell by their brands: pictures, sound and films share the container."""
    end = min(int.from_bytes(data[:4]), 128, len(data))
    brands = {data[8:12], *(data[at : at + 4] for at in range(16, end, 4))}
    if brands & _HEIC_BRANDS:
        return "heic"
    if brands & _OTHER_PICTURE_BRANDS:
        return "kind"
    if data[8:12] in _AUDIO_BRANDS:
        return "audio"
    # Telephones also record sound as plain mp4 or 3gp: then there is a sound track and no picture track.
    return "audio" if b"soun" in data and b"vide" not in data else "video"


def _sniff(data: bytes) -> str:
    """A key of `_OPENERS`, "video", "audio", or "kind" for everything else."""
    for start, kind in _STARTS:
        if data.startswith(start):
            return kind
    if data[4:8] == b"ftyp":
        return _iso_media(data)
    if data.startswith(b"RIFF"):
        return _RIFF_KINDS.get(data[8:12], "kind")
    if data[4:8] in _BOXES_OF_OLD_FILMS or (len(data) > 376 and data[0] == data[188] == data[376] == 0x47):
        return "video"
    # MPEG audio (mp3, aac): eleven set bits, then a version that exists and a bit rate that is allowed.
    if len(data) > 3 and data[0] == 0xFF and data[1] & 0xE0 == 0xE0 and data[1] & 0x18 != 0x08:
        return "audio" if data[2] & 0xF0 != 0xF0 else "kind"
    return "kind"


def reason_for_size(head: bytes) -> Reason:
    """Why a file over the size was left out, told from its first bytes: a film wants another advice."""
    return _RECORDINGS.get(_sniff(head), "too_big")


# --- Room for decoding ------------------------------------------------------------------------------------


class _Slots:
    """A semaphore whose size is a setting: pictures beyond it wait, and give up after a while."""

    def __init__(self) -> None:
        self._taken = 0
        self._changed = Condition()

    @contextmanager
    def one_of(self, count: int, *, wait: float) -> Iterator[None]:
        """Raises NotTaken("busy") when none of `count` slots came free within `wait` seconds."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._taken < count, timeout=wait):
                raise NotTaken("busy")
            self._taken += 1
        try:
            yield
        finally:
            with self._changed:
                self._taken -= 1
                self._changed.notify()


SLOTS: Final = _Slots()


# --- Reading ----------------------------------------------------------------------------------------------

# Starts with a plain byte and repeats nothing: 1 ms a megabyte of photo; with `\xff+` it took sixteen.
_NEXT_MARKER: Final = re.compile(rb"\xff([^\x00\xd0-\xd7\xff])", re.DOTALL)
_START_OF_SCAN: Final = 0xDA
_END_OF_IMAGE: Final = 0xD9


def _whole_jpeg(data: bytes) -> bool:
    """Whether the first picture in the bytes reaches its end marker, in a sane number of scans.

    libjpeg paints what is missing of a cut file grey and says nothing when more bytes follow the cut.
    """
    at, scans = 2, 0
    while match := _NEXT_MARKER.search(data, at):
        marker, at = match[1][0], match.end()
        if marker == _END_OF_IMAGE:
            return scans > 0
        scans += marker == _START_OF_SCAN
        if scans > _MOST_SCANS:
            return False
        at += int.from_bytes(data[at : at + 2])
    return False


def _plain(image: Image.Image) -> Image.Image:
    """The picture as L, RGB or CMYK, on white where it was transparent."""
    if image.mode in {"L", "RGB", "CMYK"} and "transparency" not in image.info:
        return image
    # In bands: a large picture stands in memory twice at most, not four times.
    ground = Image.new("L" if image.mode[:1] in {"1", "I"} else "RGB", image.size)
    for top in range(0, image.height, _BAND):
        box = (0, top, image.width, min(image.height, top + _BAND))
        ground.paste(_plain_band(image.crop(box)), box)
    return ground


def _plain_band(band: Image.Image) -> Image.Image:
    if band.mode == "1":
        return band.convert("L")
    if band.mode.startswith("I"):  # 16 bits a pixel
        return band.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    if band.mode in {"RGBA", "LA", "PA", "La", "RGBa"} or "transparency" in band.info:
        layer = band.convert("RGBA")
        ground = Image.new("RGB", layer.size, "white")
        ground.paste(layer, mask=layer)
        return ground
    return band.convert("RGB")


def _in_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Colours as a screen without colour management shows them right; a broken profile counts as none."""
    if profile and len(profile) <= _LARGEST_PROFILE:
        try:
            source = ImageCms.ImageCmsProfile(BytesIO(profile))
            if "srgb" not in ImageCms.getProfileDescription(source).lower() or image.mode != "RGB":
                changed = ImageCms.profileToProfile(image, source, _SRGB, outputMode="RGB")
                return changed or image
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
            pass
    return image.convert("RGB") if image.mode == "CMYK" else image


_UPRIGHT: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_ORIENTATION: Final = 0x0112


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(_ORIENTATION, 1))
    except Exception:  # a camera's broken block must not cost the photo
        return 1


def _fitting(size: tuple[int, int], side: int) -> tuple[int, int]:
    longest = max(size)
    if longest <= side:
        return size
    return max(1, round(size[0] * side / longest)), max(1, round(size[1] * side / longest))


def _decoded(kind: str, data: bytes, limits: Limits) -> Image.Image:
    """The picture in L or RGB, upright and small enough, without the blocks it came with."""
    with _OPENERS[kind](BytesIO(data)) as image:
        if image.width * image.height * _WEIGHT.get(kind, 1) > limits.max_pixels:
            raise NotTaken("too_big")
        if kind != "heic" and getattr(image, "is_animated", False):
            raise NotTaken("kind")
        if kind == "jpeg":
            image.draft(None, (limits.side, limits.side))
        turn, profile = _UPRIGHT.get(_orientation(image)), image.info.get("icc_profile")
        image.load()
        picture = _plain(image)
        # Hamming: small print stays readable at a third less than bicubic and half of Lanczos (ADR 0007).
        picture = picture.resize(_fitting(picture.size, limits.side), Image.Resampling.HAMMING)
    picture = _in_srgb(picture, profile if isinstance(profile, bytes) else None)
    return picture.transpose(turn) if turn is not None else picture


def _encoded(picture: Image.Image, *, crisp: bool) -> bytes:
    """JPEG bytes with a JFIF header and nothing else; `crisp` keeps the colour of small letters sharp."""
    picture.info = {}  # Pillow writes a comment found here back into the file
    out = BytesIO()
    picture.save(out, "JPEG", quality=_QUALITY, subsampling="4:4:4" if crisp else "4:2:0")
    return out.getvalue()


def _take(data: bytes, limits: Limits, wait: float) -> Photo:
    kind = _sniff(data)
    if len(data) > limits.max_bytes:
        raise NotTaken(reason_for_size(data))
    if kind in _RECORDINGS:
        raise NotTaken(_RECORDINGS[kind])
    if kind not in _OPENERS:
        raise NotTaken("kind" if data else "broken")
    if kind == "jpeg" and not _whole_jpeg(data):
        raise NotTaken("broken")
    with SLOTS.one_of(limits.slots, wait=wait):
        picture = _decoded(kind, data, limits)
        # Screenshots come as PNG: letters, not leaves.
        return Photo(_encoded(picture, crisp=kind == "png"), MEDIA_TYPE, picture.width, picture.height)


def reencode(name: str, data: bytes, *, limits: Limits, wait: float = WAIT_SECONDS) -> Photo:
    """The photo as it may be kept: JPEG, upright, sRGB, at most `side` pixels, no block but JFIF's own.

    JPEG, PNG, WebP and HEIC stills are taken. Raises NotTaken: "too_big" above `max_bytes`, or above `max_pixels`
    declared (half of them for WebP), "video" and "audio" by content, "kind" for any other file and for animations,
    "broken" for what does not decode to its end, "busy" when no decode slot came free within `wait` seconds.
    """
    try:
        return _take(data, limits, wait)
    except NotTaken as left_out:
        raise NotTaken(left_out.reason, name) from None
    except MemoryError:
        raise NotTaken("busy", name) from None
    except Exception:  # whatever a decoder stumbles over, the picture is broken; its words may quote the file
        raise NotTaken("broken", name) from None
