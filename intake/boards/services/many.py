"""One act on many boards: each that may be changed is, with an event of its own; the others are named."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from intake.boards import lifecycle
from intake.boards.models import Board, BoardEvent, Site
from intake.boards.printing import in_parts
from intake.boards.services.life import NOBODY, again, leave_live, one_line, same_readers
from intake.core.world import World
from intake.people import queries as people

_AT_ONCE = 200
MANY = {"live": "live", "close": "closed"}  # what may be done to many, and the state it leaves them in


@dataclass(frozen=True, slots=True)
class Unchanged:
    """A board that stays as it is, and why."""

    code: str
    site_no: str
    name: str
    why: str


def would_stay(world: World, *, codes: Sequence[str], act: str) -> list[Unchanged]:
    """Which of these `act` would not change as things are now."""
    _, able = _able(world, codes)
    with world.db.read() as session:
        rows = session.execute(_boards(codes)).all()
    return [found for row in rows if (found := _unchanged(row.Board, row.Site, act, able))]


def change_many(world: World, actor: str, *, codes: Sequence[str], act: str, reason: str) -> list[Unchanged]:
    """Put boards live, or close them; those that stay as they are come back. Raises `Invalid` (reason)."""
    reason, now = one_line(reason), world.clock.now()
    stayed: list[Unchanged] = []

    def attempt(part: list[str]) -> list[Unchanged]:
        epoch, able = _able(world, part)

        def record(session: Session) -> list[Unchanged]:
            left = []
            held = {board.code: board for board in session.scalars(
                select(Board).where(Board.code.in_(part)).order_by(Board.code).with_for_update()
                .execution_options(populate_existing=True)
            )}  # fmt: skip
            same_readers(session, epoch)
            for row in session.execute(_boards(part)).all():
                board = held[row.Board.code]
                if found := _unchanged(board, row.Site, act, able):
                    left.append(found)
                    continue
                state = MANY[act]
                leave_live(board, state, now)
                board.state = state
                session.add(BoardEvent(
                    board_code=board.code, at=now, actor=actor, kind=act, state=state, reason=reason,
                ))  # fmt: skip
            return left

        return world.db.write(record)

    for part in in_parts(codes, _AT_ONCE):
        stayed += again(partial(attempt, part))
    return stayed


def _able(world: World, codes: Sequence[str]) -> tuple[int, frozenset[str]]:
    """The epoch of readers, and the teams of these boards' sites in which somebody can open a report."""
    with world.db.read() as session:
        teams = {row.Site.team_id for row in session.execute(_boards(codes)).all()} - {None}
        members = people.trusted_by_team(session, world.secrets, teams)
        return people.readers_epoch(session), frozenset(team for team, found in members.items() if found)


def _boards(codes: Sequence[str]) -> Select[Any]:
    columns: list[Any] = [Board, Site]
    found = select(*columns).join(Site, Site.id == Board.site_id).where(Board.code.in_(codes))
    return found.order_by(Site.site_no, Board.code)


def _unchanged(board: Board, site: Site, act: str, able: frozenset[str]) -> Unchanged | None:
    if lifecycle.after(board.state, act) is None:
        why = f"现在是“{lifecycle.STATE_NAMES[board.state]}”"
    elif act == "live" and site.team_id not in able:
        why = NOBODY
    else:
        return None
    return Unchanged(board.code, site.site_no, site.name, why)
