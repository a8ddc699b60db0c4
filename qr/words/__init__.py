"""Check words: three words on the board and on its page, compared by people and read over the telephone.

2,048 words of two characters, so three are 33 bits. They tell a true page from a false one; they are no secret.
"""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Final

WORDS: Final[tuple[str, ...]] = tuple(
    (Path(__file__).resolve().parent / "words.txt").read_text(encoding="utf-8").split()
)


def pick(n: int = 3) -> tuple[str, ...]:
    """`n` different words, drawn by the operating system."""
    return tuple(secrets.SystemRandom().sample(WORDS, n))
