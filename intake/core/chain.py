"""Links of an append-only history: each carries a keyed hash over itself and the link before it. ADR 0003.

Hashing alone, no vault: links are made inside `db.write`, where the head of the chain is known.
"""

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from intake.core.framing import framed

Value = str | int | None
GENESIS: Final = "0" * 64
"""What the first link of every chain follows."""


@dataclass(frozen=True, slots=True)
class Link:
    """One stored link: what it says it follows, its own hash, and the fields the hash was made over."""

    prev: str
    hash: str
    fields: Mapping[str, Value]


def canonical(fields: Mapping[str, Value]) -> bytes:
    """The fields as bytes that no other set of fields has; their order does not count.

    Raises `TypeError` for a value that a database could give back in another shape (floats, lists, bytes).
    """
    parts: list[bytes | str] = []
    for name in sorted(fields):
        kind, text = _shape(name, fields[name])
        parts += (name, kind, text)
    return framed(*parts)


def _shape(name: str, value: Value) -> tuple[str, str]:
    if value is None:
        return "none", ""
    # JSON keeps true and 1 apart, so the chain does too.
    if isinstance(value, bool):
        return "bool", str(int(value))
    if isinstance(value, int):
        return "int", str(value)
    if isinstance(value, str):
        return "str", value
    raise TypeError(f"{name}: {type(value).__name__} has no one way to be written")


def link(key: bytes, prev: str, fields: Mapping[str, Value]) -> str:
    """The hash of a new link after `prev` (`GENESIS` for the first): 64 hex digits.

    `fields` name the report, the chain and the place in it, so that a link fits nowhere else.
    """
    return hmac.digest(key, framed("msx/chain", prev, canonical(fields)), "sha256").hex()


def first_broken(key: bytes, links: Iterable[Link], head: str) -> int | None:
    """The position (from 0) of the first link that does not hold, None where all hold and end in `head`.

    Links missing at the end are found at the position where the next one would stand.
    """
    prev, count = GENESIS, 0
    for stored in links:
        if stored.prev != prev or stored.hash != link(key, prev, stored.fields):
            return count
        prev, count = stored.hash, count + 1
    return None if prev == head else count


def anchor(heads: Mapping[str, tuple[str, str]]) -> str:
    """One hash over {report id: (staff head, citizen head)}, ordered by the random ids: 64 hex digits.

    Not keyed: whoever holds the heads of a day can check a printed anchor against them.
    """
    parts = [part for report in sorted(heads) for part in (report, *heads[report])]
    return hashlib.sha256(framed("msx/anchor", *parts)).hexdigest()
