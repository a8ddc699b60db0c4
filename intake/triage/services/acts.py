"""Moving, answering and noting. Each act checks authority, table and version, and appends to the history."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from intake.core import vault
from intake.core.access import SignedIn
from intake.core.errors import Invalid, MoveForbidden, Stale
from intake.core.world import World
from intake.reports import content
from intake.reports.models import BoxMessage, Note, Report
from intake.reports.services import history
from intake.reports.workflow import NOT_ACCEPTED_REASONS, RESULTS, STATE_NAMES, Move, State, find_move
from intake.triage.services.opening import Held, find_own, locked_for_change

_STALE = "这一件刚刚有了变化，请看过最新的情况再办。"


def move(
    world: World,
    signed_in: SignedIn,
    report_id: str,
    *,
    to: str,
    version: int,
    reason: str = "",
    text: str = "",
    result: str = "",
) -> None:
    """Take one step of the workflow table. What is told to the citizen goes into the box with it.

    Raises `NotFound`, `Forbidden`, `Stale`, `MoveForbidden` (not in the table) or `Invalid` (reason, result).
    """
    words = content.clean(text)
    with world.db.read() as session:
        held = find_own(session, signed_in, report_id)
        seq = _next_message(session, report_id)
    step = _checked(world, signed_in, held, to=to, version=version, reason=reason, result=result, text=words)
    told = _told(step, reason=reason, result=result, text=words)
    box_key = held.box_key(signed_in.keys.reading)
    message = _message(world, signed_in, box_key, report_id, seq, told, asks=False) if told else None
    now, chain_key = world.clock.now(), world.secrets.chain_key
    data = {
        "from": held.report.state,
        "to": step.to.value,
        "reason": reason or None,
        "result": result or None,
    }

    def record(session: Session) -> None:
        report = _locked(session, signed_in, report_id, version)
        if message is not None:
            session.execute(insert(BoxMessage), [message])
        report.state = step.to.value
        report.result = result or report.result
        report.assignee_id = report.assignee_id or signed_in.actor.person_id
        if not find_open(step.to):
            report.awaiting_citizen = False
        _append(session, chain_key, signed_in, report, at=now, kind="move", data=data)

    world.db.write(record)


def find_open(state: State) -> bool:
    """Whether a report in this state still waits for anything."""
    return state not in (State.closed, State.not_accepted)


def _checked(
    world: World,
    signed_in: SignedIn,
    held: Held,
    *,
    to: str,
    version: int,
    reason: str,
    result: str,
    text: str,
) -> Move:
    if held.report.version != version:
        raise Stale(_STALE)
    step = find_move(State(held.report.state), to, signed_in.actor.role)
    if step is None:
        name = STATE_NAMES.get(State(to)) if to in set(State) else None
        raise MoveForbidden(
            f"现在是“{STATE_NAMES[State(held.report.state)]}”，不能改成“{name or '这个状态'}”。"
        )
    problems = {}
    if step.needs_reason and reason not in step.reasons:
        problems["reason"] = "请选一个理由。"
    if step.needs_result and result not in step.results:
        problems["result"] = "请选一个结果。"
    if reason == "other" and step.needs_reason and not text:
        problems["text"] = "选了“其他”，请在说明里写清。"
    if len(text) > world.settings.body_max:
        problems["text"] = f"最多 {world.settings.body_max} 个字，现在有 {len(text)} 个。"
    if problems:
        raise Invalid(problems)
    return step


def _told(step: Move, *, reason: str, result: str, text: str) -> str:
    """What the citizen reads of a move. Never a word of what they wrote."""
    parts = []
    if step.needs_reason and reason != "other":
        parts.append(f"没有受理：{NOT_ACCEPTED_REASONS[reason]}。")
    if step.needs_result:
        parts.append(f"办理结果：{RESULTS[result]}。")
    if text:
        parts.append(text)
    return "\n".join(parts)


def answer(
    world: World, signed_in: SignedIn, report_id: str, *, text: str, version: int, ask: bool = False
) -> None:
    """Write to the citizen; `ask` sets the flag that waits for them."""
    words = content.clean(text)
    if not words:
        raise Invalid({"text": "请写几个字。"})
    if len(words) > world.settings.body_max:
        raise Invalid({"text": f"最多 {world.settings.body_max} 个字，现在有 {len(words)} 个。"})
    with world.db.read() as session:
        held = find_own(session, signed_in, report_id)
        seq = _next_message(session, report_id)
    if held.report.version != version:
        raise Stale(_STALE)
    if ask and not find_open(State(held.report.state)):
        raise Invalid({"ask": "已经办结，不再请群众补充；可以只写答复。"})
    message = _message(
        world, signed_in, held.box_key(signed_in.keys.reading), report_id, seq, words, asks=ask
    )
    now, chain_key = world.clock.now(), world.secrets.chain_key

    def record(session: Session) -> None:
        report = _locked(session, signed_in, report_id, version)
        session.execute(insert(BoxMessage), [message])
        report.awaiting_citizen = report.awaiting_citizen or ask
        report.assignee_id = report.assignee_id or signed_in.actor.person_id
        _append(
            session, chain_key, signed_in, report, at=now, kind="ask" if ask else "answer", data={"message": seq}
        )

    world.db.write(record)


def add_note(world: World, signed_in: SignedIn, report_id: str, *, text: str) -> None:
    """A note among those who can open the report; the citizen's receipt never opens it."""
    words = content.clean(text)
    if not words:
        raise Invalid({"text": "请写几个字。"})
    if len(words) > world.settings.body_max:
        raise Invalid({"text": f"最多 {world.settings.body_max} 个字，现在有 {len(words)} 个。"})
    now, chain_key = world.clock.now(), world.secrets.chain_key
    with world.db.read() as session:
        held = find_own(session, signed_in, report_id)
        seq = (session.scalar(select(func.count()).where(Note.report_id == report_id)) or 0) + 1
    key = held.key(signed_in.keys.reading)
    sealed = vault.encrypt(
        key, words.encode("utf-8", "surrogatepass"), ("note", f"{report_id}/{seq}", "text")
    )

    def record(session: Session) -> None:
        report = locked_for_change(session, signed_in, report_id)
        if (session.scalar(select(func.count()).where(Note.report_id == report_id)) or 0) + 1 != seq:
            raise Stale(_STALE)
        session.add(
            Note(report_id=report_id, seq=seq, at=now, author_id=signed_in.actor.person_id, text=sealed)
        )
        history.append_staff(
            session, chain_key, report, at=now, actor_id=signed_in.actor.person_id, kind="note",
            data={"note": seq},
        )  # fmt: skip

    world.db.write(record)


def _next_message(session: Session, report_id: str) -> int:
    return (session.scalar(select(func.count()).where(BoxMessage.report_id == report_id)) or 0) + 1


def _message(
    world: World, signed_in: SignedIn, box_key: bytes, report_id: str, seq: int, text: str, *, asks: bool
) -> dict[str, Any]:
    day: date = world.today()
    plain = text.encode("utf-8", "surrogatepass")
    return {
        "report_id": report_id,
        "seq": seq,
        "day": day,
        "author_id": signed_in.actor.person_id,
        "asks": asks,
        "text": vault.encrypt(box_key, plain, ("box_message", f"{report_id}/{seq}", "text")),
    }


def _locked(session: Session, signed_in: SignedIn, report_id: str, version: int) -> Report:
    report = locked_for_change(session, signed_in, report_id)
    if report.version != version:
        raise Stale(_STALE)
    return report


def _append(
    session: Session,
    chain_key: bytes,
    signed_in: SignedIn,
    report: Report,
    *,
    at: datetime,
    kind: str,
    data: Mapping[str, Any],
) -> None:
    history.append_staff(
        session,
        chain_key,
        report,
        at=at,
        actor_id=signed_in.actor.person_id,
        kind=kind,
        data=data,
    )
    report.version += 1
