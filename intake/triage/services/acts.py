"""Moving, answering and noting. Each act checks authority, table and version, and appends to the history."""

from sqlalchemy import insert
from sqlalchemy.orm import Session

from intake.core.access import SignedIn
from intake.core.errors import Invalid, MoveForbidden, Stale
from intake.core.world import World
from intake.reports import content
from intake.reports.models import BoxMessage
from intake.reports.services import history
from intake.reports.workflow import State, may_wait
from intake.triage.models import Pending
from intake.triage.services import second, steps
from intake.triage.services.opening import Held, find_own, locked_for_change
from intake.triage.services.steps import Asked


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
    team_id: str = "",
    place: str = "",
    report: str = "",
    dismissed: tuple[str, ...] | None = None,
    batch: str = "",
) -> bool:
    """Take one step of the workflow table; what is told to the citizen goes into the box with it.

    Where the table wants a second person, the first call proposes, and the same step asked for by somebody else
    agrees. True: taken; False: proposed, it waits. `place` without a state corrects the place.
    Raises `NotFound`, `Forbidden`, `Stale`, `MoveForbidden` (not in the table) or `Invalid` (what is missing).
    """
    asked = steps.cleaned(Asked(to, version, reason, text, result, team_id, place, report, dismissed, batch))
    with world.db.read() as session:
        held = find_own(session, signed_in, report_id)
        waiting = second.waiting_of(session, report_id)
    if waiting is not None and waiting.kind != "reveal":
        _agree_or_wait(world, signed_in, held, waiting, asked)
        return True
    if asked.place.strip() and asked.to in ("", "place"):
        steps.correct_place(world, signed_in, held, asked)
        return True
    step = steps.checked(world, held, signed_in, asked)
    if step.needs_second(asked.result if step.needs_result else ""):
        if waiting is not None:
            raise MoveForbidden(second.WAITS)
        second.propose(world, signed_in, held, step, asked)
        return False
    with world.db.read() as session:
        prepared = steps.prepare(world, session, signed_in, held, step, asked)
    steps.perform(world, signed_in, held, prepared)
    return True


def _agree_or_wait(world: World, signed_in: SignedIn, held: Held, waiting: Pending, asked: Asked) -> None:
    """The button of the step that waits, pressed by somebody else, agrees; everything else waits for that."""
    if held.report.version != asked.version:
        raise Stale(steps.STALE)
    if asked.to != waiting.to or waiting.proposer_id == signed_in.actor.person_id:
        raise MoveForbidden(second.WAITS)
    second.agree(world, signed_in, held.report.id, version=asked.version, batch=asked.batch)


def answer(world: World, signed_in: SignedIn, report_id: str, *, text: str, version: int, ask: bool = False) -> None:
    """Write to the citizen; `ask` sets the flag that waits for them and pauses the clock."""
    words = _words(world, text)
    with world.db.read() as session:
        held = find_own(session, signed_in, report_id)
        if held.report.version != version:
            raise Stale(steps.STALE)
        if ask and not may_wait(State(held.report.state)):
            raise Invalid({"ask": "已经办结，不再请群众补充；可以只写答复。"})
        message = steps.seal_message(world, session, signed_in, held, words, asks=ask)
    now, key = world.clock.now(), world.secrets.chain_key

    def record(session: Session) -> None:
        report = steps.locked(session, signed_in, report_id, version)
        session.execute(insert(BoxMessage), [message])
        data = {"message": message["seq"]}
        if ask:
            data["pauses"] = not report.awaiting_citizen
        report.awaiting_citizen = report.awaiting_citizen or ask
        report.assignee_id = report.assignee_id or signed_in.actor.person_id
        steps.append(session, signed_in, report, key=key, at=now, kind="ask" if ask else "answer", data=data)

    world.db.write(record)


def add_note(world: World, signed_in: SignedIn, report_id: str, *, text: str) -> None:
    """A note among those who can open the report; the citizen's receipt never opens it."""
    words = _words(world, text)
    with world.db.read() as session:
        held = find_own(session, signed_in, report_id)
        note = steps.seal_note(world, session, signed_in, held, words)
    chain_key = world.secrets.chain_key

    def record(session: Session) -> None:
        report = locked_for_change(session, signed_in, report_id)
        steps.add_note_row(session, note)
        history.append_staff(
            session, chain_key, report, at=note["at"], actor_id=signed_in.actor.person_id, kind="note",
            data={"note": note["seq"]},
        )  # fmt: skip

    world.db.write(record)


def _words(world: World, text: str) -> str:
    words = content.clean(text)
    problems = steps.too_long(world, words) if words else {"text": "请写几个字。"}
    if problems:
        raise Invalid(problems)
    return words
