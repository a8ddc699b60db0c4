"""Making the marks of placements anew, in the write that changed them."""

from collections.abc import Iterable

from sqlalchemy.orm import Session

from intake.routing.queries.marks import right_marks


def stamp(session: Session, key: bytes, report_ids: Iterable[str]) -> None:
    """Inside a write that changed these: their marks are made anew."""
    session.flush()
    for placement, right in right_marks(session, key, report_ids):
        placement.mark = right
    session.flush()
