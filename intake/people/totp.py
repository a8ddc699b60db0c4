"""Codes that change every thirty seconds: RFC 6238 with SHA-1 and six digits, as every phone's app has it. Pure.

Ours and not a library's: the product must know *which* step a code belongs to, so that each is used once, and
the libraries answer yes or no. The RFC's own vectors are in the tests. ADR 0013.
"""

import base64
import hmac
import unicodedata
from datetime import datetime
from typing import Final
from urllib.parse import quote

SECRET_BYTES: Final = 20  # RFC 4226: as long as SHA-1's result
DIGITS: Final = 6
STEP_SECONDS: Final = 30
_TYPED_MOST: Final = 64  # bounds the work; nobody's code is longer, with whatever spaces
_AROUND: Final = (-1, 0, 1)  # a phone's clock may be half a minute off, and people type slowly


def step_of(when: datetime) -> int:
    """The number of the half minute that an aware instant lies in, counted from 1970."""
    return int(when.timestamp()) // STEP_SECONDS


def code_of(secret: bytes, step: int) -> str:
    """The six digits of one step (RFC 4226, section 5.3)."""
    digest = hmac.digest(secret, step.to_bytes(8), "sha1")
    start = digest[-1] & 0xF
    number = int.from_bytes(digest[start : start + 4]) & 0x7FFF_FFFF
    return f"{number % 10**DIGITS:0{DIGITS}d}"


def matching_step(secret: bytes, typed: str, when: datetime) -> int | None:
    """The step around `when` whose code was typed (the newest, should two be alike); None for none of them.

    Every step is compared whichever matches, in a time that does not depend on the digits.
    """
    found = None
    for offset in _AROUND:
        step = step_of(when) + offset
        if hmac.compare_digest(code_of(secret, step).encode(), typed.encode("utf-8", "surrogatepass")):
            found = step
    return found


def typed_digits(typed: str) -> str:
    """What somebody meant by `123 456`, `１２３４５６` or `123-456`; unchanged where it is something else."""
    folded = unicodedata.normalize("NFKC", typed[:_TYPED_MOST])
    return "".join(char for char in folded if not char.isspace() and char not in "-–—·")


def base32(secret: bytes) -> str:
    """The secret as apps take it: 32 letters and digits."""
    return base64.b32encode(secret).decode().rstrip("=")


def groups(text: str, size: int = 4) -> str:
    """In groups of `size`, to be read and typed."""
    return " ".join(text[start : start + size] for start in range(0, len(text), size))


def otpauth(secret: bytes, *, login: str, issuer: str) -> str:
    """The address in the symbol that an app scans (Google Authenticator's key URI).

    SHA-1, six digits and thirty seconds are what every app takes unless told: left out, the symbol is coarser.
    """
    label = f"{quote(issuer, safe='')}:{quote(login, safe='')}"
    return f"otpauth://totp/{label}?secret={base32(secret)}&issuer={quote(issuer, safe='')}"
