"""Declaring who must not handle what, and taking it back. Whatever is declared holds at once. ADR 0008."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import not_, or_, select
from sqlalchemy.orm import Session

from intake.core.access import Actor, Permission
from intake.core.errors import Forbidden, Invalid, NotFound, Stale
from intake.core.tables import new_id
from intake.core.world import World
from intake.people.models import Person
from intake.routing.machinery import Declared
from intake.routing.models import Conflict, Grant, Placement
from intake.routing.queries import Who, open_to
from intake.routing.queries.declared import would_lose
from intake.routing.queries.targets import CONFLICT_KINDS, CONFLICT_WORDS, Candidate, find_target
from intake.routing.services.facts import check_mark, reseal
from intake.routing.services.settling import Hand, settle

GROUND_MAX = 200
_TWICE = "这条回避已经登记过，还在生效。"


@dataclass(frozen=True, slots=True)
class Typed:
    """A declaration as somebody wrote it: names, numbers and logins, not ids."""

    who: str
    kind: str
    target: str
    ground: str
    from_day: date | None
    to_day: date | None
    approved_by: str


@dataclass(frozen=True, slots=True)
class Declaration:
    """What was typed, understood: whom and what it means."""

    person: Candidate
    target: Candidate
    ground: str
    from_day: date
    to_day: date | None
    approver: Candidate

    @property
    def facts(self) -> Declared:
        return Declared(self.person.id, self.target.kind, self.target.id, self.ground, self.from_day, self.to_day)


def managing(actor: Actor) -> None:
    """Raises `Forbidden` for whoever does not keep the rules of routing."""
    if not actor.may(Permission.routing_manage):
        raise Forbidden("回避和分件规则由巡察办管理。")


def understand(session: Session, typed: Typed) -> Declaration:
    """Raises `Invalid` with every field that cannot be taken, unknown names with suggestions."""
    problems: dict[str, str] = {}
    person = _found(session, "person", typed.who, "who", problems)
    target = None
    if typed.kind not in CONFLICT_WORDS:
        problems["kind"] = f"请选一种：{'、'.join(CONFLICT_KINDS.values())}。"
    else:
        target = _found(session, typed.kind, typed.target, "target", problems)
    approver = _found(session, "person", typed.approved_by, "approved_by", problems)
    if person is not None and approver == person:
        problems["approved_by"] = "自己的回避要由别人批准，请写另一位。"
    if person is not None and target == person:
        problems["target"] = "本人的件本来就看不到，请写另一个人。"
    ground = " ".join(typed.ground.split())
    if not ground:
        problems["ground"] = "请写事由，比如“配偶在施工单位工作”。"
    elif len(ground) > GROUND_MAX:
        problems["ground"] = f"事由最多 {GROUND_MAX} 个字。"
    if typed.from_day is None:
        problems["from_day"] = "请写从哪一天起，比如 2026-09-01。"
    elif typed.to_day is not None and typed.to_day < typed.from_day:
        problems["to_day"] = "结束的日子在开始之前，请再看一下。"
    if problems or person is None or target is None or approver is None or typed.from_day is None:
        raise Invalid(problems)
    return Declaration(person, target, ground, typed.from_day, typed.to_day, approver)


def _found(session: Session, kind: str, text: str, field: str, problems: dict[str, str]) -> Candidate | None:
    try:
        return find_target(session, kind, text, field=field)
    except Invalid as refusal:
        problems.update(refusal.fields)
        return None


@dataclass(frozen=True, slots=True)
class Weighed:
    """A declaration before it is saved, and how many reports the person would lose by it."""

    declaration: Declaration
    losing: int


def weigh(world: World, actor: Actor, typed: Typed) -> Weighed:
    """What declaring this would do. Raises `Invalid`, `Forbidden`."""
    managing(actor)
    with world.db.read() as session:
        declaration = understand(session, typed)
        if same_running(session, declaration, world.today()) is not None:
            raise Invalid({"target": _TWICE})
        return Weighed(declaration, would_lose(session, world, actor, declaration.facts))


def same_running(session: Session, declaration: Declaration, today: date) -> Conflict | None:
    """A conflict of the same person with the same thing that is not over and covers the same time."""
    return session.scalars(
        select(Conflict)
        .where(
            Conflict.person_id == declaration.person.id,
            Conflict.kind == declaration.target.kind,
            Conflict.target == declaration.target.id,
            Conflict.ended_at.is_(None),
            Conflict.from_day <= declaration.from_day,
            or_(Conflict.to_day.is_(None), Conflict.to_day >= (declaration.to_day or date.max)),
        )
        .limit(1)
    ).first()


def declare(world: World, actor: Actor, typed: Typed) -> str:
    """Keep it: grants of the person go in the same write, and what loses its last reader climbs. The new id."""
    managing(actor)
    with world.db.read() as session:
        declaration = understand(session, typed)
    row = conflict_row(declaration) | {"made_by": actor.person_id, "made_at": world.clock.now()}
    hand, routing_key = Hand.of(world, actor.person_id), world.secrets.routing_key

    def record(session: Session) -> str:
        check_mark(session, routing_key)
        if same_running(session, declaration, hand.day) is not None:
            raise Invalid({"target": _TWICE})
        session.add(Conflict(**row))
        reseal(session, routing_key)
        settle(session, hand, also=losing(session, declaration.person.id, hand.day))
        return str(row["id"])

    return world.db.write(record)


def conflict_row(declaration: Declaration) -> dict[str, Any]:
    """The columns that the declaration itself says."""
    return {
        "id": new_id(),
        "person_id": declaration.person.id,
        "kind": declaration.target.kind,
        "target": declaration.target.id,
        "ground": declaration.ground,
        "from_day": declaration.from_day,
        "to_day": declaration.to_day,
        "approved_by": declaration.approver.id,
    }


def losing(session: Session, person_id: str, day: date) -> list[str]:
    """Reports of which this person holds a key and from which they are recused on this day.

    After a declaration: what must be settled. Looked for by the filter's own question, so that a declaration in the
    office, whose people hold every report, holds no other write up.
    """
    session.flush()
    person = session.get_one(Person, person_id)
    still = open_to(Who(person.id, person.team_id, person.role, day), Placement)
    held = select(Grant.report_id).join(Placement, Placement.report_id == Grant.report_id)
    return list(session.scalars(held.where(Grant.holder == person_id, not_(still)).distinct()))


def end_conflict(world: World, actor: Actor, *, conflict_id: str) -> None:
    """It counts no more from now. Nobody gets a key back by it: a colleague grants again on the page of keys.

    Raises `NotFound`, `Stale` where it was ended already, `Forbidden` for one's own: somebody else ends that.
    """
    managing(actor)
    now, routing_key = world.clock.now(), world.secrets.routing_key

    def record(session: Session) -> None:
        check_mark(session, routing_key)
        row = session.get(Conflict, conflict_id, with_for_update=True)
        if row is None:
            raise NotFound
        if row.person_id == actor.person_id:
            raise Forbidden("自己的回避要由别人来结束。")
        if row.ended_at is not None:
            raise Stale
        row.ended_at, row.ended_by = now, actor.person_id
        reseal(session, routing_key)

    world.db.write(record)
