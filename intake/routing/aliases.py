"""Who is named in a text, however it is spelled. Pure.

A text is folded before names are looked for: Traditional becomes Simplified, 3 becomes 三, and everything that
only stands between characters (spaces, punctuation, invisible marks) goes: 「第 ３ 巡·察組」 is 「第三巡察组」.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Literal, NewType

from intake.routing import variants

Kind = Literal["team", "person", "post", "level", "organisation", "ignore"]
Folded = NewType("Folded", str)

IGNORE: Final = "ignore"
LENGTH_MAX: Final = 60  # characters of a folded alias: the longest name of a unit is under forty
_LENGTH_MIN: Final = 2

# --- Folding ----------------------------------------------------------------------------------------------

# NFKC would spell a Roman numeral in letters and drop the circle that people type for a nought.
_BEFORE: Final = {
    **{0x2160 + number: str(number + 1) for number in range(12)},
    **{0x2170 + number: str(number + 1) for number in range(12)},
    **dict.fromkeys(map(ord, "○◯〇⭕"), "零"),
}
_HAS_BEFORE: Final = re.compile(f"[{''.join(map(chr, _BEFORE))}]")

# Parts of characters, as they come out of a PDF. NFKC knows those of the Kangxi block; not these.
_RADICALS: Final = dict(
    zip(
        "⺟⺠⻁⻄⻅⻆⻉⻋⻐⻑⻒⻓⻔⻗⻘⻙⻚⻛⻜⻝⻢⻣⻤⻥⻦⻨⻩⻬⻮⻰",
        "母民虎西见角贝车金长长长门雨青韦页风飞食马骨鬼鱼鸟麦黄齐齿龙",
        strict=True,
    )
)
# As on cheques. 「陆」 and 「伍」 are names as well: folded on both sides, a name stays equal to itself.
_CHEQUE: Final = dict(zip("壹弌贰弍叁弎肆伍陆柒捌玖拾", "一一二二三三四五六七八九十", strict=True))
_NUMERALS: Final = "零一二三四五六七八九"
# What nobody sees and what is drawn over a character; letters to Unicode, some of them.
_UNSEEN: Final = (
    0x00AD, *range(0x0300, 0x0370), 0x061C, 0x115F, 0x1160, 0x17B4, 0x17B5, *range(0x180B, 0x1810),
    *range(0x1AB0, 0x1B00), *range(0x1DC0, 0x1E00), *range(0x200B, 0x2010), *range(0x202A, 0x202F),
    *range(0x2060, 0x2070), *range(0x20D0, 0x2100), 0x3164, *range(0xFE00, 0xFE10), *range(0xFE20, 0xFE30),
    0xFEFF, 0xFFA0, *range(0xFFF9, 0xFFFC), *range(0xE0000, 0xE0200),
)  # fmt: skip


def _table() -> dict[int, str | None]:
    simplified = dict(zip(variants.VARIANTS, variants.FOLDED, strict=True))
    table: dict[int, str | None] = {ord(character): to for character, to in simplified.items()}
    for character, to in (*_RADICALS.items(), *_CHEQUE.items(), ("ー", "一")):
        table[ord(character)] = simplified.get(to, to)
    for character, to in simplified.items():
        table[ord(character)] = _CHEQUE.get(to, to)  # 參, 叄, 貳
    table.update(dict.fromkeys(_UNSEEN))
    return table


_TABLE: Final = _table()
_MOVED: Final = frozenset(map(chr, _TABLE))
# Most texts hold no other character that NFKC changes, and it is quick to see that nothing is left to do.
_MARKS: Final = re.compile(r"[\s，。！？；：、（）“”‘’《》【】…—]+")
_DIGITS: Final = re.compile(r"\d+")
_BETWEEN: Final = re.compile(r"[\W_]+")
_SURELY_FOLDED: Final = re.compile(r"[a-z\u4e00-\u9fff]*")
# A character's script has no case and no composed form, so only other scripts can need a second turn; a third
# is not known, and a text is never folded for ever.
_TURNS: Final = 4


def fold(text: str) -> Folded:
    """The text as names are compared: idempotent, and about as long as the text.

    Numbers up to 99 become 一 … 九十九, longer rows of digits are read digit by digit.
    """
    for _ in range(_TURNS):
        folded = _turn(text)
        if _SURELY_FOLDED.fullmatch(folded) or folded == text:
            break
        text = folded
    return Folded(folded)


def _turn(text: str) -> str:
    text = _MARKS.sub(" ", text)
    if _HAS_BEFORE.search(text):
        text = text.translate(_BEFORE)
    text = unicodedata.normalize("NFKC", text).casefold()
    if not _MOVED.isdisjoint(text):
        text = text.translate(_TABLE)
    text = _DIGITS.sub(_in_words, text)
    return unicodedata.normalize("NFKC", _BETWEEN.sub("", text))


def _in_words(match: re.Match[str]) -> str:
    digits = match[0]
    number = int(digits) if len(digits) <= 2 else 0
    if not number:
        return "".join(_NUMERALS[int(digit)] for digit in digits)
    tens, ones = divmod(number, 10)
    head = "" if tens == 0 else "十" if tens == 1 else _NUMERALS[tens] + "十"
    return head + (_NUMERALS[ones] if ones else "")


# --- Finding ----------------------------------------------------------------------------------------------


class BadAlias(ValueError):
    """A name too short or too long to be looked for; its text says what to do."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A name as somebody wrote it and whom it means. `target` is an id, or "above" for a level.

    Kind `ignore` means nobody: it shields what stands inside it (「鸿基」 inside 「新鸿基」).
    """

    text: str
    kind: Kind
    target: str


@dataclass(frozen=True, slots=True)
class Hit:
    """A name that a text holds; `text` is the entry's own spelling, for the reason."""

    kind: Kind
    target: str
    text: str


def checked(text: str) -> Folded:
    """The folded alias. Raises `BadAlias` where it would fire everywhere or nowhere."""
    folded = fold(text)
    if not folded:
        raise BadAlias("称呼是空的，请写出名字。")
    if len(folded) < _LENGTH_MIN:
        raise BadAlias(f"“{text.strip()}”只有一个字，到处都会碰上，请写全。")
    if len(folded) > LENGTH_MAX:
        raise BadAlias(f"称呼最多 {LENGTH_MAX} 个字，请写短一点。")
    return folded


@dataclass(frozen=True, slots=True)
class _Match:
    start: int
    end: int
    entries: tuple[Entry, ...]

    @property
    def shields(self) -> bool:
        return self.entries[0].kind == IGNORE


class AliasTable:
    """All names, ready to be looked for. Raises `BadAlias` for an entry of fewer than two characters.

    Several entries may share a spelling: all of them are meant, unless one says to ignore it.
    """

    def __init__(self, entries: Iterable[Entry]) -> None:
        by_text: defaultdict[str, list[Entry]] = defaultdict(list)
        for entry in entries:
            if entry not in (known := by_text[checked(entry.text)]):
                known.append(entry)
        self._entries = {folded: _meant(same) for folded, same in by_text.items()}
        self._pattern = re.compile(_alternatives(self._entries)) if self._entries else None

    def __len__(self) -> int:
        return len(self._entries)

    def would_hush(self, shield: Folded, kind: str, target: str) -> bool:
        """Whether these words, ignored, would keep quiet a name of this one: they hold it, or end as it begins."""
        return any(
            (entry.kind, entry.target) == (kind, target) and _covers(shield, name)
            for name, entries in self._entries.items()
            for entry in entries
        )

    def find(self, text: str) -> tuple[Hit, ...]:
        """Whom the text names, in order, each once: the longest name at every place, nothing inside a longer one.

        Names that only overlap are both meant (「县委办主任」, 「主任张三」 in 「县委办主任张三」): who is named by
        either must not read it.
        """
        return self.find_folded(fold(text))

    def find_folded(self, text: Folded) -> tuple[Hit, ...]:
        """As `find`, for a text that is folded already."""
        found = dict.fromkeys(
            Hit(entry.kind, entry.target, entry.text)
            for match in _outermost(self._matches(text))
            for entry in match.entries
            if entry.kind != IGNORE
        )
        return tuple(found)

    def _matches(self, text: Folded) -> Iterator[_Match]:
        """The longest name at every place where one begins."""
        at = 0
        while self._pattern is not None and (match := self._pattern.search(text, at)):
            at = match.start() + 1
            deputy = text.startswith("副", match.start() - 1) if match.start() else False
            found = self._longest(text, match.start(), match.end(), deputy=deputy)
            if found is not None:
                yield found

    def _longest(self, text: Folded, start: int, end: int, *, deputy: bool) -> _Match | None:
        """The entries that begin at `start`; behind 副 a post or level is somebody else's."""
        if not deputy:
            return _Match(start, end, self._entries[text[start:end]])
        for stop in range(end, start + _LENGTH_MIN - 1, -1):
            entries = self._entries.get(text[start:stop], ())
            if kept := tuple(entry for entry in entries if entry.kind not in ("post", "level")):
                return _Match(start, stop, kept)
        return None


def _covers(shield: str, name: str) -> bool:
    return name in shield or any(shield.endswith(name[:length]) for length in range(1, len(name)))


def _meant(same: list[Entry]) -> tuple[Entry, ...]:
    shields = [entry for entry in same if entry.kind == IGNORE]
    return tuple(shields[:1] or same)


def _outermost(matches: Iterable[_Match]) -> Iterator[_Match]:
    """Without those inside a longer one. A shield also covers what only begins inside it: 「新鸿基」 in 「新鸿基建设」
    keeps 「鸿基建设」 quiet. `matches` come in the order of the text, one a place, so one turn is enough."""
    reach = shielded = 0
    for match in matches:
        if match.end <= reach or (match.start < shielded and not match.shields):
            continue
        reach = match.end
        if match.shields:
            shielded = match.end
        yield match


# --- The pattern ------------------------------------------------------------------------------------------

_Tree = dict[str, "_Tree"]  # character → what may follow; "" → a name may end here


def _alternatives(names: Iterable[str]) -> str:
    """One pattern over all names, shared beginnings once: the engine then skips to a first character by itself.

    Measured with 300 names: a plain alternation tries each of them at every place and takes ten times as long.
    """
    tree: _Tree = {}
    for name in names:
        branch = tree
        for character in name:
            branch = branch.setdefault(character, {})
        branch[""] = {}
    return _branch(tree)


def _branch(tree: _Tree) -> str:
    """Greedy: what goes on is tried before what ends, so the longest name wins."""
    parts = []
    for character, following in sorted(tree.items()):
        if not character:
            continue
        run = re.escape(character)
        while len(following) == 1 and "" not in following:  # a run without a fork needs no group
            ((character, following),) = following.items()
            run += re.escape(character)
        parts.append(run + (_branch(following) if following.keys() - {""} else ""))
    joined = "|".join(parts)
    return f"(?:{joined})?" if "" in tree else f"(?:{joined})"
