"""The embedded fonts: where they are, and which characters they can print.

Two weights of Noto Sans CJK SC, cut by `build.py` to the 8,105 characters of the 通用规范汉字表, GB 2312,
Latin and signs. Where Debian's fonts-noto-cjk is installed, rarer characters are set from all of it.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Final

from qr import engines

HERE: Final = Path(__file__).resolve().parent
FAMILY: Final = Path("/usr/share/fonts/opentype/noto")
FAMILY_FILES: Final = ("NotoSansCJK-Regular.ttc", "NotoSansCJK-Bold.ttc")


@lru_cache(maxsize=2)
def coverage(line: str) -> frozenset[int]:
    """Code points of a line of coverage.txt: `embedded`, or `family` for what only the whole family adds."""
    for text in (HERE / "coverage.txt").read_text(encoding="ascii").splitlines():
        name, _, runs = text.partition(" ")
        if name == line:
            points: set[int] = set()
            for run in runs.split():
                first, _, last = run.partition("-")
                points.update(range(int(first, 16), int(last or first, 16) + 1))
            return frozenset(points)
    raise LookupError(line)


def missing(text: str, *, whole_family: bool | None = None) -> str:
    """Characters of `text` that cannot be printed, each once, in the order they appear.

    `whole_family` says whether the installed family may help; None looks whether it is there.
    """
    rare = [char for char in dict.fromkeys(text) if ord(char) not in coverage("embedded")]
    if rare and (family_is_installed() if whole_family is None else whole_family):
        rare = [char for char in rare if ord(char) not in coverage("family")]
    return "".join(rare)


def needs_family(text: str) -> bool:
    """Whether `text` has a character that the embedded fonts lack."""
    return not coverage("embedded").issuperset(map(ord, text))


def family_is_installed() -> bool:
    return all((FAMILY / name).is_file() for name in FAMILY_FILES)


@lru_cache(maxsize=2)
def loaded(whole_family: bool) -> engines.typst.Fonts:
    """The fonts for the compiler, opened once a process; never those that happen to be installed besides."""
    return engines.typst.Fonts(
        include_system_fonts=False,
        include_embedded_fonts=False,
        font_paths=[str(FAMILY if whole_family else HERE)],
    )
