"""Where sealed blobs lie: a folder, an S3-compatible store, or memory.

A blob is put before its row is recorded and deleted after the row is gone, so a crash leaves at most a
blob that nothing refers to, which the sweep finds through `unreferenced`. Contents arrive encrypted;
what is kept here besides is the random name, the padded length and a day.
"""

import os
import re
import secrets
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

import obstore
from obstore.store import LocalStore, S3Store

NAME = re.compile(r"[a-z0-9]{2}/[a-z0-9]{8,64}")
# A put that was killed half-way leaves such a name: listed, so that the sweep takes it, but never read.
UNFINISHED = re.compile(NAME.pattern + r"\.[a-z0-9]{8}\.part")
CHUNK = 500


class Storage(Protocol):
    """Names look like `ab/abcdef…`: two folder characters, then 8 to 64 of a random id, lower case."""

    def put(self, name: str, data: bytes, *, day: date) -> None:
        """Keep `data`; on return it is on disk and dated by `day` alone. ValueError for a bad name."""

    def get(self, name: str) -> bytes:
        """The bytes as they were put; KeyError where there are none."""

    def delete(self, name: str) -> None:
        """Gone afterwards, whether it was there or not."""

    def names(self, *, before: date | None = None) -> Iterator[str]:
        """Every name, unfinished ones too, in no order; with `before` those put for an earlier day."""


class LocalStorage:
    """A folder, reachable by its owner only. File and folder times say the day and nothing finer."""

    def __init__(self, root: Path) -> None:
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._root = root
        self._store = LocalStore(prefix=root)
        # Folders that this process has put on disk: one that merely exists may be another thread's, unsynced.
        self._settled: set[str] = set()

    def put(self, name: str, data: bytes, *, day: date) -> None:
        path = self._root / _checked(name)
        moment = _day_start(day).timestamp()
        if path.parent.name not in self._settled:
            path.parent.mkdir(mode=0o700, exist_ok=True)
            _settle(self._root, moment)
            self._settled.add(path.parent.name)
        part = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.utime(file.fileno(), (moment, moment))
                os.fsync(file.fileno())
            part.rename(path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
        _settle(path.parent, moment)

    def get(self, name: str) -> bytes:
        try:
            return bytes(obstore.get(self._store, _checked(name)).bytes())
        except FileNotFoundError:
            raise KeyError(name) from None

    def delete(self, name: str) -> None:
        path = self._root / _checked(name, unfinished=True)
        try:
            moment = path.stat().st_mtime
            path.unlink()
        except FileNotFoundError:
            return
        _settle(path.parent, moment)

    def names(self, *, before: date | None = None) -> Iterator[str]:
        for batch in obstore.list(self._store):
            for found in batch:
                if _is_ours(found["path"]) and _earlier(found["last_modified"], before):
                    yield found["path"]


class S3Storage:
    """An S3-compatible bucket, with credentials and endpoint from the AWS_* environment.

    The store dates objects by its own clock; the threat model names it.
    """

    def __init__(self, url: str) -> None:
        self._store = S3Store.from_url(url)

    def put(self, name: str, data: bytes, *, day: date) -> None:
        obstore.put(self._store, _checked(name), data)

    def get(self, name: str) -> bytes:
        try:
            return bytes(obstore.get(self._store, _checked(name)).bytes())
        except FileNotFoundError:
            raise KeyError(name) from None

    def delete(self, name: str) -> None:
        try:
            obstore.delete(self._store, _checked(name, unfinished=True))
        except FileNotFoundError:
            return

    def names(self, *, before: date | None = None) -> Iterator[str]:
        for batch in obstore.list(self._store):
            for found in batch:
                if _is_ours(found["path"]) and _earlier(found["last_modified"], before):
                    yield found["path"]


class MemoryStorage:
    """A dictionary: the storage of tests, with the same rules for names and days."""

    def __init__(self) -> None:
        self._blobs: dict[str, tuple[bytes, date]] = {}

    def put(self, name: str, data: bytes, *, day: date) -> None:
        self._blobs[_checked(name)] = (bytes(data), day)

    def get(self, name: str) -> bytes:
        return self._blobs[_checked(name)][0]

    def delete(self, name: str) -> None:
        self._blobs.pop(_checked(name, unfinished=True), None)

    def names(self, *, before: date | None = None) -> Iterator[str]:
        yield from [name for name, (_, day) in self._blobs.items() if before is None or day < before]


def open_storage(url: str) -> Storage:
    """The storage that `file:///folder`, `s3://bucket/prefix` or `memory://` names, else ValueError."""
    parts = urlsplit(url)
    match parts.scheme:
        case "file" if parts.netloc in ("", "localhost") and parts.path.strip("/"):
            return LocalStorage(Path(unquote(parts.path)))
        case "s3" if parts.netloc:
            return S3Storage(url)
        case "memory":
            return MemoryStorage()
    raise ValueError("the storage address must look like file:///folder or s3://bucket")


def unreferenced(
    storage: Storage, known: Callable[[list[str]], Iterable[str]], *, before: date
) -> Iterator[str]:
    """Names put for a day before `before` that `known` (given up to 500 names) does not give back.

    `before` must leave out the days on which a blob may still be waiting for its row to be recorded:
    today, and yesterday where midnight may fall between the two.
    """
    waiting: list[str] = []
    for name in storage.names(before=before):
        waiting.append(name)
        if len(waiting) == CHUNK:
            yield from sorted(set(waiting) - set(known(waiting)))
            waiting = []
    if waiting:
        yield from sorted(set(waiting) - set(known(waiting)))


def _checked(name: str, *, unfinished: bool = False) -> str:
    if NAME.fullmatch(name) or (unfinished and UNFINISHED.fullmatch(name)):
        return name
    raise ValueError("not a name of a blob")


def _is_ours(name: str) -> bool:
    return bool(NAME.fullmatch(name) or UNFINISHED.fullmatch(name))


def _day_start(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=UTC)


def _earlier(modified: datetime, before: date | None) -> bool:
    return before is None or modified < _day_start(before)


def _settle(folder: Path, moment: float) -> None:
    """Give the folder a day for a time, and put its entries on disk."""
    os.utime(folder, (moment, moment))
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
