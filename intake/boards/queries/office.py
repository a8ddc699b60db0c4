"""Boards as the office looks after them: the list with its filter, one board with its history, what to print."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any, Final

from sqlalchemy import CTE, ColumnElement, Select, and_, false, func, not_, or_, select, tuple_
from sqlalchemy.orm import Session

from intake.boards.lifecycle import GONE
from intake.boards.models import Board, BoardEvent, BoardPatrol, BoardPrint, BoardRevision, Region, Site
from intake.boards.printing import binding_order
from intake.people.models import Person, Team
from qr import code as codes

PAGE: Final = 50
SEARCH_MAX: Final = 60
CHECKS: Final[Mapping[str, str]] = {"overdue": "该检查了", "never": "从没检查过"}
ANY, PRESENT = "all", ""  # every state; every state but that of a code that was replaced


@dataclass(frozen=True, slots=True)
class Sought:
    """What the list shows. Empty: no matter."""

    state: str = PRESENT
    kind: str = ""
    region: str = ""
    team: str = ""
    check: str = ""
    words: str = ""

    def said(self) -> dict[str, str]:
        """As it stands in an address."""
        named = {"state": self.state, "kind": self.kind, "region": self.region, "team": self.team, "check": self.check}
        return {name: value for name, value in {**named, "q": self.words}.items() if value}


@dataclass(frozen=True, slots=True)
class BoardLine:
    """One row of the list."""

    code: str
    spaced: str
    state: str
    revision: int
    site_no: str
    name: str
    kind: str
    region: str | None
    team: str | None
    checked_on: date | None
    overdue: bool
    printed_at: datetime | None


@dataclass(frozen=True, slots=True)
class BoardList:
    """One page of it: `total` of what was sought, `states` of every state for the same filter, `more`: another page."""

    lines: list[BoardLine]
    total: int
    states: Mapping[str, int]
    more: str


def board_list(session: Session, sought: Sought, *, good_from: date, after: str = "") -> BoardList:
    """Three statements, however many boards there are. `after` is the code of the last board of the page before.

    `good_from`: a board that somebody was at since that day is not overdue.
    """
    other = _where(sought, good_from)
    counts = session.execute(
        select(Board.state, func.count()).join(Site, Site.id == Board.site_id).where(*other).group_by(Board.state)
    )
    states = {state: int(count) for state, count in counts}
    printed = (
        select(func.max(BoardPrint.at)).where(BoardPrint.board_code == Board.code).correlate(Board).scalar_subquery()
    )
    place = _place_key()
    rows = (
        select(
            Board,
            Site,
            Region.name.label("region"),
            Team.name.label("team"),
            printed.label("printed_at"),
            _overdue(good_from).label("overdue"),
        )
        .join(Site, Site.id == Board.site_id)
        .outerjoin(Region, Region.code == Site.region_code)
        .outerjoin(Team, Team.id == Site.team_id)
        .where(*other, _state(sought.state))
        .order_by(*place)
    )
    if after and (last := _key_of(session, after)):
        rows = rows.where(tuple_(*place) > tuple_(*last))
    found = session.execute(rows.limit(PAGE + 1)).all()
    lines = [_line(row) for row in found[:PAGE]]
    total = sum(count for state, count in states.items() if _counts(sought.state, state))
    return BoardList(lines, total, states, lines[-1].code if len(found) > PAGE else "")


def sought_codes(session: Session, sought: Sought, *, good_from: date) -> list[str]:
    """Every board of the list that can be printed, in binding order."""
    rows = session.execute(
        select(Board.code, Site.region_code, Site.site_no).join(Site, Site.id == Board.site_id)
        .where(*_where(sought, good_from), _state(sought.state), Board.state.not_in(GONE))
    ).all()  # fmt: skip
    return _bound(rows)


def in_binding_order(session: Session, wanted: Sequence[str]) -> list[str]:
    """These boards by region and site number, each once; a code that no board has comes last."""
    rows = session.execute(
        select(Board.code, Site.region_code, Site.site_no).join(Site, Site.id == Board.site_id)
        .where(Board.code.in_(wanted))
    ).all()  # fmt: skip
    found = _bound(rows)
    return found + [code for code in dict.fromkeys(wanted) if code not in set(found)]


def codes_to_print(session: Session, *, region: str | None = None, kind: str | None = None) -> list[str]:
    """Live boards, of one region with everything below it, of one kind of site, in binding order."""
    wanted = select(Board.code, Site.region_code, Site.site_no).join(Site, Site.id == Board.site_id)
    wanted = wanted.where(Board.state == "live")
    if region is not None:
        wanted = wanted.where(Site.region_code.in_(select(_below(region).c.code)))
    if kind is not None:
        wanted = wanted.where(Site.kind == kind)
    return _bound(session.execute(wanted).all())


def region_name(session: Session, region: str) -> str | None:
    """None where there is no such region."""
    found: str | None = session.scalar(select(Region.name).where(Region.code == region))
    return found


def region_choices(session: Session) -> list[tuple[str, str]]:
    """Code and name of the county's parts that hold other places: few enough for a list to choose from."""
    above = select(Region.parent_code).where(Region.parent_code.is_not(None)).distinct()
    rows = session.execute(
        select(Region.code, Region.name, Region.level)
        .where(Region.code.in_(above) | (Region.level == "town"), Region.level.not_in(("province", "prefecture")))
        .order_by(Region.code)
    )
    return [(code, name) for code, name, _ in rows]


def team_choices(session: Session) -> list[tuple[str, str]]:
    """Teams that answer for a site."""
    used = select(Site.team_id).where(Site.team_id.is_not(None)).distinct()
    rows = session.execute(select(Team.id, Team.name).where(Team.id.in_(used)).order_by(Team.id))
    return [(team_id, name) for team_id, name in rows]


@dataclass(frozen=True, slots=True)
class History:
    """What was done to a board, by the names of those who did it; newest first."""

    events: list[BoardEvent]
    revisions: list[BoardRevision]
    prints: list[BoardPrint]
    names: Mapping[str, str]
    predecessor: str | None
    successor: str | None
    neighbours: list[Board]  # other boards of the same site that are neither revoked nor rotated


PRINTS_SHOWN: Final = 30


def history(session: Session, code: str) -> History:
    events = session.scalars(
        select(BoardEvent).where(BoardEvent.board_code == code)
        .order_by(BoardEvent.at.desc(), BoardEvent.kind == "made", BoardEvent.id)
    ).all()  # fmt: skip
    revisions = session.scalars(
        select(BoardRevision).where(BoardRevision.board_code == code).order_by(BoardRevision.number.desc())
    ).all()
    prints = session.scalars(
        select(BoardPrint).where(BoardPrint.board_code == code).order_by(BoardPrint.at.desc(), BoardPrint.id)
        .limit(PRINTS_SHOWN)
    ).all()  # fmt: skip
    site_id = select(Board.site_id).where(Board.code == code).scalar_subquery()
    neighbours = session.scalars(
        select(Board).where(Board.site_id == site_id, Board.code != code, Board.state.not_in(GONE))
    ).all()
    logins = {row.actor for row in events} | {row.by for row in prints} | {row.made_by for row in revisions}
    people = session.execute(select(Person.login, Person.name).where(Person.login.in_(logins)))
    names = {row.login: row.name for row in people}
    predecessor = session.scalar(select(Board.code).where(Board.successor == code))
    successor = session.scalar(select(Board.successor).where(Board.code == code))
    return History(list(events), list(revisions), list(prints), names, predecessor, successor, list(neighbours))


def sites_like(session: Session, words: str) -> list[tuple[str, str]]:
    """Numbers and names of a few sites that somebody may mean."""
    if not words:
        return []
    like = _like(words)
    rows = session.execute(
        select(Site.site_no, Site.name)
        .where(or_(Site.site_no.ilike(like, escape="\\"), Site.name.ilike(like, escape="\\")))
        .order_by(Site.site_no).limit(6)
    )  # fmt: skip
    return [(number, name) for number, name in rows]


def _where(sought: Sought, good_from: date) -> list[ColumnElement[bool]]:
    """Everything but the state."""
    found: list[ColumnElement[bool]] = []
    if sought.kind:
        found.append(Site.kind == sought.kind)
    if sought.region:
        found.append(Site.region_code.in_(select(_below(sought.region).c.code)))
    if sought.team:
        found.append(Site.team_id.is_(None) if sought.team == "none" else Site.team_id == sought.team)
    if sought.check == "overdue":
        found.append(_overdue(good_from))
    elif sought.check:
        found.append(and_(_never_seen(), Board.state == "live"))
    if words := sought.words.strip()[:SEARCH_MAX]:
        like, as_code = _like(words), codes.normalise(words)
        columns = (Site.site_no, Site.name, Site.place)
        texts: list[ColumnElement[bool]] = [column.ilike(like, escape="\\") for column in columns]
        if as_code and set(as_code) <= set(codes.ALPHABET):
            texts.append(Board.code.contains(as_code))
        found.append(or_(*texts))
    return found


def _like(words: str) -> str:
    escaped = words.replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_")
    return f"%{escaped}%"


def _overdue(good_from: date) -> ColumnElement[bool]:
    """Live, and nobody was there since `good_from`; who never was anywhere near is given from the day it hung."""
    recently = select(BoardPatrol.id).where(BoardPatrol.board_code == Board.code, BoardPatrol.day >= good_from)
    hung = select(func.min(BoardEvent.at)).where(BoardEvent.board_code == Board.code, BoardEvent.state == "live")
    start = datetime.combine(good_from, time(), UTC)
    just_hung = and_(_never_seen(), hung.correlate(Board).scalar_subquery() >= start)
    return and_(
        Board.state == "live",
        Board.made_on < good_from,
        or_(Board.checked_on.is_(None), Board.checked_on < good_from),
        not_(recently.correlate(Board).exists()),
        not_(func.coalesce(just_hung, false())),
    )


def _never_seen() -> ColumnElement[bool]:
    patrolled = select(BoardPatrol.id).where(BoardPatrol.board_code == Board.code)
    return and_(Board.checked_on.is_(None), not_(patrolled.correlate(Board).exists()))


def _state(state: str) -> ColumnElement[bool]:
    if state == ANY:
        return Board.state.is_not(None)
    return Board.state != "rotated" if state == PRESENT else Board.state == state


def _counts(sought: str, state: str) -> bool:
    return state == sought or sought == ANY or (sought == PRESENT and state != "rotated")


def _below(region: str) -> CTE:
    """The region and everything in it."""
    tree = select(Region.code).where(Region.code == region).cte("below", recursive=True)
    return tree.union(select(Region.code).join(tree, Region.parent_code == tree.c.code))


def _place_key() -> tuple[Any, ...]:
    return (func.coalesce(Site.region_code, ""), Site.site_no, Board.code)


def _key_of(session: Session, code: str) -> tuple[Any, ...] | None:
    place: Select[Any] = select(*_place_key()).join(Site, Site.id == Board.site_id).where(Board.code == code)
    row = session.execute(place).first()
    return tuple(row) if row is not None else None


def _bound(rows: Sequence[Any]) -> list[str]:
    return [row.code for row in sorted(rows, key=lambda row: (*binding_order(row.region_code, row.site_no), row.code))]


def _line(row: Any) -> BoardLine:
    board, site = row.Board, row.Site
    return BoardLine(
        code=board.code,
        spaced=codes.spaced(board.code),
        state=board.state,
        revision=board.revision,
        site_no=site.site_no,
        name=site.name,
        kind=site.kind,
        region=row.region,
        team=row.team,
        checked_on=board.checked_on,
        overdue=bool(row.overdue),
        printed_at=row.printed_at,
    )
