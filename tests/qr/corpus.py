"""Two hundred boards as offices hand them in: long names, empty fields, rare characters, five lines of pledges."""

from __future__ import annotations

import random
from datetime import date
from typing import Final

from qr.payload import board_url
from qr.poster import PosterData, Unit
from qr.sheet import Board, Kind
from tests.qr.samples import ADDRESS, PLEDGES, numbered_code

COUNT: Final = 200
_TOWNS: Final = ("石桥镇", "柳湾镇", "凤岭乡", "𬭚溪乡", "圳㙍镇", "䶮山乡", "垟尾镇", "埗头街道", "𡌶上乡")
_PLACES: Final = ("集镇", "河口村", "上庄村", "坪上村", "茶山村", "𨱇岗村", "㘵田村", "峯门社区", "氹仔村")
_WORKS: Final = ("污水管网", "进村道路硬化", "中心小学综合楼", "农村饮水安全巩固提升", "高标准农田", "集贸市场改造")
_PARTS: Final = ("一期", "二期", "三期（含附属设施）", "1.86 公里", "提质扩容", "")
_LONG: Final = "岚溪县石桥镇柳湾镇凤岭乡农村生活污水治理及配套管网提质改造二期工程第三标段施工项目（EPC）"
_FIRMS: Final = (
    "岚溪鸿基建设有限公司",
    "青屿市市政工程勘察设计研究院有限公司",
    "中国某某集团第一工程有限公司岚溪分公司",
)
_HEADS: Final = ("示例申", "示例酉", "示例𬍛", "阿卜杜热依木·示例")
_WORDS: Final = ("稻谷", "白鹭", "灯笼", "石榴", "木桥", "晨雾")
_DUTY: Final = "落实党的路线方针政策和党中央决策部署、全面从严治党责任、基层党组织建设，以及巡察、审计整改情况"


def boards(kind: Kind, count: int = COUNT) -> list[PosterData]:
    """The same boards every time, as posters of one kind."""
    return [_board(number, kind) for number in range(count)]


def _board(number: int, kind: Kind) -> PosterData:
    chance = random.Random(number)
    about: Board = kind if kind in ("works", "notice", "village") else chance.choice(("works", "notice", "village"))
    town, place = chance.choice(_TOWNS), chance.choice(_PLACES)
    name = _name(chance, about, town, place)
    code = numbered_code(number)
    full = number % 5 != 4  # every fifth board knows next to nothing
    return PosterData(
        kind=kind,
        about=None if about == kind else about,
        site_no=f"{'GC' if about == 'works' else 'CJ'}-990121101{number:03}",
        code=code,
        name=name,
        url=board_url(ADDRESS, code),
        domain="m.example.gov.cn",
        revision=1 + number % 3,
        place=f"{town}{place}" if full or about == "village" else "",
        rows=_rows(chance, about) if full else (),
        check_words=tuple(chance.sample(_WORDS, 3)) if number % 7 else (),
        team_name="岚溪县委第一巡察组" if full else "",
        hotline="12388" if number % 11 else "",
        phones=("0990-555 0103", "0990-555 0104")[: chance.randrange(3)] if full else (),
        phone_hours="工作日 8:30–12:00、14:30–17:30" if number % 3 else "",
        ways=_ways(chance, about) if full else (),
        issuer="岚溪县委巡察工作领导小组办公室" if number % 4 else "",
        set_on=date(2026, 11, 1 + number % 28) if number % 6 else None,
        updated_on=date(2026, 12, 1) if number % 8 == 0 else None,
        headline="中共岚溪县委第十四届第七轮巡察" if about == "notice" and number % 2 else "",
        committee="中共岚溪县委员会" if about == "notice" and number % 3 else "",
        pledges=PLEDGES[: chance.randrange(6)] if about == "works" else (),
        others=_units(chance, number) if kind == "card" and len(name) <= 20 else (),
    )


def _name(chance: random.Random, about: Board, town: str, place: str) -> str:
    if about == "village":
        return f"{place}公告栏"
    if about == "notice":
        return chance.choice((f"{town}便民服务中心", "岚溪县人力资源和社会保障局", f"{town}{place}党支部、村民委员会"))
    if chance.random() < 0.25:
        return _LONG[: chance.randrange(38, len(_LONG) + 1)]
    return f"{town}{chance.choice(_WORKS)}{chance.choice(_PARTS)}"


def _rows(chance: random.Random, about: Board) -> tuple[tuple[str, str], ...]:
    if about == "village":
        return ()
    if about == "notice":
        facts = (
            ("巡察时间", "2026.9.14 至 2026.12.11"),
            ("受理截止", "2026 年 12 月 11 日 18 时"),
            ("主要任务", _DUTY),
        )
        return facts[: chance.randrange(1, 4)]
    long = (
        "检查井 1412 座、一体化提升泵站 6 座、处理站 3 座（日处理 1200 吨），路面恢复 12.3 万平方米，及配套供电、自控"
    )
    rows = (
        ("工期", "2026.3.1 开工　2026.12.30 竣工"),
        (
            "主要内容",
            f"新建污水主管 {chance.randrange(1, 40)}.8 公里、接户支管 11.2 公里，{chance.choice((long, '路面恢复'))}",
        ),
        ("总投资", f"{chance.randrange(10, 9000)} 万元"),
        ("资金来源", chance.choice(("县级财政", "中央预算内投资、省级专项补助、县级财政配套、地方政府专项债券"))),
        *(
            (party, f"{chance.choice(_FIRMS)}　{chance.choice(_HEADS)}")
            for party in ("建设单位", "施工单位", "监理单位")
        ),
        ("设计单位", chance.choice(("", f"{_FIRMS[1]}　{_HEADS[2]}"))),
        ("项目编号", "2601-990121-04-01-100001"),
        ("中标价", "1198.6 万元"),
        ("质保期", "竣工验收合格后 24 个月"),
        ("主管部门", "岚溪县住房和城乡建设局"),
    )
    return rows[: chance.randrange(4, len(rows) + 1)]


def _ways(chance: random.Random, about: Board) -> tuple[tuple[str, str], ...]:
    ways = (
        ("写信", "岚溪县 1 号信箱，不用写寄信人"),
        ("当面说", "县城文昌路 1 号群众来访接待室，不在村里"),
        ("电子邮箱", "xuncha1@example.gov.cn"),
        ("意见箱", "便民服务中心一楼大厅东侧"),
    )
    return ways[: chance.randrange(1, 5 if about == "notice" else 3)]


def _units(chance: random.Random, number: int) -> tuple[Unit, ...]:
    names = chance.sample(
        ("岚溪县教育局", "岚溪县卫生健康局", "𬭚溪乡人民政府", "岚溪县医院", "圳㙍镇中心小学"), number % 6
    )
    codes = [numbered_code(1000 + number * 10 + place) for place in range(len(names))]
    return tuple(
        Unit(name, f"DW-990121-{place:03}", code, board_url(ADDRESS, code), tuple(chance.sample(_WORDS, 3)))
        for place, (name, code) in enumerate(zip(names, codes, strict=True))
    )
