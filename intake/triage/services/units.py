"""Units that something may be handed on to: those of the house, and those outside that get a sheet of paper."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from intake.core.errors import Invalid
from intake.people.models import Team
from intake.reports.workflow import STATE_NAMES, State

KINDS: tuple[State, ...] = (State.referred, State.delegated, State.lead_transferred, State.immediate_fix)

# Units outside the house: they get a sheet of paper, nobody of theirs signs in.
TARGETS: dict[str, str] = {
    "12345": "12345 政务服务便民热线",
    "xinfang": "信访局",
    "court_procuratorate": "法院、检察院",
    "labour_inspection": "劳动保障监察",
    "housing": "住房和城乡建设局",
    "police_110": "公安机关（110）",
    "12388": "纪检监察举报（12388）",
    "superior_discipline": "上级纪检监察机关",
    "owner_unit": "业主或被巡察单位",
}
_NAMED = frozenset({"owner_unit"})  # which one must be written

_OUTSIDE: dict[State, tuple[str, ...]] = {
    State.referred: tuple(target for target in TARGETS if target != "owner_unit"),
    State.delegated: ("owner_unit", "labour_inspection", "housing", "xinfang"),
    State.lead_transferred: (),
    State.immediate_fix: ("owner_unit",),
}
_HOUSE: dict[State, tuple[str, ...]] = {
    State.referred: ("town_discipline", "discipline_case", "org_dept"),
    State.delegated: ("town_discipline",),
    State.lead_transferred: ("discipline_case", "org_dept"),
    State.immediate_fix: (),
}
# The time limit of an answer. 转办 asks for none.
LIMIT_OF: dict[State, str] = {
    State.delegated: "xf_close",
    State.lead_transferred: "lead_feedback_to_xuncha",
    State.immediate_fix: "immediate_fix",
}


@dataclass(frozen=True, slots=True)
class Receiver:
    """A unit of the house (`team_id`) or outside (`target`)."""

    team_id: str | None
    target: str | None
    name: str


def receivers(session: Session, kinds: tuple[State, ...] = KINDS) -> list[tuple[str, str]]:
    """(value, name) of every unit that one of these kinds may go to, the house's own first."""
    wanted = {kind for state in kinds for kind in _HOUSE[state]}
    house = session.execute(select(Team.id, Team.name).where(Team.kind.in_(wanted)).order_by(Team.kind, Team.id))
    outside = [target for target in TARGETS if any(target in _OUTSIDE[state] for state in kinds)]
    return [
        *((f"team:{id_}", name) for id_, name in house),
        *((f"out:{target}", TARGETS[target]) for target in outside),
    ]


def find_receiver(session: Session, kind: State, value: str, unit: str) -> Receiver:
    """The unit that a form's value means. Raises `Invalid` (receiver, unit) with those that fit this kind."""
    side, _, id_ = value.partition(":")
    if side == "team":
        team = session.get(Team, id_) if id_.isprintable() else None
        if team is not None and team.kind in _HOUSE[kind]:
            return Receiver(team.id, None, team.name)
    elif side == "out" and id_ in _OUTSIDE[kind]:
        if id_ in _NAMED and not unit:
            raise Invalid({"unit": "请写是哪个单位。"})
        return Receiver(None, id_, unit_name(id_, unit))
    fits = "、".join(name for _, name in receivers(session, (kind,)))
    raise Invalid({"receiver": f"{STATE_NAMES[kind]}可以给：{fits}。"})


def unit_name(target: str, unit: str) -> str:
    """How pages and sheets call a unit outside."""
    if target in _NAMED and unit:
        return unit
    return f"{TARGETS.get(target, target)}　{unit}" if unit else TARGETS.get(target, target)
