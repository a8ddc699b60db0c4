"""One poster: its data, and the file, which is read back before anyone gets it."""

from __future__ import annotations

import io
import json
from typing import Final, Literal

from qr import code as codes
from qr import content, fonts, payload, pdf, pictogram, readback, symbol, typeset
from qr.data import CODES, PLEDGES, PosterData, Unit, missing_facts, texts
from qr.readback import Expected
from qr.second import Second
from qr.sheet import SIDES_APART, Paper, Sheet, sheet
from qr.typeset import Draft, TextTooLong

__all__ = ["Format", "MissingGlyphs", "PosterData", "Second", "TextTooLong", "Unit", "make", "missing_facts"]

Format = Literal["pdf", "png", "svg"]
PIXELS: Final = 4096  # of the longer side of a picture, at most


class MissingGlyphs(ValueError):
    """Characters that the fonts cannot print, in `field`."""

    def __init__(self, chars: str, field: str) -> None:
        super().__init__(f"the fonts cannot print {chars!r} in {field}")
        self.chars = chars
        self.field = field


def make(
    data: PosterData,
    paper: Paper = "A4",
    *,
    format: Format = "pdf",  # noqa: A002 - the word of the command and of everybody who asks for a file
    press: bool = False,
    second: Second | None = None,
) -> bytes:
    """The poster as one file, whose codes and words were read from that very file.

    A PDF has one page, a card two. `press` adds to it 3 mm of bleed and crop marks for a print shop, `second` lines
    in a second language. Raises `code.BadCode`, `payload.BadAddress` (address, domain and code that do not belong
    together), `MissingGlyphs`, `TextTooLong`, and `readback.NotReadable` where the file does not say what the data
    says: then nothing is handed out.
    """
    draft = prepare(data, paper, press=press and format == "pdf", second=second)
    if format == "svg":
        return _svg(draft)
    if format == "png":
        return _png(draft)
    file, refused = typeset.pdf_of([draft])
    if refused:
        raise refused[0]
    if press:
        file = pdf.boxes(file, [draft.target] * draft.target.pages)
    readback.check_pdf(file, [expected(draft)])
    return file


def prepare(data: PosterData, paper: Paper, *, press: bool = False, second: Second | None = None) -> Draft:
    """Checks what can be checked before anything is set, and makes the symbols. Raises as `make`."""
    units: tuple[PosterData | Unit, ...] = (data, *data.others)
    if len(units) > CODES:
        raise TextTooLong("others")
    if len(data.pledges) > PLEDGES:
        raise TextTooLong("pledges")
    for unit in units:
        if not payload.matches(unit.url, data.domain, codes.check(unit.code)):
            raise payload.BadAddress("contradiction", f"{unit.url} is not {data.domain} with {unit.code}")
    if data.emblem and data.emblem not in pictogram.shapes():
        raise KeyError(data.emblem)
    target = sheet(data.kind, paper, press=press, codes=len(units))
    drawn = tuple(symbol.make(unit.url, "H" if data.emblem else None) for unit in units)
    fixed = json.dumps(content.fixed(data, target, second), ensure_ascii=False)
    return Draft(data, target, drawn, _needs_family(data), fixed, content.own(data, drawn, target))


def expected(draft: Draft) -> Expected:
    """What the finished page has to say."""
    target = draft.target
    boxes = tuple(target.symbol_box(drawn.modules, place) for place, drawn in enumerate(draft.symbols))
    return Expected(
        urls=tuple(drawn.url for drawn in draft.symbols),
        boxes=boxes,
        modules=tuple(drawn.modules for drawn in draft.symbols),
        slug=target.slug,
        pages=target.pages,
        printed=content.printed(draft.own),
    )


def _svg(draft: Draft) -> bytes:
    file = typeset.svg_of(draft)
    width, height = _size(draft.target)
    want = expected(draft)
    ppi = readback.pixels_per_mm(want) * 25.4
    readback.check_picture(typeset.svg_pixels(file, width, height, ppi), want, width)
    return file


def _png(draft: Draft) -> bytes:
    """The page at 10 pixels a millimetre, at most 4,096 pixels long; from the PDF whose text was compared."""
    width, height = _size(draft.target)
    file = typeset.picture_pdf(draft)
    want = expected(draft)
    readback.check_pdf(file, [readback.on_one_page(want)])
    out = io.BytesIO()
    pdf.picture(file, pixels=min(PIXELS, round(max(width, height) * 10)), colour=True).save(out, "PNG")
    readback.check_picture(out.getvalue(), want, width)
    return out.getvalue()


def _size(target: Sheet) -> tuple[float, float]:
    """Width and height of a picture of the whole, a card's two sides below each other."""
    height = target.height if target.pages == 1 else target.height * 2 + SIDES_APART
    return target.width, height


def _needs_family(data: PosterData) -> bool:
    """Whether the embedded fonts are not enough; raises `MissingGlyphs` where nothing that is here is."""
    rare = False
    for field, text in texts(data):
        if lost := fonts.missing(text):
            raise MissingGlyphs(lost, field)
        rare = rare or fonts.needs_family(text)
    return rare
