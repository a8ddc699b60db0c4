"""Numbers in a text that name a person: telephone, identity card, receipt. Pure; reads digits, not sentences.

The text is folded mark by mark (full-width digits, dashes and spaces of any kind), so that a place in the folded
text is a place in the text. A row of digits counts as a whole: an order number that contains a telephone number
is an order number.
"""

import re
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from intake.reports import receipt

Kind = Literal["phone", "id_number", "receipt"]

LABELS: Final[dict[str, str]] = {"phone": "电话", "id_number": "证号", "receipt": "回执号"}


@dataclass(frozen=True, slots=True)
class Span:
    """text[start:end] is a number of this kind, with the spaces and dashes it was written with."""

    start: int
    end: int
    kind: Kind


# --- Folding ----------------------------------------------------------------------------------------------

_SPACES: Final = "\t\v\f\u00a0\u1680\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
# What nobody sees: numbers pasted from a telephone's contacts come wrapped in direction marks.
_UNSEEN: Final = "\u00ad\u180e\u2060\ufeff" + "".join(map(chr, (*range(0x200B, 0x2010), *range(0x202A, 0x202F))))
_DASHES: Final = "_\u2212\u2e3a\u30fc\ufe58\ufe63\uff0d" + "".join(map(chr, range(0x2010, 0x2016)))
_FOLD: Final = str.maketrans(
    {
        **{chr(0xFF10 + digit): str(digit) for digit in range(10)},
        **dict.fromkeys(_SPACES + _UNSEEN, " "),
        **dict.fromkeys(_DASHES, "-"),
        **dict.fromkeys("\u00b7\u2022\u30fb\uff0e", "."),
        **dict.fromkeys("xｘＸ×Ⅹⅹ\u0425\u0445", "X"),
        **dict(zip("（）＋／￥", "()+/¥", strict=True)),
    }
)

# --- Telephones -------------------------------------------------------------------------------------------


def _grouped(first: str, *sizes: int) -> str:
    """Digits in groups of these sizes, the whole beginning with a digit pair like `first`."""
    gap = r"[ .\-/]{1,3}"
    return rf"(?={first})" + gap.join(rf"[0-9]{{{size}}}" for size in sizes)


# Eleven digits as people write them. Four first and then 19 would be a year.
_MOBILE: Final = "|".join(
    (
        _grouped("1[3-9]", 11),
        _grouped("1[3-9]", 3, 4, 4),
        _grouped("1[3-9]", 3, 8),
        _grouped("1[3-9]", 3, 3, 5),
        _grouped("1[3-9]", 7, 4),
        _grouped("1[3-8]", 4, 4, 3),
        _grouped("1[3-8]", 4, 7),
        # Digit by digit, and only where the row ends there: it may be the beginning of a receipt.
        r"(?<![0-9][ .\-/])" + _grouped(r"1[ .\-/]{1,3}[3-9]", *([1] * 11)) + r"(?![ .\-/]{1,3}[0-9])",
    )
)
_LOCAL: Final = r"[2-9](?:[0-9]{6,7}|[0-9]{2,3}[ \-][0-9]{4})"
_AREA: Final = r"(?:010|02[0-9]|0[3-9][0-9]{2})"
_LANDLINE: Final = rf"(?:\({_AREA}\) ?|{_AREA}[ \-]{{0,3}}){_LOCAL}"
_ABROAD: Final = r"(?:(?:\+|00)?86[ \-]{0,2}|0(?=1[3-9]))?"
# A fraction that ends there or a unit of money makes an amount of it; 元旦 is no money.
_NO_AMOUNT: Final = r"(?!\.[0-9]{1,2}(?![0-9]))(?! ?(?:[十百千]?[万亿][元块]|元(?![旦月宵])|块钱|人民币))"
_CHINESE: Final = "〇零一幺二三四五六七八九"
_IN_DIGITS: Final = (
    rf"(?<![0-9¥$])(?<![¥$] )(?:{_ABROAD}(?:{_MOBILE})"
    rf"|(?<![0-9][\-./])(?:\+?86[ \-]{{0,2}})?{_LANDLINE})(?![0-9]){_NO_AMOUNT}"
)
_IN_WORDS: Final = rf"(?<![{_CHINESE}])[一幺][三四五六七八九][{_CHINESE}]{{9}}(?![{_CHINESE}])"
_PHONE: Final = re.compile(f"{_IN_DIGITS}|{_IN_WORDS}")

# --- Identity cards ---------------------------------------------------------------------------------------

_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS: Final = "10X98765432"
_CARD: Final = re.compile(r"(?<![0-9])(?=([1-9](?:[ \-\r\n]{0,3}[0-9]){16}[ \-\r\n]{0,3}[0-9X])(?![0-9]))")
# Cards of before 1999 have no check, so only the word in front tells them from other fifteen digits.
_OLD_CARD: Final = re.compile(r"(?:身份|證件|证件|證號|证号)[^0-9\r\n]{0,8}([1-9][0-9]{14})(?![0-9])")


def _day_exists(year: str, month: str, day: str) -> bool:
    return 1 <= int(month) <= 12 and 1 <= int(day) <= monthrange(int(year), int(month))[1]


def _is_card(marks: str) -> bool:
    """18 marks of GB 11643: region, day of birth between 1850 and 2099, order, check."""
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, marks[:17], strict=True))
    if _CHECKS[total % 11] != marks[17] or not "1850" <= marks[6:10] <= "2099":
        return False
    return _day_exists(marks[6:10], marks[10:12], marks[12:14])


def _cards(folded: str) -> Iterator[Span]:
    for match in _CARD.finditer(folded):
        if _is_card(re.sub(r"[ \-\r\n]", "", match[1])):
            yield Span(match.start(1), match.end(1), "id_number")
    for match in _OLD_CARD.finditer(folded):
        if _day_exists("19" + match[1][6:8], match[1][8:10], match[1][10:12]):
            yield Span(match.start(1), match.end(1), "id_number")


# --- Receipts ---------------------------------------------------------------------------------------------

# As the slip shows them, in fours, whatever stands between; or twenty digits with one kind of gap and no more.
_FOURS: Final = re.compile(r"(?<![0-9])(?=([0-9]{4}(?:[ \-\r\n]{0,3}[0-9]{4}){4})(?![0-9]))")
_EVEN: Final = tuple(
    re.compile(rf"(?<![0-9])(?<![0-9]{gap})[0-9](?:{gap}?[0-9]){{19}}(?!{gap}?[0-9])") for gap in (" ", "-")
)
_FIVE_YEARS: Final = re.compile(r"(?:(?:19|20)[0-9]{2}){5}")


def _is_receipt(text: str) -> bool:
    digits = re.sub(r"[ \-\r\n]", "", text)
    return _FIVE_YEARS.fullmatch(digits) is None and receipt.valid(digits)


def _receipts(folded: str) -> Iterator[Span]:
    for match in _FOURS.finditer(folded):
        if _is_receipt(match[1]):
            yield Span(match.start(1), match.end(1), "receipt")
    for pattern in _EVEN:
        for match in pattern.finditer(folded):
            if _is_receipt(match[0]):
                yield Span(match.start(), match.end(), "receipt")


# --- What others ask --------------------------------------------------------------------------------------


_ANY_DIGIT: Final = "0123456789" + _CHINESE
_SHORTEST: Final = 10  # digits, of a landline with its area


def spans(text: str) -> list[Span]:
    """The numbers of `text` in order, none inside another; a receipt goes before a card, a card before a phone."""
    folded = text.translate(_FOLD)
    if sum(map(folded.count, _ANY_DIGIT)) < _SHORTEST:
        return []  # most texts: counting is much cheaper than looking
    found: list[Span] = []
    phones = (Span(match.start(), match.end(), "phone") for match in _PHONE.finditer(folded))
    for candidates in (_receipts(folded), _cards(folded), phones):
        for span in candidates:
            if all(span.end <= other.start or other.end <= span.start for other in found):
                found.append(span)
    return sorted(found, key=lambda span: span.start)


def find(text: str) -> frozenset[Kind]:
    """Which kinds of numbers stand in the text."""
    return frozenset(span.kind for span in spans(text))


def mask(text: str) -> list[tuple[str, str | None]]:
    """The text in segments for lists: (words, None), or (label in Chinese, kind) in place of a number."""
    segments: list[tuple[str, str | None]] = []
    at = 0
    for span in spans(text):
        if span.start > at:
            segments.append((text[at : span.start], None))
        segments.append((LABELS[span.kind], span.kind))
        at = span.end
    if at < len(text):
        segments.append((text[at:], None))
    return segments
