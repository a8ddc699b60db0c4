"""Reading a finished poster as a phone would, before anyone may print it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import zxingcpp

from qr import pdf as pages
from qr.sheet import Box

BOX_PIXELS: Final = 480
PAGE_PIXELS: Final = 1800
_QR_ONLY: Final = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)

Reason = Literal["broken", "none", "several", "other", "text"]


class NotReadable(Exception):
    """The finished page does not say what it should.

    `reason`: the file is broken, no code is found, several are, it says another address, or a printed text is
    not there.
    """

    def __init__(self, reason: Reason, expected: str, found: tuple[str, ...] = ()) -> None:
        super().__init__(f"{reason}: expected {expected!r}, found {', '.join(found) or 'nothing'}")
        self.reason: Reason = reason
        self.expected = expected
        self.found = found


@dataclass(frozen=True, slots=True)
class ReadBack:
    """What was read: the address, on which page (from 0), and whether only the code's box was looked at."""

    url: str
    page: int
    in_box: bool


def read_back(
    pdf: bytes, expected_url: str, *, box: Box | None = None, page: int = 0, printed: Sequence[str] = ()
) -> ReadBack:
    """Read the one symbol of `page` (in `box`, where its place is known) and compare it with `expected_url`.

    `printed` are texts the page must carry as well, compared without spaces. Raises `NotReadable`.
    """
    try:
        picture = pages.picture(pdf, page=page, box=box, pixels=BOX_PIXELS if box else PAGE_PIXELS)
        text = "".join(pages.words(pdf, page=page).split()) if printed else ""
    except (ValueError, IndexError) as error:
        raise NotReadable("broken", expected_url) from error
    seen = zxingcpp.read_barcodes(
        picture,
        formats=_QR_ONLY,
        try_rotate=box is None,
        try_downscale=False,
        try_invert=False,
    )
    found = tuple(symbol.text for symbol in seen)
    if found != (expected_url,):
        reason: Reason = "none" if not found else "other" if len(found) == 1 else "several"
        raise NotReadable(reason, expected_url, found)
    for wanted in printed:
        if "".join(wanted.split()) not in text:
            raise NotReadable("text", wanted)
    return ReadBack(expected_url, page, box is not None)
