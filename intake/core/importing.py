"""What every import from a sheet shares: all or nothing, each bad row named, nothing doubled, told beforehand."""

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from intake.core.errors import Invalid, Refusal, Stale
from intake.core.sheets import Line

T = TypeVar("T")
NEW, CHANGED, SAME = "new", "changed", "same"


class BadRows(Refusal):
    """Rows that cannot be taken: (line, reason) in the order of the file. Nothing was written."""

    def __init__(self, rows: Sequence[tuple[int, str]]) -> None:
        super().__init__("；".join(f"第 {line} 行：{reason}" for line, reason in rows))
        self.rows = tuple(rows)


@dataclass(frozen=True, slots=True)
class Difference:
    """One field that a row would change, in the words of pages."""

    field: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Change:
    """What one row of a sheet does. `kind`: new, changed or same."""

    line: int
    kind: str
    key: str
    label: str
    differences: tuple[Difference, ...] = ()


@dataclass(frozen=True, slots=True)
class Imported:
    """How many rows were new, differed from what was there, or were there already.

    `changes` says which; `notices` are (line, words) of what was taken all the same.
    """

    new: int
    changed: int
    same: int
    changes: tuple[Change, ...] = ()
    notices: tuple[tuple[int, str], ...] = ()

    @property
    def writes(self) -> bool:
        return bool(self.new or self.changed)

    @property
    def digest(self) -> str:
        """The same for the same effect on the same rows: what a page showed can be known again."""
        says = [[c.line, c.kind, c.key, [[d.field, d.before, d.after] for d in c.differences]] for c in self.changes]
        return hashlib.sha256(json.dumps(says, ensure_ascii=False).encode()).hexdigest()

    def same_as_seen(self, digest: str | None) -> None:
        """Raises `Stale` where a person was shown another effect than this."""
        if digest is not None and self.digest != digest:
            raise Stale("这张表看过以后，有人改过这里的数据。请再看一遍会改什么。")


def told(kinds: Iterable[str]) -> Imported:
    """The sums of `kinds` alone."""
    found = list(kinds)
    return Imported(found.count(NEW), found.count(CHANGED), found.count(SAME))


def told_in_full(changes: Sequence[Change], notices: Iterable[tuple[int, str]] = ()) -> Imported:
    kinds = [change.kind for change in changes]
    return Imported(kinds.count(NEW), kinds.count(CHANGED), kinds.count(SAME), tuple(changes), tuple(notices))


def understood(lines: Iterable[Line], read: Callable[[Line], T], key: Callable[[T], object]) -> list[T]:
    """Every row, or `BadRows` with all that cannot be taken: those that `read` refuses, and a key said twice."""
    found: list[T] = []
    bad: list[tuple[int, str]] = []
    seen: dict[object, int] = {}
    for line in lines:
        try:
            row = read(line)
        except Invalid as refusal:
            bad.append((line.number, str(refusal)))
            continue
        first = seen.setdefault(key(row), line.number)
        if first != line.number:
            bad.append((line.number, f"和第 {first} 行说的是同一件事，请留一行。"))
        found.append(row)
    if bad:
        raise BadRows(bad)
    return found
