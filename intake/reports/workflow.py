"""The table of the first build: which state follows which, who moves it, and what a move needs. Pure."""

from dataclasses import dataclass
from enum import StrEnum

from intake.core.access import Role


class State(StrEnum):
    received = "received"
    accepted = "accepted"
    not_accepted = "not_accepted"
    closed = "closed"


STATE_NAMES: dict[State, str] = {
    State.received: "已接收",
    State.accepted: "受理",
    State.not_accepted: "不予受理",
    State.closed: "办结",
}

NOT_ACCEPTED_REASONS: dict[str, str] = {
    "personal_claim": "个人诉求，转告有关部门渠道",
    "litigation": "已经或依法应当通过诉讼、仲裁、复议解决",
    "other_organ": "属于其他机关的职责",
    "no_substance": "没有实质内容",
    "inquiry": "属于咨询，不是反映问题",
    "other": "其他（请在说明里写清）",
}

RESULTS: dict[str, str] = {
    "verified": "属实",
    "partly_verified": "部分属实",
    "not_verified": "不属实",
    "unverifiable": "无法查证",
    "referred_out": "已转出",
    "fixed": "已整改",
    "clarified": "澄清正名",
}


@dataclass(frozen=True, slots=True)
class Move:
    """One allowed step."""

    to: State
    name: str
    hint: str
    roles: frozenset[Role]
    reasons: tuple[str, ...] = ()  # ids of NOT_ACCEPTED_REASONS, one of which is needed
    results: tuple[str, ...] = ()  # ids of RESULTS, one of which is needed

    @property
    def needs_reason(self) -> bool:
        return bool(self.reasons)

    @property
    def needs_result(self) -> bool:
        return bool(self.results)


# The office moves what lies with the office; which reports those are, the row filter says.
_HANDLERS = frozenset({Role.team_liaison, Role.team_leader, Role.office})
_ACCEPT = Move(State.accepted, "受理", "属于受理范围，由本组了解", _HANDLERS)
_REFUSE = Move(
    State.not_accepted,
    "不予受理",
    "写明理由，群众凭回执看得到",
    _HANDLERS,
    reasons=tuple(NOT_ACCEPTED_REASONS),
)
_CLOSE = Move(State.closed, "办结", "写明结果", _HANDLERS, results=tuple(RESULTS))

MOVES: dict[State, tuple[Move, ...]] = {
    State.received: (_ACCEPT, _REFUSE, _CLOSE),
    State.accepted: (_CLOSE,),
    State.not_accepted: (),
    State.closed: (),
}

COARSE: dict[State, str] = {
    State.received: "received",
    State.accepted: "in_progress",
    State.not_accepted: "closed",
    State.closed: "closed",
}

COARSE_NAMES: dict[str, str] = {
    "received": "已收到",
    "in_review": "正在看",
    "needs_info": "请补充",
    "in_progress": "正在办理",
    "referred": "已转有关部门",
    "closed": "已办结",
}


def coarse(state: State, *, awaiting_citizen: bool) -> str:
    """What the citizen reads. Once all is settled a question no longer waits for anybody."""
    if awaiting_citizen and COARSE[state] != "closed":
        return "needs_info"
    return COARSE[state]


def moves_of(state: State, role: Role) -> tuple[Move, ...]:
    """The steps that this role may take from here."""
    return tuple(move for move in MOVES[state] if role in move.roles)


def find_move(state: State, to: str, role: Role) -> Move | None:
    """The step to `to`, or None where the table forbids it."""
    return next((move for move in moves_of(state, role) if move.to == to), None)
