"""What cannot wait: a life, a child, a danger at a site, a threat over wages. Pure.

It only puts a report on top and shows the emergency numbers; it hides and moves nothing, so a word too many costs a
look and a word too few may cost a life. Still, a lane in which everything is urgent is no lane: what is told of
the past (「杀过人」), a figure of speech (「打死也不说」, 「跳楼价」), a flaw in the work (「墙开裂了」) and plain
rudeness stay out.

Texts come folded (`routing.aliases.fold`): without spaces and punctuation, Simplified, numbers in words. The words
below are written the same way. `~n` stands for up to n characters between two parts.
"""

import re
from typing import Final, Literal

from intake.routing.aliases import Folded

Kind = Literal["life", "minor", "hazard", "wages"]
KINDS: Final[tuple[Kind, ...]] = ("life", "minor", "hazard", "wages")
NAMES: Final[dict[str, str]] = {
    "life": "有生命危险",
    "minor": "涉及未成年人",
    "hazard": "现场有危险",
    "wages": "讨薪并有过激的话",
}
_HAZARD_CATEGORY: Final = "safety_hazard"
_WAGE_CATEGORY: Final = "wage_arrears"
_GAP: Final = re.compile(r"~(\d+)")


def _any(*words: str, but: str = "") -> re.Pattern[str]:
    """One pattern over lines of words. `but`: what must not follow; 过 never may, for it is past then."""
    spelled = "|".join(_GAP.sub(r".{0,\1}", word) for line in words for word in line.split())
    return re.compile(f"(?:{spelled})(?!过{'|' + but if but else ''})")


# --- Life -------------------------------------------------------------------------------------------------

# Harm to oneself. 价 or 甩卖 behind 跳楼 is a shop's, 令 behind 拿命 an order.
_SELF_HARM: Final = _any(
    "自杀 自尽 自残 自焚 寻死 寻短见 轻生 割腕 上吊 服毒 遗书 绝笔 同归于尽 鱼死网破",
    "喝农药 喝百草枯 喝敌敌畏 吃安眠药 跳楼 跳河 跳江 跳桥 跳水库 跳井 跳塔吊 跳下去 卧轨",
    "不想活 不活了 活不下去 活着没意思 想死了 去死算了 死给~6看 死在~8(?:门口|门前|政府|工地|大厅|面前)",
    "以死 一死了之 拿命 用命 只有死路 只能去死 只好去死 走绝路",
    but="价|令|甩卖|大甩卖|促销",
)
# A climb is a threat on what nobody climbs to be heard otherwise, or where one says what it is for.
_CLIMBS: Final = _any(
    "爬~4(?:塔吊|吊塔|塔机|吊车|烟囱|水塔|电塔|铁塔|高压线|广告牌)",
    "(?:爬|站|坐|上)~4(?:楼顶|天台|房顶|桥|脚手架)~30(?:不下来|跳|讨|要钱|给钱|工钱|工资)",
)
_KILL: Final = "(?:杀|砍|捅|弄死|打死|整死|搞死|做掉)"
_SOMEBODY: Final = "(?:我|他|她|你|俺|咱|全家|一家|人(?!家|物|民))"
# Looked for around the few places where there is talk of killing at all: its first words are in every sentence.
_KILLING: Final = re.compile(_KILL)
_THREAT: Final = _any(f"(?:要|想|会|敢|说|准备)~4{_KILL}了?{_SOMEBODY}", but="也不|也没")
_AROUND: Final = 8  # characters on each side of the place
# Harm to others, threatened or going on.
_VIOLENCE: Final = _any(
    "出人命 闹人命 救命啊 快救命 生命危险 快不行了 昏迷不醒 快饿死 快冻死",
    f"(?:弄死|砍死|捅死|整死|搞死){_SOMEBODY} (?:扬言|威胁|恐吓)~4{_KILL}了?{_SOMEBODY}",
    "(?:威胁|恐吓|扬言)~6(?:杀|砍|烧|炸|弄死|打死|断腿|断手|断我)",
    "(?:拿|持|提|带|举|挥)[着了起]?(?:一把)?[菜砍尖长短]?刀(?:砍|捅|追|来|威胁|冲|对|架|逼|要|上门|进|找|堵|伤) 动刀子",
    "放火烧 要放火 去放火 纵火 泼汽油 浇汽油 一把火烧 汽油~6(?:烧|点) 炸药 雷管 要炸~4(?:政府|工地|大厅|死)",
    "绑架 关起来不让 不让~3(?:出门|离开|回家|走人) 限制人身自由 非法拘禁 正在打人 打起来了 往死里打",
    "猥亵 性侵 强奸 强暴 轮奸 迷奸 奸污 家暴 拐卖",
    but="也不|也没",
)

# --- Children ---------------------------------------------------------------------------------------------

# Years in words, up to seventeen: 「六十八岁」 is nobody's child. What must not stand before a figure is looked at
# behind it: a pattern that begins with looking back is tried at every character.
_NO_TENS: Final = "(?<![一二三四五六七八九十百].)"
_AGE: Final = f"(?:[一二两三四五六七八九]{_NO_TENS}岁|十{_NO_TENS}[一二三四五六七]?岁)"
_CHILD: Final = (
    "(?:小学|初中|幼儿园|学前班|托儿所|年级|学生|同桌|同学|孩子|小孩|娃|儿童|女童|男童|婴儿|少年|小姑娘|女孩|男孩"
    f"|后爸|后妈|继父|继母|(?:女儿|儿子|孙女|孙子)(?=被)|{_AGE})"
)
# 「打电话」 and 「打工」 are no blows.
_HARM: Final = (
    "(?:(?:天天|经常|老是|总是|每天|又)打(?!电话|工|牌|麻将|扫)|被打|挨打|毒打|殴打|暴打|打骂|打伤|打孩子|打娃|打学生"
    "|打小孩|耳光|体罚|虐待|折磨|施暴|家暴|烟头烫|烫伤|掐脖子|锁在|绑在|不给饭|不让吃|没饭吃|欺凌|霸凌|欺负"
    "|猥亵|性侵|性骚扰|强奸|强暴|奸污|摸下|摸她|摸我|脱衣|脱裤|裸照|怀孕|拐走|被拐|卖掉|失踪|走丢|不见了"
    "|自杀|跳楼|不想活|[身都]上?都?是伤|遍体鳞伤)"
)
_MINOR: Final = (
    re.compile(f"{_CHILD}.{{0,40}}?{_HARM}(?!过)"),
    re.compile(f"{_HARM}(?!过).{{0,16}}?{_CHILD}"),
    _any(
        "未成年 未满十四 不满十四 未满十八 不满十八 童工 校园霸凌 校园欺凌",
        "幼女 虐童 拐卖儿童 救救(?:孩子|这孩子|这个孩子)",
    ),
)

# --- Sites ------------------------------------------------------------------------------------------------

_STRUCTURE: Final = (
    "(?:脚手架|围挡|围墙|挡墙|院墙|塔吊|吊塔|塔机|吊篮|模板|支架|护栏|基坑|边坡|沟槽|楼板|房子|教室|桥|大坝|堤"
    "|电线杆|电杆|广告牌|大树)"
)
_FALLS: Final = (
    "(?:要倒|快倒|倒了|倒在|倒下|刮倒|吹倒|撞倒|倒塌|歪了|斜了|晃得|松动|要塌|快塌|塌了|塌下来|坍塌|垮了|断了|悬空"
    "|掉下来|砸)"
)
_HAZARD: Final = _any(
    "(?:煤气|燃气|天然气|液化气|沼气|瓦斯|氨气|毒气)~6(?:泄漏|泄露|漏了|漏气|外泄|在漏)",
    "(?:泄漏|泄露|漏)了?(?:煤气|燃气|天然气|液化气|毒气|氨气) 闻到~4(?:煤气|燃气|瓦斯)",
    "(?:要|快|随时|随时会|随时可能|马上|可能)(?:坍塌|塌|倒塌|垮|倒下来|掉下来|爆炸|滑坡|决口|溃坝)",
    "(?:正在|已经|刚刚|刚才|突然|又)(?:坍塌|垮塌|倒塌|塌方|塌了|塌陷|滑坡|溃坝|决口|爆炸|起火|着火)",
    f"{_STRUCTURE}~10{_FALLS}",
    "(?:有人|工人|孩子|老人)~6(?:被埋|掉进|掉下去|摔下来|坠落|触电|被砸|被困) 坠楼 高空坠物",
    "(?:电线|电缆|高压线|电箱|配电箱|变压器)~6(?:裸露|掉下来|掉在|掉地上|垂下来|冒火|冒烟|断了|泡在水里) 漏电 触电",
    "井盖~6(?:没了|不见了|丢了|没有|缺|掉了|被偷) 着火了 起火了 冒浓烟 爆炸了 山体滑坡 泥石流 决堤 溃坝",
    "食物中毒 集体中毒 煤气中毒 (?:学生|孩子|工人|村民)~10(?:上吐下泻|都拉肚子|中毒) 投毒",
)

# --- Wages ------------------------------------------------------------------------------------------------

_WAGES: Final = _any(
    "工资 工钱 薪水 血汗钱 讨薪 欠薪 欠钱不给 拖欠 工程款 劳务费 包工头 一分没给 一分钱没 不给钱 结清",
)
# Said over wages, these are threats; said over anything else, anger.
_DESPERATE: Final = _any("豁出去 什么都干得出 别怪~6不客气 别怪我们 后果自负 拼了 拼命 走投无路 没有活路 没活路")


def _life(text: Folded) -> bool:
    return any(pattern.search(text) for pattern in (_SELF_HARM, _CLIMBS, _VIOLENCE)) or any(
        _THREAT.search(text, max(0, place.start() - _AROUND), place.end() + _AROUND)
        for place in _KILLING.finditer(text)
    )


def find(text: Folded, category: str | None, ticked: bool) -> tuple[Kind, ...]:
    """Why a report cannot wait, in the order of `KINDS`; empty for most.

    `text` is folded, `category` the citizen's code or None, `ticked` their own word that somebody is in danger.
    """
    life = _life(text)
    about_wages = category == _WAGE_CATEGORY or _WAGES.search(text) is not None
    held = {
        "life": ticked or life,
        "minor": any(pattern.search(text) for pattern in _MINOR),
        "hazard": category == _HAZARD_CATEGORY or _HAZARD.search(text) is not None,
        "wages": about_wages and (life or _DESPERATE.search(text) is not None),
    }
    return tuple(kind for kind in KINDS if held[kind])
