"""Sharing a key so that any two of its holders open it together and one alone learns nothing (Shamir, two of n).

The key is the constant of a straight line over a prime field; a share is one point of it. One point fits every
constant equally well, so a single share says nothing at all about the key, whatever its holder can compute.
Source: A. Shamir, "How to share a secret", CACM 22 (1979). ADR 0009.
"""

import secrets
from typing import Final

KEY_BYTES: Final = 32
PRIME: Final = 2**257 + 155
"""The smallest prime above 2**257: every 32-byte key is an element of the field, and so is any slope."""
_X_BYTES, _Y_BYTES = 2, 33
SHARE_BYTES: Final = _X_BYTES + _Y_BYTES
_MOST = 2 ** (8 * _X_BYTES) - 1


class SharesError(ValueError):
    """Two shares that do not open anything together: the same one twice, a broken one, or not of one key."""


def split(key: bytes, count: int) -> list[bytes]:
    """`count` shares (35 bytes each) of a 32-byte key, any two of which give it back.

    Raises `ValueError` for a key of another length, or fewer than one or too many shares.
    """
    if len(key) != KEY_BYTES:
        raise ValueError(f"a key has {KEY_BYTES} bytes")
    if not 1 <= count <= _MOST:
        raise ValueError("between one and 65,535 shares")
    constant, slope = int.from_bytes(key), secrets.randbelow(PRIME)
    return [_share(x, (constant + slope * x) % PRIME) for x in range(1, count + 1)]


def join(one: bytes, other: bytes) -> bytes:
    """The 32-byte key of two different shares. Raises `SharesError` where there is none."""
    (x1, y1), (x2, y2) = _point(one), _point(other)
    if x1 == x2:
        raise SharesError("the same share twice")
    # The line through two points, read off at zero.
    constant = (y1 * x2 - y2 * x1) * pow(x2 - x1, -1, PRIME) % PRIME
    if constant >= 2 ** (8 * KEY_BYTES):
        raise SharesError("not two shares of one key")
    return constant.to_bytes(KEY_BYTES)


def _share(x: int, y: int) -> bytes:
    return x.to_bytes(_X_BYTES) + y.to_bytes(_Y_BYTES)


def _point(share: bytes) -> tuple[int, int]:
    if len(share) != SHARE_BYTES:
        raise SharesError(f"a share has {SHARE_BYTES} bytes")
    x, y = int.from_bytes(share[:_X_BYTES]), int.from_bytes(share[_X_BYTES:])
    if not x or y >= PRIME:
        raise SharesError("not a point of the field")
    return x, y
