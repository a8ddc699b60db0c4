"""Looking for words in places where they must not be: files, in every dress that a program gives to text."""

import base64
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, quote_plus

_AROUND = 24
_LEAST = 8
_EMPTY = re.compile(rb"\0{64,}")


@dataclass(frozen=True, slots=True)
class Hit:
    """A needle found: which, in what dress, where."""

    needle: str
    dress: str
    place: str
    around: bytes


def dresses(word: str | bytes) -> dict[str, bytes]:
    """The byte strings that would give `word` away, by name. Letters are also looked for in the other case."""
    plain = word.encode() if isinstance(word, str) else word
    found = {"plain": plain, "hex": plain.hex().encode(), "HEX": plain.hex().upper().encode()}
    found |= {f"base64+{shift}": _base64(plain, shift) for shift in range(3)}
    found |= {f"base64url+{shift}": _url_safe(_base64(plain, shift)) for shift in range(3)}
    if isinstance(word, str):
        found["percent"] = quote(word, safe="").encode()
        found["percent+"] = quote_plus(word).encode()
        found["percent lower"] = quote(word, safe="").lower().encode()
        found["escaped"] = json.dumps(word).strip('"').encode()
        found["repr"] = repr(plain)[2:-1].encode()
        found["lower"] = word.lower().encode()
        found |= {name: word.encode(name) for name in ("utf-16-le", "utf-16-be", "utf-32-le")}
        found |= {name: word.encode(name, "ignore") for name in ("gb18030", "big5")}
    if len(plain) < _LEAST:
        raise ValueError(f"{word!r} is so short that chance would find it")
    # What another character set cannot write at all is no dress.
    return {name: dress for name, dress in found.items() if len(dress) >= max(_LEAST, len(plain) // 2)}


def _base64(plain: bytes, shift: int) -> bytes:
    """How `plain` looks inside a longer text in base64 that begins `shift` bytes earlier."""
    coded = base64.b64encode(bytes(shift) + plain)
    # The characters at both ends depend on what stands beside it.
    first = -(-shift * 8 // 6)
    last = (shift + len(plain)) * 8 // 6
    return coded[first:last]


def _url_safe(coded: bytes) -> bytes:
    return coded.replace(b"+", b"-").replace(b"/", b"_")


def files_under(*folders: Path) -> Iterator[Path]:
    """Every file there is, hidden ones too."""
    for folder in folders:
        yield from sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


def search(needles: Mapping[str, str | bytes], places: Iterable[Path]) -> list[Hit]:
    """Every dress of every needle in every file, and in the files' paths.

    Thousands of dresses are looked for in one pass: by their first eight bytes, so none may be shorter.
    """
    index: dict[bytes, list[tuple[str, str, bytes]]] = defaultdict(list)
    for name, word in needles.items():
        for dress, look in dresses(word).items():
            index[look[:_LEAST]].append((name, dress, look))
    hits = []
    for path in places:
        # Empty pages hold nothing; the break keeps what stands on both sides of them apart.
        hay = _EMPTY.sub(b"\0" * _LEAST, path.read_bytes()) + b"\n" + str(path).encode()
        hits += [Hit(*found, path.name, around) for found, around in _found_in(hay, index)]
    return hits


def _found_in(
    hay: bytes, index: Mapping[bytes, list[tuple[str, str, bytes]]]
) -> Iterator[tuple[tuple[str, str], bytes]]:
    for at in range(len(hay) - _LEAST + 1):
        if (start := hay[at : at + _LEAST]) in index:
            for name, dress, look in index[start]:
                if hay.startswith(look, at):
                    yield (name, dress), hay[max(0, at - _AROUND) : at + len(look) + _AROUND]
