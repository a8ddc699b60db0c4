"""The draft board that a new site begins with: its code is made before the write, its rows inside it."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.orm import Session

from intake.boards.models import Board, BoardEvent, BoardRevision
from qr import code as codes
from qr import words


@dataclass(frozen=True, slots=True)
class Draft:
    """What a new board needs from outside."""

    code: str
    check_words: list[str]


def new_draft() -> Draft:
    return Draft(codes.new_code(), list(words.pick(3)))


def put_draft(session: Session, draft: Draft, *, site_id: str, actor: str, at: datetime, today: date) -> None:
    """Inside a write, after its site is there."""
    board = Board(code=draft.code, site_id=site_id, state="draft", check_words=draft.check_words, made_on=today)
    board.revision, board.first_revision = 1, 1
    session.add(board)
    session.flush()
    session.add(
        BoardRevision(board_code=draft.code, number=1, check_words=draft.check_words, made_at=at, made_by=actor)
    )
    session.add(BoardEvent(board_code=draft.code, at=at, actor=actor, kind="made", state="draft", reason="新建"))
