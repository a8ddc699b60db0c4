"""Making boards and moving them through their life. Every change is one event: who, when, why."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from intake.boards import lifecycle
from intake.boards.models import Board, BoardEvent, BoardRevision, Site
from intake.boards.services.drafts import new_draft, put_draft
from intake.core.errors import Busy, Invalid, NotFound, Retry
from intake.core.world import World
from intake.people import queries as people
from qr import code as codes
from qr import words

T = TypeVar("T")
STATES = lifecycle.STATES
REASON_MAX = 200
_TRIES = 5
_ACT_TO = {"live": "live", "closed": "close", "revoked": "revoke"}
NOBODY = "负责这块牌子的组还没有能打开来信的人，先开通并确认一位成员。"


def make_board(world: World, actor: str, *, site_no: str) -> str:
    """A draft board with a new code at an existing site; returns the code."""
    draft, today, now = new_draft(), world.today(), world.clock.now()

    def record(session: Session) -> None:
        put_draft(session, draft, site_id=_site(session, site_no).id, actor=actor, at=now, today=today)

    world.db.write(record)
    return draft.code


def set_state(world: World, actor: str, *, code: str, state: str, reason: str) -> None:
    """Move a board to live, closed or revoked. It goes live only with a team that has an active member."""
    if state not in _ACT_TO:
        raise Invalid({"state": f"状态只有 {'、'.join(_ACT_TO)}"})
    act, reason, now = _ACT_TO[state], one_line(reason), world.clock.now()

    def attempt() -> None:
        epoch, able = _able(world, code=code)

        def record(session: Session) -> None:
            board = _held(session, code, act)
            if act == "live":
                same_readers(session, epoch)
                if not able:
                    raise Invalid({"state": NOBODY})
            leave_live(board, state, now)
            board.state = state
            session.add(BoardEvent(board_code=code, at=now, actor=actor, kind=act, state=state, reason=reason))

        world.db.write(record)

    again(attempt)


def rotate(world: World, actor: str, *, code: str, reason: str) -> str:
    """A new code, revision and check words take the place of this one, whose code warns from now on.

    The new board takes over the state: live only where the team can open what comes in. Returns the new code.
    """
    reason, today, now = one_line(reason), world.today(), world.clock.now()
    fresh, check_words = codes.new_code(), list(words.pick(3))

    def attempt() -> None:
        epoch, able = _able(world, code=code)

        def record(session: Session) -> None:
            old = _held(session, code, "rotate")
            same_readers(session, epoch)
            number = old.revision + 1
            board = Board(code=fresh, site_id=old.site_id, state=lifecycle.of_successor(old.state, able=able))
            board.check_words, board.made_on, board.revision, board.first_revision = check_words, today, number, number
            session.add(board)
            leave_live(old, "rotated", now)
            old.state, old.successor = "rotated", fresh
            session.flush()
            session.add(BoardRevision(
                board_code=fresh, number=number, check_words=check_words, made_at=now, made_by=actor,
            ))  # fmt: skip
            for one, kind, data in ((old, "rotate", {"to": fresh}), (board, "made", {"from": code})):
                session.add(BoardEvent(
                    board_code=one.code, at=now, actor=actor, kind=kind, state=one.state, reason=reason, data=data,
                ))  # fmt: skip

        world.db.write(record)

    again(attempt)
    return fresh


def move(world: World, actor: str, *, code: str, site_no: str, reason: str) -> None:
    """The board stands for another site from now on: its page shows that one, what comes in goes to its team.

    What came in before keeps the place it was sent from.
    """
    with world.db.read() as session:
        missing = {} if _known(session, site_no) else {"site_no": f"没有编号为 {site_no} 的点位。"}
    reason, now = one_line(reason, missing), world.clock.now()

    def attempt() -> None:
        epoch, able = _able(world, site_no=site_no)

        def record(session: Session) -> None:
            board, there = _held(session, code, "move"), _site(session, site_no)
            if board.site_id == there.id:
                raise Invalid({"site_no": f"牌子本来就在 {site_no}。"})
            same_readers(session, epoch)
            if board.state == "live" and not able:
                raise Invalid({"site_no": f"负责 {site_no} 的组还没有能打开来信的人，先开通并确认一位成员。"})
            data: dict[str, Any] = {"from": session.get_one(Site, board.site_id).site_no, "to": site_no}
            board.site_id = there.id
            session.add(BoardEvent(
                board_code=code, at=now, actor=actor, kind="move", state=board.state, reason=reason, data=data,
            ))  # fmt: skip

        world.db.write(record)

    again(attempt)


def one_line(text: str, problems: dict[str, str] | None = None) -> str:
    """The reason in one line. Raises `Invalid` with what is wrong with it, beside other `problems`."""
    reason, problems = " ".join(text.split()), dict(problems or {})
    if not reason:
        problems["reason"] = "请写明原因。"
    elif len(reason) > REASON_MAX or not reason.isprintable():
        problems["reason"] = f"原因最多 {REASON_MAX} 个字，不要换行和特殊符号。"
    if problems:
        raise Invalid(problems)
    return reason


def _known(session: Session, site_no: str) -> Site | None:
    if not site_no.isprintable():
        return None
    return session.scalars(select(Site).where(Site.site_no == site_no)).first()


def _site(session: Session, site_no: str) -> Site:
    site = _known(session, site_no)
    if site is None:
        raise NotFound(f"没有编号为 {site_no} 的点位")
    return site


def _held(session: Session, code: str, act: str) -> Board:
    """The board, kept from others until this is recorded, if the table allows `act` in the state it is in now."""
    board = session.get(Board, code, with_for_update=True, populate_existing=True)
    if board is None:
        raise NotFound("没有这块牌子")
    if lifecycle.after(board.state, act) is None:
        if board.successor:
            raise Invalid({"state": f"这块牌子已经换过码，新码是 {codes.spaced(board.successor)}。"})
        name, wanted = lifecycle.STATE_NAMES[board.state], lifecycle.ACT_NAMES[act]
        raise Invalid({"state": f"牌子现在是“{name}”，不能{wanted}。"})
    return board


def leave_live(board: Board, state: str, now: datetime) -> None:
    if board.state == "live" and state != "live":
        board.live_until = now


def _able(world: World, *, code: str = "", site_no: str = "") -> tuple[int, bool]:
    """The epoch of readers, and whether somebody of the team of this board, or of this site, can open a report."""
    with world.db.read() as session:
        found = select(Site.team_id)
        found = found.where(Site.site_no == site_no) if site_no else (
            found.join(Board, Board.site_id == Site.id).where(Board.code == code)
        )  # fmt: skip
        team_id = session.scalar(found)
        epoch = people.readers_epoch(session)
        return epoch, team_id is not None and bool(people.trusted_members(session, world.secrets, team_id))


def same_readers(session: Session, epoch: int) -> None:
    """Nobody joined or left a team since it was looked at."""
    if people.readers_epoch(session, hold=True) != epoch:
        raise Retry


def again(attempt: Callable[[], T]) -> T:
    """Until nobody joined or left a team between the look and the record."""
    for _ in range(_TRIES):
        try:
            return attempt()
        except Retry:
            continue
    raise Busy(5)
