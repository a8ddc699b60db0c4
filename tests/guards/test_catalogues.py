"""Every text that citizens read is there in every language, and what is compiled is what was written."""

import re

import opencc
import pytest
from babel.messages.catalog import Message

from tools import catalogues

PLACEHOLDER = re.compile(r"%\(\w+\)s")
TAG = re.compile(r"</?\w+>")
# OpenCC's wrong turns that were put right by hand, and must not come back with a new draft.
WRONG_TURNS = ("和麵前", "開啟", "瞭解", "儲存的")

# Characters of which either may stand in a Traditional text.
SAME = str.maketrans({"裡": "裏", "著": "着", "麵": "面", "麪": "面", "瞭": "了", "喫": "吃", "纔": "才", "群": "羣"})


def translated(locale: str) -> list[Message]:
    return [message for message in catalogues.load(locale) if message.id]


@pytest.mark.parametrize("locale", catalogues.LOCALES)
def test_nothing_is_missing_and_nothing_is_left_over(locale: str) -> None:
    assert catalogues.missing(locale) == []


@pytest.mark.parametrize("locale", catalogues.LOCALES)
def test_what_is_compiled_is_what_was_written(locale: str) -> None:
    assert catalogues.path(locale, "mo").read_bytes() == catalogues.compiled(catalogues.load(locale))


@pytest.mark.parametrize("locale", catalogues.LOCALES)
def test_a_translation_has_the_same_places_and_marks(locale: str) -> None:
    for message in translated(locale):
        source, target = str(message.id), str(message.string)
        assert set(PLACEHOLDER.findall(source)) == set(PLACEHOLDER.findall(target)), source
        assert sorted(TAG.findall(source)) == sorted(TAG.findall(target)), source


def test_traditional_is_traditional() -> None:
    to_traditional = opencc.OpenCC("s2t")
    for message in translated("zh_Hant"):
        text = str(message.string)
        assert not any(wrong in text for wrong in WRONG_TURNS), text
        assert not set("“”‘’") & set(text), text
        assert to_traditional.convert(text).translate(SAME) == text.translate(SAME), text


def test_english_is_english() -> None:
    for message in translated("en"):
        assert not re.search(r"[\u3000-\u9fff\uff00-\uffef]", str(message.string)), message.string
