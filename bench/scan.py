"""Our symbol against one of the qrcode library as it comes, printed equally large, asked of three readers.

    python -m bench.scan [COUNT] [--svg FILE]

Ours is the address in capitals at level H; theirs is the same address in small letters with the library's defaults,
level M and a byte for every letter. Both are drawn 222 pixels wide with their quiet zone, as a phone sees a code of 8
cm from about 80 cm, and go through the same damage, blur, tilt and dusk, with the same seeds. A reading counts where
it is the right address. Needs two more readers than the product has; without them it says what to install.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import qrcode
import zxingcpp
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from qr import code as symbol_codes
from qr import distort, symbol
from qr.payload import board_url
from qr.symbol import QUIET

try:
    import cv2
    import numpy
    from pyzbar import pyzbar
except ImportError as missing:
    raise SystemExit(
        f"bench.scan needs OpenCV and ZBar beside zxing-cpp ({missing}). In the project's folder:\n"
        "  .venv/bin/pip install --require-hashes -r requirements/scan.txt\n"
        "  apt-get install libzbar0      # Debian; pyzbar looks for it"
    ) from missing

ADDRESS: Final = "https://m.example.gov.cn"
WIDE: Final = 222  # pixels, quiet zone included
SEED: Final = 20261101
DAMAGE: Final = (0, 4, 8, 12, 16, 20)  # per cent of the symbol's area
BLUR: Final = (0.3, 0.4, 0.5, 0.6, 0.7)  # standard deviation in modules
TILT: Final = (30, 45, 55, 65, 70)  # degrees
DUSK: Final = (60, 48, 36, 28, 22)  # levels of grey between black and white, of 255, under noise of 4
Picture = Image.Image
OURS: Final = 'stroke="#0b5563" stroke-width="3"'
THEIRS: Final = 'stroke="#a8231b" stroke-width="2.5" stroke-dasharray="5 4"'
_QR_ONLY: Final = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
GREY: Final = 'font-size="10" fill="#53605e"'


@dataclass(frozen=True, slots=True)
class Code:
    """A symbol, its rows and what a reader has to say of it."""

    text: str
    rows: tuple[str, ...]

    def drawn(self) -> Picture:
        """In grey, as wide as every other, smooth where a module is no whole number of pixels."""
        n = len(self.rows) + 2 * QUIET
        modules = Image.new("L", (n, n), 255)
        for y, row in enumerate(self.rows):
            for x, dark in enumerate(row):
                if dark == "1":
                    modules.putpixel((x + QUIET, y + QUIET), 0)
        return modules.resize((n * 12, n * 12), Image.Resampling.NEAREST).resize((WIDE, WIDE), Image.Resampling.BOX)


def ours(code: str) -> Code:
    made = symbol.make(board_url(ADDRESS, code))
    return Code(made.url, made.rows)


def default(code: str) -> Code:
    """`qrcode.QRCode()` and nothing else, with the address as a clerk would type it."""
    text = f"{ADDRESS}/b/{code.lower()}"
    builder = qrcode.QRCode(border=0)
    builder.add_data(text)
    builder.make(fit=True)
    return Code(text, tuple("".join("1" if dark else "0" for dark in row) for row in builder.get_matrix()))


def damaged(picture: Picture, percent: float, seed: int, modules: int, *, spot_side: int) -> Picture:
    """Spots of white, black and grey, until so much is hidden; the three finders are spared, which no level repairs."""
    out, chance = picture.copy(), random.Random(seed)
    brush = ImageDraw.Draw(out)
    module = WIDE / (modules + 2 * QUIET)
    hidden: set[tuple[int, int]] = set()
    while len(hidden) < modules * modules * percent / 100:
        x, y = chance.randrange(modules - spot_side + 1), chance.randrange(modules - spot_side + 1)
        spot = {(x + dx, y + dy) for dx in range(spot_side) for dy in range(spot_side)}
        if any((a < 8 or a > modules - 9) and (b < 8 or b > modules - 9) and (a < 9 or b < 9) for a, b in spot):
            continue
        hidden |= spot
        left, top = (x + QUIET) * module, (y + QUIET) * module
        brush.rectangle(
            (left, top, left + spot_side * module, top + spot_side * module), fill=chance.choice((0, 128, 255))
        )
    return out


def blurred(picture: Picture, deviation: float, seed: int, modules: int) -> Picture:
    return picture.filter(ImageFilter.GaussianBlur(deviation * WIDE / (modules + 2 * QUIET)))


def tilted(picture: Picture, degrees: float, seed: int, modules: int) -> Picture:
    return distort.seen_from(picture, degrees)


def dusk(picture: Picture, between: float, seed: int, modules: int) -> Picture:
    dim = picture.point([round(20 + level * between / 255) for level in range(256)])
    chance = random.Random(seed)
    dots = Image.frombytes("L", picture.size, bytes(round(chance.gauss(128, 4)) for _ in range(WIDE * WIDE)))
    return ImageChops.add(dim, dots, 1, -128)


Trial = tuple[str, str, tuple[float, ...], Callable[[Picture, float, int, int], Picture]]
TRIALS: Final[tuple[Trial, ...]] = (
    ("patches", "% hidden, 5 x 5 modules each", DAMAGE, partial(damaged, spot_side=5)),
    ("spots", "% hidden, 2 x 2 modules each", DAMAGE, partial(damaged, spot_side=2)),
    ("blur", "modules", BLUR, blurred),
    ("tilt", "degrees", TILT, tilted),
    ("low light", "levels", DUSK, dusk),
)


def by_zxing(picture: Picture) -> set[str]:
    return {found.text for found in zxingcpp.read_barcodes(picture, formats=_QR_ONLY)}


def by_zbar(picture: Picture) -> set[str]:
    return {found.data.decode() for found in pyzbar.decode(picture, symbols=[pyzbar.ZBarSymbol.QRCODE])}


def by_opencv(picture: Picture, reader: Any) -> set[str]:
    try:
        text, _, _ = reader.detectAndDecode(numpy.asarray(picture))
    except (cv2.error, UnicodeDecodeError):
        return set()
    return {text}


def readers() -> dict[str, Callable[[Picture], set[str]]]:
    return {"zxing-cpp": by_zxing, "ZBar": by_zbar, "OpenCV": partial(by_opencv, reader=cv2.QRCodeDetector())}


Rates = dict[tuple[str, float, str, str], float]  # trial, step, reader, whose symbol: share read


def measured(count: int) -> Rates:
    chance = random.Random(SEED)
    payloads = ["".join(chance.choice(symbol_codes.ALPHABET) for _ in range(7)) for _ in range(count)]
    codes = [payload + symbol_codes.check_character(payload) for payload in payloads]
    whose = {"ours": [ours(code) for code in codes], "default": [default(code) for code in codes]}
    asked = readers()
    rates: Rates = {}
    for maker, made in whose.items():
        pictures = [code.drawn() for code in made]
        for trial, _, steps, act in TRIALS:
            for step in steps:
                right = dict.fromkeys(asked, 0)
                for seed, (code, picture) in enumerate(zip(made, pictures, strict=True)):
                    seen = act(picture, step, seed, len(code.rows))
                    for reader, ask in asked.items():
                        right[reader] += ask(seen) == {code.text}
                for reader, number in right.items():
                    rates[trial, step, reader, maker] = number / count
    return rates


def table(rates: Rates) -> str:
    """A cell is `ours / theirs`, per cent read."""
    lines = ["| | | zxing-cpp | ZBar | OpenCV |", "|---|---|---|---|---|"]
    for trial, unit, steps, _ in TRIALS:
        for step in steps:
            cells = [
                f"{rates[trial, step, reader, 'ours'] * 100:.0f} / {rates[trial, step, reader, 'default'] * 100:.0f}"
                for reader in ("zxing-cpp", "ZBar", "OpenCV")
            ]
            lines.append(f"| {trial} | {step:g} {unit} | {' | '.join(cells)} |")
    return "\n".join(lines)


def chart(rates: Rates) -> str:
    """A panel for every reader and trial: ours as a line, the library's as a dashed one."""
    across, down, left, top = 240, 150, 76, 64
    width, height = left + across * 3 + 8, top + down * len(TRIALS) + 12
    size = f'viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="12"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size}>',
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
        f'<path d="M{left} 18h34" {OURS}/>',
        f'<text x="{left + 42}" y="22">ours: capitals, level H</text>',
        f'<path d="M{left + 220} 18h34" {THEIRS}/>',
        f'<text x="{left + 262}" y="22">qrcode as it comes: small letters, level M</text>',
    ]
    for column, reader in enumerate(("zxing-cpp", "ZBar", "OpenCV")):
        parts.append(f'<text x="{left + column * across}" y="{top - 14}" font-weight="bold">{reader}</text>')
        for row, trial in enumerate(TRIALS):
            parts.append(panel(rates, reader, trial, left + column * across, top + row * down, across - 34, down - 46))
    for row, (name, *_) in enumerate(TRIALS):
        parts.append(f'<text x="6" y="{top + row * down - 8}" font-weight="bold">{name}</text>')
    return "\n".join([*parts, "</svg>", ""])


def panel(rates: Rates, reader: str, trial: Trial, x: float, y: float, wide: float, high: float) -> str:
    name, unit, steps, _ = trial
    parts = [f'<path d="M{x} {y}v{high}h{wide}" fill="none" stroke="#7d8a87"/>']
    for share in (0, 0.5, 1):
        at = y + high * (1 - share)
        parts.append(f'<text x="{x - 5}" y="{at + 4:g}" text-anchor="end" {GREY}>{share:.0%}</text>')
    places = [x + 8 + (wide - 16) * n / (len(steps) - 1) for n in range(len(steps))]
    for place, step in zip(places, steps, strict=True):
        parts.append(f'<text x="{place:.1f}" y="{y + high + 14:g}" text-anchor="middle" font-size="10">{step:g}</text>')
    parts.append(f'<text x="{x + wide}" y="{y + high + 27:g}" text-anchor="end" {GREY}>{unit}</text>')
    for maker, look in (("default", THEIRS), ("ours", OURS)):
        points = " ".join(
            f"{place:.1f},{y + high * (1 - rates[name, step, reader, maker]):.1f}"
            for place, step in zip(places, steps, strict=True)
        )
        parts.append(f'<polyline points="{points}" fill="none" {look}/>')
    return "".join(parts)


def main() -> int:
    words = sys.argv[1:]
    drawing = words.pop(words.index("--svg") + 1) if "--svg" in words else ""
    numbers = [word for word in words if word.isdigit()]
    count = int(numbers[0]) if numbers else 60
    first, second = ours("7K3QX9TD"), default("7K3QX9TD")
    print(f"{count} codes each, {len(first.rows)} modules a side against {len(second.rows)}")
    print("read, per cent: ours / default\n")
    rates = measured(count)
    print(table(rates))
    if drawing:
        Path(drawing).write_text(chart(rates), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
