"""Twenty kinds of small questions in words, for whoever has no script: easy at seventy, with many right ways to answer.

Pure: which question it is follows from a seed alone, so nothing has to be remembered. Every question has a number
for an answer, those about a list also a word. The words that are shown are the page's, in its language.
"""

import hashlib
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from intake.routing.aliases import fold

# What is shown, in Simplified Chinese; the catalogues have the rest.
NUMBERS: Final = ("零", "一", "二", "三", "四", "五", "六", "七", "八", "九", "十")
COUNTS: Final = (*NUMBERS[:2], "两", *NUMBERS[3:])  # before a measure word
DAYS: Final = ("星期一", "星期二", "星期三", "星期四", "星期五", "星期六")
FOOD: Final = ("苹果", "西瓜", "香蕉", "玉米", "白菜", "萝卜", "鸡蛋", "米饭")
THINGS: Final = ("桌子", "椅子", "雨伞", "石头", "剪刀", "扫帚", "镜子", "毛巾")
ANIMALS: Final = ("黄牛", "山羊", "小狗", "小猫", "兔子", "鸭子", "老虎", "猴子")
VEHICLES: Final = ("汽车", "火车", "卡车", "自行车", "拖拉机", "三轮车")
COLOURS: Final = ("红色", "黄色", "绿色", "白色", "黑色", "蓝色")
WORDS: Final = (*NUMBERS, *COUNTS, *DAYS, *FOOD, *THINGS, *ANIMALS, *VEHICLES, *COLOURS)
LIST: Final = 4

_ENGLISH: Final = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty",
)  # fmt: skip
_LONGEST: Final = 60  # of an answer: more is no answer


@dataclass(frozen=True, slots=True)
class Question:
    """`kind` says which words ask it; `a`, `b` and `words` go into them. `number` is right; so is the word there."""

    kind: str
    a: int
    b: int
    words: tuple[str, ...]
    number: int


class _Draw:
    """Numbers out of a seed, one after the other."""

    def __init__(self, seed: bytes) -> None:
        self._bytes = hashlib.shake_128(b"msx-question" + seed).digest(64)
        self._at = 0

    def below(self, count: int) -> int:
        self._at += 2
        return int.from_bytes(self._bytes[self._at - 2 : self._at], "big") % count

    def between(self, least: int, most: int) -> int:
        return least + self.below(most - least + 1)

    def some(self, words: Sequence[str], count: int) -> list[str]:
        left = list(words)
        return [left.pop(self.below(len(left))) for _ in range(count)]


def _sum(kind: str, draw: _Draw) -> Question:
    a, b = draw.between(2, 5), draw.between(1, 4)
    return Question(kind, a, b, (), a + b)


def _rest(kind: str, draw: _Draw) -> Question:
    a = draw.between(5, 10)
    b = draw.between(1, 4)
    return Question(kind, a, b, (), a - b)


def _times(factor: int, most: int) -> Callable[[str, _Draw], Question]:
    def make(kind: str, draw: _Draw) -> Question:
        a = draw.between(2, most)
        return Question(kind, a, 0, (), a * factor)

    return make


def _half(kind: str, draw: _Draw) -> Question:
    a = draw.between(1, 5)
    return Question(kind, 2 * a, 0, (), a)


def _step(by: int) -> Callable[[str, _Draw], Question]:
    def make(kind: str, draw: _Draw) -> Question:
        a = draw.between(2, 8)
        return Question(kind, a, 0, (), a + by)

    return make


def _of_two(choose: Callable[[int, int], int]) -> Callable[[str, _Draw], Question]:
    def make(kind: str, draw: _Draw) -> Question:
        a = draw.between(1, 9)
        b = (a + draw.between(1, 8) - 1) % 9 + 1
        return Question(kind, a, b, (), choose(a, b))

    return make


def _odd(common: Sequence[str], other: Sequence[str]) -> Callable[[str, _Draw], Question]:
    """One of `other` among three of `common`."""

    def make(kind: str, draw: _Draw) -> Question:
        words, place = draw.some(common, LIST - 1), draw.below(LIST)
        words.insert(place, draw.some(other, 1)[0])
        return Question(kind, 0, 0, tuple(words), place + 1)

    return make


def _place(place: int) -> Callable[[str, _Draw], Question]:
    """What stands first, or last."""

    def make(kind: str, draw: _Draw) -> Question:
        words = tuple(draw.some((*FOOD, *ANIMALS), LIST))
        return Question(kind, place, 0, words, place)

    return make


def _day(by: int) -> Callable[[str, _Draw], Question]:
    def make(kind: str, draw: _Draw) -> Question:
        a = draw.between(2, 5)
        return Question(kind, a, 0, DAYS, a + by)

    return make


KINDS: Final[dict[str, Callable[[str, _Draw], Question]]] = {
    "plus": _sum,
    "more": _sum,
    "minus": _rest,
    "left": _rest,
    "twice": _times(2, 5),
    "fingers": _times(5, 2),
    "legs": _times(2, 5),
    "wheels": _times(2, 4),
    "half": _half,
    "next": _step(1),
    "before": _step(-1),
    "larger": _of_two(max),
    "smaller": _of_two(min),
    "not_food": _odd(FOOD, THINGS),
    "not_animal": _odd(ANIMALS, THINGS),
    "vehicle": _odd(THINGS, VEHICLES),
    "colour": _odd(ANIMALS, COLOURS),
    "last": _place(LIST),
    "day_after": _day(1),
    "day_before": _day(-1),
}


def question(seed: bytes) -> Question:
    """The question that belongs to a seed."""
    draw = _Draw(seed)
    kind = tuple(KINDS)[draw.below(len(KINDS))]
    return KINDS[kind](kind, draw)


def is_right(asked: Question, typed: str, *, shown: Sequence[str] = ()) -> bool:
    """三, 3, ３, 三个, three, 第三个, 是三; of a list also the word. `shown`: the list in the page's language."""
    answer = unicodedata.normalize("NFKC", typed[:_LONGEST]).casefold().strip()
    if asked.words:
        named = _named(answer, asked.words) | _named(answer, shown)
        if named:
            return named == {asked.number - 1}
    return _number(answer) == asked.number


def _named(answer: str, words: Sequence[str]) -> set[int]:
    """Which words of a list an answer names."""
    folded = fold(answer)
    return {at for at, word in enumerate(words) if (known := fold(word)) and known in folded}


def _number(answer: str) -> int | None:
    """The last number in it: whoever repeats the question says the answer at the end."""
    english = [_ENGLISH.index(word) for word in re.findall(r"[a-z]+", answer) if word in _ENGLISH]
    if english:
        return english[-1]
    found = re.findall(r"[零一二两三四五六七八九十]+", fold(answer).replace("俩", "二").replace("仨", "三"))
    return _read(found[-1].replace("两", "二")) if found else None


def _read(text: str) -> int | None:
    """一 … 九十九, and rows of digits."""
    if "十" in text:
        tens, _, ones = text.partition("十")
        if len(tens) > 1 or len(ones) > 1 or "十" in ones:
            return None
        return (NUMBERS.index(tens) if tens else 1) * 10 + (NUMBERS.index(ones) if ones else 0)
    return int("".join(str(NUMBERS.index(digit)) for digit in text)) if len(text) <= 4 else None
