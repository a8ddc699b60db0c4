"""The one workflow table: which state follows which, who moves it, what a move needs, which clock runs. Pure.

ADR 0012 says why it is drawn as it is; `python -m tools.workflow` draws it into docs/workflow.md.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from intake.core.access import Role


class State(StrEnum):
    received = "received"
    registered = "registered"
    screening = "screening"
    assigned = "assigned"
    returned = "returned"
    accepted = "accepted"
    not_accepted = "not_accepted"
    no_substance = "no_substance"
    duplicate_linked = "duplicate_linked"
    referred = "referred"
    delegated = "delegated"
    in_progress = "in_progress"
    immediate_fix = "immediate_fix"
    lead_transferred = "lead_transferred"
    sealed_up = "sealed_up"
    replied = "replied"
    closed = "closed"
    archived = "archived"
    spam = "spam"
    purged = "purged"


STATE_NAMES: dict[State, str] = {
    State.received: "已接收",
    State.registered: "登记",
    State.screening: "甄别",
    State.assigned: "分办",
    State.returned: "退回改派",
    State.accepted: "受理",
    State.not_accepted: "不予受理",
    State.no_substance: "无实质内容",
    State.duplicate_linked: "重复件",
    State.referred: "转办",
    State.delegated: "交办",
    State.in_progress: "办理中",
    State.immediate_fix: "立行立改",
    State.lead_transferred: "移交问题线索",
    State.sealed_up: "径送",
    State.replied: "答复",
    State.closed: "办结",
    State.archived: "归档",
    State.spam: "垃圾信息",
    State.purged: "已清除",
}

NOT_ACCEPTED_REASONS: dict[str, str] = {
    "personal_claim": "个人诉求，转告有关部门渠道",
    "litigation": "已经或依法应当通过诉讼、仲裁、复议解决",
    "other_organ": "属于其他机关的职责",
    "no_substance": "没有实质内容",
    "inquiry": "属于咨询，不是反映问题",
    "other": "其他（请在说明里写清）",
}

# Every reason of every move; the citizen is told those of a refusal alone.
REASONS: dict[str, str] = {
    **NOT_ACCEPTED_REASONS,
    "other_team": "应由别的组办理",
    "outside_duty": "不在本组职责以内",
    "cannot_check": "本组查不了",
    "above_level": "反映上级管理的干部",
    "about_office": "反映本机关或巡察办的人",
    "alias_wrong": "称呼识别有误，没有反映受理的单位或人员",
    "not_concerned": "看过原文，不需要回避",
    "advertising": "广告",
    "gibberish": "乱码或没有意义的文字",
    "flooding": "刷屏",
    "genuine": "看过，是正常反映",
    "told_more": "群众补充了内容",
    "not_repeat": "不是重复件",
    "new_facts": "有新的情况",
    "wrong_result": "原来的结论有误",
    "objection": "反映人有异议",
    "sent_back": "对方退回",
    "came_back": "对方报来结果",
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
UNFOUNDED = frozenset({"not_verified"})


@dataclass(frozen=True, slots=True)
class Move:
    """One allowed step.

    `act` names what happens beside the change of state, which a service of that name does: `transfer`, `link`,
    `seal_up`, `send_back`, `pass_on`, `purge`. Where `tells`, the words go into the citizen's box; else they are
    a note among colleagues.
    """

    to: State
    name: str
    hint: str
    roles: frozenset[Role]
    reasons: tuple[str, ...] = ()  # ids of REASONS, one of which is needed
    results: tuple[str, ...] = ()  # ids of RESULTS, one of which is needed
    needs_text: bool = False
    needs_team: bool = False
    needs_report: bool = False
    tells: bool = True
    asks: bool = False  # the words are a question to the citizen
    second: bool = False  # a second person must agree
    second_results: frozenset[str] = field(default=frozenset())  # with these results a second person must agree
    act: str = ""

    @property
    def needs_reason(self) -> bool:
        return bool(self.reasons)

    @property
    def needs_result(self) -> bool:
        return bool(self.results)

    def needs_second(self, result: str) -> bool:
        return self.second or result in self.second_results


# Which reports lie with whom, the row filter says; the table says what each may do with theirs.
_TEAM = frozenset({Role.team_liaison, Role.team_leader})
_LEADS = frozenset({Role.team_leader, Role.office})
_HANDLERS = _TEAM | _LEADS
_SUPERIOR = frozenset({Role.superior})
_ALL = _HANDLERS | _SUPERIOR
_WITH_SUPERIOR = _LEADS | _SUPERIOR
_SPAM_REASONS = ("advertising", "gibberish", "flooding", "other")
_REOPEN_REASONS = ("new_facts", "wrong_result", "objection", "other")


def _accept(roles: frozenset[Role]) -> Move:
    return Move(State.accepted, "受理", "属于受理范围，由本组了解", roles)


def _refuse(roles: frozenset[Role]) -> Move:
    return Move(
        State.not_accepted, "不予受理", "写明理由，群众凭回执看得到", roles, reasons=tuple(NOT_ACCEPTED_REASONS)
    )  # fmt: skip


def _close(roles: frozenset[Role]) -> Move:
    hint = "写明结果；不属实的要第二个人同意"
    return Move(State.closed, "办结", hint, roles, results=tuple(RESULTS), second_results=UNFOUNDED)


def _ask_more(roles: frozenset[Role]) -> Move:
    hint = "先放着，写信请群众补充"
    return Move(State.no_substance, "无实质内容", hint, roles, needs_text=True, asks=True)


def _reopen(to: State, name: str, reasons: tuple[str, ...], roles: frozenset[Role]) -> Move:
    return Move(to, name, "写明理由", roles, reasons=reasons, tells=False)


def _spam() -> Move:
    hint = "先放到一边，不删；清除要两个人"
    return Move(State.spam, "垃圾信息", hint, _HANDLERS, reasons=_SPAM_REASONS, tells=False)


_REGISTER = Move(State.registered, "登记", "逐件登记，期限从收到那天算", _HANDLERS, tells=False)
_SCREEN = Move(State.screening, "甄别", "看范围、是否重复、是否紧急", _HANDLERS, tells=False)
_ASSIGN = Move(
    State.assigned, "分办", "交给别的组，钥匙一起过去", _LEADS, needs_team=True, tells=False, act="transfer"
)  # fmt: skip
_OBJECT = Move(
    State.returned, "退回改派", "不归本组，写明理由，由组长或巡察办改派", _TEAM,
    reasons=("other_team", "outside_duty", "cannot_check", "other"), tells=False,
)  # fmt: skip
_SEND_BACK_REASONS = ("alias_wrong", "not_concerned", "other")
_OFFICE_SENDS_BACK = Move(
    State.returned, "退回", "识别有误的回避件，退给有资格的组；要第二个人同意", frozenset({Role.office}),
    reasons=_SEND_BACK_REASONS, tells=False, second=True, act="send_back",
)  # fmt: skip
_SUPERIOR_SENDS_BACK = Move(
    State.returned, "退回", "不必由上级办的，退给有资格的组", _SUPERIOR,
    reasons=_SEND_BACK_REASONS, tells=False, act="send_back",
)  # fmt: skip
_SEAL_UP = Move(
    State.sealed_up, "径送", "密封上报上级，本县的人从此打不开", _LEADS,
    reasons=("above_level", "about_office", "other"), tells=False, act="seal_up",
)  # fmt: skip
_LINK = Move(
    State.duplicate_linked, "重复件", "并到原来那一件，留存备查", _HANDLERS, needs_report=True, tells=False, act="link"
)  # fmt: skip
_REFER = Move(State.referred, "转办", "转给县里别的单位，不要求回复；只用转述", _LEADS, act="pass_on")
_DELEGATE = Move(State.delegated, "交办", "交给下级，限期报结果；只用转述", _LEADS, act="pass_on")
_LEAD = Move(
    State.lead_transferred, "移交问题线索", "移交案管室或组织部；只用转述", _LEADS, tells=False, act="pass_on"
)  # fmt: skip
_FIX = Move(State.immediate_fix, "立行立改", "发通知书给被巡察单位，本轮内改完", _LEADS, act="pass_on")
_WORK = Move(State.in_progress, "办理", "开始了解核实", _ALL)
_REPLY = Move(State.replied, "答复", "写信告诉群众办得怎样", _ALL, needs_text=True)
_ARCHIVE = Move(State.archived, "归档", "一轮结束，不再变动", _WITH_SUPERIOR, tells=False)
_PURGE = Move(
    State.purged, "清除", "原文、照片、信箱全部销毁，只留登记号和经过；要第二个人同意", _WITH_SUPERIOR,
    reasons=_SPAM_REASONS, tells=False, second=True, act="purge",
)  # fmt: skip

# What can become of a report before somebody has taken it up.
_SORTED = (
    _accept(_HANDLERS), _refuse(_HANDLERS), _ask_more(_HANDLERS), _LINK, _REFER, _DELEGATE, _ASSIGN, _SEAL_UP,
)  # fmt: skip
_UNREAD = (*_SORTED, _spam(), _OFFICE_SENDS_BACK, _close(_HANDLERS))
# What can become of one that is being worked on.
_PASSED_ON = (_FIX, _LEAD, _DELEGATE, _REFER)
_WORKED = (*_PASSED_ON, _ask_more(_ALL), _LINK, _ASSIGN, _SEAL_UP, _REPLY, _close(_ALL))


def _back_to_work(*reasons: str) -> Move:
    return _reopen(State.in_progress, "继续办理", (*reasons, "other"), _ALL)


MOVES: dict[State, tuple[Move, ...]] = {
    State.received: (_REGISTER, _SCREEN, *_UNREAD),
    State.registered: (_SCREEN, *_UNREAD),
    State.screening: _UNREAD,
    State.assigned: (_SCREEN, *_SORTED, _OBJECT, _OFFICE_SENDS_BACK, _close(_HANDLERS)),
    State.returned: (_SCREEN, *_SORTED, _close(_HANDLERS)),
    State.accepted: (_WORK, *_WORKED),
    State.not_accepted: (_reopen(State.screening, "重新甄别", _REOPEN_REASONS, _LEADS), _ARCHIVE),
    State.no_substance: (
        _reopen(State.screening, "重新甄别", ("told_more", "genuine", "other"), _HANDLERS),
        _accept(_ALL),
        _refuse(_ALL),
        _LINK,
        _spam(),
        _close(_ALL),
    ),
    State.duplicate_linked: (
        _reopen(State.screening, "重新甄别", ("not_repeat", "new_facts", "other"), _HANDLERS),
        _close(_HANDLERS),
        _ARCHIVE,
    ),
    State.referred: (_back_to_work("sent_back"), _REPLY, _close(_HANDLERS), _ARCHIVE),
    State.delegated: (_back_to_work("came_back", "sent_back"), _REPLY, _close(_HANDLERS)),
    State.in_progress: _WORKED,
    State.immediate_fix: (_back_to_work("came_back", "sent_back"), _LEAD, _REPLY, _close(_HANDLERS)),
    State.lead_transferred: (_back_to_work("came_back", "sent_back"), _REPLY, _close(_HANDLERS)),
    State.sealed_up: (_accept(_SUPERIOR), _refuse(_SUPERIOR), _ask_more(_SUPERIOR), _SUPERIOR_SENDS_BACK,
                      _reopen(State.spam, "垃圾信息", _SPAM_REASONS, _SUPERIOR), _close(_SUPERIOR)),
    State.replied: (_back_to_work("new_facts", "objection"), _close(_ALL)),
    State.closed: (
        _reopen(State.in_progress, "重新办理", _REOPEN_REASONS, _WITH_SUPERIOR),
        Move(State.replied, "反馈", "把结果告诉反映人，异议也记下", _ALL, needs_text=True),
        _ARCHIVE,
    ),
    State.archived: (),
    State.spam: (
        _reopen(State.screening, "重新甄别", ("genuine", "other"), _HANDLERS),
        _reopen(State.accepted, "受理", ("genuine", "other"), _SUPERIOR),
        _PURGE,
    ),
    State.purged: (),
}  # fmt: skip

# Sorted below what still waits for somebody.
SETTLED = frozenset({
    State.not_accepted, State.duplicate_linked, State.referred, State.replied, State.closed, State.archived,
    State.spam, State.purged,
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Clock:
    """The time limit that runs while a report is in a state; `named`: only for those who gave their name."""

    limit: str
    what: str
    named: bool = False


_TO_DECIDE = Clock("ack_real_name", "提出去向")
_TO_CLOSE = Clock("xf_close", "办结")

# Moving between states of the same clock does not wind it again.
CLOCKS: dict[State, Clock] = {
    State.received: _TO_DECIDE,
    State.registered: _TO_DECIDE,
    State.screening: _TO_DECIDE,
    State.assigned: _TO_DECIDE,
    State.returned: _TO_DECIDE,
    State.accepted: _TO_CLOSE,
    State.in_progress: _TO_CLOSE,
    State.delegated: _TO_CLOSE,
    State.immediate_fix: Clock("immediate_fix", "整改完成"),
    State.lead_transferred: Clock("lead_feedback_to_xuncha", "收到反馈"),
    State.sealed_up: Clock("transfer_up", "上级开看"),
    State.closed: Clock("feedback_real_name", "反馈结果", named=True),
}


def clock_of(state: State, *, named: bool) -> Clock | None:
    """The clock that runs in this state, or None."""
    clock = CLOCKS.get(state)
    return None if clock is None or (clock.named and not named) else clock


def winds(start: State, to: State) -> bool:
    """Whether a move begins a new time limit: always, except from one state of a clock to another of the same."""
    before, after = CLOCKS.get(start), CLOCKS.get(to)
    return before is None or after is None or before.limit != after.limit


COARSE: dict[State, str] = {
    State.received: "received",
    State.registered: "in_review",
    State.screening: "in_review",
    State.assigned: "in_review",
    State.returned: "in_review",
    State.accepted: "in_progress",
    State.not_accepted: "closed",
    State.no_substance: "needs_info",
    State.duplicate_linked: "in_review",
    State.referred: "referred",
    State.delegated: "referred",
    State.in_progress: "in_progress",
    State.immediate_fix: "in_progress",
    State.lead_transferred: "referred",
    State.sealed_up: "in_review",
    State.replied: "closed",
    State.closed: "closed",
    State.archived: "closed",
    State.spam: "received",
    State.purged: "closed",  # nobody reads it: the receipt opens nothing any more
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


def may_wait(state: State) -> bool:
    """Whether the citizen can be asked: not where all is settled."""
    return COARSE[state] != "closed" and state is not State.spam


def moves_of(state: State, role: Role) -> tuple[Move, ...]:
    """The steps that this role may take from here."""
    return tuple(move for move in MOVES[state] if role in move.roles)


def find_move(state: State, to: str, role: Role) -> Move | None:
    """The step to `to`, or None where the table forbids it."""
    return next((move for move in moves_of(state, role) if move.to == to), None)
