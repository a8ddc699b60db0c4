"""Making boards and moving them through their states."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from intake.boards.models import Board, BoardEvent, Site
from intake.core.errors import Invalid, NotFound
from intake.core.world import World
from intake.people import queries as people
from qr import code as codes
from qr import words

STATES = ("draft", "live", "closed", "revoked")
_NEXT: dict[str, frozenset[str]] = {
    "draft": frozenset({"live", "revoked"}),
    "live": frozenset({"closed", "revoked"}),
    "closed": frozenset({"live", "revoked"}),
    "revoked": frozenset(),
}


def make_board(world: World, actor: str, *, site_no: str) -> str:
    """A draft board with a new code at an existing site; returns the code."""
    today, now = world.today(), world.clock.now()
    code, check_words = codes.new_code(), list(words.pick(3))

    def record(session: Session) -> None:
        site = session.scalars(select(Site).where(Site.site_no == site_no)).first()
        if site is None:
            raise NotFound(f"没有编号为 {site_no} 的点位")
        session.add(Board(code=code, site_id=site.id, state="draft", check_words=check_words, made_on=today))
        session.flush()
        session.add(BoardEvent(board_code=code, at=now, actor=actor, state="draft", reason="新建"))

    world.db.write(record)
    return code


def set_state(world: World, actor: str, *, code: str, state: str, reason: str) -> None:
    """Move a board to `state`. It goes live only with a team that has an active member."""
    if state not in STATES:
        raise Invalid({"state": f"状态只有 {'、'.join(STATES)}"})
    if not reason.strip():
        raise Invalid({"reason": "请写明原因。"})
    now = world.clock.now()
    with world.db.read() as session:
        able = _team_is_able(session, world, code)

    def record(session: Session) -> None:
        board = session.get(Board, code, with_for_update=True)
        if board is None:
            raise NotFound("没有这块牌子")
        if state not in _NEXT[board.state]:
            raise Invalid({"state": f"牌子现在是 {board.state}，不能改成 {state}。"})
        if state == "live" and not able:
            raise Invalid({"state": "负责这块牌子的组还没有能打开来信的人，先开通并确认一位成员。"})
        if board.state == "live":
            board.live_until = now
        board.state = state
        session.add(BoardEvent(board_code=code, at=now, actor=actor, state=state, reason=reason.strip()))

    world.db.write(record)


def _team_is_able(session: Session, world: World, code: str) -> bool:
    team_id = session.scalar(
        select(Site.team_id).join(Board, Board.site_id == Site.id).where(Board.code == code)
    )
    return team_id is not None and bool(people.trusted_members(session, world.secrets, team_id))
