"""The held lane's desk: let through, set aside as spam, or destroyed by two, one or many at once. ADR 0023."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from intake.core.access import SignedIn
from intake.core.errors import Forbidden, Invalid, MoveForbidden, NotFound, Refusal, Stale
from intake.core.world import World
from intake.people.services import bump_epoch
from intake.reports.models import Report, StaffEvent
from intake.reports.workflow import REASONS, State
from intake.routing.models import Placement
from intake.routing.queries import visible_reports
from intake.routing.services import HELD, TAMPERED, Hand, join_twin, leave_held, tampered
from intake.triage.services import acts, second, steps
from intake.triage.services.opening import find_own
from intake.triage.services.story import Names, story_line

BATCH = 100  # reports a press: some seconds, and a page that says how far it is
LET_THROUGH = "let_through"
SPAM_REASONS: dict[str, str] = {id_: REASONS[id_] for id_ in ("advertising", "gibberish", "flooding")}
ACTS: dict[str, str] = {"release": "放行", "spam": "标为垃圾信息", "purge": "清除"}
_ELSEWHERE = "已经不在待核里"
_NO_KEY = "您没有它的钥匙"


@dataclass(frozen=True, slots=True)
class Pick:
    """One report as the page showed it."""

    report_id: str
    version: int


@dataclass(frozen=True, slots=True)
class Stuck:
    """One that was left as it was, and why, in words for a page."""

    report_id: str
    register_no: str
    why: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one press did. `proposed` wait for a second person; `unseen`: no longer this reader's to know of."""

    done: int
    proposed: int
    stuck: tuple[Stuck, ...]
    unseen: int


def perform(
    world: World, signed_in: SignedIn, *, act: str, picks: Sequence[Pick], reason: str, batch: str
) -> Outcome:
    """Take the act on each of them, by itself: one that cannot be is named and stops none of the others.

    `batch` is the form's own mark: pressed twice, each counts once. Raises `Invalid` (act, reason, pick).
    """
    problems = {} if act in ACTS else {"act": "请选要办什么。"}
    if act in ("spam", "purge") and reason not in SPAM_REASONS:
        problems["reason"] = "请选一个理由。"
    if not 0 < len(picks) <= BATCH:
        problems["pick"] = "请至少选一行。" if not picks else f"一次最多 {BATCH} 件。"
    if problems:
        raise Invalid(problems)
    done, proposed, unseen = 0, 0, 0
    stuck: list[tuple[str, str]] = []
    for pick in dict.fromkeys(picks):
        try:
            taken = _take(world, signed_in, act, pick, reason, batch)
        except NotFound:
            unseen += 1
            continue
        except (Stale, MoveForbidden, Invalid, Forbidden) as refusal:
            before = _taken_before(world, signed_in, pick, batch)
            if before is None:
                stuck.append((pick.report_id, _why(refusal)))
                continue
            taken = before
        done, proposed = done + taken, proposed + (not taken)
    return Outcome(done, proposed, _named(world, signed_in, stuck), unseen)


def _take(world: World, signed_in: SignedIn, act: str, pick: Pick, reason: str, batch: str) -> bool:
    """True: taken. False: it waits for a second person."""
    if act == "release":
        let_through(world, signed_in, pick.report_id, version=pick.version, batch=batch)
        return True
    to = State.spam if act == "spam" else State.purged
    return acts.move(
        world, signed_in, pick.report_id, to=to.value, version=pick.version, reason=reason, batch=batch
    )  # fmt: skip


def _why(refusal: Refusal) -> str:
    if isinstance(refusal, Stale):
        return steps.STALE
    return _NO_KEY if isinstance(refusal, Forbidden) and not str(refusal) else str(refusal)


def _taken_before(world: World, signed_in: SignedIn, pick: Pick, batch: str) -> bool | None:
    """Whether the same press has done it already: True taken, False proposed, None neither."""
    with world.db.read() as session:
        rows = session.execute(
            select(StaffEvent.kind, StaffEvent.data)
            .where(
                StaffEvent.report_id == pick.report_id,
                StaffEvent.actor_id == signed_in.actor.person_id,
                StaffEvent.report_id.in_(visible_reports(signed_in.actor)),
            )
            .order_by(StaffEvent.seq.desc())
        )
        found = [kind for kind, data in rows if batch and data.get("batch") == batch]
    return found[0] != "proposed" if found else None


def _named(world: World, signed_in: SignedIn, stuck: Sequence[tuple[str, str]]) -> tuple[Stuck, ...]:
    why = dict(stuck)
    with world.db.read() as session:
        rows = session.execute(
            select(Report.id, Report.register_no)
            .where(Report.id.in_(why), Report.id.in_(visible_reports(signed_in.actor)))
            .order_by(Report.register_no)
        ).all()
    return tuple(Stuck(report_id, number, why[report_id]) for report_id, number in rows)


def let_through(world: World, signed_in: SignedIn, report_id: str, *, version: int, batch: str = "") -> None:
    """放行: it goes on like any other, its clock counts from the day of receipt, and what repeats it is linked.

    One that was set aside as spam is sorted again. Raises `NotFound`, `Forbidden`, `Stale`, `MoveForbidden`.
    """
    with world.db.read() as session:
        held = find_own(session, signed_in, report_id)
        if held.report.version != version:
            raise Stale(steps.STALE)
        if held.placement.lane != HELD:
            raise MoveForbidden(_ELSEWHERE)
        waiting = second.waiting_of(session, report_id)
        if waiting is not None and waiting.kind != "reveal":
            raise MoveForbidden(second.WAITS)
        if tampered(session, world.secrets.routing_key, [held.placement.cluster]):
            raise Forbidden(TAMPERED)
    if held.report.state == State.spam:
        acts.move(
            world, signed_in, report_id, to=State.screening.value, version=version, reason="genuine", batch=batch
        )  # fmt: skip
        return
    hand = Hand.of(world, signed_in.actor.person_id)

    def record(session: Session) -> None:
        bump_epoch(session)
        report = steps.locked(session, signed_in, report_id, version)
        placement = session.get_one(Placement, report_id, with_for_update=True)
        if placement.lane != HELD:
            raise Stale(steps.STALE)
        leave_held(session, hand.routing_key, placement)
        data = {"batch": batch} if batch else {}
        steps.append(session, signed_in, report, key=hand.chain_key, at=hand.at, kind=LET_THROUGH, data=data)
        join_twin(session, hand, placement)

    world.db.write(record)


@story_line(LET_THROUGH)
def _let_through(event: StaffEvent, names: Names) -> str:
    return f"{names.of(event.actor_id)}看过，放行：期限从收到那天算。"
