"""The draft board that a new site begins with: its code is made before the write, its rows inside it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import insert
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
    put_drafts(session, [(draft, site_id)], actor=actor, at=at, today=today)


def put_drafts(
    session: Session, drafts: Sequence[tuple[Draft, str]], *, actor: str, at: datetime, today: date
) -> None:
    """As `put_draft`, for many: (draft, site's id). Plain rows, three statements: an import may bring thousands."""
    if not drafts:
        return
    boards, revisions, events = [], [], []
    for draft, site_id in drafts:
        own = {"board_code": draft.code}
        boards.append({
            "code": draft.code, "site_id": site_id, "state": "draft", "check_words": draft.check_words,
            "made_on": today, "revision": 1, "first_revision": 1,
        })  # fmt: skip
        revisions.append({**own, "number": 1, "check_words": draft.check_words, "made_at": at, "made_by": actor})
        events.append({**own, "at": at, "actor": actor, "kind": "made", "state": "draft", "reason": "新建"})
    session.flush()
    session.execute(insert(Board), boards)
    session.execute(insert(BoardRevision), revisions)
    session.execute(insert(BoardEvent), events)
