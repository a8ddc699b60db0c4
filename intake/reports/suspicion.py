"""What a text alone says about whether somebody tells something: adverts, chain letters, keyboards, repetition. Pure.

Each rule would rather miss than hit: an honest report that mentions a loan, a link or a telephone, is short, angry or
in another language is none of these. What is hit waits for a person, or costs one question; it is never refused.
"""

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

MOST_CHARS: Final = 5_000  # no text is longer; a text from elsewhere costs no more

_LINK: Final = re.compile(r"(?:https?://|www\.)[!-~]*|\b[a-z0-9-]{2,}\.(?:com|cn|net|top|xyz|vip|cc|shop|site|club|info|ru)\b")
# How one is to be reached …
_CONTACT: Final = re.compile(
    r"(?:加|联系|咨询)?\s*(?:微信|薇信|威信|v信|vx|wx|qq|扣扣|企鹅|飞机|telegram|whatsapp)\s*(?:号|:|：|是)?\s*[a-z0-9_-]{5,}"
    r"|(?:电话|热线|咨询|联系|致电|拨打)\s*(?:[:：])?\s*(?:1[3-9]\d{9}|400-?\d{3}-?\d{4})"
    r"|https?://|www\."
)
# … and what is offered. One of them is in many an honest report; an advert praises several things at once.
_OFFERS: Final = tuple(
    re.compile(words)
    for words in (
        r"无抵押|低息|秒批|当天放款|(?:专业|快速)?办理.{0,6}(?:贷款|信用卡)|(?:贷款|借款).{0,6}(?:办理|放款)",
        r"(?:代|另|可)[开售].{0,6}发票|(?:出售|代办).{0,8}(?:发票|证件|证书|文凭)",
        r"办证刻章|刻章办证|专业办证",
        r"(?:诚)?招.{0,4}兼职|兼职.{0,8}(?:日结|招)",
        r"刷单|日赚\d|月入过万|躺赚",
        r"博彩|百家乐|时时彩|六合彩|下注|返水|首充|注册(?:就|即)?送",
        r"包小姐|上门服务|约炮|裸聊|成人视频",
        r"(?:厂家|批发|特价|优惠|低价)(?:直销|促销|处理|出售)|包邮|诚招代理|招商加盟|免费领取",
        r"专业(?:办理|承接|代办|收购)|(?:诚信|长期)(?:办理|收购|合作)|先办后付|不成功不收费",
    )
)
_NUMBER: Final = r"[0-9一二两三四五六七八九十百千万亿]+"
_CHAIN: Final = re.compile(
    rf"(?:转|发|转发)(?:给)?\s*{_NUMBER}\s*(?:条|次|遍|个(?:群|人|好友))|见者(?:必)?转|不转(?:发)?(?:不是|全家|死|遭)"
    r"|群发(?:所有|给所有)"
)

# What fingers do on a keyboard, and what one writes to see whether it works.
_KEYS: Final = re.compile(
    r"(?:asdf|sdfg|dfgh|fghj|ghjk|hjkl|qwer|wert|erty|rtyu|tyui|yuio|uiop|zxcv|xcvb|cvbn|vbnm|qaz|wsx|edc)[a-z]*"
    r"|12345\d*|98765\d*|abcd[a-z]*"
)
_TRYING: Final = re.compile(r"测试|試|test(?:ing)?|试试|试一下|hello|你好|哈喽|aaa+|随便写|随便填")
_SAME: Final = re.compile(r"(.)\1{2,}")
_LATIN: Final = re.compile(r"[a-z]{5,}")
_VOWELS: Final = re.compile(r"[aeiouyü]")
_LEAST_LEFT: Final = 4  # characters that say something
_LONG_ENOUGH: Final = 40
_DISTINCT: Final = 0.25  # of the pairs of characters; prose has .8, a verse said four times over .25


@dataclass(frozen=True, slots=True)
class TextSigns:
    """What `read` found."""

    links: int = 0
    advert: bool = False
    chain: bool = False
    gibberish: bool = False
    repetition: bool = False


def read(text: str) -> TextSigns:
    """The signs of a report's text, whatever it is."""
    plain = unicodedata.normalize("NFKC", text[:MOST_CHARS]).casefold()
    return TextSigns(
        links=len(_LINK.findall(plain)) if "." in plain or "://" in plain else 0,
        advert=_is_advert(plain),
        chain=_CHAIN.search(plain) is not None,
        gibberish=_is_gibberish(plain),
        repetition=_is_repetition(plain),
    )


def _is_advert(plain: str) -> bool:
    """Offers of two kinds and a way to be reached; of three without one."""
    offers = sum(offer.search(plain) is not None for offer in _OFFERS)
    return offers >= 3 or (offers >= 2 and _CONTACT.search(plain) is not None)


def _is_gibberish(plain: str) -> bool:
    """Nothing is left of it once keys in a row, trials, rows of one character and words nobody can say are gone."""
    if len(plain) > 200:
        plain = plain[:200]  # whoever wrote that much said something at its beginning
    left = _TRYING.sub("", _KEYS.sub("", plain))
    left = _LATIN.sub(lambda word: word[0] if _can_be_said(word[0]) else "", _SAME.sub("", left))
    said = [character for character in left if unicodedata.category(character).startswith(("L", "M"))]
    return len(said) < _LEAST_LEFT


def _can_be_said(word: str) -> bool:
    return len(_VOWELS.findall(word)) * 6 >= len(word)


def _is_repetition(plain: str) -> bool:
    """The same few words over and over."""
    words = "".join(plain.split())
    if len(words) < _LONG_ENOUGH:
        return False
    pairs = Counter(first + second for first, second in pairwise(words))
    return len(pairs) / (len(words) - 1) < _DISTINCT
