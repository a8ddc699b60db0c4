"""The receipt: 20 digits that are derived, never stored, and open the box of one report. ADR 0002."""

import unicodedata
from dataclasses import dataclass, field
from typing import Final, Literal

from intake.core import vault

LENGTH: Final = 20
_GROUP: Final = 4
_SPACE: Final = 10 ** (LENGTH - 1)
# Spaces and dashes between the groups and after a paste; anything longer is no receipt however it is read.
_LONGEST_TEXT: Final = 200

# Damm's totally anti-symmetric quasigroup of order 10 (thesis, 2004): row is the state, column the digit.
_DAMM: Final = (
    "0317598642",
    "7092154863",
    "4206871359",
    "1750983426",
    "6123045978",
    "3674209581",
    "5869720134",
    "8945362017",
    "9438617205",
    "2581436790",
)
_NEXT: Final = tuple(tuple(map(int, row)) for row in _DAMM)

_ASCII_DIGITS: Final = frozenset("0123456789")
_FULL_WIDTH: Final = {0xFF10 + value: str(value) for value in range(10)}
# White space of any kind, dashes of any kind, the minus sign, and marks that nobody can see.
_IGNORED_CATEGORIES: Final = frozenset({"Zs", "Zl", "Zp", "Pd", "Cf"})
_IGNORED: Final = frozenset("\t\n\r\f\v\u2212")

Reason = Literal["length", "digit", "check"]


class BadReceipt(ValueError):
    """A text that cannot be a receipt; `reason`: its length, one of its characters, or the check."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(f"not a receipt: {reason}")
        self.reason: Reason = reason


@dataclass(frozen=True, slots=True)
class ReceiptKeys:
    """What a receipt gives after its memory-hard derivation: where its box is found, and what opens it."""

    tag: bytes
    key: bytes = field(repr=False)


def _damm_state(digits: str) -> int:
    state = 0
    for digit in digits:
        state = _NEXT[state][int(digit)]
    return state


def damm(digits: str) -> str:
    """The check digit of `digits` (ASCII digits)."""
    return str(_damm_state(digits))


def valid(digits: str) -> bool:
    """Whether `digits` are 20 ASCII digits that pass their check."""
    return len(digits) == LENGTH and _ASCII_DIGITS.issuperset(digits) and _damm_state(digits) == 0


def normalise(text: str) -> str:
    """The 20 digits that `text` means; raises `BadReceipt`.

    Full-width digits count, spaces and dashes do not; digits of other scripts and all else are refused.
    """
    if len(text) > _LONGEST_TEXT:
        raise BadReceipt("length")
    digits = "".join(c for c in text.translate(_FULL_WIDTH) if not _is_ignored(c))
    if not _ASCII_DIGITS.issuperset(digits):
        raise BadReceipt("digit")
    if len(digits) != LENGTH:
        raise BadReceipt("length")
    if not valid(digits):
        raise BadReceipt("check")
    return digits


def _is_ignored(char: str) -> bool:
    return char in _IGNORED or unicodedata.category(char) in _IGNORED_CATEGORIES


def groups(digits: str) -> list[str]:
    """Five groups of four, as it is shown and read aloud."""
    return [digits[start : start + _GROUP] for start in range(0, LENGTH, _GROUP)]


def derive(receipt_key: bytes, nonce: bytes, digest: bytes) -> str:
    """The receipt of one form (`nonce`) with one content (`digest`): the same two give the same 20 digits."""
    number = int.from_bytes(vault.mac(receipt_key, "msx/receipt", nonce, digest), "big") % _SPACE
    digits = f"{number:0{LENGTH - 1}d}"
    return digits + damm(digits)


def opened(digits: str, pepper: bytes) -> ReceiptKeys:
    """Argon2id (4 MiB, one pass) of 20 digits under the pepper: costs the same for right and wrong ones."""
    derived = vault.memory_hard(digits.encode("ascii"), pepper, memory_kib=4 * 1024, passes=1, length=64)
    return ReceiptKeys(tag=derived[:32], key=derived[32:])
