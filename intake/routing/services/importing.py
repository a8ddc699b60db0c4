"""Conflicts and aliases from a sheet: all or nothing, every bad row named, nothing ever doubled."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from intake.core.access import Actor
from intake.core.errors import Invalid
from intake.core.importing import Imported, told, understood
from intake.core.sheets import Line, read_day
from intake.core.world import World
from intake.routing.models import Alias, Conflict
from intake.routing.services.declaring import Declaration, Typed, conflict_row, losing, understand
from intake.routing.services.facts import check_mark, reseal
from intake.routing.services.naming import Name, put, understand_alias
from intake.routing.services.settling import Hand, settle

CONFLICT_COLUMNS = ("who", "kind", "target", "ground", "from", "to", "approved_by")
ALIAS_COLUMNS = ("text", "kind", "target")


def import_conflicts(world: World, actor: Actor, lines: Sequence[Line], *, dry_run: bool = False) -> Imported:
    """By whoever has the machine's shell. A row is known again by person, target and first day.

    One that somebody ended on the page stays ended. Raises `BadRows`.
    """
    with world.db.read() as session:
        found = understood(lines, lambda line: _conflict(session, line), _key)
    rows = [conflict_row(declaration) for declaration in found]
    by, at = actor.person_id or actor.login, world.clock.now()
    hand, routing_key = Hand.of(world, by), world.secrets.routing_key

    def record(session: Session) -> Imported:
        check_mark(session, routing_key)
        done = told(_put_conflict(session, row, {"made_by": by, "made_at": at}, write=not dry_run) for row in rows)
        if not dry_run and done.writes:
            reseal(session, routing_key)
            people = {str(row["person_id"]) for row in rows}
            settle(session, hand, also={report for person in people for report in losing(session, person, hand.day)})
        return done

    if not dry_run:
        return world.db.write(record)
    with world.db.read() as session:
        return record(session)


def _key(declaration: Declaration) -> object:
    return declaration.person.id, declaration.target.kind, declaration.target.id, declaration.from_day


def _conflict(session: Session, line: Line) -> Declaration:
    problems, days = {}, {}
    for column, field in (("from", "from_day"), ("to", "to_day")):
        try:
            days[field] = read_day(line.values[column])
        except ValueError:
            days[field] = None
            problems[field] = f"“{line.values[column]}”不是日子，请写成 2026-09-01。"
    value = line.values
    try:
        found = understand(
            session,
            Typed(
                value["who"], value["kind"], value["target"], value["ground"], approved_by=value["approved_by"], **days
            ),
        )
    except Invalid as refusal:
        raise Invalid({**refusal.fields, **problems}) from refusal
    if problems:
        raise Invalid(problems)
    return found


def _put_conflict(session: Session, row: dict[str, Any], made: dict[str, Any], *, write: bool) -> str:
    key = {name: row[name] for name in ("person_id", "kind", "target", "from_day")}
    there = session.scalars(select(Conflict).filter_by(**key).order_by(Conflict.id)).all()
    if not there:
        if write:
            session.add(Conflict(**row, **made))
        return "new"
    running = next((conflict for conflict in there if conflict.ended_at is None), None)
    says = {name: row[name] for name in ("ground", "to_day", "approved_by")}
    if running is None or all(getattr(running, name) == value for name, value in says.items()):
        return "same"
    if write:
        for name, value in says.items():
            setattr(running, name, value)
    return "changed"


def import_aliases(world: World, actor: Actor, lines: Sequence[Line], *, dry_run: bool = False) -> Imported:
    """As `import_conflicts`. An alias is known again by its folded spelling. Raises `BadRows`."""
    with world.db.read() as session:
        names = understood(
            lines,
            lambda line: understand_alias(
                session, text=line.values["text"], kind=line.values["kind"], target=line.values["target"]
            ),
            lambda name: name.folded,
        )
    by, at, routing_key = actor.person_id or actor.login, world.clock.now(), world.secrets.routing_key

    def record(session: Session) -> Imported:
        check_mark(session, routing_key)
        done = []
        for name in names:
            done.append(_known_alias(session, name))
            if done[-1] != "same" and not dry_run:
                put(session, name, made_by=by, at=at)
        sums = told(done)
        if not dry_run and sums.writes:
            reseal(session, routing_key)
        return sums

    if not dry_run:
        return world.db.write(record)
    with world.db.read() as session:
        return record(session)


def _known_alias(session: Session, name: Name) -> str:
    row = session.get(Alias, name.folded)
    if row is None:
        return "new"
    return "same" if (row.kind, row.target) == (name.kind, name.target) else "changed"
