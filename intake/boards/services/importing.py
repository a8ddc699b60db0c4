"""Rows from a sheet or a form: read, compared with what is there, told, and put down in one write.

The same plan answers a dry run, a page that asks whether to go on, and the write itself: what was shown is what is
done, or nothing is.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from intake.boards.columns import Column, Register, read_row, tidy
from intake.boards.services.keeping import Act, keep, managing
from intake.core.access import Actor
from intake.core.errors import Invalid, NotFound
from intake.core.importing import CHANGED, NEW, SAME, BadRows, Change, Difference, Imported, told_in_full
from intake.core.sheets import Line
from intake.core.world import World
from intake.people import queries as people
from intake.people.models import Team

Texts = Mapping[str, str]
Problems = Mapping[int, Mapping[str, str]]
"""Line → field → what to do."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row as it is to be: canonical texts of what the sheet says, over what is there (None: nothing is)."""

    line: int
    says: Texts
    before: Texts | None

    @property
    def after(self) -> dict[str, str]:
        return {**(self.before or {}), **self.says}

    def moves(self, *columns: str) -> bool:
        """Whether one of these is another than before."""
        return any(self.after.get(name, "") != (self.before or {}).get(name, "") for name in columns)


@dataclass(frozen=True)
class Noun:
    """What is kept in one register, and how a sheet of it is read and written.

    `spare`: what only the outside can give (codes of new boards), made before the write for as many rows as come.
    """

    name: str
    words: str
    columns: tuple[Column, ...]
    key: str
    title: str  # the column by which pages call a row
    register: Callable[[Session, Sequence[Line]], Register]
    there: Callable[[Session, Collection[str]], Mapping[str, Texts]]  # those with these keys at least
    check: Callable[[Session, Register, Sequence[Row]], Problems]
    put: Callable[[Session, Act, Sequence[Row], Any], None]
    spare: Callable[[World, int], Any] = lambda world, count: None
    notices: Callable[[Row], str] = lambda row: ""
    renames: bool = False  # whether a form may change the key: nothing that is printed hangs on it
    ignored: tuple[str, ...] = ()  # columns of the export that say what is, and change nothing

    @property
    def required(self) -> tuple[str, ...]:
        return (self.key,)

    def column(self, name: str) -> Column:
        return next(column for column in self.columns if column.id == name)

    @property
    def headings(self) -> dict[str, str]:
        """What pages call a column → the column."""
        return {column.words: column.id for column in self.columns}


@dataclass(frozen=True, slots=True)
class Plan:
    rows: tuple[Row, ...]
    told: Imported


def bring_in(
    world: World, actor: Actor, noun: Noun, lines: Sequence[Line], *, dry_run: bool = False, digest: str | None = None
) -> Imported:
    """Put the rows down, or only tell what that would do.

    `digest`: of the plan that somebody saw; `Stale` where it would be another by now. Raises `BadRows`, `Forbidden`.
    """
    managing(actor)
    able = able_teams(world)
    with world.db.read() as session:
        plan = plan_of(session, noun, lines, able)
    plan.told.same_as_seen(digest)
    if dry_run or not plan.told.writes:
        return plan.told
    spare = noun.spare(world, len(lines))

    def change(session: Session, act: Act) -> Imported:
        again = plan_of(session, noun, lines, able)  # somebody else may have been first
        again.told.same_as_seen(digest)
        moved = [row for row, told in zip(again.rows, again.told.changes, strict=True) if told.kind != SAME]
        noun.put(session, act, moved, spare)
        return again.told

    return keep(world, actor, change)


def able_teams(world: World) -> frozenset[str]:
    """Teams in which somebody can open a report. Looked at before the write: signatures are read for it."""
    with world.db.read() as session:
        teams = set(session.scalars(select(Team.id)))
        members = people.trusted_by_team(session, world.secrets, teams)
    return frozenset(team_id for team_id, found in members.items() if found)


def plan_of(session: Session, noun: Noun, lines: Sequence[Line], able: frozenset[str]) -> Plan:
    """What these rows would do to what this session sees. Raises `BadRows` with every row that cannot be taken."""
    register = replace(noun.register(session, lines), able=able)
    there = noun.there(session, {key for line in lines if (key := _key(noun, register, line))})
    rows: list[Row] = []
    bad: dict[int, dict[str, str]] = {}
    first: dict[str, int] = {}
    for line in lines:
        try:
            row = _row(noun, register, there, line)
        except Invalid as refusal:
            bad[line.number] = refusal.fields
            continue
        seen = first.setdefault(row.says[noun.key], row.line)
        if seen == row.line:
            rows.append(row)
        else:
            bad[row.line] = {noun.key: f"和第 {seen} 行说的是同一个：{row.says[noun.key]}。请留一行。"}
    for number, problems in noun.check(session, register, rows).items():
        bad[number] = {**bad.get(number, {}), **problems}
    if bad:
        raise BadRows([(number, "".join(bad[number].values())) for number in sorted(bad)])
    return _plan(noun, rows)


def _key(noun: Noun, register: Register, line: Line) -> str:
    """The canonical key of a row; empty where it cannot be read."""
    column = noun.column(noun.key)
    try:
        return column.read(register, tidy(line.values.get(noun.key, "")))
    except ValueError:
        return ""


def _row(noun: Noun, register: Register, there: Mapping[str, Texts], line: Line) -> Row:
    """What else a row needs depends on whether it is there: one whose key cannot be read is told of the rest alone."""
    before = there.get(_key(noun, register, line))
    return Row(line.number, read_row(noun.columns, register, line.values, before=before), before)


def _plan(noun: Noun, rows: Sequence[Row]) -> Plan:
    changes = [_change(noun, row) for row in rows]
    notices = [
        (row.line, words) for row, change in zip(rows, changes, strict=True)
        if change.kind != SAME and (words := noun.notices(row))
    ]  # fmt: skip
    return Plan(tuple(rows), told_in_full(changes, notices))


def _change(noun: Noun, row: Row) -> Change:
    key, after = row.says[noun.key], row.after
    before = row.before if row.before is not None else {}
    differences = tuple(
        Difference(column.words, column.show(before.get(column.id, "")), column.show(row.says[column.id]))
        for column in noun.columns
        if column.id in row.says and row.says[column.id] != before.get(column.id, "")
    )
    kind = NEW if row.before is None else CHANGED if differences else SAME
    return Change(row.line, kind, key, after.get(noun.title, key), differences)


def save(world: World, actor: Actor, noun: Noun, values: Mapping[str, str], *, key: str | None) -> str:
    """One row from a form; its key afterwards. `key`: of the row that is there, which may get another where its noun
    allows that; None for a new one. Raises `Invalid` by field, `NotFound` where it was deleted meanwhile.
    """
    managing(actor)
    line, spare, able = Line(0, dict(values)), noun.spare(world, 1), able_teams(world)

    def plan(session: Session) -> Plan:
        register = replace(noun.register(session, [line]), able=able)
        there = noun.there(session, {key or "", _key(noun, register, line)})
        if key is not None and key not in there:
            raise NotFound
        before = there[key] if key is not None else None
        row = Row(0, read_row(noun.columns, register, line.values, before=before), before)
        said = row.says[noun.key]
        if said != key and (said in there or (key is not None and not noun.renames)):
            raise Invalid({noun.key: f"“{said}”已经有了，请到它的页面上改。" if said in there else "这一项不能改。"})
        problems = noun.check(session, register, [row])
        if problems:
            raise Invalid(dict(problems[0]))
        return _plan(noun, [row])

    def change(session: Session, act: Act) -> None:
        found = plan(session)
        if found.told.writes:
            noun.put(session, act, found.rows, spare)

    with world.db.read() as session:
        found = plan(session)
    if found.told.writes:
        keep(world, actor, change)
    return found.rows[0].says[noun.key]
