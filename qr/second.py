"""The line in a second language: Traditional characters, or English; printed on request below the Simplified one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from qr.sheet import Board, Kind

Second = Literal["zh-Hant", "en"]


@dataclass(frozen=True, slots=True)
class Words:
    """What stands in the second language; `pictured` has a label for every pictogram."""

    title: dict[Kind, str]
    call: dict[Board, str]
    first: str
    pictured: dict[str, str]
    heads: dict[str, str]
    protection: str
    never: str

    def texts(self) -> Iterator[str]:
        """Everything of it that is printed."""
        for several in (self.title, self.call, self.pictured, self.heads):
            yield from several.values()
        yield from (self.first, self.protection, self.never)


WORDS: Final[dict[Second, Words]] = {
    "zh-Hant": Words(
        title={
            "works": "廉潔工程公示牌",
            "notice": "巡察工作公告",
            "village": "村裡的事請您說",
            "card": "意見反映卡",
            "label": "掃碼反映問題",
            "screen": "有話請您說",
        },
        call={
            "works": "掃碼反映問題　不登錄，不用寫姓名",
            "notice": "掃碼反映問題　不登錄，不用寫姓名",
            "village": "手機掃碼　不登錄，不用寫姓名",
        },
        first="先對網址，再填寫",
        pictured={
            "quality": "偷工減料",
            "quantity": "虛報數量",
            "bidding": "圍標串標",
            "wage": "拖欠工錢",
            "gift": "吃拿卡要",
            "safety": "安全隱患",
            "stamp": "辦事刁難",
            "dinner": "公款吃喝",
            "fee": "亂收費",
            "chair": "用人不公",
            "assets": "集體錢物",
            "subsidy": "惠農補貼",
            "aid": "低保救助",
            "land": "徵地拆遷",
            "notice": "村務不公開",
        },
        heads={
            "pictured": "可以反映",
            "pledges": "廉潔承諾",
            "protection": "怎樣保護您",
            "elsewhere": "不用手機，也可以",
        },
        protection="不登錄，不記姓名；內容加密存放，只有負責受理的人能打開；反映的就是受理的人，由別的人來辦。",
        never="不收錢，不要身份證號，不要短信驗證碼，不用下載軟件。",
    ),
    "en": Words(
        title={
            "works": "Integrity notice of this works site",
            "notice": "Notice of inspection",
            "village": "Tell us about matters of the village",
            "card": "Speak up",
            "label": "Scan to report a problem",
            "screen": "Tell us what is wrong",
        },
        call={
            "works": "Scan to report. No login, no name needed.",
            "notice": "Scan to report. No login, no name needed.",
            "village": "Scan to report. No login, no name.",
        },
        first="Compare the address",
        pictured={
            "quality": "Shoddy work",
            "quantity": "False quantities",
            "bidding": "Rigged bids",
            "wage": "Unpaid wages",
            "gift": "Gifts demanded",
            "safety": "Danger",
            "stamp": "Obstruction",
            "dinner": "Paid dinners",
            "fee": "Illegal fees",
            "chair": "Unfair posts",
            "assets": "Village funds",
            "subsidy": "Farm subsidies",
            "aid": "Relief, favours",
            "land": "Land, removal",
            "notice": "No disclosure",
        },
        heads={
            "pictured": "Report",
            "pledges": "Pledges",
            "protection": "How you are protected",
            "elsewhere": "Without a phone",
        },
        protection="No login and no name. What you write is kept encrypted; only those in charge can open it. "
        "If it is about them, tick the box and others will handle it.",
        never="Free of charge. Never asks for ID numbers, SMS codes or downloads.",
    ),
}
