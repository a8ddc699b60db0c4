"""What belongs together: a repeat and its original, or two reports of the same matter.

Linking never gives anybody anything: whoever must not handle one of them is out of all, from the same write on.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from intake.core.access import Role, SignedIn
from intake.core.errors import Forbidden, Invalid, MoveForbidden, NotFound, Stale
from intake.core.world import World
from intake.people.models import Person
from intake.people.services import bump_epoch
from intake.reports.models import Report, StaffEvent
from intake.reports.services import history
from intake.reports.workflow import STATE_NAMES, State
from intake.routing.models import Link, Placement
from intake.routing.queries import visible_reports
from intake.routing.services import TAMPERED, Hand, recluster, settle, stamp, tampered
from intake.triage.services import steps
from intake.triage.services.opening import Held, find, find_own
from intake.triage.services.steps import Prepared, performs
from intake.triage.services.story import Names, story_line

REPEAT, SPLIT = "repeat", "split"
UNLINK_REASONS: dict[str, str] = {
    "other_matter": "看过原文，不是同一件事",
    "wrong_number": "登记号写错了",
}
UNLINKING = frozenset({Role.team_leader, Role.office, Role.superior})
_UNKNOWN = "没有这个登记号，或者它不在您看得到的里面。请照队列里的登记号再写一次。"
_LOOKALIKES = str.maketrans({"O": "0", "I": "1", "L": "1"})


@dataclass(frozen=True, slots=True)
class Linked:
    """Another report of the same matter, which this reader may see. `how`: repeat, item, origin or joined.

    `joined`: linked through others only. `by` is empty where it was linked at filing, word for word.
    """

    report_id: str
    register_no: str
    state: str
    state_name: str
    day: date
    how: str
    by: str
    linked_on: date | None
    can_unlink: bool


def linked_of(session: Session, signed_in: SignedIn, held: Held) -> tuple[Linked, ...]:
    """What hangs together with it and may be seen by this reader; of the rest there is no trace, not even a count."""
    me, placement = held.report.id, held.placement
    rows = session.execute(
        select(Report, Placement.report_id)
        .join(Placement, Placement.report_id == Report.id)
        .where(
            Placement.cluster == placement.cluster,
            Placement.report_id != me,
            Placement.report_id.in_(visible_reports(signed_in.actor)),
        )
        .order_by(Report.day, Report.day_order)
    ).all()
    direct = {_other(link, me): link for link in _links_of(session, me)}
    names = dict(session.execute(select(Person.id, Person.name)).all()) if rows else {}
    may = held.theirs and signed_in.actor.role in UNLINKING
    return tuple(_linked(report, direct.get(report.id), me, names, may=may) for report, _ in rows)


def _linked(report: Report, link: Link | None, me: str, names: dict[str, str], *, may: bool) -> Linked:
    how = "joined"
    if link is not None and link.kind == SPLIT:
        how = "item" if link.other_id == me else "origin"
    elif link is not None:
        how = REPEAT
    by = names.get(link.made_by or "", "") if link is not None else ""
    linked_on = link.day if link is not None else None
    return Linked(
        report.id, report.register_no, report.state, STATE_NAMES[State(report.state)], report.day, how, by, linked_on,
        can_unlink=may and how == REPEAT,
    )  # fmt: skip


def _links_of(session: Session, report_id: str) -> Iterable[Link]:
    return session.scalars(select(Link).where(or_(Link.report_id == report_id, Link.other_id == report_id)))


def _other(link: Link, me: str) -> str:
    return link.other_id if link.report_id == me else link.report_id


def normal_number(text: str) -> str:
    """A register number as it is kept, however it was typed: 「7qm 4kd」 is 7QM-4KD."""
    letters = "".join(c for c in text.upper() if c.isascii() and c.isalnum()).translate(_LOOKALIKES)
    return f"{letters[:3]}-{letters[3:]}"


def find_other(session: Session, signed_in: SignedIn, report_id: str, text: str) -> Held:
    """The report meant by a register number or an id. Raises `Invalid` (report) alike for what is not there, what
    may not be seen and what is the report itself."""
    wanted = text.strip()
    found = session.scalars(
        select(Report.id).where(
            or_(Report.register_no == normal_number(wanted), Report.id == wanted),
            Report.id.in_(visible_reports(signed_in.actor)),
        )
    ).first()
    if found is None:
        raise Invalid({"report": _UNKNOWN})
    if found == report_id:
        raise Invalid({"report": "这就是这一件自己的登记号。"})
    return find(session, signed_in, found)


@performs("link")
def link_repeat(world: World, signed_in: SignedIn, held: Held, prepared: Prepared) -> None:
    """The step to `duplicate_linked`: the original stays where it is, this one is kept beside it."""
    with world.db.read() as session:
        other = find_other(session, signed_in, held.report.id, prepared.asked.report)
        _must_be_sound(world, session, held, other)
        _must_be_original(other.report)
    hand = Hand.of(world, signed_in.actor.person_id)

    def record(session: Session) -> None:
        bump_epoch(session)
        report = prepared.record(session)
        _join(session, hand, signed_in, report, other.report.id, original=True)

    world.db.write(record)


def link(world: World, signed_in: SignedIn, report_id: str, *, report: str, version: int) -> None:
    """Say that two belong together; neither changes its state.

    Raises `NotFound`, `Forbidden`, `Stale`, `Invalid` (report).
    """
    with world.db.read() as session:
        held = find_own(session, signed_in, report_id)
        held.must_be_read(signed_in.keys.reading)
        if held.report.version != version:
            raise Stale(steps.STALE)
        other = find_other(session, signed_in, report_id, report)
        _must_be_sound(world, session, held, other)
        if _link_between(session, report_id, other.report.id) is not None:
            raise Invalid({"report": "这两件已经并在一起了。"})
    hand = Hand.of(world, signed_in.actor.person_id)

    def record(session: Session) -> None:
        bump_epoch(session)
        own = steps.locked(session, signed_in, report_id, version)
        own.version += 1
        _join(session, hand, signed_in, own, other.report.id, original=False)

    world.db.write(record)


def _must_be_sound(world: World, session: Session, *both: Held) -> None:
    """Rows that somebody moved behind our back are not given a new mark."""
    if tampered(session, world.secrets.routing_key, {held.placement.cluster for held in both}):
        raise Forbidden(TAMPERED)


def _must_be_original(other: Report) -> None:
    if other.state == State.duplicate_linked:
        raise Invalid({"report": "那一件自己也是重复件，请写最早的那一件。"})
    if other.state == State.purged:
        raise Invalid({"report": "那一件已经清除，不能再作原件。"})


def _join(session: Session, hand: Hand, signed_in: SignedIn, report: Report, other_id: str, *, original: bool) -> None:
    """Inside the write, with this report's row locked and the epoch moved."""
    other = session.get(Report, other_id, with_for_update=True)
    if other is None:
        raise NotFound
    find(session, signed_in, other_id)
    if original:
        _must_be_original(other)
    if _link_between(session, report.id, other_id) is None:
        session.add(Link(report_id=report.id, other_id=other_id, kind=REPEAT, day=hand.day, made_by=hand.actor_id))
    _tell(session, hand, "linked", report, other, {})
    _put_right(session, hand, [report.id, other_id])


def _put_right(session: Session, hand: Hand, ends: list[str]) -> None:
    """The marks of both ends cover the link: made anew first, or all that hangs on them would look forged."""
    stamp(session, hand.routing_key, ends)
    recluster(session, hand, ends)
    settle(session, hand, ends)


def _tell(session: Session, hand: Hand, kind: str, report: Report, other: Report, data: dict[str, str]) -> None:
    """On both records; the other one's pages are drawn anew."""
    for own, its in ((report, other), (other, report)):
        history.append_staff(
            session, hand.chain_key, own, at=hand.at, actor_id=hand.actor_id, kind=kind, data={**data, "other": its.id}
        )
    other.version += 1


def unlink(world: World, signed_in: SignedIn, report_id: str, *, other_id: str, reason: str, version: int) -> None:
    """Take apart what does not belong together; a leader's act, since it lets people back in.

    Nobody gets a key by it: a colleague grants again. Raises `NotFound`, `Forbidden`, `Stale`, `MoveForbidden`,
    `Invalid` (reason).
    """
    with world.db.read() as session:
        held = find_own(session, signed_in, report_id)
        held.must_be_read(signed_in.keys.reading)
        other = find(session, signed_in, other_id)
        if signed_in.actor.role not in UNLINKING:
            raise Forbidden("拆开由组长或巡察办办理。")
        if held.report.version != version:
            raise Stale(steps.STALE)
        if reason not in UNLINK_REASONS:
            raise Invalid({"reason": "请选一个理由。"})
        _must_be_sound(world, session, held, other)
        found = _link_between(session, report_id, other_id)
        if found is None:
            raise NotFound
        if found.kind == SPLIT:
            raise MoveForbidden("从原件里分出来的，不能拆开。")
        _must_not_be_repeats(session, held.report, other.report)
    hand = Hand.of(world, signed_in.actor.person_id)

    def record(session: Session) -> None:
        bump_epoch(session)
        own = steps.locked(session, signed_in, report_id, version)
        apart = session.get(Report, other_id, with_for_update=True)
        between = _link_between(session, report_id, other_id)
        if apart is None or between is None or between.kind == SPLIT:
            raise Stale(steps.STALE)
        find(session, signed_in, other_id)
        session.delete(between)
        own.version += 1
        _tell(session, hand, "unlinked", own, apart, {"reason": reason})
        _put_right(session, hand, [report_id, other_id])

    world.db.write(record)


def _link_between(session: Session, one: str, other: str) -> Link | None:
    return session.scalars(
        select(Link).where(
            or_(
                and_(Link.report_id == one, Link.other_id == other),
                and_(Link.report_id == other, Link.other_id == one),
            )
        )
    ).first()


def _must_not_be_repeats(session: Session, *both: Report) -> None:
    """A repeat without its original would be settled for nothing."""
    for report in both:
        if report.state == State.duplicate_linked and len(list(_links_of(session, report.id))) == 1:
            raise MoveForbidden(f"{report.register_no} 现在是重复件：请先重新甄别，再拆开。")


# Which one it is, the page's own list says, to those who may see it: a line of the story is read by others too.
@story_line("linked", office_only=True)
def _linked_line(event: StaffEvent, names: Names) -> str:
    return f"{names.of(event.actor_id)}把它和另一件并在一起。"


@story_line("unlinked", office_only=True)
def _unlinked_line(event: StaffEvent, names: Names) -> str:
    why = UNLINK_REASONS.get(event.data.get("reason", ""), "")
    return f"{names.of(event.actor_id)}把它和另一件拆开，{why}。"
