"""Board codes: seven random characters and one that checks them.

A code is 8 characters of Crockford's base 32 (digits and capitals without I, L, O, U), so that a QR symbol
keeps it in alphanumeric mode. With the characters read as elements of GF(32), a code holds when

    w1*c1 + w2*c2 + … + w8*c8 = OFFSET,   wi = x^(8-i) in GF(2)[x] / (x^5 + x^2 + 1)

All eight weights are different and none is zero. So one wrong character always shows (wi*d = 0 only for
d = 0), and so does the exchange of any two, neighbours or not ((wi + wj)*(a + b) = 0 only for a = b). OFFSET
is not zero, so that a row of zeros is no code.
"""

from __future__ import annotations

import secrets
import unicodedata
from typing import Final, Literal

ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH: Final = 8
OFFSET: Final = 31
_POLYNOMIAL: Final = 0b100101
_VALUE: Final = {char: value for value, char in enumerate(ALPHABET)}
_LOOK_ALIKES: Final = str.maketrans("OIL", "011")
# What people and keyboards put between the halves: spaces, dashes, marks that are not seen, and three signs.
_BETWEEN: Final = frozenset(("Zs", "Zl", "Zp", "Pd", "Pc", "Cc", "Cf", "Mn", "Mc", "Me"))
_SIGNS: Final = frozenset("\u2212\u00b7\u30fb")

Reason = Literal["length", "alphabet", "check"]


class BadCode(ValueError):
    """A text that is no board code; `reason` says what is wrong with it."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(f"not a board code: {reason}")
        self.reason: Reason = reason


def product(a: int, b: int) -> int:
    """Product in GF(32)."""
    product = 0
    while b:
        if b & 1:
            product ^= a
        a <<= 1
        if a & 0b100000:
            a ^= _POLYNOMIAL
        b >>= 1
    return product


def _powers(count: int) -> list[int]:
    powers = [1]
    while len(powers) < count:
        powers.append(product(powers[-1], 2))
    return powers


WEIGHTS: Final = tuple(reversed(_powers(LENGTH)))


def _sum(chars: str) -> int:
    total = 0
    for weight, char in zip(WEIGHTS, chars, strict=False):
        total ^= product(weight, _VALUE[char])
    return total


def check_character(payload: str) -> str:
    """The eighth character for seven of the alphabet; its own weight is 1."""
    if len(payload) != LENGTH - 1:
        raise ValueError(f"seven characters wanted, not {len(payload)}")
    return ALPHABET[_sum(payload) ^ OFFSET]


def new_code() -> str:
    """A code nobody can guess: 35 random bits from the operating system, and the check character."""
    payload = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH - 1))
    return payload + check_character(payload)


def normalise(text: str) -> str:
    """`text` as a code is stored: capitals, full-width folded, O as 0, I and L as 1, no spaces or hyphens.

    Says nothing of whether it is a code. Doing it twice changes nothing.
    """
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).upper())
    kept = (char for char in folded if char not in _SIGNS and unicodedata.category(char) not in _BETWEEN)
    return "".join(kept).translate(_LOOK_ALIKES)


def check(text: str) -> str:
    """The code that `text` means, 8 capitals; raises `BadCode` with the reason where it means none."""
    code = normalise(text)
    if len(code) != LENGTH:
        raise BadCode("length")
    if not set(code) <= set(ALPHABET):
        raise BadCode("alphabet")
    if _sum(code) != OFFSET:
        raise BadCode("check")
    return code


def spaced(code: str) -> str:
    """`7K3QX9TD` as people read it: `7K3Q X9TD`."""
    return f"{code[:4]} {code[4:]}"
