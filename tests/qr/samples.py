"""Posters of the demo county, valid by default; tests change what they are about."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Final

from qr.code import check_character
from qr.payload import board_url
from qr.poster import PosterData, Unit
from qr.sheet import PAPERS_OF, Paper

CODE: Final = "7K3QX9TD"
ADDRESS: Final = "https://m.example.gov.cn"
URL: Final = board_url(ADDRESS, CODE)

WORKS: Final = PosterData(
    kind="works",
    site_no="GC-2026-001",
    code=CODE,
    name="石桥镇污水管网二期",
    place="石桥镇集镇、石桥村、上庄村",
    url=URL,
    domain="m.example.gov.cn",
    revision=1,
    rows=(
        ("工期", "2026.3.1 开工　2026.12.30 竣工"),
        ("主要内容", "新建污水主管 6.8 公里、接户支管 11.2 公里、检查井 412 座，路面恢复 2.3 万平方米"),
        ("总投资", "1286 万元"),
        ("资金来源", "县级财政，上级专项补助"),
        ("建设单位", "石桥镇人民政府　示例申"),
        ("施工单位", "岚溪鸿基建设有限公司　示例酉"),
        ("设计单位", "青屿市市政设计院　示例未"),
        ("监理单位", "青屿方正监理有限公司　示例戌"),
    ),
    check_words=("稻谷", "白鹭", "灯笼"),
    team_name="岚溪县委第三巡察组",
    phones=("0990-555 0103",),
    hotline="12388",
    phone_hours="工作日 8:30–17:30",
    ways=(("写信", "岚溪县 1 号信箱，不用写寄信人"),),
    issuer="岚溪县委巡察办",
    set_on=date(2026, 11, 1),
)
NOTICE: Final = PosterData(
    kind="notice",
    site_no="DW-990121-017",
    code=CODE,
    name="石桥镇便民服务中心",
    url=URL,
    domain="m.example.gov.cn",
    revision=2,
    rows=(("巡察时间", "2026.9.14 至 2026.12.11"), ("受理截止", "2026 年 12 月 11 日 18 时")),
    check_words=("稻谷", "白鹭", "灯笼"),
    team_name="岚溪县委第一巡察组",
    phones=("0990-555 0101",),
    hotline="12388",
    phone_hours="工作日 8:30–17:30",
    ways=(("写信", "岚溪县 1 号信箱，不用写寄信人"), ("当面说", "县城文昌路 1 号群众来访接待室")),
    issuer="岚溪县委巡察办",
)
VILLAGE: Final = PosterData(
    kind="village",
    site_no="CJ-990121101202",
    code=CODE,
    name="河口村公告栏",
    place="柳湾镇河口村",
    url=URL,
    domain="m.example.gov.cn",
    revision=1,
    check_words=("稻谷", "白鹭", "灯笼"),
    team_name="岚溪县委第四巡察组",
    phones=("0990-555 0104",),
    hotline="12388",
    phone_hours="工作日 8:30–17:30",
    ways=(("写信", "岚溪县 2 号信箱，不用写寄信人"), ("当面说", "县城文昌路 1 号群众来访接待室，不在村里")),
    issuer="岚溪县委巡察办",
    set_on=date(2026, 11, 1),
)
EVERY_KIND: Final = (WORKS, NOTICE, VILLAGE)


def numbered_code(number: int) -> str:
    """The code that a plain number makes; no two alike."""
    payload = f"{number:07}"
    return payload + check_character(payload)


PLEDGES: Final = (
    "严格执行工程建设强制性标准，不偷工减料，不以次充好",
    "不围标串标，不转包和违法分包",
    "不拖欠农民工工资和材料款",
    "不向管理人员送礼金、礼品、有价证券",
    "接受群众监督，举报查实的依纪依法处理",
)
FULL_WORKS: Final = replace(
    WORKS,
    rows=(
        *WORKS.rows,
        ("项目编号", "2601-990121-04-01-100001"),
        ("中标价", "1198.6 万元"),
        ("质保期", "竣工验收合格后 24 个月"),
        ("主管部门", "岚溪县住房和城乡建设局"),
    ),
    pledges=PLEDGES,
    updated_on=date(2026, 12, 1),
)
FULL_NOTICE: Final = replace(
    NOTICE,
    headline="中共岚溪县委第十四届第七轮巡察",
    committee="中共岚溪县委员会",
    set_on=date(2026, 9, 14),
    rows=(
        *NOTICE.rows,
        (
            "主要任务",
            "落实党的路线方针政策和党中央决策部署、全面从严治党责任、基层党组织建设，以及巡察、审计整改情况",
        ),
    ),
    ways=(
        ("写信", "岚溪县 1 号信箱，不用写寄信人"),
        ("电子邮箱", "xuncha1@example.gov.cn"),
        ("意见箱", "石桥镇便民服务中心一楼大厅东侧、镇政府大门外"),
        ("当面说", "县城文昌路 1 号群众来访接待室，工作日 9:00–17:00"),
    ),
)
CARD: Final = replace(VILLAGE, kind="card")
LABEL: Final = replace(WORKS, kind="label", about="works")
SCREEN: Final = replace(NOTICE, kind="screen", about="notice")
_UNITS: Final = ("岚溪县教育局", "岚溪县卫生健康局", "岚溪县人力资源和社会保障局", "石桥镇人民政府", "岚溪县医院")
UNITS: Final = tuple(
    Unit(
        name,
        f"DW-990121-{number:03}",
        numbered_code(number),
        board_url(ADDRESS, numbered_code(number)),
        ("稻谷", "白鹭", "灯笼"),
    )
    for number, name in enumerate(_UNITS)
)
FULL_CARD: Final = replace(NOTICE, kind="card", about="notice", others=UNITS)
SMALL_KINDS: Final = (CARD, LABEL, SCREEN)
KINDS: Final = (*EVERY_KIND, *SMALL_KINDS)
SHEETS: Final[tuple[tuple[PosterData, Paper], ...]] = tuple(
    (data, paper) for data in KINDS for paper in PAPERS_OF[data.kind]
)
