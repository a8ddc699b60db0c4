"""Where a report goes, and why. Pure: the facts come in, a decision with its reasons comes out.

Order: the sealed lane, recusal, urgency, the ordered rules, the board's team, the office as guardian with an alarm.
Whatever the facts, a report goes somewhere, and never to a team that must not have it. ADR 0008.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from intake.core.access import CUSTODY_TEAM, OFFICE_TEAM, SUPERIOR_TEAM
from intake.routing.machinery import LEVEL, ORGANISATION, PERSON, POST, TEAM, RuleFacts

RULES_VERSION = 2  # of the order below; how often the office changed its own rules is added
OFFICE = OFFICE_TEAM
SUPERIOR = SUPERIOR_TEAM
LOCKED = "locked"  # the lane of what is past its time: there for nobody, until it is erased. ADR 0024
CUSTODY = CUSTODY_TEAM  # nobody may have it: only a recovery key opens it


@dataclass(frozen=True, slots=True)
class Named:
    """Somebody whom the text names: `text` is how the table of aliases spells it, never the citizen's words."""

    kind: str
    target: str
    text: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known when a report is filed, or routed again.

    `able`: teams with somebody eligible who can open it. `barred`: teams that must not have it, whoever said so
    (named, ticked, or barred from something it is linked with). `office_staffed`: somebody works there at all.
    """

    board_name: str
    board_live: bool
    team_id: str | None
    team_names: dict[str, str]
    able: frozenset[str]
    site_kind: str | None = None
    regions: frozenset[str] = frozenset()
    category: str | None = None
    ticks: frozenset[str] = frozenset()  # of the form, besides the two below, which decide by themselves
    about_handler: bool = False
    about_superior: bool = False
    named: tuple[Named, ...] = ()
    barred: frozenset[str] = frozenset()
    linked: bool = False
    urgent: tuple[str, ...] = ()
    held: tuple[str, ...] = ()
    rules: tuple[RuleFacts, ...] = ()
    office_staffed: bool = True
    broken: bool = False

    def name(self, team_id: str) -> str:
        return self.team_names.get(team_id, team_id)


@dataclass(frozen=True, slots=True)
class Decision:
    """`lane` is ordinary, urgent, held or sealed; `alarm` where somebody had to step in as guardian."""

    team_id: str
    lane: str
    reasons: tuple[str, ...]
    alarm: bool = False


HELD_REASONS: dict[str, str] = {
    "rate_board": "同一网络一小时内在这块牌子上反映得很多，先放在待核里由人看",
    "rate_network": "同一网络一小时内反映得很多，先放在待核里由人看",
    "pace": "同一网络几秒钟里接连交了好几件，先放在待核里由人看",
    "burst": "这块牌子短时间里比平时多出很多，先放在待核里由人看",
    "copies": "一天里有很多件和它几乎一字不差，先放在待核里由人看",
    "honeypot": "填了给机器看的空格，先放在待核里由人看",
    "too_fast": "打开表不到两秒就交了，先放在待核里由人看",
    "too_old": "表打开了两个多小时才交，先放在待核里由人看",
    "advert": "像是卖东西、拉生意的广告，先放在待核里由人看",
    "chain": "叫人成批转发，先放在待核里由人看",
    "gibberish": "像是乱按的，读不出说了什么，先放在待核里由人看",
    "repetition": "同样几个字反复写，先放在待核里由人看",
    "links": "写了好几个网址，先放在待核里由人看",
    "unanswered": "小问题几次没有答对，先放在待核里由人看",
}

_TOGETHER = "和另一件内容相同，已并在一起：两件的回避都算数。"
_BEHIND = "和更早的一件内容相同：那一件要回避的人也不经手这一件；放行以前不并在一起。"
_OFFICE_TICKED = "反映人打了勾：和收件的单位或人有关。收件的是巡察办，密封径送上级。"
_BROKEN = "分件用的数据被人改动过，先只用恢复密钥保管。请查系统。"

URGENT_REASONS: dict[str, str] = {
    "life": "说到有人有生命危险，排在最前。",
    "minor": "说到未成年人可能受到伤害，排在最前；发现的人有责任马上报警。",
    "hazard": "说到眼前的安全隐患，排在最前。",
    "wages": "说到讨薪的人可能伤害自己，排在最前。",
}


def route(facts: Facts) -> Decision:
    """Always somewhere, never to a barred team; the same facts always go the same way."""
    if facts.broken:
        return Decision(CUSTODY, _lane(facts, CUSTODY), (_BROKEN,), alarm=True)
    order, reasons = _ways(facts)
    team_id = _first(order, facts)
    if team_id != order[0]:
        reasons = [*(reasons if order[0] in (OFFICE, SUPERIOR) else ()), _stepped_in(facts, team_id)]
    elif not reasons:
        reasons = [_stepped_in(facts, team_id)]
    elif team_id not in facts.able:
        reasons.append("那里现在没有能打开来信的人，请尽快补人。")
    alarm = team_id != order[0] or team_id not in facts.able or _ownerless(facts)
    reasons += [URGENT_REASONS[kind] for kind in facts.urgent]
    if facts.linked:
        reasons.append(_BEHIND if _lane(facts, team_id) == "held" else _TOGETHER)
    if any(named.kind == ORGANISATION for named in facts.named):
        quoted = "、".join(_quoted(n.text for n in facts.named if n.kind == ORGANISATION))
        reasons.append(f"正文提到{quoted}：和它有利害关系的人不经手。")
    if not facts.board_live:
        reasons.append("打开表的时候牌子还在收，交的时候已经停用或截止，两小时内照收。")
    reasons += [HELD_REASONS[reason] for reason in facts.held]
    return Decision(team_id, _lane(facts, team_id), tuple(reasons), alarm)


def _ways(facts: Facts) -> tuple[list[str], list[str]]:
    """Where it should go and where next, and why it should; no reason where nobody is responsible."""
    if upward := _upward(facts):
        return [SUPERIOR], upward  # never down to those whom it may be about
    if away := _away(facts):
        return [OFFICE, *_above_the_office(facts)], away
    team_id, why = _handler(facts)
    return [*([team_id] if team_id is not None else ()), OFFICE, *_above_the_office(facts)], why


def _ownerless(facts: Facts) -> bool:
    """No rule and no board names a team, and nothing sends it elsewhere: the office is its guardian."""
    return not (_upward(facts) or _away(facts)) and _handler(facts)[0] is None


def _upward(facts: Facts) -> list[str]:
    """Why it goes up sealed: it is about the level above, or about the office itself."""
    reasons = [f"正文提到“{n.text}”：属于上一级管的人，密封径送上级。" for n in facts.named if n.kind == LEVEL]
    reasons += [
        f"正文提到“{n.text}”：巡察办回避，密封径送上级。" for n in facts.named if n.kind == TEAM and n.target == OFFICE
    ]
    if facts.about_superior:
        reasons.append("反映人打了勾：和上级或巡察办有关，密封径送上级。")
    if not reasons and OFFICE in facts.barred:
        ticked = facts.about_handler and not facts.linked
        reasons.append(_OFFICE_TICKED if ticked else "和它并在一起的一件要巡察办回避，密封径送上级。")
    return reasons


def _away(facts: Facts) -> list[str]:
    """Why it goes to the office: it is about somebody of the machinery, whether or not they handle this board."""
    reasons = []
    if facts.about_handler:
        who = f"{facts.name(facts.team_id)}回避" if facts.team_id is not None else "收件的组回避"
        reasons.append(f"反映人打了勾：和收件的单位或人有关。{who}，转巡察办。")
    for named in facts.named:
        if named.kind == TEAM and named.target != OFFICE:
            reasons.append(f"正文提到“{named.text}”：该组回避，转巡察办。")
        elif named.kind == PERSON:
            reasons.append(f"正文提到“{named.text}”：此人回避，转巡察办。")
        elif named.kind == POST:
            reasons.append(f"正文提到“{named.text}”：这一岗位的人回避，转巡察办。")
    if not reasons and facts.barred:
        reasons.append("和它并在一起的一件要有关的组回避，转巡察办。")
    return reasons


def _handler(facts: Facts) -> tuple[str | None, list[str]]:
    """The first rule that fits, else the board's team."""
    for rule in facts.rules:
        if rule.fits(
            site_kind=facts.site_kind, regions=facts.regions, category=facts.category, ticks=facts.ticks
        ):  # fmt: skip
            return rule.team_id, [f"按规则第 {rule.position} 条（{rule.why}）归{facts.name(rule.team_id)}。"]
    if facts.team_id is None:
        return None, []
    return facts.team_id, [f"{facts.board_name}归{facts.name(facts.team_id)}。"]


def _above_the_office(facts: Facts) -> list[str]:
    """Higher than the office only where the office has people and all of them must stay out of it."""
    excluded = facts.office_staffed and OFFICE not in facts.able
    return [SUPERIOR] if excluded or OFFICE in facts.barred else []


def _first(order: Sequence[str], facts: Facts) -> str:
    """The first team that may have it and can open it; failing that the last resort that may have it."""
    allowed = [team for team in order if team not in facts.barred]
    able = next((team for team in allowed if team in facts.able), None)
    if able is not None:
        return able
    # Nobody can open it now: it waits with the highest of them, whose recovery key does.
    houses = [team for team in allowed if team in (OFFICE, SUPERIOR)]
    if order[0] == SUPERIOR and SUPERIOR in houses:
        return SUPERIOR
    return houses[0] if houses else CUSTODY


def _stepped_in(facts: Facts, team_id: str) -> str:
    if team_id == CUSTODY:
        return "没有一个组可以经手，先只用恢复密钥保管。请尽快处理。"
    if team_id == SUPERIOR:
        return "巡察办的人都要回避，密封径送上级。"
    if facts.team_id is None:
        return "这块牌子还没有负责的组，由巡察办代管。请尽快补上。"
    return "负责的组现在没有能打开来信的人，由巡察办代管。请尽快补人。"


def _lane(facts: Facts, team_id: str) -> str:
    if team_id == SUPERIOR:
        return "sealed"
    if facts.urgent:
        return "urgent"
    return "held" if facts.held else "ordinary"


def _quoted(texts: Iterable[str]) -> list[str]:
    return [f"“{text}”" for text in dict.fromkeys(texts)]
