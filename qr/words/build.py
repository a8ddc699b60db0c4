"""Choose the check words from `candidates.txt`: the first of every sound, until there are 2,048.

    python -m qr.words.build

People read the words aloud to each other over the telephone, so no two may sound alike to anyone: tones do not count,
nor do the sounds that large regions do not part (n/l, zh/z, ch/c, sh/s, h/f, -ng/-n). Needs pypinyin.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from pypinyin import lazy_pinyin

from qr.fonts import needs_family

HERE: Final = Path(__file__).resolve().parent
COUNT: Final = 2048
_SYLLABLE: Final = re.compile(r"(zh|ch|sh|[bpmfdtnlgkhjqxrzcsyw]?)(.+)")
_INITIALS: Final = {"zh": "z", "ch": "c", "sh": "s", "n": "l", "f": "h"}
# What is left of a final after h where h and f are one: hua and fa, hui and fei.
_AFTER_H: Final = {
    "ua": "a", "uai": "ai", "uan": "an", "uang": "ang", "ui": "ei", "un": "en", "uo": "o",
}  # fmt: skip


def candidates() -> Iterator[str]:
    """The words of candidates.txt in its order."""
    for line in (HERE / "candidates.txt").read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            yield from line.split()


def heard(syllable: str) -> str:
    """A toneless syllable as those hear it who part the fewest sounds."""
    found = _SYLLABLE.fullmatch(syllable)
    if found is None:
        raise ValueError(f"no syllable of pinyin: {syllable!r}")
    initial, final = found.groups()
    if initial == "h":
        final = _AFTER_H.get(final, final)
    return _INITIALS.get(initial, initial) + re.sub(r"(?<=[aei])ng$", "n", final)


def sound(word: str) -> str:
    """How a word is heard, syllables parted by a space."""
    return " ".join(heard(syllable) for syllable in lazy_pinyin(word, errors="ignore"))


def chosen() -> list[str]:
    """The check words in the order of the candidates."""
    by_sound: dict[str, str] = {}
    for word in candidates():
        if len(word) != 2 or needs_family(word):
            raise SystemExit(f"{word}: two characters that the embedded fonts print are wanted")
        by_sound.setdefault(sound(word), word)
    words = list(by_sound.values())[:COUNT]
    if len(words) < COUNT:
        raise SystemExit(f"only {len(words)} of {COUNT} words sound different: add candidates")
    return words


def main() -> int:
    (HERE / "words.txt").write_text("\n".join(chosen()) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
