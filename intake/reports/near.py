"""Whether two texts are nearly the same, without keeping either. Pure.

A sketch is what 64 keyed orders of all character pairs put first in the text, four bits of each (MinHash). The pairs
themselves, even keyed, would give the text away to whoever guesses phrases; four bits of a minimum fit thousands of
pairs. The key is a round's and lies outside the database. What is pasted again with another tail is found (a copy
measured .94); the same story in other words is not (.13), and is no matter for arithmetic.
"""

import hashlib
import struct
from itertools import pairwise
from typing import Final

from intake.routing.aliases import Folded

MIN_CHARS: Final = 30  # of the folded text: below, the same few words come from many people
MIN_HELD: Final = 4  # in the held lane likeness only makes one line of a list: there a few words are enough
MAX_CHARS: Final = 1_200  # the beginning tells; the rest of a long text costs time and no certainty
THRESHOLD: Final = 0.8

_ORDERS: Final = 64
_BITS: Final = 4
_BANDS: Final = 8
_BAND: Final = 3  # bytes that a band reads
_SPARE: Final = 4  # bits of them that it leaves out
_CHANCE: Final = 1 / 2**_BITS  # marks that agree though the texts share nothing
_KEY: Final = 64  # the most that BLAKE2b takes
_ORDER_VALUES: Final = struct.Struct(f">{_ORDERS}H")


def sketch(key: bytes, text: Folded, *, least: int = MIN_CHARS) -> bytes | None:
    """32 bytes, or None for a text of fewer than `least` characters. `key`: 16 to 64 bytes.

    The values of an order are 16 bits: with 1,200 pairs one minimum in fifty is a tie, which costs nothing.
    """
    if not 16 <= len(key) <= _KEY:
        raise ValueError("the key of sketches has 16 to 64 bytes")
    if len(text) < max(least, 2):
        return None
    text = Folded(text[:MAX_CHARS])
    pairs = {first + second for first, second in pairwise(text)}
    halves = [hashlib.blake2b(key=key, person=b"near-%d" % half) for half in (1, 2)]
    values = []
    for pair in pairs:
        block = pair.encode()
        digests = []
        for half in halves:
            digest = half.copy()  # the key is hashed once, not for every pair
            digest.update(block)
            digests.append(digest.digest())
        values.append(_ORDER_VALUES.unpack(b"".join(digests)))
    marks = [min(order) & 15 for order in zip(*values, strict=True)]
    return bytes(high << _BITS | low for high, low in zip(marks[::2], marks[1::2], strict=True))


def bands(marks: bytes) -> tuple[int, ...]:
    """Eight numbers of 20 bits: texts that share one at the same place are worth comparing.

    Of two texts with similarity s, 1 − (1 − (s + (1 − s)/16)⁵)⁸ share one: .97 at .8, .99 at .85, .9995 at .9; of
    strangers, who share a twelfth of their pairs, one in two hundred. Five marks of each eight: all eight would
    bring together only .81 at .8, and comparing a few more sketches costs nothing.
    """
    return tuple(
        int.from_bytes(marks[at : at + _BAND], "big") >> _SPARE for at in range(0, len(marks), len(marks) // _BANDS)
    )


def alike(one: bytes, other: bytes) -> float:
    """The estimated share of character pairs that two texts have in common (Jaccard), 0 to 1; ± .04 near .9."""
    different = int.from_bytes(one, "big") ^ int.from_bytes(other, "big")
    differing = sum(mark != "0" for mark in f"{different:x}")
    agreeing = 1 - differing / _ORDERS
    return max(0.0, (agreeing - _CHANCE) / (1 - _CHANCE))
