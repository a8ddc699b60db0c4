"""A county of ordinary size, grown from the small one: 114 village stations and 82 works boards, invented by seed."""

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from intake.core.sheets import Line
from intake.demo.county import REFERENCE_DAY, County

VILLAGES, WORKS = 114, 82
TOWNS = 12
STATIONS = 3  # villages whose supervisor has an account
_COUNTY = "990121"
_FIRST, _LAST = "青松白云清大双玉金南红新长平杨梅竹桃枫柏", "溪岭塘坪桥湖田洞峰坝湾冲坳洲潭垭"
_HEADS = "甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳午未申酉戌亥"
_FIRMS = ("恒通", "宏业", "鼎盛", "众合", "中安", "瑞丰", "广厦", "永固", "华川", "天工", "同力", "远达")
_FUNDS = ("县级财政，上级专项补助", "乡村振兴衔接资金", "农村公路养护资金", "高标准农田建设资金", "一事一议财政奖补")


@dataclass(frozen=True, slots=True)
class _Kind:
    """A sort of works: what it is called, what is built, who owns it, for how much (10,000 yuan, from and to)."""

    name: str
    content: str
    owner: str  # town, village, or an office of the county
    amounts: tuple[int, int]


_KINDS = (
    _Kind("{village}进村道路硬化", "水泥混凝土路面 {n} 百米，宽 4.5 米，厚 20 厘米，涵管 {m} 道", "village", (60, 240)),
    _Kind("{town}集镇污水管网", "污水主管 {n} 百米，检查井 {m} 座，路面恢复", "town", (400, 1400)),
    _Kind("{village}安全饮水巩固提升", "蓄水池 {m} 座，管道 {n} 百米，入户水表安装", "village", (40, 160)),
    _Kind("{town}高标准农田", "田块整治 {n}0 亩，排灌渠 {m} 条，机耕路配套", "岚溪县农业农村局", (300, 900)),
    _Kind("{town}中心小学食堂改造", "食堂建筑面积 {n}0 平方米，厨房设备 {m} 套", "岚溪县教育局", (120, 380)),
    _Kind("{village}山塘除险加固", "坝体防渗 {n}0 米，溢洪道 {m} 处，放水设施更换", "village", (50, 180)),
    _Kind("{town}卫生院门诊楼", "框架结构，建筑面积 {n}00 平方米，电梯 {m} 部", "town", (500, 1200)),
    _Kind("{village}便民桥", "钢筋混凝土板桥，长 {n} 米，宽 6 米，引道 {m}0 米", "village", (80, 220)),
    _Kind("{town}农贸市场改造", "摊位 {n} 个，棚顶 {m}0 平方米，排水和消防改造", "town", (160, 420)),
    _Kind("{village}冷藏保鲜库", "冷库 {n}0 立方米，分拣车间 {m}0 平方米", "village", (90, 260)),
)  # fmt: skip


def grown(county: County, seed: int) -> County:
    """The county in its real size; units, and what was told at their boards, stay with the small one.

    The first 114 villages and 82 works are counted with what the small county has. Names, amounts and days come
    from the seed.
    """
    rng = random.Random(seed)  # noqa: S311 - names and figures of a demo, never a code or a key
    kept = [line for line in county.placed if line.values["kind"] in ("village", "project")]
    dropped = {line.values["site_no"] for line in county.placed} - {line.values["site_no"] for line in kept}
    towns = _towns(rng, county)
    count = {kind: sum(line.values["kind"] == kind for line in kept) for kind in ("village", "project")}
    taken = {line.values["name"] for line in county.regions}
    villages = list(_villages(rng, towns, VILLAGES - count["village"], taken))
    works = list(_works(rng, villages, WORKS - count["project"], first=count["project"] + 1))
    return replace(
        county,
        regions=_numbered(_rows(county.regions), towns[len(_rows_of_level(county, "town")) :], villages),
        organisations=_numbered(_rows(county.organisations), _organisations(county, villages, works)),
        teams=_numbered(_rows(county.teams), _station_teams(villages)),
        people=_numbered(_rows(county.people), _supervisors(villages)),
        rounds=[_without(line, dropped) for line in county.rounds],
        placed=_numbered(_rows(kept), (_station(village) for village in villages), works),
        reports=[report for report in county.reports if report["site"] not in dropped],
    )


def _without(line: Line, dropped: set[str]) -> Line:
    """A round that sites of the small county belong to, without those that are left out."""
    sites = [number for number in line.values["sites"].split(";") if number and number not in dropped]
    return replace(line, values=line.values | {"sites": ";".join(sites)})


def _rows(lines: Iterable[Line]) -> list[dict[str, str]]:
    return [line.values for line in lines]


def _rows_of_level(county: County, level: str) -> list[dict[str, str]]:
    return [line.values for line in county.regions if line.values["level"] == level]


def _numbered(*parts: Iterable[dict[str, str]]) -> list[Line]:
    return [Line(number, row) for number, row in enumerate((row for part in parts for row in part), start=2)]


def _towns(rng: random.Random, county: County) -> list[dict[str, str]]:
    """Those that are there and new ones, twelve in all, under their proper codes: 镇 from 100, 乡 from 200."""
    towns = _rows_of_level(county, "town")
    codes, names = {town["code"] for town in towns}, {town["name"][:2] for town in towns}
    while len(towns) < TOWNS:
        kind, start = ("镇", 100) if len(towns) % 3 else ("乡", 200)
        number = next(n for n in range(start, start + 99) if f"{_COUNTY}{n}" not in codes)
        name = _name(rng, names)
        codes.add(f"{_COUNTY}{number}")
        towns.append(_region(f"{_COUNTY}{number}", _COUNTY, "town", f"{name}{kind}"))
    return towns


def _villages(
    rng: random.Random, towns: list[dict[str, str]], count: int, taken: set[str]
) -> Iterator[dict[str, str]]:
    """Spread over the towns; a name is nobody else's in the county."""
    names = {name[:2] for name in taken} | {town["name"][:2] for town in towns}
    for number in range(count):
        town = towns[number % len(towns)]
        code = f"{town['code']}{210 + number // len(towns)}"
        yield _region(code, town["code"], "village", f"{_name(rng, names)}村") | {"town": town["name"]}


def _name(rng: random.Random, taken: set[str]) -> str:
    while True:
        name = rng.choice(_FIRST) + rng.choice(_LAST)
        if name not in taken:
            taken.add(name)
            return name


def _region(code: str, parent: str, level: str, name: str) -> dict[str, str]:
    return {"code": code, "parent_code": parent, "level": level, "name": name}


def _station(village: dict[str, str]) -> dict[str, str]:
    return {
        "site_no": f"CJ-{village['code']}", "kind": "village", "name": f"{village['name']}公告栏",
        "region_code": village["code"], "team_id": "team4", "owner_unit": _committee(village),
        "board_state": "live", "place": f"{village['town']}{village['name']}村部", "phone": "0990-5550104",
    }  # fmt: skip


def _works(
    rng: random.Random, villages: list[dict[str, str]], count: int, *, first: int
) -> Iterator[dict[str, str]]:
    states = ["draft"] * 3 + ["closed"] * 4
    for number in range(first, first + count):
        kind = _KINDS[number % len(_KINDS)]
        village = villages[(number * 7) % len(villages)]
        in_village = kind.owner == "village"
        begins = REFERENCE_DAY - timedelta(days=rng.randrange(60, 260))
        heads = [f"示例{rng.choice(_HEADS)}" for _ in range(4)]
        name = kind.name.format(village=village["name"], town=village["town"])
        yield {
            "site_no": f"GC-2026-{number:03}", "kind": "project", "name": f"{name}（{number}标）",
            "region_code": village["code"] if in_village else village["code"][:9], "team_id": "team3",
            "owner_unit": _owner(kind, village), "contractor": _firm(number),
            "supervisor_firm": ("青屿方正监理有限公司", "岚溪建安监理有限公司")[number % 2],
            "amount_wan_yuan": str(rng.randrange(*kind.amounts)), "starts_on": begins.isoformat(),
            "ends_on": (begins + timedelta(days=rng.randrange(120, 420))).isoformat(),
            "board_state": states.pop() if states and number % 9 == 0 else "live",
            "place": f"{village['town']}{village['name'] if in_village else '集镇'}",
            "content": kind.content.format(n=rng.randrange(12, 90), m=rng.randrange(2, 9)),
            "funds": rng.choice(_FUNDS), "owner_head": heads[0], "contractor_head": heads[1],
            "supervisor_head": heads[2], "designer": ("青屿市市政设计院", "岚溪县公路设计室")[number % 2],
            "designer_head": heads[3], "phone": "0990-5550103",
        }  # fmt: skip


def _committee(village: dict[str, str]) -> str:
    return f"{village['name'].removesuffix('村')}村民委员会"


def _owner(kind: _Kind, village: dict[str, str]) -> str:
    owners = {"village": _committee(village), "town": f"{village['town']}人民政府"}
    return owners.get(kind.owner, kind.owner)


def _firm(number: int) -> str:
    return f"岚溪{_FIRMS[number % len(_FIRMS)]}建设有限公司"


def _organisations(
    county: County, villages: list[dict[str, str]], works: list[dict[str, str]]
) -> Iterator[dict[str, str]]:
    """Every unit that the sites name and the small county does not have yet."""
    known = {line.values["name"] for line in county.organisations}
    wanted = [(_committee(village), "owner") for village in villages]
    wanted += [(work["owner_unit"], "owner") for work in works] + [(work["contractor"], "contractor") for work in works]
    for name, kind in wanted:
        if name not in known:
            known.add(name)
            yield {"name": name, "kind": kind, "aliases": ""}


def _stations(villages: list[dict[str, str]]) -> Iterator[tuple[int, dict[str, str]]]:
    return iter(list(enumerate(villages[:STATIONS], start=1)))


def _station_teams(villages: list[dict[str, str]]) -> Iterator[dict[str, str]]:
    for number, village in _stations(villages):
        yield {
            "team_id": f"station{number}", "name": f"{village['name']}监督站", "kind": "village_station",
            "region_code": village["code"], "covers": "本村的牌子，看不到反映",
        }  # fmt: skip


def _supervisors(villages: list[dict[str, str]]) -> Iterator[dict[str, str]]:
    for number, _ in _stations(villages):
        yield {
            "login": f"station{number}", "name": f"示例{_HEADS[-number]}", "role": "village_supervisor",
            "team_id": f"station{number}", "note": "村级监督员",
        }  # fmt: skip


# ---------------------------------------------------------------- what people tell

_THINGS: dict[str, tuple[tuple[str, str], ...]] = {
    "village": (
        ("three_assets", "{village}的集体山林{year}年租出去，租金{sum}，账上查不到这一笔，问会计说以后再说。"),
        ("three_assets", "村部门面出租给外村人，一年{sum}，没有开过会，合同也没有贴出来。"),
        ("subsidy", "我家{n}亩地的耕地地力补贴少发了，隔壁同样的地一分不少，村里说是系统弄错，拖了{m}个月。"),
        ("subsidy", "养殖场的补贴报了{n}头牛，圈里一共就{m}头，验收那天是从别人家借来的。"),
        ("social_assistance", "{village}有一户开着小车还吃低保，住危房的老人申请了{m}次都没有批。"),
        ("social_assistance", "临时救助要先给钱才帮着报，我们组有{m}户都给过，每户{n}00元。"),
        ("no_disclosure", "公示栏{m}个月没有换过，修路、修水池花了多少钱，谁也说不清楚。"),
        ("no_disclosure", "村民代表会的记录是补写的，签名有{m}个人当天根本不在家。"),
        ("land_compensation", "修渠占了我家{n}厘菜地，补偿款{sum}，到现在只给了一半，另一半说镇上扣着。"),
        ("conduct_style", "办个证明跑了{m}趟，每次都说管章的人不在，送了两条烟第二天就盖好了。"),
        ("livelihood_small", "{village}{m}组到小学那段路没有灯，下雨天全是水坑，孩子摔了好几回。"),
        ("livelihood_small", "自来水隔天才来一次，来了也是黄的，交水费倒是一个月{n}元没有少过。"),
        ("fee_charging", "建房审批另外收了“协调费”{sum}，没有票，问是哪条规定，说大家都交了。"),
        ("eight_rules", "{village}换届以后在镇上酒店摆了{m}桌，听说是拿村里的钱结的账。"),
    ),
    "project": (
        ("project_quality", "{place}这段路面没有压实就浇，水泥薄的地方一脚能踢起来，量过只有{m}厘米多。"),
        ("project_quality", "图上写的是螺纹钢，现场绑的有一半是光圆的，第{n}号桩到第{m}号桩都能看见。"),
        ("project_fake_quantity", "签证单上写挖了{n}00方土，实际拉走的车不到{m}0趟，司机都知道。"),
        ("project_fake_quantity", "{place}的检查井数了一遍少{m}座，验收的人没有下车。"),
        ("wage_arrears", "我们{m}个人在工地干了{n}天，工钱说好月底结，现在电话都不接。"),
        ("wage_arrears", "木工班组{m}个人还欠{sum}，项目部让我们找包工头，包工头让我们找项目部。"),
        ("bidding", "投标的{m}家公司，标书里错别字都一样，明眼人一看就是一个人写的。"),
        ("safety_hazard", "基坑边上没有护栏，离学生走的路不到{m}米，晚上也没有灯。"),
        ("conduct_style", "管工地的干部每星期到项目部吃饭，{place}的材料进场他说行就行。"),
        ("project_quality", "回填用的是建筑垃圾，上面盖一层好土，下过雨已经塌了{m}处，最大的有{n}厘米深。"),
    ),
}
_ENDINGS = (
    "", "请来看一看。", "我说的都可以当面对质。", "别让村里知道是我说的。", "附近的人都知道。", "希望有个说法。",
    "已经跟镇里说过，没有回音。", "有照片，以后可以补。",
)  # fmt: skip


def tellings(county: County, seed: int, count: int) -> list[dict[str, Any]]:
    """What a round brings in besides the small county's reports: `count` of them, at boards that take reports."""
    rng = random.Random(seed + 1)  # noqa: S311 - texts of a demo
    places = {line.values["code"]: line.values["name"] for line in county.regions}
    live = [row for row in county.sites if row.get("board_state", "live") in ("live", "closed")]
    told = []
    for number in range(1, count + 1):
        site = rng.choice(live)
        category, words = rng.choice(_THINGS[site["kind"]])
        text = words.format(
            village=places.get(site["region_code"], "村里"), place=site.get("place") or site["name"],
            year=rng.randrange(2019, 2026), n=rng.randrange(12, 99), m=rng.randrange(3, 12),
            sum=f"{rng.randrange(2, 80) / 2:g}万元",
        )  # fmt: skip
        told.append(
            {"id": f"H{number:03}", "site": site["site_no"], "text": text + rng.choice(_ENDINGS),
             "posted_category": category if rng.random() < 0.7 else ""}
        )  # fmt: skip
    return told
