"""Boards as those see them who look after them: which are due, which are in trouble, what was found before."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, true
from sqlalchemy.orm import Session

from intake.boards.models import Board, BoardEvent, BoardPatrol, BoardWord, Region, Site
from intake.core.access import Actor, Role
from intake.core.errors import NotFound
from intake.people.models import Person, Team

WHOLE = "whole"
_ALL = frozenset({Role.office, Role.sysadmin})
_HISTORY = 8


@dataclass(frozen=True, slots=True)
class Found:
    """One patrol. `by` is the name of whoever went."""

    id: str
    day: date
    by: str
    result: str
    at_board: bool
    note: str
    photo: bool


@dataclass(frozen=True, slots=True)
class Word:
    """What citizens say, by day; how many of them is nobody's business."""

    kind: str  # damaged, covered
    day: date


@dataclass(frozen=True, slots=True)
class Station:
    """A board and how it is: `due_on` is the last day on which somebody should have been there again."""

    code: str
    state: str
    site_no: str
    name: str
    kind: str
    place: str | None
    team_name: str | None
    checked_on: date | None
    due_on: date
    last: Found | None
    words: tuple[Word, ...]

    @property
    def troubled(self) -> bool:
        """Something is wrong with it, and nobody has found it whole since."""
        return bool(self.words) or (self.last is not None and self.last.result != WHOLE)

    def overdue(self, today: date) -> bool:
        return self.due_on < today


def looked_after(actor: Actor) -> ColumnElement[bool]:
    """Which sites' boards are this person's to look after.

    The office's and the administrators': all. A village supervisor's: the village boards at or below the place of
    their team. Everybody else's: those that their team answers for.
    """
    if actor.role in _ALL:
        return true()
    if actor.role is not Role.village_supervisor:
        return Site.team_id == actor.team_id
    own = select(Team.region_code).where(Team.id == actor.team_id)
    below = select(Region.code).where(Region.code.in_(own)).cte(recursive=True)
    below = below.union(select(Region.code).join(below, Region.parent_code == below.c.code))
    return and_(Site.kind == "village", Site.region_code.in_(select(below.c.code)))


def board_for(session: Session, actor: Actor, code: str, *, every: timedelta = timedelta()) -> Station:
    """The board with this code, whatever its state; `NotFound` where it is not this person's to look after."""
    found = _stations(session, _statement(actor).where(Board.code == code), every)
    if not found:
        raise NotFound
    return found[0]


def board_at_site(session: Session, actor: Actor, site_no: str) -> str:
    """The code of the board that should hang at this site; `NotFound` as in `board_for`."""
    code: str | None = session.scalar(
        select(Board.code)
        .join(Site, Site.id == Board.site_id)
        .where(looked_after(actor), Site.site_no == site_no, Board.state.in_(("live", "closed")))
        .order_by(Board.revision.desc())
        .limit(1)
    )
    if code is None:
        raise NotFound
    return code


def stations(session: Session, actor: Actor, *, every: timedelta, find: str = "") -> list[Station]:
    """Live boards of this person, the longest overdue on top; `find`: a part of name, number or place."""
    statement = _statement(actor).where(Board.state == "live")
    if find:
        part = f"%{find.replace('%', '').replace('_', '')}%"
        statement = statement.where(or_(Site.name.ilike(part), Site.site_no.ilike(part), Region.name.ilike(part)))
    return sorted(_stations(session, statement, every), key=lambda one: (one.due_on, one.site_no))


def troubled_count(session: Session, actor: Actor) -> int:
    """How many live boards of this person are in trouble: said by citizens, or found by the last patrol."""
    place = func.row_number().over(partition_by=BoardPatrol.board_code, order_by=BoardPatrol.at.desc())
    latest = select(BoardPatrol.board_code, BoardPatrol.result, place.label("place")).subquery()
    said = select(BoardWord.board_code).where(BoardWord.count > BoardWord.settled)
    seen = select(latest.c.board_code).where(latest.c.place == 1, latest.c.result != WHOLE)
    return session.scalar(
        select(func.count())
        .select_from(Board)
        .join(Site, Site.id == Board.site_id)
        .where(Board.state == "live", looked_after(actor), or_(Board.code.in_(said), Board.code.in_(seen)))
    ) or 0  # fmt: skip


def history(session: Session, code: str) -> list[Found]:
    """The last patrols of a board, the latest first."""
    rows = session.execute(
        select(BoardPatrol, Person.name)
        .join(Person, Person.id == BoardPatrol.person_id)
        .where(BoardPatrol.board_code == code)
        .order_by(BoardPatrol.at.desc())
        .limit(_HISTORY)
    )
    return [_found(patrol, name) for patrol, name in rows]


def patrol_blobs(session: Session, names: list[str]) -> list[str]:
    """Those of the blobs that a patrol refers to."""
    return [name for name in session.scalars(select(BoardPatrol.photo).where(BoardPatrol.photo.in_(names))) if name]


def _statement(actor: Actor) -> Select[Any]:
    live_from = (
        select(BoardEvent.board_code, func.min(BoardEvent.at).label("at"))
        .where(BoardEvent.state == "live")
        .group_by(BoardEvent.board_code)
        .subquery()
    )
    return (
        select(Board, Site, Region.name, Team.name, live_from.c.at)
        .join(Site, Site.id == Board.site_id)
        .outerjoin(Region, Region.code == Site.region_code)
        .outerjoin(Team, Team.id == Site.team_id)
        .outerjoin(live_from, live_from.c.board_code == Board.code)
        .where(looked_after(actor))
    )


def _stations(session: Session, statement: Select[Any], every: timedelta) -> list[Station]:
    rows = session.execute(statement).all()
    codes = {board.code for board, *_ in rows}
    last, words = _last_patrols(session, codes), _open_words(session, codes)
    return [
        Station(
            code=board.code,
            state=board.state,
            site_no=site.site_no,
            name=site.name,
            kind=site.kind,
            place=place,
            team_name=team,
            checked_on=board.checked_on,
            due_on=_looked_at(board, last.get(board.code), live_from) + every,
            last=last.get(board.code),
            words=words.get(board.code, ()),
        )
        for board, site, place, team, live_from in rows
    ]


def _looked_at(board: Board, last: Found | None, live_from: datetime | None) -> date:
    """The day from which the next look is counted: the last one, else when it was hung."""
    days = [board.made_on, *(day for day in (board.checked_on, last and last.day) if day)]
    return max([*days, live_from.date()] if live_from and len(days) == 1 else days)


def _last_patrols(session: Session, codes: set[str]) -> dict[str, Found]:
    place = func.row_number().over(partition_by=BoardPatrol.board_code, order_by=BoardPatrol.at.desc())
    latest = select(BoardPatrol.id, place.label("place")).where(_one_of(BoardPatrol.board_code, codes)).subquery()
    rows = session.execute(
        select(BoardPatrol, Person.name)
        .join(latest, latest.c.id == BoardPatrol.id)
        .join(Person, Person.id == BoardPatrol.person_id)
        .where(latest.c.place == 1)
    )
    return {patrol.board_code: _found(patrol, name) for patrol, name in rows}


def _open_words(session: Session, codes: set[str]) -> dict[str, tuple[Word, ...]]:
    """What citizens say that nobody has looked into yet: the latest day of each kind."""
    rows = session.execute(
        select(BoardWord.board_code, BoardWord.kind, func.max(BoardWord.day))
        .where(_one_of(BoardWord.board_code, codes), BoardWord.count > BoardWord.settled)
        .group_by(BoardWord.board_code, BoardWord.kind)
        .order_by(BoardWord.kind.desc())
    )
    found: dict[str, tuple[Word, ...]] = {}
    for code, kind, day in rows:
        found[code] = (*found.get(code, ()), Word(kind, day))
    return found


def _one_of(column: Any, codes: set[str]) -> ColumnElement[bool]:
    """One board is looked up; for many the whole table is read, which is cheaper than thousands of parameters."""
    condition: ColumnElement[bool] = column.in_(codes) if len(codes) < 50 else true()
    return condition


def _found(patrol: BoardPatrol, name: str) -> Found:
    return Found(patrol.id, patrol.day, name, patrol.result, patrol.at_board, patrol.note, patrol.photo is not None)
