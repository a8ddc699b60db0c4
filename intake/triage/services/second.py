"""What one person alone must not do: proposed by one, agreed to or declined by another, both on record."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from intake.core import vault
from intake.core.access import Permission, Role, SignedIn
from intake.core.errors import Forbidden, Invalid, MoveForbidden, NotFound, Stale
from intake.core.world import World
from intake.people.models import Person
from intake.reports import content
from intake.reports.workflow import Move, State, find_move
from intake.triage.models import Pending, Reveal
from intake.triage.services import steps
from intake.triage.services.opening import Held, find_own
from intake.triage.services.steps import Asked, Prepared

REVEAL_GROUNDS: dict[str, str] = {
    "verify": "核实情况要联系本人",
    "feedback": "向署名的反映人反馈结果",
    "safety": "反映人可能有危险",
    "other": "其他（请写清）",
}
REVEAL_LASTS = timedelta(days=1)
WAITS = "已经提出，等第二个人同意。"

_KINDS = {"purge": "purge", "send_back": "return"}


def waiting_of(session: Session, report_id: str) -> Pending | None:
    """What waits for a second person, of a report that was found through the row filter."""
    return session.get(Pending, report_id)


def words_of(held: Held, signed_in: SignedIn, waiting: Pending) -> str:
    """What the proposer wrote with it."""
    if waiting.text is None:
        return ""
    key = held.key(signed_in.keys.reading)
    return vault.decrypt(key, waiting.text, _place(waiting.report_id)).decode("utf-8", "surrogatepass")


def _place(report_id: str) -> vault.Bound:
    return ("pending", report_id, "text")


def propose(world: World, signed_in: SignedIn, held: Held, step: Move, asked: Asked) -> None:
    """Write down a step that waits for a second person; until then no other step is taken."""
    row = _row(world, signed_in, held, _KINDS.get(step.act, "move"), asked)
    row.to = step.to.value
    _record_proposal(world, signed_in, row, batch=asked.batch)


def ask_reveal(world: World, signed_in: SignedIn, report_id: str, *, ground: str, text: str, version: int) -> None:
    """A leader asks to open the contact. Raises `Forbidden`, `Invalid` (reason, text), `Stale`, `MoveForbidden`."""
    words = content.clean(text)
    with world.db.read() as session:
        held = find_own(session, signed_in, report_id)
        waiting = waiting_of(session, report_id)
    if not may_open_contact(held, signed_in):
        raise Forbidden("联系方式由组长开启。")
    if held.report.version != version:
        raise Stale(steps.STALE)
    if waiting is not None:
        raise MoveForbidden(WAITS)
    problems = {} if ground in REVEAL_GROUNDS else {"reason": "请选一个理由。"}
    if ground == "other" and not words:
        problems["text"] = steps.OTHER
    problems |= steps.too_long(world, words)
    if problems:
        raise Invalid(problems)
    asked = Asked(to="", version=version, reason=ground, text=words)
    _record_proposal(world, signed_in, _row(world, signed_in, held, "reveal", asked))


def may_open_contact(held: Held, signed_in: SignedIn) -> bool:
    return held.theirs and "identity" in held.grants and signed_in.actor.may(Permission.contact_reveal)


def _row(world: World, signed_in: SignedIn, held: Held, kind: str, asked: Asked) -> Pending:
    report_id, key = held.report.id, held.key(signed_in.keys.reading)
    text = asked.text.encode("utf-8", "surrogatepass")
    return Pending(
        report_id=report_id,
        kind=kind,
        reason=asked.reason or None,
        result=asked.result or None,
        team_id=asked.team_id or None,
        text=vault.encrypt(key, text, _place(report_id)) if text else None,
        dismissed=list(asked.dismissed) if asked.dismissed is not None else None,
        proposer_id=signed_in.actor.person_id,
        at=world.clock.now(),
        version=asked.version,
    )


def _record_proposal(world: World, signed_in: SignedIn, row: Pending, *, batch: str = "") -> None:
    values = {column.name: getattr(row, column.name) for column in Pending.__table__.columns}
    data = {"kind": row.kind, "to": row.to, "reason": row.reason, "result": row.result}
    if batch:
        data["batch"] = batch
    key = world.secrets.chain_key

    def record(session: Session) -> None:
        report = steps.locked(session, signed_in, values["report_id"], values["version"])
        if session.get(Pending, report.id) is not None:
            raise Stale(steps.STALE)
        session.add(Pending(**values))
        report.assignee_id = report.assignee_id or signed_in.actor.person_id
        steps.append(session, signed_in, report, key=key, at=values["at"], kind="proposed", data=data)

    world.db.write(record)


def agree(world: World, signed_in: SignedIn, report_id: str, *, version: int, batch: str = "") -> None:
    """Be the second person: the step is taken, or the contact may be opened for a day, with both names.

    Raises `NotFound` (nothing waits), `Forbidden` (one's own), `Stale`, `MoveForbidden` (it no longer can be).
    """
    with world.db.read() as session:
        held = find_own(session, signed_in, report_id)
        waiting = _checked(held, signed_in, waiting_of(session, report_id), version)
        if waiting.proposer_id == signed_in.actor.person_id:
            raise Forbidden("自己提出的，要另一位能打开这一件的同事同意。")
        moves = waiting.kind != "reveal"
        prepared = _agreed(world, session, signed_in, held, waiting, version, batch) if moves else None
    if prepared is None:
        _record_reveal(world, signed_in, waiting, version)
    else:
        steps.perform(world, signed_in, held, prepared)


def _checked(held: Held, signed_in: SignedIn, waiting: Pending | None, version: int) -> Pending:
    if waiting is None:
        raise NotFound
    if held.report.version != version:
        raise Stale(steps.STALE)
    held.key(signed_in.keys.reading)  # whoever decides about it can read it
    return waiting


def _agreed(
    world: World, session: Session, signed_in: SignedIn, held: Held, waiting: Pending, version: int, batch: str
) -> Prepared:
    proposer = session.get_one(Person, waiting.proposer_id)
    step = find_move(State(held.report.state), waiting.to or "", Role(proposer.role))
    if step is None or not steps.can_perform(step.act):
        raise MoveForbidden(steps.forbidden(held.report.state, waiting.to or ""))
    asked = Asked(
        to=waiting.to or "",
        version=version,
        reason=waiting.reason or "",
        result=waiting.result or "",
        team_id=waiting.team_id or "",
        text=words_of(held, signed_in, waiting),
        dismissed=tuple(waiting.dismissed) if waiting.dismissed is not None else None,
        batch=batch,
    )
    prepared = steps.prepare(world, session, signed_in, held, step, asked)
    return replace(
        prepared,
        proposer_id=waiting.proposer_id,
        proposed_at=waiting.at,
        data={**prepared.data, "proposed_by": waiting.proposer_id},
    )


def _record_reveal(world: World, signed_in: SignedIn, seen: Pending, version: int) -> None:
    now, key, at = world.clock.now(), world.secrets.chain_key, seen.at
    report_id, leader = seen.report_id, seen.proposer_id

    def record(session: Session) -> None:
        report = steps.locked(session, signed_in, report_id, version)
        waiting = session.get(Pending, report_id, with_for_update=True)
        if waiting is None or waiting.at != at:
            raise Stale(steps.STALE)
        steps.must_be_two(session, waiting, signed_in)
        session.delete(waiting)
        until = now + REVEAL_LASTS
        session.merge(Reveal(report_id=report_id, person_id=leader, agreed_by=signed_in.actor.person_id, until=until))
        data = {"kind": "reveal", "proposed_by": leader}
        steps.append(session, signed_in, report, key=key, at=now, kind="agreed", data=data)

    world.db.write(record)


def decline(world: World, signed_in: SignedIn, report_id: str, *, text: str, version: int) -> None:
    """Say no, and why; the words are a note among colleagues. Raises as `agree`, and `Invalid` (text)."""
    words = content.clean(text)
    problems = steps.too_long(world, words) if words else {"text": "不同意的，请写明为什么。"}
    if problems:
        raise Invalid(problems)
    with world.db.read() as session:
        held = find_own(session, signed_in, report_id)
        waiting = _checked(held, signed_in, waiting_of(session, report_id), version)
        note = steps.seal_note(world, session, signed_in, held, words)
    if waiting.proposer_id == signed_in.actor.person_id:
        raise Forbidden("自己提出的，可以撤回。")

    _drop(world, signed_in, waiting, version, kind="declined", note=note)


def withdraw(world: World, signed_in: SignedIn, report_id: str, *, version: int) -> None:
    """Take back what one proposed oneself."""
    with world.db.read() as session:
        held = find_own(session, signed_in, report_id)
        waiting = _checked(held, signed_in, waiting_of(session, report_id), version)
    if waiting.proposer_id != signed_in.actor.person_id:
        raise Forbidden("不是您提出的，可以选“不同意”。")
    _drop(world, signed_in, waiting, version, kind="taken_back")


def _drop(
    world: World,
    signed_in: SignedIn,
    seen: Pending,
    version: int,
    *,
    kind: str,
    note: dict[str, Any] | None = None,
) -> None:
    now, key, at, report_id = world.clock.now(), world.secrets.chain_key, seen.at, seen.report_id
    data = {"kind": seen.kind, "to": seen.to, "proposed_by": seen.proposer_id}

    def record(session: Session) -> None:
        report = steps.locked(session, signed_in, report_id, version)
        waiting = session.get(Pending, report_id, with_for_update=True)
        if waiting is None or waiting.at != at:
            raise Stale(steps.STALE)
        session.delete(waiting)
        if note is not None:
            steps.add_note_row(session, note)
        steps.append(session, signed_in, report, key=key, at=now, kind=kind, data=data)

    world.db.write(record)
