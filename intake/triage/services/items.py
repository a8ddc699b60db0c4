"""What a receiving unit sees: the item that was handed to it, and nothing of the report it comes from."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy import Select, false, select
from sqlalchemy.orm import Session, aliased

from intake.core.access import Actor, Permission, SignedIn
from intake.core.errors import Forbidden, Invalid, MoveForbidden, NotFound
from intake.core.world import World
from intake.people.models import Person, Team
from intake.reports import content
from intake.reports.deadlines import due
from intake.reports.models import Report, StaffEvent
from intake.reports.services import history
from intake.reports.workflow import STATE_NAMES, State
from intake.routing.decide import LOCKED
from intake.routing.models import Grant, Placement
from intake.routing.queries import Who, open_to
from intake.routing.services import open_grant
from intake.triage.models import Handover
from intake.triage.services.handing_on import envelope_of, open_words, seal_words
from intake.triage.services.opening import Held, locked_for_change
from intake.triage.services.story import SYSTEM, Names, story_line
from intake.triage.services.units import unit_name

STATES: dict[str, str] = {"sent": "等签收", "accepted": "已签收", "returned": "已退回", "done": "已报结果"}
_OPEN = ("sent", "accepted")
REPLY_MAX = 5000
OVERTAKEN = "同事刚刚已经办了，请看下面现在的样子。"


@dataclass(frozen=True, slots=True)
class ItemReader:
    """Somebody of the receiving unit who can open it, or could; and how often they did."""

    name: str
    opened: int
    holds: bool


@dataclass(frozen=True, slots=True)
class Item:
    """One restatement. `title` is None where this reader has no key of it.

    `due_status`: late, now, later, or empty where nothing is due (any more). `readers` is for the sending side alone.
    """

    id: str
    number: str
    kind: str
    kind_name: str
    receiver: str
    sender: str
    title: str | None
    text: str
    day: date
    due_on: date | None
    due_status: str
    state: str
    state_name: str
    reply: str
    replied_on: date | None
    can_accept: bool
    return_until: date | None
    can_report: bool
    to_house: bool = False
    readers: tuple[ItemReader, ...] = ()


def visible_items(actor: Actor) -> Select[str]:
    """The ids of the items whose existence `actor` may know of: their own unit's, unless they are recused from the
    report behind it or from anything it is linked with. The same filter as over reports."""
    visible = aliased(Placement, name="visible")
    who = Who(actor.person_id, actor.team_id, actor.role.value, actor.day)
    allowed = actor.trusted and actor.team_id is not None and actor.may(Permission.items_read)
    theirs = Handover.to_team_id == actor.team_id if allowed else false()
    return (
        select(Handover.id)
        .join(visible, visible.report_id == Handover.report_id)
        .where(theirs, visible.lane != LOCKED, open_to(who, visible))
    )


def list_items(world: World, signed_in: SignedIn) -> tuple[Item, ...]:
    """Everything handed to the reader's unit: what waits first, by deadline; what is settled last."""
    with world.db.read() as session:
        rows = session.execute(
            select(Handover, Grant)
            .outerjoin(
                Grant,
                (Grant.report_id == Handover.report_id)
                & (Grant.envelope == "handover:" + Handover.id)
                & (Grant.holder == signed_in.actor.person_id),
            )
            .where(Handover.id.in_(visible_items(signed_in.actor)))
        ).all()
        unit = signed_in.actor.team_name or ""
        found = [_item(world, signed_in, row, grant, unit) for row, grant in rows]
    return tuple(sorted(found, key=lambda item: (item.state not in _OPEN, item.due_on or date.max, item.number)))


def open_item(world: World, signed_in: SignedIn, item_id: str) -> Item:
    """Read one item; that it was read is on the record of the report before it is. `NotFound` for every other."""
    with world.db.read() as session:
        held = _held(session, signed_in, item_id)[1] is not None
    _record(world, signed_in, item_id, kind="item_opened", data={"text": held})
    return _read(world, signed_in, item_id)


def print_item(world: World, signed_in: SignedIn, item_id: str) -> Item:
    """As `open_item`, for its sheet on paper."""
    item = _read(world, signed_in, item_id)
    if item.title is None:
        raise Forbidden(_NO_KEY)
    _record(world, signed_in, item_id, kind="item_printed", data={})
    return item


def see_item(world: World, signed_in: SignedIn, item_id: str) -> None:
    """`NotFound` for what this person may not know of."""
    with world.db.read() as session:
        _held(session, signed_in, item_id)


def accept_item(world: World, signed_in: SignedIn, item_id: str) -> None:
    """签收: somebody of the unit has it in hand."""

    def change(row: Handover) -> None:
        _only(row, ("sent",))
        row.state = "accepted"

    _act(world, signed_in, item_id, kind="item_accepted", change=change)


def return_item(world: World, signed_in: SignedIn, item_id: str, *, reason: str) -> None:
    """退回 with a reason, within the time of objections. Raises `Invalid` (text) or `MoveForbidden`."""
    last = due("xf_object", _read(world, signed_in, item_id).day).day
    if world.today() > last:
        raise MoveForbidden(f"退回要在 {last.isoformat()} 以前。现在请写办理结果，在里面说明。")
    _answer(world, signed_in, item_id, reason, state="returned", empty="退回的，请写明为什么不归你们办。")


def report_back(world: World, signed_in: SignedIn, item_id: str, *, text: str) -> None:
    """办结报告: what came of it, under the item's key, for the team that handed it on. Raises `Invalid` (text)."""
    _answer(world, signed_in, item_id, text, state="done", empty="请写办理结果。")


_NO_KEY = "您还没有这一件的钥匙。请发件的组在那边再给一次。"


def _answer(world: World, signed_in: SignedIn, item_id: str, text: str, *, state: str, empty: str) -> None:
    words, today = content.clean(text), world.today()
    if not words or len(words) > REPLY_MAX:
        long = f"最多 {REPLY_MAX} 个字，现在有 {len(words)} 个。"
        raise Invalid({"text": long if words else empty})
    with world.db.read() as session:
        row, grant = _held(session, signed_in, item_id)
    if grant is None:
        raise Forbidden(_NO_KEY)
    _only(row, _OPEN)
    sealed = seal_words(open_grant(signed_in.keys.reading, grant), item_id, "reply", {"text": words})

    def change(row: Handover) -> None:
        _only(row, _OPEN)
        row.state, row.reply, row.replied_on = state, sealed, today

    _act(world, signed_in, item_id, kind=f"item_{state}", change=change)


def _only(row: Handover, states: tuple[str, ...]) -> None:
    if row.state not in states:
        raise MoveForbidden(OVERTAKEN)


def _held(session: Session, signed_in: SignedIn, item_id: str) -> tuple[Handover, Grant | None]:
    """The item through the filter, and the reader's grant of its key; `NotFound` as for nothing."""
    row = session.scalars(
        select(Handover).where(Handover.id == item_id, Handover.id.in_(visible_items(signed_in.actor)))
    ).one_or_none()
    if row is None:
        raise NotFound
    return row, session.get(Grant, (row.report_id, envelope_of(item_id), signed_in.actor.person_id))


def _read(world: World, signed_in: SignedIn, item_id: str) -> Item:
    with world.db.read() as session:
        row, grant = _held(session, signed_in, item_id)
        return _item(world, signed_in, row, grant, signed_in.actor.team_name or "")


def _item(world: World, signed_in: SignedIn, row: Handover, grant: Grant | None, receiver: str) -> Item:
    words: dict[str, str] = {}
    reply = ""
    if grant is not None:
        key = open_grant(signed_in.keys.reading, grant)
        words = open_words(key, row.id, "text", row.text)
        reply = open_words(key, row.id, "reply", row.reply)["text"] if row.reply else ""
    receives = row.to_team_id == signed_in.actor.team_id and grant is not None
    last = due("xf_object", row.day).day
    waits = row.state in _OPEN
    return Item(
        id=row.id,
        number=row.number,
        kind=row.kind,
        kind_name=STATE_NAMES[State(row.kind)],
        receiver=unit_name(row.to_target, words.get("unit", "")) if row.to_target else receiver,
        sender=words.get("from", ""),
        title=words.get("title"),
        text=words.get("text", ""),
        day=row.day,
        due_on=row.due_on,
        due_status=_due_status(row, world.today()),
        state=row.state,
        state_name=STATES[row.state] if row.to_team_id else "已发出",
        reply=reply,
        replied_on=row.replied_on,
        can_accept=receives and row.state == "sent",
        return_until=last if receives and waits and world.today() <= last else None,
        can_report=receives and waits,
        to_house=row.to_team_id is not None,
    )


def _due_status(row: Handover, today: date) -> str:
    if row.due_on is None or row.state not in _OPEN:
        return ""
    if row.due_on < today:
        return "late"
    return "now" if row.due_on == today else "later"


def _act(world: World, signed_in: SignedIn, item_id: str, *, kind: str, change: Callable[[Handover], None]) -> None:
    _record(world, signed_in, item_id, kind=kind, data={}, change=change)


def _record(
    world: World,
    signed_in: SignedIn,
    item_id: str,
    *,
    kind: str,
    data: dict[str, object],
    change: Callable[[Handover], None] | None = None,
) -> None:
    """One line on the staff's chain of the report behind the item; authority is looked at again in the write."""
    now, key = world.clock.now(), world.secrets.chain_key

    def record(session: Session) -> None:
        report_id = _held(session, signed_in, item_id)[0].report_id
        report = session.get_one(Report, report_id, with_for_update=True)
        row, _ = _held(session, signed_in, item_id)
        if change is not None:
            session.refresh(row)
            change(row)
        history.append_staff(
            session, key, report, at=now, actor_id=signed_in.actor.person_id, kind=kind,
            data={"handover": item_id, **data},
        )  # fmt: skip

    world.db.write(record)


# ---------------------------------------------------------------- the sending side


def items_of(world: World, session: Session, signed_in: SignedIn, held: Held) -> tuple[Item, ...]:
    """What was handed on of a report in hand, the newest first, with who of the unit can open it and did."""
    rows = session.scalars(
        select(Handover).where(Handover.report_id == held.report.id).order_by(Handover.at.desc(), Handover.id)
    ).all()
    teams = dict(session.execute(select(Team.id, Team.name)).all()) if rows else {}
    found = []
    for row in rows:
        item = _item(world, signed_in, row, held.grants.get(envelope_of(row.id)), teams.get(row.to_team_id or "", ""))
        found.append(replace(item, readers=_readers(session, row)))
    return tuple(found)


def record_printed(world: World, signed_in: SignedIn, report_id: str, item_id: str) -> None:
    """That the sending side put an item on paper is on record."""
    now, key = world.clock.now(), world.secrets.chain_key

    def record(session: Session) -> None:
        report = locked_for_change(session, signed_in, report_id)
        history.append_staff(
            session, key, report, at=now, actor_id=signed_in.actor.person_id, kind="item_printed",
            data={"handover": item_id},
        )  # fmt: skip

    world.db.write(record)


def _readers(session: Session, row: Handover) -> tuple[ItemReader, ...]:
    """The unit's people who hold the key, or have used it."""
    if row.to_team_id is None:
        return ()
    opened: dict[str, int] = {}
    events = session.execute(
        select(StaffEvent.actor_id, StaffEvent.data).where(
            StaffEvent.report_id == row.report_id, StaffEvent.kind == "item_opened"
        )
    )
    for actor_id, data in events:
        if data["handover"] == row.id and data["text"]:
            opened[actor_id] = opened.get(actor_id, 0) + 1
    holders = set(
        session.scalars(
            select(Grant.holder).where(Grant.report_id == row.report_id, Grant.envelope == envelope_of(row.id))
        )
    )
    unit = session.execute(select(Person.id, Person.name).where(Person.team_id == row.to_team_id).order_by(Person.name))
    return tuple(
        ItemReader(name, opened.get(id_, 0), id_ in holders) for id_, name in unit if id_ in holders or id_ in opened
    )


# ---------------------------------------------------------------- in the story of the report


@story_line("handed_on")
def _handed_on(event: StaffEvent, names: Names) -> str:
    return f"{names.of(event.actor_id)}发出转述 {event.data['number']}。"


@story_line("item_accepted")
def _accepted(event: StaffEvent, names: Names) -> str:
    return f"{names.of(event.actor_id)}签收转述。"


@story_line("item_returned")
def _returned(event: StaffEvent, names: Names) -> str:
    return f"{names.of(event.actor_id)}退回转述，写了理由。"


@story_line("item_done")
def _done(event: StaffEvent, names: Names) -> str:
    return f"{names.of(event.actor_id)}报来办理结果。"


@story_line("item_printed")
def _printed(event: StaffEvent, names: Names) -> str:
    return f"{names.of(event.actor_id)}打印转述。"


@story_line("item_granted")
def _granted(event: StaffEvent, names: Names) -> str:
    takers = "、".join(sorted(name for name in map(names.of, event.data["holders"]) if name != SYSTEM))
    return f"{names.of(event.actor_id)}把转述的钥匙给了{takers}。" if takers else ""
