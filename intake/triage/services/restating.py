"""Looking through a restatement before it leaves: what in it could lead back to the person who wrote. Pure.

It only points; whether a sentence may go is for whoever signs it. It errs towards pointing: a look too many costs a
minute, and what was handed on cannot be taken back.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date

from intake.reports import sensitive

COPIED = 12  # characters in a row, spaces and punctuation left out: as few say the same by chance
_RESTRICTION = 8  # of the contact restriction, or all of a shorter one
_SHORTEST = 2  # characters of a name in the contact

# Kind → what the page says of it, in the order of the page.
KINDS: dict[str, str] = {
    "contact": "里面有反映人留的姓名或联系方式",
    "phone": "里面有电话号码",
    "id_number": "里面有身份证号",
    "receipt": "里面有像回执号的数字",
    "copied": f"有一段和原文连着 {COPIED} 个字以上一样，熟人认得出是谁的话",
    "restriction": "里面有反映人写的联系限制",
    "register": "里面有这一件的登记号",
    "board": "里面有牌号或码：知道是哪块牌子，就好猜是谁扫的",
    "day": "里面有收到这一件的日期",
    "concerned": "收件单位就是反映里提到的单位",
}


@dataclass(frozen=True, slots=True)
class Original:
    """What a restatement is held against. `words`: everything the citizen wrote, field by field.

    `contact` is filled in only for somebody to whom it was opened before: the check must not become a way to guess.
    """

    words: tuple[str, ...]
    day: date
    register_no: str
    board: tuple[str, ...] = ()
    restriction: str = ""
    contact: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Found:
    """text[start:end] may lead back; `kind` is one of `KINDS`."""

    start: int
    end: int
    kind: str


Segments = tuple[tuple[str, bool], ...]  # the text cut up, and whether a part was pointed at


def find(text: str, original: Original) -> tuple[Found, ...]:
    """Everything in the text that may lead back, in its order."""
    found = [Found(span.start, span.end, span.kind) for span in sensitive.spans(text)]
    bare = _bared(text)
    found += _shared(bare, original.words, COPIED, "copied")
    restriction = _bared(original.restriction)[0]
    if restriction:
        found += _shared(bare, (original.restriction,), min(_RESTRICTION, len(restriction)), "restriction")
    names = [part for part in re.split(r"[\s,，、；;：:。/（）()]+", original.contact) if len(part) >= _SHORTEST]
    found += [spot for name in names for spot in _named(bare, name, "contact")]
    found += [spot for name in original.board for spot in _named(bare, name, "board")]
    found += _named(bare, original.register_no, "register")
    found += [spot for name in _days(original.day) for spot in _named(bare, name, "day")]
    return tuple(sorted(set(found), key=lambda spot: (spot.start, spot.end, spot.kind)))


def names_unit(unit: str, original: Original) -> bool:
    """Whether the citizen's own words name the unit that is to receive it."""
    name = _bared(unit)[0]
    return len(name) > _SHORTEST and any(name in _bared(words)[0] for words in original.words)


def segments(text: str, found: Iterable[Found]) -> Segments:
    """The text in parts, those that were pointed at marked; parts that overlap are one."""
    parts: list[tuple[str, bool]] = []
    at = 0
    for start, end in _joined(found):
        parts += [(text[at:start], False), (text[start:end], True)]
        at = end
    parts.append((text[at:], False))
    return tuple((words, marked) for words, marked in parts if words)


def _joined(found: Iterable[Found]) -> list[tuple[int, int]]:
    whole: list[tuple[int, int]] = []
    for spot in sorted(found, key=lambda spot: spot.start):
        if whole and spot.start <= whole[-1][1]:
            whole[-1] = (whole[-1][0], max(whole[-1][1], spot.end))
        else:
            whole.append((spot.start, spot.end))
    return whole


def _bared(text: str) -> tuple[str, Sequence[int]]:
    """The text without spaces and punctuation, wide forms as plain ones; and where each character stood."""
    kept, places = [], []
    for place, char in enumerate(text):
        plain = unicodedata.normalize("NFKC", char).casefold()
        if len(plain) == 1 and plain.isalnum():
            kept.append(plain)
            places.append(place)
    return "".join(kept), places


def _shared(bare: tuple[str, Sequence[int]], originals: Iterable[str], length: int, kind: str) -> Iterator[Found]:
    """Runs of at least `length` characters that stand in an original as well."""
    text, places = bare
    for words in originals:
        known = _bared(words)[0]
        grams = {known[at : at + length] for at in range(len(known) - length + 1)}
        start = None
        for at in range(len(text) - length + 2):
            if at + length <= len(text) and text[at : at + length] in grams:
                start = at if start is None else start
            elif start is not None:
                yield Found(places[start], places[at + length - 2] + 1, kind)
                start = None


def _named(bare: tuple[str, Sequence[int]], name: str, kind: str) -> Iterator[Found]:
    """Every place at which the name stands, however it is spaced."""
    text, places = bare
    wanted = _bared(name)[0]
    at = text.find(wanted) if wanted else -1
    while at >= 0:
        end = at + len(wanted)
        if not (_in_number(text, at) or _in_number(text, end)):  # 1月2日 is no part of 11月2日
            yield Found(places[at], places[end - 1] + 1, kind)
        at = text.find(wanted, at + 1)


def _in_number(text: str, at: int) -> bool:
    return 0 < at < len(text) and text[at - 1].isdigit() and text[at].isdigit()


def _days(day: date) -> tuple[str, ...]:
    """How people write this day. Not its number alone: that is any count."""
    short, dotted = f"{day.month}月{day.day}", f"{day.year}.{day.month}.{day.day}"
    return (f"{short}日", f"{short}号", day.isoformat(), dotted)
