"""What every board of a kind says. Each promise must be true of the system whose code the board carries."""

from __future__ import annotations

from typing import Final

from qr.sheet import Board, Kind

Pictured = tuple[str, str, str]  # pictogram, two short lines below it
Fact = tuple[str, str]  # label, value

TITLE: Final[dict[Kind, str]] = {
    "works": "廉洁工程公示牌",
    "notice": "巡察工作公告",
    "village": "村里的事请您说",
    "card": "意见反映卡",
    "label": "扫码反映问题",
    "screen": "有话请您说",
}
CALL: Final[dict[Board, str]] = {"works": "扫码反映问题", "notice": "扫码反映问题", "village": "手机扫码"}
EASE: Final[dict[Board, str]] = {
    "works": "不登录，不用写姓名，可以拍照",
    "notice": "不登录，不用写姓名，可以拍照",
    "village": "不登录，不用写姓名",
}
PRESS: Final = "长按图片，识别二维码"  # on the phone that shows the picture
CLOSES: Final = "受理截止"
FIRST: Final = "先对网址，再填写"
HEADS: Final[dict[str, str]] = {
    "pictured": "可以反映",
    "pledges": "廉洁承诺",
    "protection": "怎样保护您",
    "elsewhere": "不用手机，也可以",
}
CHECKS: Final = ("牌号", "码", "核对词")
PICTURED: Final[dict[Board, tuple[Pictured, ...]]] = {
    "works": (
        ("quality", "偷工减料", "以次充好"),
        ("quantity", "虚报数量", "验收不严"),
        ("bidding", "围标串标", "打招呼"),
        ("wage", "拖欠工钱", "工程款"),
        ("gift", "吃拿卡要", "收礼"),
        ("safety", "安全隐患", "危及路人"),
    ),
    "notice": (
        ("stamp", "办事刁难", "推诿不办"),
        ("gift", "吃拿卡要", "收礼收钱"),
        ("dinner", "公款吃喝", "公车私用"),
        ("fee", "乱收费", "摊派"),
        ("bidding", "插手工程", "打招呼"),
        ("chair", "用人不公", "优亲厚友"),
    ),
    "village": (
        ("assets", "集体钱物", "账目、承包"),
        ("subsidy", "惠农补贴", "少发、冒领"),
        ("aid", "低保救助", "优亲厚友"),
        ("land", "征地拆迁", "补偿款"),
        ("notice", "村务不公开", "没开会"),
        ("stamp", "办事刁难", "吃拿卡要"),
    ),
}
PROTECTION: Final[tuple[str, str, str]] = (
    "不登录，不记姓名；本系统不保存网络地址、手机型号、照片里的位置。",
    "您写的内容加密存放，只有负责受理的人能打开。",
    "要反映的就是受理的人，可以勾选，由别的人来办。",
)
AT_HOME: Final[dict[Board, Fact]] = {
    "works": ("回家填", "拍下本牌回家扫，或打开上面的网址，输入码"),
    "notice": ("回家填", "拍下本公告回家扫，或打开上面的网址，输入码"),
    "village": ("回家填", "拍下本牌回家扫，在外地也可以"),
}
CARD_PROTECTION: Final = (
    "不登录，不记姓名；本系统不保存网络地址、手机型号。",
    "内容加密存放，只有负责受理的人能打开。",
    "要反映的就是受理的人，可以勾选，由别的人来办。",
)
THIS: Final[dict[Kind, str]] = {
    "works": "本牌",
    "notice": "本公告",
    "village": "本牌",
    "card": "本卡",
    "label": "本标签",
    "screen": "本图",
}
NEVER: Final = "不收钱，不要身份证号，不要短信验证码，不用下载软件。"
NOTICE_FACTS: Final[tuple[Fact, ...]] = (
    ("受理范围", "领导班子及成员、下一级主要负责人、重要岗位人员的问题，重点是违反党的六项纪律的情况"),
    ("其他事项", "个人诉求、诉讼仲裁等请打 12345；写到这里的，按规定转有关部门"),
)
# The facts a board of its kind must show; `name` and the like are fields, not rows.
STARRED: Final[dict[Board, tuple[str, ...]]] = {
    "works": ("工期", "主要内容", "总投资", "资金来源", "建设单位", "施工单位", "监理单位"),
    "notice": ("巡察时间", "受理截止"),
    "village": (),
}
# Units of a works board whose responsible person is named with them, after an ideographic space.
WITH_PERSON: Final = ("建设单位", "施工单位", "监理单位")


def compare(kind: Kind, *, has_words: bool, hotline: str) -> tuple[str, str]:
    """How to tell a true page from a false one, in two lines."""
    same = "牌号和核对词" if has_words else "牌号和码"
    otherwise = f"不要填，打 {hotline}。" if hotline else "不要填。"
    if kind in ("works", "notice"):
        return f"手机上的网址必须是它，网页上的{same}", f"也要和{THIS[kind]}一样。有一样不对，{otherwise}"
    return f"网页上的{same.replace('和', '、')}和{THIS[kind]}一样才是真的。", f"不一样，{otherwise}"


def filled_in(kind: Board, facts: tuple[Fact, ...]) -> tuple[Fact, ...]:
    """`facts` with those that every board of the kind has, unless they are given."""
    if kind != "notice":
        return facts
    given = {label for label, _ in facts}
    return facts + tuple(fact for fact in NOTICE_FACTS if fact[0] not in given)


def ways_in_a_line(ways: list[Fact]) -> str:
    """The first two other ways in one line, for what is small."""
    return "　".join(f"{label} {text}" for label, text in ways[:2])
