"""The register of sites (台账): what a sheet of sites says, and beside it what became of each site's board."""

from collections.abc import Mapping, Sequence
from datetime import date
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from intake.boards import facts, lifecycle
from intake.boards.models import Board, Region, Round, Site
from intake.boards.queries.texts import local_text, sites_there
from intake.people.models import Team

# What is told besides, by its heading. A board's own life is not written through a sheet: imports pass these by.
BESIDE = {
    "region_name": "地方名称", "team_name": "组名", "board_code": "牌子的码", "board_state": "牌子的状态",
    "board_revision": "牌子的版次", "board_made": "设牌日期", "board_checked": "最近核对", "round_opens": "轮次开始",
    "round_closes": "轮次截止",
}  # fmt: skip
_BEST = {"live": 0, "closed": 1, "draft": 2}  # which of a site's boards stands for it; the newest of them


def ledger(session: Session, zone: ZoneInfo) -> list[list[str]]:
    """Headings and one row a site, by number. The first columns are a sheet of sites, to be brought in again."""
    regions = dict(session.execute(select(Region.code, Region.name)).all())
    teams = dict(session.execute(select(Team.id, Team.name)).all())
    rounds = {row.name: row for row in session.scalars(select(Round))}
    boards = best_boards(session)
    rows = [[*(column.words for column in facts.SITES), *BESIDE.values()]]
    ids = dict(session.execute(select(Site.site_no, Site.id)).all())
    for site_no, texts in sorted(sites_there(session).items()):
        own, board = rounds.get(texts["round"]), boards.get(ids[site_no])
        beside = {
            "region_name": regions.get(texts["region_code"], ""),
            "team_name": teams.get(texts["team_id"], ""),
            "round_opens": local_text(own.opens_at, zone) if own else "",
            "round_closes": local_text(own.closes_at, zone) if own else "",
            **(_of_board(board) if board else {}),
        }
        rows.append([
            *(column.show(texts[column.id]) for column in facts.SITES), *(beside.get(name, "") for name in BESIDE),
        ])  # fmt: skip
    return rows


def best_boards(session: Session, sites: Sequence[str] | None = None) -> Mapping[str, Board]:
    """Site's id → the board that stands for it; of these sites, or of all."""
    query = select(Board) if sites is None else select(Board).where(Board.site_id.in_(sites))
    found: dict[str, Board] = {}
    for board in session.scalars(query):
        other = found.get(board.site_id)
        if other is None or _rank(board) < _rank(other):
            found[board.site_id] = board
    return found


def _rank(board: Board) -> tuple[int, int, str]:
    return _BEST.get(board.state, len(_BEST)), -board.revision, board.code


def _of_board(board: Board) -> dict[str, str]:
    return {
        "board_code": board.code,
        "board_state": lifecycle.STATE_NAMES.get(board.state, board.state),
        "board_revision": str(board.revision),
        "board_made": board.made_on.isoformat(),
        "board_checked": _day(board.checked_on),
    }


def _day(day: date | None) -> str:
    return day.isoformat() if day else ""
