"""QR symbols as a matrix, as SVG and as PNG."""

from __future__ import annotations

import io
import math
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, Literal

import qrcode
from PIL import Image
from qrcode import constants, util

from qr import engines
from qr.payload import ALPHANUMERIC

QUIET: Final = 4  # modules of white on every side, ISO/IEC 18004
EMBLEM_LIMIT: Final = 0.08  # of the symbol's area, whatever the emblem
EMBLEM_SHARE: Final = 0.04  # what is used of it: level H must also bear a tenth of the code being covered
_MASK_OF_FORMAT: Final = 0b101  # what the three bits of the mask are written over with, ISO/IEC 18004
_AS_MODULES: Final = bytes.maketrans(b"\x00\xff", b"10")
Level = Literal["L", "M", "Q", "H"]
_DARK: Final = re.compile("1+")
_LEVELS: Final[dict[Level, int]] = {
    "L": constants.ERROR_CORRECT_L,
    "M": constants.ERROR_CORRECT_M,
    "Q": constants.ERROR_CORRECT_Q,
    "H": constants.ERROR_CORRECT_H,
}


@dataclass(frozen=True, slots=True)
class Symbol:
    """One QR symbol: `rows` of "0" and "1" (dark), square, without the quiet zone."""

    url: str
    level: Level
    version: int
    rows: tuple[str, ...]

    @property
    def modules(self) -> int:
        """Modules along a side: 4 * version + 17."""
        return len(self.rows)

    def runs(self) -> list[tuple[int, int, int]]:
        """Every run of dark modules of a row: row, first column, column behind the last."""
        return [(y, run.start(), run.end()) for y, row in enumerate(self.rows) for run in _DARK.finditer(row)]


def make(url: str, level: Level | None = None) -> Symbol:
    """The smallest symbol of `level` that holds `url` in alphanumeric mode; without a level, H or else Q.

    H is taken where it costs at most one version over Q: a board is scratched, splashed and bleached for years,
    but modules that become too small are lost to every phone. Raises `ValueError` where a character of `url`
    would leave the mode, or no symbol is large enough.
    """
    odd = sorted(set(url) - ALPHANUMERIC)
    if odd or not url:
        raise ValueError(f"not in QR alphanumeric mode: {''.join(odd)!r} of {url!r}")
    if level is not None:
        return _written(url, level)
    return _written(url, _lasting_level(len(url)))


@lru_cache(maxsize=256)
def _lasting_level(length: int) -> Level:
    """The level for so many characters: they alone decide how large a symbol gets."""
    strong, usual = _written("A" * length, "H"), _written("A" * length, "Q")
    return "H" if strong.version <= usual.version + 1 else "Q"


def _written(url: str, level: Level) -> Symbol:
    """By `qrcode`, under the mask that zxing-cpp's writer takes for the same text.

    Weighing the eight masks takes `qrcode` 2.5 ms, the other one 0.15. Every mask is a valid symbol.
    """
    mask = int(_by_zxing(url, level)[8][2:5], 2) ^ _MASK_OF_FORMAT
    builder = qrcode.QRCode(error_correction=_LEVELS[level], border=0, mask_pattern=mask)
    builder.add_data(util.QRData(url.encode("ascii"), mode=util.MODE_ALPHA_NUM), optimize=0)
    builder.make(fit=True)
    return _symbol(url, level, builder)


def _by_zxing(url: str, level: Level) -> tuple[str, ...]:
    """Rows of the other writer's symbol; it may write a row of digits in another mode."""
    drawn = engines.zxingcpp.create_barcode(url, engines.zxingcpp.BarcodeFormat.QRCode, ec_level=level)
    image: Any = drawn.to_image(scale=1, add_quiet_zones=False)  # a buffer of bytes, of which its stubs say nothing
    pixels = bytes(image)
    side = math.isqrt(len(pixels))
    flat = pixels.translate(_AS_MODULES).decode("ascii")
    return tuple(flat[start : start + side] for start in range(0, side * side, side))


def emblem_side(symbol: Symbol) -> int:
    """Modules along the white square that an emblem may take in the middle: an odd number."""
    most = math.isqrt(int(symbol.modules**2 * EMBLEM_SHARE))
    return most if most % 2 else most - 1


def _symbol(text: str, level: Level, builder: qrcode.QRCode) -> Symbol:
    rows = tuple("".join("1" if dark else "0" for dark in row) for row in builder.get_matrix())
    return Symbol(text, level, (len(rows) - 17) // 4, rows)


def of_text(text: str, level: Level = "M") -> Symbol:
    """The smallest symbol of `level` that holds any `text`, as bytes of UTF-8: for a screen, not for a board.

    Raises `ValueError` where no symbol is large enough (2,331 bytes at level M).
    """
    builder = qrcode.QRCode(error_correction=_LEVELS[level], border=0)
    builder.add_data(util.QRData(text.encode(), mode=util.MODE_8BIT_BYTE), optimize=0)
    builder.make(fit=True)
    return _symbol(text, level, builder)


def pdf(symbol: Symbol) -> str:
    """A PDF of one path in black ink alone, a module is one point, without quiet zone: to be set into a page."""
    n = symbol.modules
    rects = "".join(f"{a} {n - 1 - y} {b - a} 1 re\n" for y, a, b in symbol.runs())
    path = f"0 0 0 1 k\n{rects}f"
    parts = (
        "<</Type/Catalog/Pages 2 0 R>>",
        "<</Type/Pages/Kids[3 0 R]/Count 1>>",
        f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 {n} {n}]/Resources<<>>/Contents 4 0 R>>",
        f"<</Length {len(path)}>>stream\n{path}\nendstream",
    )
    file, starts = "%PDF-1.7\n", []
    for number, part in enumerate(parts, start=1):
        starts.append(len(file))
        file += f"{number} 0 obj\n{part}\nendobj\n"
    table = "".join(f"{start:010} 00000 n \n" for start in starts)
    count = len(parts) + 1
    return (
        f"{file}xref\n0 {count}\n0000000000 65535 f \n{table}"
        f"trailer<</Size {count}/Root 1 0 R>>\nstartxref\n{len(file)}\n%%EOF\n"
    )


def svg(symbol: Symbol, *, title: str = "") -> str:
    """One path on white, a module is one unit, the quiet zone included; `title` is for screen readers.

    Holds no style attribute and no id, so it may stand in a page under a strict content security policy.
    """
    side = symbol.modules + 2 * QUIET
    name = f"<title>{_escaped(title)}</title>" if title else ""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}"'
        f' width="{side * 8}" height="{side * 8}" role="img" shape-rendering="crispEdges">'
        f'{name}<path fill="#fff" d="M0 0h{side}v{side}H0z"/>'
        f'<path fill="#000" d="{_path(symbol)}"/></svg>'
    )


def _path(symbol: Symbol) -> str:
    """Every run of dark modules of a row as one closed rectangle."""
    return "".join(f"M{a + QUIET} {y + QUIET}h{b - a}v1h-{b - a}z" for y, a, b in symbol.runs())


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def png(symbol: Symbol, px: int) -> bytes:
    """A square picture of `px` pixels a side, black on white, one bit a pixel.

    Modules are whole pixels, the rest widens the quiet zone. Raises `ValueError` where one would be less.
    """
    scale = px // (symbol.modules + 2 * QUIET)
    if scale < 1:
        raise ValueError(f"{px} pixels are fewer than the symbol's {symbol.modules + 2 * QUIET} modules")
    bits = Image.new("1", (symbol.modules, symbol.modules), 1)
    bits.putdata([0 if module == "1" else 1 for row in symbol.rows for module in row])
    page = Image.new("1", (px, px), 1)
    edge = (px - symbol.modules * scale) // 2
    page.paste(bits.resize((symbol.modules * scale, symbol.modules * scale), Image.Resampling.NEAREST), (edge, edge))
    out = io.BytesIO()
    page.save(out, "PNG", optimize=True)
    return out.getvalue()
