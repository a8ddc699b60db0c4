"""Reading the sums of boards, only as far as they may be shown: see `counting` and ADR 0018."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from intake.boards import counting
from intake.boards.models import Board, BoardSum, Site


@dataclass(frozen=True, slots=True)
class Stray:
    """Codes that lead nowhere any more, scanned on a day that is over. `count` None: fewer than five."""

    day: date
    count: int | None


@dataclass(frozen=True, slots=True)
class GoneBoard:
    """An old code that somebody still scans: it hangs somewhere."""

    code: str
    site_no: str
    name: str
    days: tuple[Stray, ...]


@dataclass(frozen=True, slots=True)
class Strays:
    """`boards`: old codes that are still scanned; `unknown`: codes that no board ever had, one sum a day."""

    boards: tuple[GoneBoard, ...]
    unknown: tuple[Stray, ...]


def strays(session: Session, today: date) -> Strays:
    """Scans that led to no board in the last four weeks, today not counted."""
    return Strays(tuple(gone_boards(session, today)), tuple(unknown_codes(session, today)))


def gone_boards(session: Session, today: date) -> list[GoneBoard]:
    """Codes of boards that hang no more and were opened in the last four weeks; the latest on top."""
    rows = session.execute(
        select(BoardSum.board_code, Site.site_no, Site.name, BoardSum.day, BoardSum.count)
        .join(Board, Board.code == BoardSum.board_code)
        .join(Site, Site.id == Board.site_id)
        .where(BoardSum.kind == counting.GONE, _over(today))
        .order_by(BoardSum.day.desc(), Site.site_no)
    )
    found: dict[str, GoneBoard] = {}
    for code, site_no, name, day, count in rows:
        so_far = found.get(code, GoneBoard(code, site_no, name, ()))
        days = (*so_far.days, Stray(day, counting.shown(count)))
        found[code] = GoneBoard(code, site_no, name, days)
    return list(found.values())


def unknown_codes(session: Session, today: date) -> list[Stray]:
    """Codes that no board ever had, as one sum a day."""
    rows = session.execute(
        select(BoardSum.day, BoardSum.count)
        .where(BoardSum.kind == counting.UNKNOWN, _over(today))
        .order_by(BoardSum.day.desc())
    )
    return [Stray(day, counting.shown(count)) for day, count in rows]


def by_day(
    session: Session, kind: str, first: date, last: date, *, codes: Collection[str] | None = None
) -> dict[date, int]:
    """Day → sum, of all boards or of these; days without any are left out."""
    rows = select(BoardSum.day, func.sum(BoardSum.count)).where(
        BoardSum.kind == kind, BoardSum.day >= first, BoardSum.day <= last
    )
    if codes is not None:
        rows = rows.where(BoardSum.board_code.in_(codes))
    return {day: int(count) for day, count in session.execute(rows.group_by(BoardSum.day))}


def by_site(session: Session, kind: str, first: date, last: date) -> dict[str, int]:
    """Site → sum, under whatever codes it had; sites without any are left out."""
    rows = session.execute(
        select(Board.site_id, func.sum(BoardSum.count))
        .join(Board, Board.code == BoardSum.board_code)
        .where(BoardSum.kind == kind, BoardSum.day >= first, BoardSum.day <= last)
        .group_by(Board.site_id)
    )
    return {site_id: int(count) for site_id, count in rows}


def _over(today: date) -> ColumnElement[bool]:
    days = counting.days_over(today)
    return BoardSum.day.between(days[0], days[-1])
