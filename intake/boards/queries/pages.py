"""Reading boards, sites and regions."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, bindparam, case, select
from sqlalchemy.orm import Session

from intake.boards.guardian import WITHOUT_OFFICE, office_name_query
from intake.boards.models import Board, Organisation, Region, Round, Site
from intake.core.tables import table_of
from intake.people.models import Team
from qr import code as codes


@dataclass(frozen=True, slots=True)
class BoardPage:
    """What the plate shows, and who answers for the board."""

    code: str
    spaced: str
    state: str  # draft, live, closed, revoked, rotated
    revision: int
    first_revision: int  # boards of this code that hang since then are as good
    site_id: str
    site_no: str
    name: str
    kind: str  # project, village, unit
    place: str
    check_words: tuple[str, ...]
    checked_on: date | None
    team_id: str | None
    team_name: str | None
    phone: str | None
    live_until: datetime | None
    before_round: bool
    after_round: bool
    opens_at: datetime | None  # the hours of the site's round; None where it belongs to none
    closes_at: datetime | None


def _board_page() -> Select[Any]:
    """One statement over the tables themselves, built once: every page of a citizen begins with it."""
    board, site, team, round_ = table_of(Board), table_of(Site), table_of(Team), table_of(Round)
    own, above, top = (table_of(Region).alias(name) for name in ("own", "above", "top"))
    return (
        select(
            board.c.code, board.c.state, board.c.revision, board.c.first_revision, board.c.check_words,
            board.c.checked_on, board.c.live_until,
            site.c.id.label("site_id"), site.c.site_no, site.c.name, site.c.kind, site.c.team_id, site.c.phone,
            site.c.starts_on, team.c.name.label("team_name"), round_.c.opens_at, round_.c.closes_at,
            office_name_query().label("office"),
            *(column for region in (top, above, own) for column in (region.c.level, region.c.name)),
        )
        .join_from(board, site, site.c.id == board.c.site_id)
        .outerjoin(team, team.c.id == site.c.team_id)
        .outerjoin(round_, round_.c.id == site.c.round_id)
        .outerjoin(own, own.c.code == site.c.region_code)
        .outerjoin(above, above.c.code == own.c.parent_code)
        .outerjoin(top, top.c.code == above.c.parent_code)
        .where(board.c.code == bindparam("code"))
    )  # fmt: skip


_BOARD_PAGE = _board_page()
_REGIONS_FROM = 18  # where the regions' levels and names begin in its rows
_PRINTED_LEVELS = frozenset({"county", "town", "village"})


def board_page(
    session: Session, code: str, *, today: date | None = None, now: datetime | None = None
) -> BoardPage | None:
    """The board with this canonical code; a draft is nothing to the public but the caller decides.

    Without `today` and `now` nobody asks whether its round has begun or is over.
    """
    found = board_with_office(session, code, today=today, now=now)
    return found[0] if found is not None else None


def board_with_office(
    session: Session, code: str, *, today: date | None = None, now: datetime | None = None
) -> tuple[BoardPage, str] | None:
    """As `board_page`, and the name of the office: most pages show both."""
    row = session.execute(_BOARD_PAGE, {"code": code}).first()
    if row is None:
        return None
    page = BoardPage(
        code=row.code,
        spaced=codes.spaced(row.code),
        state=row.state,
        revision=row.revision,
        first_revision=row.first_revision,
        site_id=row.site_id,
        site_no=row.site_no,
        name=row.name,
        kind=row.kind,
        place=place_of(row[_REGIONS_FROM:]),
        check_words=tuple(row.check_words),
        checked_on=row.checked_on,
        team_id=row.team_id,
        team_name=row.team_name,
        phone=row.phone,
        live_until=row.live_until,
        before_round=_not_begun(row, today, now),
        after_round=bool(now and row.closes_at and now >= row.closes_at),
        opens_at=row.opens_at,
        closes_at=row.closes_at,
    )
    return page, row.office or WITHOUT_OFFICE


def _not_begun(row: Any, today: date | None, now: datetime | None) -> bool:
    """By the hour of its round; a unit without one begins on its own first day."""
    if row.opens_at is not None:
        return bool(now and now < row.opens_at)
    return bool(row.kind == "unit" and today and row.starts_on and today < row.starts_on)


def place_of(levels_and_names: Sequence[str | None]) -> str:
    """Names from the county down, as printed: 岚溪县 石桥镇."""
    pairs = zip(levels_and_names[::2], levels_and_names[1::2], strict=True)
    return " ".join(name for level, name in pairs if name and level in _PRINTED_LEVELS)


def board_by_site_no(session: Session, site_no: str) -> Board | None:
    """The board that a site's number means: one that hangs, else one that warns, else a draft; the newest of them."""
    hangs = case((Board.state.in_(("live", "closed")), 0), (Board.state == "draft", 2), else_=1)
    return session.scalars(
        select(Board).join(Site, Site.id == Board.site_id).where(Site.site_no == site_no)
        .order_by(hangs, Board.revision.desc()).limit(1)
    ).first()  # fmt: skip


def organisation_names(session: Session) -> dict[str, str]:
    """id → name of every organisation."""
    return {o.id: o.name for o in session.scalars(select(Organisation))}


def was_live(board: BoardPage, opened_at: datetime) -> bool:
    """Whether a form opened at `opened_at` was opened while the board was live and its round open."""
    in_round = (board.opens_at is None or opened_at >= board.opens_at) and (
        board.closes_at is None or opened_at < board.closes_at
    )
    return in_round and (board.state == "live" or (board.live_until is not None and opened_at <= board.live_until))
