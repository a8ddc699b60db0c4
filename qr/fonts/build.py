"""Make the two embedded fonts and the list of what they can print.

    python -m qr.fonts.build            write them here
    python -m qr.fonts.build --check    make them again and compare, exit 1 where they differ

Needs fontTools and two Debian packages: fonts-noto-cjk (the family) and unicode-data (Unihan tables, where
kTGH marks the 8,105 characters of the 通用规范汉字表). The same packages and fontTools give the same bytes.
"""

from __future__ import annotations

import argparse
import bz2
import io
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from fontTools import subset
from fontTools.ttLib import TTFont

from qr.second import WORDS

HERE: Final = Path(__file__).resolve().parent
FAMILY: Final = Path("/usr/share/fonts/opentype/noto")
UNIHAN: Final = Path("/usr/share/unicode/Unihan_OtherMappings.txt.bz2")
SIMPLIFIED: Final = 2  # place of "Noto Sans CJK SC" in the collection
WEIGHTS: Final = ("Regular", "Bold")
STANDARD_CHARACTERS: Final = 8105
# Punctuation, arrows, enclosed numbers, units, marks: what an address, an amount or a firm's name may hold.
BLOCKS: Final = (
    (0x20, 0x7E), (0xA0, 0x17F), (0x2000, 0x206F), (0x20A0, 0x20BF), (0x2100, 0x214F), (0x2150, 0x218F),
    (0x2190, 0x21FF), (0x2200, 0x22FF), (0x2460, 0x24FF), (0x25A0, 0x25FF), (0x3000, 0x303F),
    (0x3200, 0x33FF), (0xFE30, 0xFE4F), (0xFF00, 0xFFEF),
)  # fmt: skip


def standard_characters() -> set[int]:
    """The code points of the 通用规范汉字表 (2013), from the Unihan field kTGH."""
    found = set()
    with bz2.open(UNIHAN, "rt", encoding="utf-8") as lines:
        for line in lines:
            parts = line.split("\t")
            if len(parts) == 3 and parts[1] == "kTGH" and parts[0].startswith("U+"):
                found.add(int(parts[0][2:], 16))
    if len(found) != STANDARD_CHARACTERS:
        raise SystemExit(f"{UNIHAN}: {len(found)} characters of the table, not {STANDARD_CHARACTERS}")
    return found


def gb2312() -> set[int]:
    """The code points of GB 2312-80: 6,763 characters and its 682 signs."""
    found = set()
    for row in range(0xA1, 0xF8):
        for cell in range(0xA1, 0xFF):
            try:
                found.add(ord(bytes((row, cell)).decode("gb2312")))
            except UnicodeDecodeError:
                continue
    return found


def wanted() -> set[int]:
    """Every code point the embedded fonts shall print."""
    blocks = {point for first, last in BLOCKS for point in range(first, last + 1)}
    return blocks | gb2312() | standard_characters() | second_languages()


def second_languages() -> set[int]:
    """The code points of the lines in a second language, Traditional characters among them."""
    return {ord(char) for words in WORDS.values() for text in words.texts() for char in text}


def face(weight: str) -> TTFont:
    """The Simplified face of one weight, as Debian ships it."""
    return TTFont(FAMILY / f"NotoSansCJK-{weight}.ttc", fontNumber=SIMPLIFIED, lazy=False)


def cut(font: TTFont, points: set[int]) -> bytes:
    """`font` reduced to `points`, without hints and the features a poster never uses, as OpenType bytes."""
    options = subset.Options()
    options.layout_features = ["kern", "ccmp", "halt", "palt"]
    options.hinting = False
    options.desubroutinize = False
    options.notdef_outline = True
    options.name_IDs = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 13, 14, 16, 17]
    options.name_languages = [0x409]
    options.recalc_timestamp = False
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=sorted(points))
    cutter.subset(font)
    out = io.BytesIO()
    font.recalcTimestamp = False
    font.save(out, reorderTables=True)
    return out.getvalue()


def ranges(points: Iterable[int]) -> str:
    """Code points as `20-7E A0 …`: runs in hexadecimal, ascending."""
    runs: list[list[int]] = []
    for point in sorted(points):
        if runs and point == runs[-1][1] + 1:
            runs[-1][1] = point
        else:
            runs.append([point, point])
    return " ".join(f"{a:X}" if a == b else f"{a:X}-{b:X}" for a, b in runs)


def build() -> dict[str, bytes]:
    """File name to content: two fonts, and `coverage.txt` with what both weights can print."""
    out: dict[str, bytes] = {}
    points = wanted()
    full = set(face("Regular").getBestCmap()) & set(face("Bold").getBestCmap())
    covered = points & full
    for weight in WEIGHTS:
        out[f"NotoSansCJKsc-{weight}-Board.otf"] = cut(face(weight), covered)
    lines = (
        "# made by build.py: code points both embedded weights print, then those of the whole family",
        f"embedded {ranges(covered)}",
        f"family {ranges(full - covered)}",
    )
    out["coverage.txt"] = ("\n".join(lines) + "\n").encode("ascii")
    return out


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Make the embedded fonts from Debian's packages.")
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    check = parser.parse_args(arguments).check
    stale = []
    for name, content in build().items():
        target = HERE / name
        if check:
            if not target.exists() or target.read_bytes() != content:
                stale.append(name)
        else:
            target.write_bytes(content)
            print(f"{name}  {len(content):,} bytes")
    for name in stale:
        print(f"{name} differs from what these packages give", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
