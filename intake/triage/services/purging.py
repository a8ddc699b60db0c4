"""Purging spam: nothing that was sent can be read again by anybody; register number and history stay."""

from sqlalchemy import delete
from sqlalchemy.orm import Session

from intake.core.access import SignedIn
from intake.core.world import World
from intake.reports.models import Addition, BoxMessage, Note, Report, ReportFile
from intake.routing.machinery import RECUSED
from intake.routing.models import Grant, Mention, Placement, Release, Sketch
from intake.routing.services import PURGED, stamp
from intake.triage.models import Handover, Reveal
from intake.triage.services.opening import Held
from intake.triage.services.steps import Prepared, performs


@performs("purge")
def purge(world: World, _signed_in: SignedIn, held: Held, prepared: Prepared) -> None:
    """Every grant goes, the recovery keys' too, and every sealed row; the files' blobs go with the next sweep."""
    report_id, routing_key = held.report.id, world.secrets.routing_key

    def record(session: Session) -> None:
        report = prepared.record(session)
        _erase(session, report)
        placement = session.get_one(Placement, report_id, with_for_update=True)
        placement.lane, placement.guardian = PURGED, False
        stamp(session, routing_key, [report_id])

    world.db.write(record)


def _erase(session: Session, report: Report) -> None:
    """The receipt answers like one that never was; its form's mark stays spent, so that a retry files nothing."""
    for rows in (Grant, Release, Sketch, ReportFile, Addition, BoxMessage, Note, Reveal, Handover):
        session.execute(delete(rows).where(rows.report_id == report.id))
    # Who stepped back from it did so from all that it is linked with, which is still there.
    session.execute(delete(Mention).where(Mention.report_id == report.id, Mention.kind != RECUSED))
    report.content = report.contact = b""
    report.box_tag = report.box_for_receipt = report.box_for_staff = None
    report.awaiting_citizen = False
