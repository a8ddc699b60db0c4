"""What a column of a sheet, or a field of a form, means: its words, its help, how it is read. Pure.

The same columns make the import, the form, the template and the export, so that none can say what another does not.
A row is read into *canonical texts* (a day as 2026-09-01, a kind as its id, an organisation by its full name), and
what is there already is told in the same texts: comparing the two is the whole of "what would change".
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import time

from intake.core.errors import Invalid
from intake.core.nearness import near
from intake.core.sheets import read_day

_MOMENT = re.compile(r"(.+?)\s*(\d{1,2})(?:\s*[:：时点]\s*(\d{1,2})?\s*分?)(?::00)?")
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


@dataclass(frozen=True)
class Register:
    """Everything that a row may refer to, as it stands and as the same sheet brings it.

    Each: what can be written → what it is called in canonical texts.
    """

    regions: Mapping[str, str] = field(default_factory=dict)
    organisations: Mapping[str, str] = field(default_factory=dict)
    teams: Mapping[str, str] = field(default_factory=dict)
    rounds: Mapping[str, str] = field(default_factory=dict)
    able: frozenset[str] = frozenset()  # teams in which somebody can open a report

    def names(self, noun: str) -> Mapping[str, str]:
        found: Mapping[str, str] = getattr(self, noun)
        return found


Read = Callable[[Register, str], str]
"""From what was typed to the canonical text; raises ValueError with what to do."""


@dataclass(frozen=True, slots=True)
class Column:
    """One fact of a row. `needed`: a row without it cannot be; `choices`: id → words of the only values.

    `refers`: the noun whose rows are named here; `example` stands in the template.
    """

    id: str
    words: str
    hint: str
    read: Read
    needed: bool = False
    example: str = ""
    choices: Mapping[str, str] | None = None
    refers: str = ""
    kind: str = "line"  # line, area, day, moment: how a form asks for it

    def show(self, text: str) -> str:
        """A canonical text in the words of pages and exports."""
        return self.choices.get(text, text) if self.choices else text


def tidy(text: str) -> str:
    """One line without space at its ends; characters that nobody sees go, half of a pair too."""
    seen = "".join(" " if char.isspace() else char for char in unicodedata.normalize("NFC", text))
    return " ".join("".join(char for char in seen if unicodedata.category(char) not in _HIDDEN).split())


def words(most: int) -> Read:
    """Free text of one line."""

    def read(_: Register, text: str) -> str:
        if len(text) > most:
            raise ValueError(f"最多 {most} 个字，现在有 {len(text)} 个。")
        return text

    return read


def number(pattern: str, explain: str, *, upper: bool = False) -> Read:
    """A number or name that other things refer to."""
    wanted = re.compile(pattern)

    def read(_: Register, text: str) -> str:
        text = unicodedata.normalize("NFKC", text).replace(" ", "")
        text = text.upper() if upper else text
        if not wanted.fullmatch(text):
            raise ValueError(f"“{text[:40]}”不行：{explain}。")
        return text

    return read


def choice(of: Mapping[str, str]) -> Read:
    """One of a few, by id or by its words."""
    known = {**{words_: id_ for id_, words_ in of.items()}, **{id_: id_ for id_ in of}}

    def read(_: Register, text: str) -> str:
        if text not in known:
            raise ValueError(f"没有“{text[:20]}”，可以写：{'、'.join(of.values())}。")
        return known[text]

    return read


def day(_: Register, text: str) -> str:
    try:
        found = read_day(text)
    except ValueError:
        raise ValueError(f"“{text[:20]}”不是日子，请写成 2026-09-01。") from None
    return found.isoformat() if found else ""


def moment(_: Register, text: str) -> str:
    """A day and an hour: 2026-09-01 08:00, 2026年9月1日 8时, 2026-09-01T08:00."""
    found = _MOMENT.fullmatch(text.replace("T", " "))
    try:
        on = read_day(found.group(1)) if found else None
        if found and on:
            at = time(int(found.group(2)), int(found.group(3) or 0))
            return f"{on.isoformat()} {at:%H:%M}"
    except ValueError:
        pass
    raise ValueError(f"“{text[:30]}”不是日子和钟点，请写成 2026-09-01 08:00。")


def reference(noun: str, called: str) -> Read:
    """Another row, by its number or its name; an unknown one is refused with those that are spelled nearly so."""

    def read(register: Register, text: str) -> str:
        known = register.names(noun)
        found = known.get(text) or known.get(folded(text))
        if found == AMBIGUOUS:
            raise ValueError(f"“{text}”不止一个，请写它的编号。")
        if found:
            return found
        spelled = {folded(spelling): meant for spelling, meant in known.items() if meant != AMBIGUOUS}
        close = [_called(known, meant) for meant in near(folded(text), spelled)]
        hint = f"是不是：{'、'.join(close)}？" if close else "请先把它登记好，或换个写法。"
        raise ValueError(f"没有“{text[:40]}”这个{called}。{hint}")

    return read


AMBIGUOUS = "\0"  # of a name that two rows share: no text holds a NUL


def _called(known: Mapping[str, str], meant: str) -> str:
    """A number with the name that goes with it; a full name says enough."""
    if not meant.isascii():
        return meant
    name = next((spelling for spelling, of in known.items() if of == meant and folded(spelling) != folded(meant)), "")
    return f"{name}（{meant}）" if name else meant


def folded(text: str) -> str:
    """Spellings that differ in width, case and spaces alone are one."""
    return unicodedata.normalize("NFKC", text).casefold().replace(" ", "")


def spelled_out(names: Mapping[str, str]) -> dict[str, str]:
    """Number → name, turned into all that can be written → number. A name of two is ambiguous; a number never is."""
    found: dict[str, str] = {}
    for meant, name in names.items():
        for spelling in {name, folded(name)}:
            found[spelling] = AMBIGUOUS if found.get(spelling, meant) != meant else meant
    for meant in names:
        found[meant] = found[folded(meant)] = meant
    return found


def read_row(
    columns: tuple[Column, ...], register: Register, values: Mapping[str, str], *, before: Mapping[str, str] | None
) -> dict[str, str]:
    """The canonical texts of the columns that `values` has. Raises `Invalid` with every field that cannot be taken.

    `before`: the row that is there, whose other facts stay; None: a new row, which needs all that is `needed`.
    """
    problems: dict[str, str] = {}
    found: dict[str, str] = {}
    for column in columns:
        if column.id not in values:
            if column.needed and before is None:
                problems[column.id] = f"新的一行要有“{column.words}”这一列。"
            continue
        text = tidy(values[column.id])
        if not text:
            if column.needed:
                problems[column.id] = f"请写{column.words}。"
            found[column.id] = ""
            continue
        try:
            found[column.id] = column.read(register, text)
        except ValueError as error:
            problems[column.id] = f"{column.words}：{error}"
    if problems:
        raise Invalid(problems)
    return found
