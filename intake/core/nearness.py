"""Names that are spelled nearly like one that nobody knows: what a clerk may have meant."""

import difflib
from collections.abc import Hashable, Mapping
from typing import TypeVar

SUGGESTED = 4
_CUTOFF = 0.4  # of the ratio of difflib: 「柳弯」 is near enough to 「柳湾镇」, and the nearest come first
_LONGEST = 80  # characters that are compared: difflib is quadratic, and no name is longer
T = TypeVar("T", bound=Hashable)


def near(wanted: str, spelled: Mapping[str, T]) -> list[T]:
    """Those that contain what was written or are contained in it; where there is none, those spelled nearly so.

    `spelled`: spelling → what it means; both sides folded alike by the caller.
    """
    wanted = wanted[:_LONGEST]
    inside = [meant for text, meant in spelled.items() if text and wanted and (wanted in text or text in wanted)]
    alike = inside or [
        spelled[text] for text in difflib.get_close_matches(wanted, spelled, n=SUGGESTED, cutoff=_CUTOFF)
    ]
    return list(dict.fromkeys(alike))[:SUGGESTED]
