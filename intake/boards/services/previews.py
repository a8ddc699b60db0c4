"""A picture of what a print would be, marked so that nobody hangs it: the code in it is struck through and not read."""

import io
from functools import cache
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

import qr.fonts
from intake.boards.printing import Wanted
from intake.boards.services.prints import Item, preview
from qr import pdf, poster

_PIXELS = 1100
_MARK = "预览　不要挂"
_INK = (168, 35, 27, 150)
_FONT = Path(qr.fonts.__file__).resolve().parent / "NotoSansCJKsc-Bold-Board.otf"


def preview_picture(item: Item, wanted: Wanted) -> bytes:
    """PNG of the first page, some 1,100 pixels long. Raises one of `prints.REFUSALS`."""
    page = pdf.picture(preview(item, wanted), pixels=_PIXELS, colour=True)
    marked = Image.alpha_composite(page.convert("RGBA"), _stamp(page.size)).convert("RGB")
    _spoil(marked, item, wanted)
    out = io.BytesIO()
    marked.save(out, "PNG")
    return out.getvalue()


def _stamp(size: tuple[int, int]) -> Image.Image:
    """The mark across the page, from corner to corner, three times."""
    width, height = size
    letters = _font(max(24, round(width / 11)))
    band = Image.new("RGBA", (round((width**2 + height**2) ** 0.5), round(letters.size * 2)), (0, 0, 0, 0))
    ImageDraw.Draw(band).text((band.width / 2, band.height / 2), _MARK, font=letters, fill=_INK, anchor="mm")
    turned = band.rotate(30, expand=True)
    layer = Image.new("RGBA", size, (0, 0, 0, 0))
    for part in (1, 3, 5):
        layer.alpha_composite(_cut(turned, size, round(height * part / 6)))
    return layer


def _cut(turned: Image.Image, size: tuple[int, int], middle: int) -> Image.Image:
    """What of the turned band lies on a page of `size` when its middle is at this height."""
    width, height = size
    left, top = (turned.width - width) // 2, turned.height // 2 - middle
    return turned.crop((left, top, left + width, top + height))


def _spoil(page: Image.Image, item: Item, wanted: Wanted) -> None:
    """White bars over every code, more than any reader makes good."""
    draft = poster.prepare(item.data, item.paper, press=wanted.press, second=wanted.second)
    slug, draw = draft.target.slug, ImageDraw.Draw(page)
    scale = page.width / (draft.target.width + 2 * slug)
    for box in poster.expected(draft).boxes:
        left, top, side = (round(length * scale) for length in (box.left + slug, box.top + slug, box.side))
        for part in range(1, 6):
            middle = top + side * part // 6
            draw.rectangle((left, middle - side // 24, left + side, middle + side // 24), fill="white")


@cache
def _font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(_FONT), size)
