"""What the county's citizens write, and whom it names: every fragment carries its own truth.

The truth is by construction, not by looking: the product's own reading of each text must agree with it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

Mention = tuple[str, str]
"""Kind and target, as a row of `mention` has them."""

ABOVE: Final[Mention] = ("level", "above")


@dataclass(frozen=True, slots=True)
class AliasLine:
    """A row of `alias`; a person's target is a login until the people are there."""

    text: str
    kind: str
    target: str


@dataclass(frozen=True, slots=True)
class Fragment:
    """Part of a text and whom it names; a person by login, an organisation by name."""

    text: str
    names: tuple[Mention, ...] = ()


# Forty: every kind, one longer word for every trap.
ALIASES: Final = (
    *(AliasLine(text, "team", team) for text, team in (
        ("第一巡察组", "team1"), ("第二巡察组", "team2"), ("第三巡察组", "team3"), ("第四巡察组", "team4"),
        ("工程专项组", "team3"), ("石桥点位组", "team1"), ("巡察办", "office"), ("县巡办", "office"),
        ("柳湾镇纪委", "town_lw"), ("凤岭乡纪委", "town_fl"), ("县纪委案管室", "discipline"),
        ("市纪委信访室", "superior"),
    )),
    *(AliasLine(text, "person", login) for text, login in (
        ("一组联络员", "liaison1a"), ("二组联络员", "liaison2a"), ("三组联络员", "liaison3a"),
        ("四组联络员", "liaison4a"), ("工程组老温", "liaison3b"), ("巡察办的老桂", "office1"),
        ("村里来的小卓", "liaison4b"), ("管案子的老阮", "case1"),
    )),
    AliasLine("监督站站长", "post", "village_supervisor"),
    AliasLine("驻组纪检干部", "post", "town_discipline"),
    AliasLine("巡察组长", "post", "team_leader"),
    AliasLine("县长", "level", "above"),
    AliasLine("副县长", "level", "above"),
    AliasLine("县委书记", "level", "above"),
    AliasLine("县领导", "level", "above"),
    *(AliasLine(text, "organisation", name) for text, name in (
        ("鸿基", "岚溪鸿基建设有限公司"), ("顺达", "岚溪顺达路桥有限公司"), ("方正监理", "青屿方正监理有限公司"),
        ("石桥镇府", "石桥镇人民政府"),
    )),
    *(AliasLine(text, "ignore", "") for text in (
        "新鸿基", "顺达快递", "县委书记处旧址", "巡察办公楼", "第一巡察组旧址", "老县长饭店", "县领导小区",
        "第四巡察组舞", "方正监理培训",
    )),
)  # fmt: skip

# Whoever is named here is kept out: spelled in every way that people write.
NAMING: Final = (
    Fragment("听说第一巡察组的人去他家吃过饭", (("team", "team1"),)),
    Fragment("第 １ 巡察组来的人和他是同学", (("team", "team1"),)),
    Fragment("反映到石桥点位组就没有下文", (("team", "team1"),)),
    Fragment("第2巡察组收过他的土特产", (("team", "team2"),)),
    Fragment("第貳巡察組的車停在他家院子裏", (("team", "team2"),)),
    Fragment("第三巡察組收過他的煙", (("team", "team3"),)),
    Fragment("第③巡察组来的人是他表哥", (("team", "team3"),)),
    Fragment("工程专项组早就知道了", (("team", "team3"),)),
    Fragment("第四巡察组的驾驶员是他侄子", (("team", "team4"),)),
    Fragment("第四巡·察組的人當場就說算了", (("team", "team4"),)),
    Fragment("柳湾镇纪委和他是一家人", (("team", "town_lw"),)),
    Fragment("鳳嶺鄉紀委壓著不查", (("team", "town_fl"),)),
    Fragment("县纪委案管室有他的亲戚", (("team", "discipline"),)),
    Fragment("一组联络员当面把话传给了他", (("person", "liaison1a"),)),
    Fragment("二組聯絡員是他乾兒子", (("person", "liaison2a"),)),
    Fragment("三组 联络员 收了他两条烟", (("person", "liaison3a"),)),
    Fragment("工程组老温常在工地吃饭", (("person", "liaison3b"),)),
    Fragment("四组联络员和村书记一起打牌", (("person", "liaison4a"),)),
    Fragment("村里来的小卓说没事", (("person", "liaison4b"),)),
    Fragment("管案子的老阮替他说过话", (("person", "case1"),)),
    Fragment("巡察办的老桂是他姐夫", (("person", "office1"),)),
    Fragment("监督站站长自己就拿了一份", (("post", "village_supervisor"),)),
    Fragment("驻组纪检干部每次都陪着喝酒", (("post", "town_discipline"),)),
    Fragment("巡察组长点过头的", (("post", "team_leader"),)),
)

# These only look like it, or stand inside longer words.
TRAPS: Final = (
    Fragment("第十三巡察组的传闻就不说了"),
    Fragment("材料堆在第一巡察组旧址旁边"),
    Fragment("广场上跳第四巡察组舞的都看见了"),
    Fragment("副巡察组长没有来"),
    Fragment("新鸿基商场门口的路也一样"),
    Fragment("新鴻基商場門口的路也一樣"),
    Fragment("是顺达快递的车压坏的"),
    Fragment("在老县长饭店里说的"),
    Fragment("钱花在县领导小区的绿化上了"),
    Fragment("参加过方正监理培训的人都懂"),
    Fragment("县委书记处旧址也在修"),
    Fragment("贴在巡察办公楼的墙上"),
)

# Goes up, sealed.
UPWARD: Final = (
    Fragment("县领导打过招呼", (ABOVE,)),
    Fragment("副县长来视察的时候看到了", (ABOVE,)),
    Fragment("縣委書記的司機包的工程", (ABOVE,)),
    Fragment("巡察办自己就有人入股", (("team", "office"),)),
    Fragment("縣巡辦和他們是一夥的", (("team", "office"),)),
)

# Who has a conflict with these is kept out, nobody else.
COMPANIES: Final = (
    Fragment("鸿基的人半夜来倒渣土", (("organisation", "岚溪鸿基建设有限公司"),)),
    Fragment("順達拿了錢沒有修", (("organisation", "岚溪顺达路桥有限公司"),)),
    Fragment("方正监理从来没有到过现场", (("organisation", "青屿方正监理有限公司"),)),
    Fragment("石桥镇府盖的章", (("organisation", "石桥镇人民政府"),)),
)

SUBJECTS: Final = (
    "水泥标号不够，路面一个冬天就起砂", "补贴发下来少了一半，问就说统一扣的", "低保名单里有开小车的人家",
    "村里卖树的钱没有进账，会计一个人管账", "路灯装了两年一次都没有亮过", "征地的补偿款拖着不给",
    "沟渠只修了一半，验收单上写的是全长", "食堂的肉不新鲜，家长去看不让进", "工钱从春天欠到现在",
    "办一个证跑了六趟，每趟都缺一样", "公示栏贴的是三年前的账", "砂石料按双倍的车数报的",
)  # fmt: skip

# Words that put a report on top, whatever else.
URGENT: Final[Sequence[tuple[str, str]]] = (
    ("life", "有人拿着刀上门威胁"),
    ("minor", "老师打学生，孩子身上有伤"),
)
