"""Getting hold of a report: no act and no page has it without passing through here."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from intake.core import vault
from intake.core.access import SignedIn
from intake.core.errors import Forbidden, NotFound
from intake.core.vault import KeyPair
from intake.reports.models import Report
from intake.routing.models import Grant, Placement
from intake.routing.queries import grants_of, opens_text, visible_reports
from intake.routing.services import open_grant


@dataclass(frozen=True, slots=True)
class Held:
    """A report that this person may know of, with the grants by which they open it."""

    report: Report
    placement: Placement
    grants: dict[str, Grant]
    theirs: bool  # it lies with their own team

    @property
    def opens(self) -> bool:
        return self.theirs and "report" in self.grants

    def key(self, pair: KeyPair, envelope: str = "report") -> bytes:
        """Raises `Forbidden` where no grant was given."""
        grant = self.grants.get(envelope)
        if grant is None or not self.theirs:
            raise Forbidden("您还没有这一件的钥匙，请同组的人在“钥匙”页给您补上。")
        return open_grant(pair, grant)

    def box_key(self, pair: KeyPair) -> bytes:
        """Raises `NotFound` for an item split from a mixed report: its citizen reads in the original's box."""
        if self.report.box_for_staff is None:
            raise NotFound
        place = ("report", self.report.id, "box_for_staff")
        return vault.decrypt(self.key(pair), self.report.box_for_staff, place)


def find(session: Session, signed_in: SignedIn, report_id: str) -> Held:
    """The report, or `NotFound` exactly as for one that is not there."""
    row = session.execute(
        select(Report, Placement)
        .join(Placement, Placement.report_id == Report.id)
        .where(Report.id == report_id, Placement.report_id.in_(visible_reports(signed_in.actor)))
    ).first()
    if row is None:
        raise NotFound
    report, placement = row
    theirs = opens_text(signed_in.actor, placement)
    grants = grants_of(session, signed_in.actor.person_id, [report_id]) if theirs else {}
    return Held(report, placement, {envelope: grant for (_, envelope), grant in grants.items()}, theirs)


def find_own(session: Session, signed_in: SignedIn, report_id: str) -> Held:
    """As `find`, for acts: `Forbidden` where it is seen but lies with others."""
    held = find(session, signed_in, report_id)
    if not held.theirs:
        raise Forbidden("这一件不在您这里，由负责的组办理。")
    return held


def locked_for_change(session: Session, signed_in: SignedIn, report_id: str) -> Report:
    """Inside `db.write`: the row locked, authority looked at again at the moment of recording."""
    report = session.get(Report, report_id, with_for_update=True)
    if report is None:
        raise NotFound
    find_own(session, signed_in, report_id)
    return report
