"""Reading boards, sites and regions."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from intake.boards.models import Board, Organisation, Region, Site
from intake.people.models import Team
from qr import code as codes


@dataclass(frozen=True, slots=True)
class BoardPage:
    """What the plate shows, and who answers for the board."""

    code: str
    spaced: str
    state: str  # draft, live, closed, revoked
    revision: int
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


def region_path(session: Session, code: str | None, *, least: str = "county") -> str:
    """Names from the county down, as printed: 岚溪县 石桥镇."""
    order = ("province", "prefecture", "county", "town", "village")
    names: list[str] = []
    while code:
        region = session.get(Region, code)
        if region is None or order.index(region.level) < order.index(least):
            break
        names.append(region.name)
        code = region.parent_code
    return " ".join(reversed(names))


def board_page(session: Session, code: str, *, today: date | None = None) -> BoardPage | None:
    """The board with this canonical code; a draft is nothing to the public but the caller decides."""
    row = session.execute(
        select(Board, Site, Team.name).join(Site, Site.id == Board.site_id).outerjoin(Team, Team.id == Site.team_id)
        .where(Board.code == code)
    ).first()  # fmt: skip
    if row is None:
        return None
    board, site, team_name = row
    return BoardPage(
        code=board.code,
        spaced=codes.spaced(board.code),
        state=board.state,
        revision=board.revision,
        site_id=site.id,
        site_no=site.site_no,
        name=site.name,
        kind=site.kind,
        place=region_path(session, site.region_code),
        check_words=tuple(board.check_words),
        checked_on=board.checked_on,
        team_id=site.team_id,
        team_name=team_name,
        phone=site.phone,
        live_until=board.live_until,
        before_round=bool(site.kind == "unit" and today and site.starts_on and today < site.starts_on),
    )


def board_by_site_no(session: Session, site_no: str) -> Board | None:
    """The newest revision of the board at a site."""
    return session.scalars(
        select(Board).join(Site, Site.id == Board.site_id).where(Site.site_no == site_no)
        .order_by(Board.revision.desc()).limit(1)
    ).first()  # fmt: skip


def organisation_names(session: Session) -> dict[str, str]:
    """id → name of every organisation."""
    return {o.id: o.name for o in session.scalars(select(Organisation))}


def was_live(board: BoardPage, opened_at: datetime) -> bool:
    """Whether a form opened at `opened_at` was opened while the board was live."""
    return board.state == "live" or (board.live_until is not None and opened_at <= board.live_until)
