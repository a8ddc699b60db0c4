"""The format of a backup: records under a key of the archive's own, which only the backup key opens.

`MAGIC`, the archive's key sealed to the backup key, then records: four bytes of length and a ciphertext bound to the
record's place. The last one says that it is the last, so that what was cut off, left out or moved is noticed.
"""

import json
from collections.abc import Iterator
from typing import Any, BinaryIO, Final

from intake.core import vault
from intake.core.vault import KeyPair, VaultError

MAGIC: Final = b"MSX-BACKUP-1\n"
_BOUND: Final = ("backup", "archive", "key")
_SEALED: Final = 113  # bytes of a sealed key
_MOST: Final = 64 * 1024 * 1024  # of one record: a photo is a tenth of it
END: Final = "end"


class BadArchive(ValueError):
    """Not an archive, one for another key, or one that is not whole."""


class Writer:
    """Records into a file. Nothing of what they hold is written in clear, but how many there are and how long."""

    def __init__(self, out: BinaryIO, backup_public: bytes) -> None:
        self._out, self._key, self._count = out, vault.new_key(), 0
        out.write(MAGIC + vault.seal(backup_public, self._key, _BOUND))

    def add(self, about: dict[str, Any], data: bytes = b"") -> None:
        head = json.dumps(about, ensure_ascii=False).encode()
        sealed = vault.encrypt(self._key, len(head).to_bytes(4, "big") + head + data, _place(self._count))
        self._out.write(len(sealed).to_bytes(4, "big") + sealed)
        self._count += 1

    def finish(self) -> None:
        self.add({"kind": END, "records": self._count})


def records(source: BinaryIO, pair: KeyPair) -> Iterator[tuple[dict[str, Any], bytes]]:
    """Each record but the last, in order. Raises `BadArchive`; only when it is through is the archive whole."""
    if source.read(len(MAGIC)) != MAGIC:
        raise BadArchive("not a backup of this program")
    try:
        key = vault.unseal(pair, source.read(_SEALED), _BOUND)
    except VaultError:
        raise BadArchive("this backup was made for another backup key") from None
    count = 0
    while True:
        about, data = _read(source, key, count)
        if about.get("kind") == END:
            if about.get("records") != count or source.read(1):
                raise BadArchive("the backup is not whole")
            return
        yield about, data
        count += 1


def _read(source: BinaryIO, key: bytes, count: int) -> tuple[dict[str, Any], bytes]:
    length = int.from_bytes(source.read(4), "big")
    sealed = source.read(length) if 0 < length <= _MOST else b""
    try:
        plain = vault.decrypt(key, sealed, _place(count))
    except VaultError:
        raise BadArchive("the backup is not whole") from None
    size = int.from_bytes(plain[:4], "big")
    about: dict[str, Any] = json.loads(plain[4 : 4 + size])
    return about, plain[4 + size :]


def _place(count: int) -> tuple[str, str, str]:
    return ("backup", str(count), "record")
