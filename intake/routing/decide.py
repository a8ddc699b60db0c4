"""Where a report goes, and why. Pure: the facts come in, a decision with its reasons comes out."""

from dataclasses import dataclass

from intake.core.access import OFFICE_TEAM

RULES_VERSION = 1
ALIAS_VERSION = 0  # no alias is read before recusal is built
OFFICE = OFFICE_TEAM


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known when a report is filed. `able` says whether a team has somebody who can open it."""

    board_name: str
    board_live: bool
    team_id: str | None
    team_name: str | None
    team_able: bool
    about_handler: bool
    about_superior: bool
    held: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Decision:
    """`lane` is ordinary or held; `alarm` where the office had to step in as guardian."""

    team_id: str
    lane: str
    reasons: tuple[str, ...]
    alarm: bool = False


HELD_REASONS: dict[str, str] = {
    "rate_board": "同一网络一小时内在这块牌子上反映得很多，先放在待核里由人看",
    "rate_network": "同一网络一小时内反映得很多，先放在待核里由人看",
    "honeypot": "填了给机器看的空格，先放在待核里由人看",
    "too_fast": "打开表不到两秒就交了，先放在待核里由人看",
}


def route(facts: Facts) -> Decision:
    """Always somewhere. A ticked report never goes to the board's team."""
    lane = "held" if facts.held else "ordinary"
    reasons: list[str] = []
    alarm = False
    if facts.about_handler or facts.about_superior:
        team = OFFICE
        if facts.about_handler:
            reasons.append("反映人打了勾：和收件的人有关。收件的组看不到，转巡察办。")
        if facts.about_superior:
            reasons.append("反映人打了勾：和上级或巡察办有关。只交巡察办，待径送。")
    elif facts.team_id is not None and facts.team_able:
        team = facts.team_id
        reasons.append(f"{facts.board_name}归{facts.team_name or facts.team_id}。")
    else:
        team, alarm = OFFICE, True
        reasons.append("负责的组现在没有能打开来信的人，由巡察办代管。请尽快补人。")
    if not facts.board_live:
        reasons.append("打开表的时候牌子还在用，交的时候已经停用，两小时内照收。")
    reasons.extend(HELD_REASONS[reason] for reason in facts.held)
    return Decision(team, lane, tuple(reasons), alarm)
