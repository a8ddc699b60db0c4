"""Leaving the held lane: somebody looked, and it goes on like any other. ADR 0023."""

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from intake.routing.models import Link, Placement
from intake.routing.queries.marks import tampered
from intake.routing.services.marks import stamp
from intake.routing.services.settling import Hand, recluster, settle

HELD = "held"
_REPEAT = "repeat"


def leave_held(session: Session, routing_key: bytes, placement: Placement) -> None:
    """Inside a write: urgent where it is, else ordinary. What it stands behind still shuts it, and nothing else."""
    placement.lane = "urgent" if placement.urgent else "ordinary"
    stamp(session, routing_key, [placement.report_id])


def join_twin(session: Session, hand: Hand, placement: Placement) -> None:
    """Inside a write, after it left the lane: linked with what it stands behind, as if it had never been held.

    The epoch of readers was moved first. Nothing is tied to what somebody has forged: it stands behind it as before.
    """
    first = session.get(Placement, placement.behind, with_for_update=True) if placement.behind else None
    if first is None or tampered(session, hand.routing_key, {first.cluster, placement.cluster}):
        return
    ends = [placement.report_id, first.report_id]
    linked = select(Link.kind).where(
        or_(
            and_(Link.report_id == ends[0], Link.other_id == ends[1]),
            and_(Link.report_id == ends[1], Link.other_id == ends[0]),
        )
    )
    if session.scalars(linked).first() is None:
        link = Link(report_id=ends[0], other_id=ends[1], kind=_REPEAT, day=hand.day, made_by=None)
        session.add(link)
    placement.behind = None
    stamp(session, hand.routing_key, ends)
    recluster(session, hand, ends)
    settle(session, hand, ends)
