"""Reading a finished poster as a phone would, before anyone may print it."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from PIL import Image

from qr import distort, engines, pdf
from qr.distort import Trial
from qr.sheet import Box
from qr.symbol import QUIET

# Of the picture that is read: few enough to be quick, and harder than any phone's. Now and then a reader mistakes the
# size of a sound symbol in one picture; a phone takes thirty a second, we take a finer one before anything is refused.
PIXELS_A_MODULE: Final = (4, 6)
PAGE_PIXELS: Final = 1800
BOX_PIXELS: Final = 480

Reason = Literal["broken", "none", "several", "other", "text"]


class NotReadable(Exception):
    """The finished page does not say what it should.

    `reason`: the file is broken, no code is found, several are, it says another address, or a printed text is
    not there. `under` names the distortion that the code did not survive, empty for the plain page.
    """

    def __init__(self, reason: Reason, expected: str, found: tuple[str, ...] = (), under: Trial | None = None) -> None:
        where = f" under {under}" if under else ""
        super().__init__(f"{reason}{where}: expected {expected!r}, found {', '.join(found) or 'nothing'}")
        self.reason: Reason = reason
        self.expected = expected
        self.found = found
        self.under: Trial | None = under


@dataclass(frozen=True, slots=True)
class ReadBack:
    """What was read: the address, on which page (from 0), and whether only the code's box was looked at."""

    url: str
    page: int
    in_box: bool


@dataclass(frozen=True, slots=True)
class Expected:
    """What a finished poster has to say: its codes, each in its box, and its texts on any of its pages."""

    urls: tuple[str, ...]
    boxes: tuple[Box, ...]  # with quiet zone, from the corner of the trimmed page
    modules: tuple[int, ...]  # without quiet zone
    slug: float
    pages: int
    printed: tuple[str, ...]


def on_one_page(expected: Expected) -> Expected:
    return replace(expected, pages=1)


def check_pdf(file: bytes, posters: Sequence[Expected], *, trials: bool = True) -> None:
    """Every poster of the file, in order; raises `NotReadable` at the first that does not say what it should."""
    failed = next(iter(failures(file, posters, trials=trials).values()), None)
    if failed is not None:
        raise failed


def failures(file: bytes, posters: Sequence[Expected], *, trials: bool = True) -> dict[int, NotReadable]:
    """The posters of the file that do not say what they should, by their place in order.

    `trials` also puts every code through the distortions. A file with other pages than these is broken as a whole:
    then every poster is.
    """
    failed: dict[int, NotReadable] = {}
    try:
        with pdf.opened(file) as pages:
            count = len(pages)
            page = 0
            for place, poster in enumerate(posters):
                try:
                    _check(pages, page, poster, trials=trials)
                except NotReadable as reason:
                    failed[place] = reason
                page += poster.pages
        if page != count:
            failed = dict.fromkeys(range(len(posters)), NotReadable("broken", f"{page} pages", (f"{count} pages",)))
    except (ValueError, IndexError):
        return {place: NotReadable("broken", poster.urls[0]) for place, poster in enumerate(posters)}
    return failed


def _check(pages: pdf.Pages, page: int, poster: Expected, *, trials: bool) -> None:
    pictures, text = pages.look(page, _cuts(poster, PIXELS_A_MODULE[0]))
    for other in range(page + 1, page + poster.pages):
        text += pages.look(other, ())[1]
    try:
        _read_all(pictures, poster, trials=trials)
    except NotReadable:
        _read_all(pages.look(page, _cuts(poster, PIXELS_A_MODULE[1]), text=False)[0], poster, trials=trials)
    _compare(text, poster.printed)


def _cuts(poster: Expected, pixels: int) -> list[tuple[Box, int]]:
    """Where the codes are on the page, and how many pixels the pictures of them are wide."""
    return [
        (Box(box.left + poster.slug, box.top + poster.slug, box.side), (modules + 2 * QUIET) * pixels)
        for box, modules in zip(poster.boxes, poster.modules, strict=True)
    ]


def _read_all(pictures: Sequence[Image.Image], poster: Expected, *, trials: bool) -> None:
    for picture, url, modules in zip(pictures, poster.urls, poster.modules, strict=True):
        read_picture(picture, url, modules + 2 * QUIET, trials=trials)


def pixels_per_mm(poster: Expected) -> float:
    """How finely a picture has to be drawn for the smallest of its codes to be read."""
    return max(
        (modules + 2 * QUIET) * PIXELS_A_MODULE[1] / box.side
        for box, modules in zip(poster.boxes, poster.modules, strict=True)
    )


def check_picture(png: bytes, poster: Expected, width: float) -> None:
    """The codes of a finished picture that shows `width` millimetres, each in its box. Raises `NotReadable`."""
    with Image.open(io.BytesIO(png)) as opened:
        whole = opened.convert("L")
    scale = whole.width / width
    for box, url, modules in zip(poster.boxes, poster.urls, poster.modules, strict=True):
        left, top = (box.left + poster.slug) * scale, (box.top + poster.slug) * scale
        side = box.side * scale
        cut = whole.crop((math.floor(left), math.floor(top), math.ceil(left + side), math.ceil(top + side)))
        first, second = (_as_wide(cut, (modules + 2 * QUIET) * pixels) for pixels in PIXELS_A_MODULE)
        try:
            read_picture(first, url, modules + 2 * QUIET)
        except NotReadable:
            read_picture(second, url, modules + 2 * QUIET)


def _as_wide(picture: Image.Image, pixels: int) -> Image.Image:
    """At most so many pixels wide."""
    if picture.width <= pixels:
        return picture
    return picture.resize((pixels, pixels), Image.Resampling.BOX)


def read_picture(picture: Image.Image, url: str, modules: float, *, trials: bool = True) -> None:
    """One code in a picture that it fills, `modules` wide with its quiet zone: plain, then under every trial."""
    _read(picture, url, None)
    if trials:
        for trial, act in distort.TRIALS.items():
            _read(act(picture, modules), url, trial)


def _read(picture: Image.Image, url: str, under: Trial | None, *, rotate: bool = False) -> None:
    zxing = engines.zxingcpp
    seen = zxing.read_barcodes(
        picture,
        formats=zxing.BarcodeFormats(zxing.BarcodeFormat.QRCode),
        try_rotate=rotate,
        try_downscale=False,
        try_invert=False,
    )
    found = tuple(symbol.text for symbol in seen)
    if found != (url,):
        reason: Reason = "none" if not found else "other" if len(found) == 1 else "several"
        raise NotReadable(reason, url, found, under)


def _compare(text: str, printed: Sequence[str]) -> None:
    """Texts are compared without spaces and line ends; a hyphen at a line's end is one that PDFium marks."""
    bare = "".join(text.replace("\ufffe", "-").replace("\x02", "-").split())
    for wanted in printed:
        if "".join(wanted.split()) not in bare:
            raise NotReadable("text", wanted)


def read_back(
    file: bytes, expected_url: str, *, box: Box | None = None, page: int = 0, printed: Sequence[str] = ()
) -> ReadBack:
    """Read the one symbol of `page` (in `box`, where its place is known) and compare it with `expected_url`.

    `printed` are texts the page must carry as well, compared without spaces. Raises `NotReadable`.
    """
    try:
        picture = pdf.picture(file, page=page, box=box, pixels=BOX_PIXELS if box else PAGE_PIXELS)
        text = pdf.words(file, page=page) if printed else ""
    except (ValueError, IndexError) as error:
        raise NotReadable("broken", expected_url) from error
    _read(picture, expected_url, None, rotate=box is None)
    _compare(text, printed)
    return ReadBack(expected_url, page, box is not None)
