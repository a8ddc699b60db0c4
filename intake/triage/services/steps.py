"""One step of the workflow table: checked, prepared with everything sealed, recorded. Rows with an `act` of their
own are done by whoever registered for it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from intake.core import vault
from intake.core.access import SignedIn
from intake.core.errors import Forbidden, Invalid, MoveForbidden, Stale
from intake.core.world import World
from intake.reports import content
from intake.reports.models import BoxMessage, Note, Report
from intake.reports.services import history
from intake.reports.workflow import NOT_ACCEPTED_REASONS, RESULTS, STATE_NAMES, Move, State, find_move, may_wait, winds
from intake.routing.models import Grant, Placement
from intake.routing.services import HELD, leave_held
from intake.triage.models import Pending
from intake.triage.services.opening import Held, locked_for_change

STALE = "这一件刚刚有了变化，请看过最新的情况再办。"
OTHER = "选了“其他”，请在说明里写清。"


@dataclass(frozen=True, slots=True)
class Asked:
    """What the form of a move says, as it was sent; `version` is the one the page was drawn from."""

    to: str
    version: int
    reason: str = ""
    text: str = ""
    result: str = ""
    team_id: str = ""
    place: str = ""
    report: str = ""  # the other one: a register number or an id
    dismissed: tuple[str, ...] | None = None  # of a return: mentions (kind:target) caught wrongly; None: the usual
    batch: str = ""  # of an act on many at once: known again when the button was pressed twice


@dataclass(frozen=True, slots=True)
class Prepared:
    """A step with everything sealed. `record` is rows only, and may run twice."""

    asked: Asked
    step: Move
    signed_in: SignedIn
    report_id: str
    at: datetime
    day: date
    chain_key: bytes
    routing_key: bytes
    data: dict[str, Any]
    message: dict[str, Any] | None = None
    note: dict[str, Any] | None = None
    proposer_id: str | None = None  # of a step to which `signed_in` agreed
    proposed_at: datetime | None = None

    def record(self, session: Session) -> Report:
        """Inside `db.write`, before any row of the act's own: authority and version, state, words, history."""
        report = locked(session, self.signed_in, self.report_id, self.asked.version)
        self._take_agreed(session)
        start, me = State(report.state), self.signed_in.actor.person_id
        if self.message is not None:
            session.execute(insert(BoxMessage), [self.message])
        if self.note is not None:
            add_note_row(session, self.note)
        report.state = self.step.to.value
        report.result = self.asked.result or report.result
        report.assignee_id = report.assignee_id or me
        left_held = self._leave_held(session)
        if winds(start, self.step.to):
            # What was held, and is decided about like what just came in, counts from the day of receipt.
            report.since = report.day if left_held and not winds(State.received, self.step.to) else self.day
        if not may_wait(self.step.to):
            report.awaiting_citizen = False
        history.append_staff(
            session, self.chain_key, report, at=self.at, actor_id=me, kind="move", data=self.data
        )  # fmt: skip
        report.version += 1
        return report

    def _leave_held(self, session: Session) -> bool:
        """Whatever is decided about a held report but that it is spam lets it out: somebody looked."""
        placement = session.get_one(Placement, self.report_id, with_for_update=True)
        if placement.lane != HELD or self.step.to in (State.spam, State.purged):
            return False
        if self.step.act not in _MOVES_KEYS:  # these place it anew themselves, under the mark that they prepared with
            leave_held(session, self.routing_key, placement)
        return True

    def _take_agreed(self, session: Session) -> None:
        """What waits for a second person goes with the step it was about; two are two at this moment too."""
        waiting = session.get(Pending, self.report_id, with_for_update=True)
        if self.proposer_id is None:
            if waiting is not None and waiting.kind != "reveal":
                raise Stale(STALE)
            return
        if waiting is None or waiting.at != self.proposed_at or waiting.proposer_id != self.proposer_id:
            raise Stale(STALE)
        must_be_two(session, waiting, self.signed_in)
        session.delete(waiting)


_MOVES_KEYS = ("transfer", "seal_up", "send_back")
Perform = Callable[[World, SignedIn, Held, Prepared], None]
Correct = Callable[[World, SignedIn, Held, Asked], None]

_PERFORMERS: dict[str, Perform] = {}
_CORRECTIONS: list[Correct] = []


def performs(act: str) -> Callable[[Perform], Perform]:
    """Register what a row of the table with this `act` does: one `db.write`, `prepared.record(session)` first."""

    def add(function: Perform) -> Perform:
        _PERFORMERS[act] = function
        return function

    return add


def corrects_place(function: Correct) -> Correct:
    """Register who corrects the place of a report: no move, but sent by the same form."""
    _CORRECTIONS[:] = [function]
    return function


def can_perform(act: str) -> bool:
    return not act or act in _PERFORMERS


def correct_place(world: World, signed_in: SignedIn, held: Held, asked: Asked) -> None:
    if not _CORRECTIONS:
        raise MoveForbidden("地点不能在这里改。")
    _CORRECTIONS[0](world, signed_in, held, asked)


def perform(world: World, signed_in: SignedIn, held: Held, prepared: Prepared) -> None:
    """Record the step, with what else happens at it."""
    act = prepared.step.act
    if act:
        _PERFORMERS[act](world, signed_in, held, prepared)
        return

    def record(session: Session) -> None:
        prepared.record(session)

    world.db.write(record)


def must_be_two(session: Session, waiting: Pending, signed_in: SignedIn) -> None:
    """Inside `db.write`: whoever agrees is somebody else, and whoever proposed still has the report in hand."""
    if waiting.proposer_id == signed_in.actor.person_id:
        raise Forbidden("自己提出的，要另一位能打开这一件的同事同意。")
    if session.get(Grant, (waiting.report_id, "report", waiting.proposer_id)) is None:
        raise MoveForbidden("提出的人已经不经手这一件，请选“不同意”。")


def checked(world: World, held: Held, signed_in: SignedIn, asked: Asked) -> Move:
    """The row of the table, with all it needs. Raises `Stale`, `MoveForbidden` or `Invalid`."""
    if held.report.version != asked.version:
        raise Stale(STALE)
    held.must_be_read(signed_in.keys.reading)
    step = find_move(State(held.report.state), asked.to, signed_in.actor.role)
    if step is None or not can_perform(step.act):
        raise MoveForbidden(forbidden(held.report.state, asked.to))
    check_needs(world, step, asked)
    return step


def forbidden(state: str, to: str) -> str:
    name = STATE_NAMES[State(to)] if to in set(State) else "这个状态"
    return f"现在是“{STATE_NAMES[State(state)]}”，不能改成“{name}”。"


def check_needs(world: World, step: Move, asked: Asked) -> None:
    problems = {}
    if step.needs_reason and asked.reason not in step.reasons:
        problems["reason"] = "请选一个理由。"
    if step.needs_result and asked.result not in step.results:
        problems["result"] = "请选一个结果。"
    if step.needs_team and not asked.team_id:
        problems["team_id"] = "请选一个组。"
    if step.needs_report and not asked.report:
        problems["report"] = "请写原来那一件的登记号。"
    if step.needs_text and not asked.text:
        problems["text"] = "请写几句给群众的话。"
    if step.needs_reason and asked.reason == "other" and not asked.text:
        problems["text"] = OTHER
    problems |= too_long(world, asked.text)
    if problems:
        raise Invalid(problems)


def too_long(world: World, text: str) -> dict[str, str]:
    longest = world.settings.body_max
    return {"text": f"最多 {longest} 个字，现在有 {len(text)} 个。"} if len(text) > longest else {}


def cleaned(asked: Asked) -> Asked:
    """Words as they are kept; ids that the row does not ask for are dropped with them."""
    return replace(asked, text=content.clean(asked.text), team_id=asked.team_id.strip(), report=asked.report.strip())


def prepare(world: World, session: Session, signed_in: SignedIn, held: Held, step: Move, asked: Asked) -> Prepared:
    """Seal what is told and what is noted. Outside the transaction."""
    report = held.report
    told = told_words(step, asked)
    boxed = bool(told) and step.tells and report.box_for_staff is not None
    noted = "" if boxed else (asked.text or (told if step.tells else ""))
    message = seal_message(world, session, signed_in, held, told, asks=step.asks) if boxed else None
    note = seal_note(world, session, signed_in, held, noted) if noted else None
    data = {
        "from": report.state,
        "to": step.to.value,
        "reason": (asked.reason if step.needs_reason else "") or None,
        "result": (asked.result if step.needs_result else "") or None,
    }
    if asked.batch:
        data["batch"] = asked.batch
    kept = replace(asked, result=asked.result if step.needs_result else "")
    return Prepared(
        kept, step, signed_in, report.id, world.clock.now(), world.today(), world.secrets.chain_key,
        world.secrets.routing_key, data, message, note,
    )  # fmt: skip


def told_words(step: Move, asked: Asked) -> str:
    """What the citizen reads of a move. Never a word of what they wrote."""
    if not step.tells:
        return ""
    parts = []
    if step.to is State.not_accepted and asked.reason != "other":
        parts.append(f"没有受理：{NOT_ACCEPTED_REASONS[asked.reason]}。")
    if step.needs_result:
        parts.append(f"办理结果：{RESULTS[asked.result]}。")
    if asked.text:
        parts.append(asked.text)
    return "\n".join(parts)


def seal_message(
    world: World, session: Session, signed_in: SignedIn, held: Held, text: str, *, asks: bool
) -> dict[str, Any]:
    """A row of the citizen's box, under its key."""
    report_id = held.report.id
    seq = (session.scalar(select(func.count()).where(BoxMessage.report_id == report_id)) or 0) + 1
    plain, place = text.encode("utf-8", "surrogatepass"), ("box_message", f"{report_id}/{seq}", "text")
    return {
        "report_id": report_id,
        "seq": seq,
        "day": world.today(),
        "author_id": signed_in.actor.person_id,
        "asks": asks,
        "text": vault.encrypt(held.box_key(signed_in.keys.reading), plain, place),
    }


def seal_note(world: World, session: Session, signed_in: SignedIn, held: Held, text: str) -> dict[str, Any]:
    """A row among colleagues, under the report's key."""
    report_id = held.report.id
    seq = _next_note(session, report_id)
    plain, place = text.encode("utf-8", "surrogatepass"), ("note", f"{report_id}/{seq}", "text")
    return {
        "report_id": report_id,
        "seq": seq,
        "at": world.clock.now(),
        "author_id": signed_in.actor.person_id,
        "text": vault.encrypt(held.key(signed_in.keys.reading), plain, place),
    }


def add_note_row(session: Session, note: Mapping[str, Any]) -> None:
    """Inside `db.write`. Raises `Stale` where somebody wrote a note since: its place is bound into the seal."""
    if _next_note(session, note["report_id"]) != note["seq"]:
        raise Stale(STALE)
    session.execute(insert(Note), [dict(note)])


def _next_note(session: Session, report_id: str) -> int:
    return (session.scalar(select(func.count()).where(Note.report_id == report_id)) or 0) + 1


def locked(session: Session, signed_in: SignedIn, report_id: str, version: int) -> Report:
    """Inside `db.write`: the row, locked, as the page showed it."""
    report = locked_for_change(session, signed_in, report_id)
    if report.version != version:
        raise Stale(STALE)
    return report


def append(
    session: Session, signed_in: SignedIn, report: Report, *, key: bytes, at: datetime, kind: str, data: dict[str, Any]
) -> None:
    """One line of the history, and a new version."""
    history.append_staff(session, key, report, at=at, actor_id=signed_in.actor.person_id, kind=kind, data=data)
    report.version += 1
