"""Pages of the registers: searched and filtered, a page of rows at a time, as many questions whatever there is."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, exists, func, or_, select
from sqlalchemy.orm import Session

from intake.boards import facts, lifecycle
from intake.boards.models import Board, Organisation, OrganisationAlias, Region, Round, Site
from intake.boards.queries.ledger import best_boards
from intake.boards.queries.texts import local_text
from intake.core.access import CUSTODY_TEAM
from intake.people.models import Person, Team

PER_PAGE = 50
WORDS_MAX = 80


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a list: its words, quiet words below, and a state's shape (draft, live, …) where it has one."""

    words: str
    below: str = ""
    state: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of a list; `key` is its address."""

    key: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Found:
    entries: tuple[Entry, ...]
    total: int
    page: int

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // PER_PAGE))


@dataclass(frozen=True, slots=True)
class Seen:
    """When and where somebody looks."""

    now: datetime
    zone: ZoneInfo


Query = Any
"""A select: its type is another one with every column that is asked for."""
Filters = Mapping[str, str]


def _listed(
    session: Session, query: Query, order: Sequence[Any], page: int, entries: Callable[[Sequence[Any]], list[Entry]]
) -> Found:
    total = session.scalar(select(func.count()).select_from(query.order_by(None).subquery())) or 0
    page = max(1, min(page, -(-total // PER_PAGE)))
    rows = session.execute(query.order_by(*order).limit(PER_PAGE).offset((page - 1) * PER_PAGE)).all()
    return Found(tuple(entries(rows)), total, page)


def _has(words: str, *columns: Any) -> ColumnElement[bool]:
    return or_(*(column.icontains(words, autoescape=True) for column in columns))


def _counts(session: Session, column: Any, keys: Sequence[str]) -> dict[str, int]:
    """How many rows refer to each of these by `column`."""
    rows = session.execute(select(column, func.count()).where(column.in_(keys)).group_by(column))
    return {key: count for key, count in rows}  # noqa: C416 - rows are no pairs to the type checker


def _sites(count: int) -> Cell:
    return Cell(f"{count} 个点位" if count else "")


def below(code: str) -> Any:
    """A region's code and the codes of all below it, as a part of another question."""
    own = select(Region.code).where(Region.code == code).cte(recursive=True)
    return own.union(select(Region.code).join(own, Region.parent_code == own.c.code))


def find_region(session: Session, text: str) -> str | None:
    """The code that a filter means: a code, or a name, of which the first counts."""
    query = select(Region.code).where((Region.code == text) | (Region.name == text)).order_by(Region.code).limit(1)
    return session.scalar(query)


def list_sites(session: Session, seen: Seen, filters: Filters, page: int) -> Found:
    query: Query = (
        select(Site, Region.name, Team.name, Round.name)
        .outerjoin(Region, Region.code == Site.region_code)
        .outerjoin(Team, Team.id == Site.team_id)
        .outerjoin(Round, Round.id == Site.round_id)
    )
    if words := filters.get("q"):
        query = query.where(_has(words, Site.site_no, Site.name, Site.place))
    if kind := filters.get("kind"):
        query = query.where(Site.kind == kind)
    if team := filters.get("team"):
        query = query.where(Site.team_id.is_(None) if team == "none" else Site.team_id == team)
    if round_id := filters.get("round"):
        query = query.where(Site.round_id.is_(None) if round_id == "none" else Site.round_id == round_id)
    if state := filters.get("state"):
        query = query.where(exists().where(Board.site_id == Site.id, Board.state == state))
    if place := filters.get("region"):
        query = query.where(Site.region_code.in_(select(below(find_region(session, place) or "").c.code)))

    def entries(rows: Sequence[Any]) -> list[Entry]:
        boards = best_boards(session, [site.id for site, *_ in rows])
        return [_site(*row, board=boards.get(row[0].id)) for row in rows]

    return _listed(session, query, [Site.site_no], page, entries)


def _site(site: Site, region: str | None, team: str | None, round_: str | None, *, board: Board | None) -> Entry:
    state = Cell("没有牌子")
    if board is not None:
        checked = f"{board.checked_on.isoformat()} 核对" if board.checked_on else "还没有核对过"
        state = Cell(lifecycle.STATE_NAMES.get(board.state, board.state), checked, board.state)
    return Entry(
        site.site_no,
        (
            Cell(site.name, site.site_no),
            Cell(facts.SITE_KINDS.get(site.kind, site.kind), region or "地方不明"),
            Cell(team or "还没有组", round_ or ""),
            state,
        ),
    )


def list_regions(session: Session, _: Seen, filters: Filters, page: int) -> Found:
    above = select(Region.code, Region.name).subquery()
    query = select(Region, above.c.name).outerjoin(above, above.c.code == Region.parent_code)
    if words := filters.get("q"):
        query = query.where(_has(words, Region.code, Region.name))
    if level := filters.get("level"):
        query = query.where(Region.level == level)

    def entries(rows: Sequence[Any]) -> list[Entry]:
        sites = _counts(session, Site.region_code, [region.code for region, _ in rows])
        return [
            Entry(region.code, (
                Cell(region.name, region.code), Cell(facts.LEVELS.get(region.level, region.level)), Cell(parent or ""),
                _sites(sites.get(region.code, 0)),
            ))
            for region, parent in rows
        ]  # fmt: skip

    return _listed(session, query, [Region.code], page, entries)


_FIRMS = (Site.owner_unit_id, Site.contractor_id, Site.supervisor_firm_id, Site.designer_id)


def list_organisations(session: Session, _: Seen, filters: Filters, page: int) -> Found:
    query: Query = select(Organisation)
    if words := filters.get("q"):
        called = exists().where(
            OrganisationAlias.organisation_id == Organisation.id, _has(words, OrganisationAlias.text)
        )
        query = query.where(_has(words, Organisation.name) | called)
    if kind := filters.get("kind"):
        query = query.where(Organisation.kind == kind)

    def entries(rows: Sequence[Any]) -> list[Entry]:
        ids = [row.id for (row,) in rows]
        aliases: dict[str, list[str]] = {}
        texts = select(OrganisationAlias).where(OrganisationAlias.organisation_id.in_(ids))
        for alias in session.scalars(texts.order_by(OrganisationAlias.text)):
            aliases.setdefault(alias.organisation_id, []).append(alias.text)
        sites = [_counts(session, column, ids) for column in _FIRMS]
        return [
            Entry(row.id, (
                Cell(row.name), Cell(facts.ORGANISATION_KINDS.get(row.kind, row.kind)),
                Cell("；".join(aliases.get(row.id, ()))), _sites(sum(count.get(row.id, 0) for count in sites)),
            ))
            for (row,) in rows
        ]  # fmt: skip

    return _listed(session, query, [Organisation.name], page, entries)


def list_teams(session: Session, _: Seen, filters: Filters, page: int) -> Found:
    query: Query = select(Team, Region.name).outerjoin(Region, Region.code == Team.region_code)
    query = query.where(Team.id != CUSTODY_TEAM)
    if words := filters.get("q"):
        query = query.where(_has(words, Team.id, Team.name, Team.covers))
    if kind := filters.get("kind"):
        query = query.where(Team.kind == kind)

    def entries(rows: Sequence[Any]) -> list[Entry]:
        ids = [team.id for team, _ in rows]
        there = select(Person.team_id, func.count()).where(Person.team_id.in_(ids), Person.left_on.is_(None))
        people = {team_id: count for team_id, count in session.execute(there.group_by(Person.team_id))}  # noqa: C416 - as above
        sites = _counts(session, Site.team_id, ids)
        return [
            Entry(team.id, (
                Cell(team.name, team.id), Cell(facts.TEAM_KINDS.get(team.kind, team.kind), region or ""),
                Cell(team.covers), Cell(f"{people.get(team.id, 0)} 人"), _sites(sites.get(team.id, 0)),
            ))
            for team, region in rows
        ]  # fmt: skip

    return _listed(session, query, [Team.id], page, entries)


def list_rounds(session: Session, seen: Seen, filters: Filters, page: int) -> Found:
    query: Query = select(Round)
    if words := filters.get("q"):
        query = query.where(_has(words, Round.name, Round.committee))

    def entries(rows: Sequence[Any]) -> list[Entry]:
        sites = _counts(session, Site.round_id, [row.id for (row,) in rows])
        return [
            Entry(row.id, (
                Cell(row.name, row.committee), Cell(f"{local_text(row.opens_at, seen.zone)} 起"),
                Cell(f"{local_text(row.closes_at, seen.zone)} 止"), standing(row, seen.now),
                _sites(sites.get(row.id, 0)),
            ))
            for (row,) in rows
        ]  # fmt: skip

    return _listed(session, query, [Round.opens_at.desc(), Round.name], page, entries)


def standing(row: Round, now: datetime) -> Cell:
    if now < row.opens_at:
        return Cell("还没有开始", state="draft")
    return Cell("正在受理", state="live") if now < row.closes_at else Cell("已经截止", state="closed")
