"""Getting hold of a report: no act and no page has it without passing through here."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from intake.core import vault
from intake.core.access import Actor, SignedIn
from intake.core.errors import Forbidden, NotFound
from intake.core.vault import KeyPair
from intake.reports.models import Report, StaffEvent
from intake.routing.decide import SUPERIOR
from intake.routing.models import Grant, Placement, Release
from intake.routing.queries import grants_of, opens_text, visible_report
from intake.routing.services import RELEASE_LASTS, join_release, live_releases, open_grant

UNSEALED = "unsealed"  # the event of a sealed report's opening by its second person
_NO_KEY = "您还没有这一件的钥匙，请同组的人在“钥匙”页给您补上。"
_UNRELEASED = "径送件要两个人：请同事放行给您，再按“打开”。"


@dataclass(frozen=True, slots=True)
class Held:
    """A report that this person may know of, with the grants by which they open it.

    `grants`: what opens now, by envelope. In the sealed lane one's own share (`shares`) opens nothing alone: with it
    goes one that a colleague released (`releases`, those that live), and that it was opened is on record.
    """

    report: Report
    placement: Placement
    grants: dict[str, Grant]
    theirs: bool  # it lies with their own team
    shares: Mapping[str, Grant] = field(default_factory=dict)
    releases: Mapping[str, Release] = field(default_factory=dict)

    @property
    def opens(self) -> bool:
        return self.theirs and "report" in self.grants

    @property
    def shared(self) -> bool:
        """In the sealed lane: every key lies in shares, of which any two open it."""
        return self.placement.team_id == SUPERIOR

    def key(self, pair: KeyPair, envelope: str = "report") -> bytes:
        """Raises `Forbidden` where no grant was given, or nothing released."""
        grant = self.grants.get(envelope)
        if grant is None or not self.theirs:
            raise Forbidden(_UNRELEASED if self.shared else _NO_KEY)
        return self.joined(pair, envelope) if self.shared else open_grant(pair, grant)

    def must_be_read(self, pair: KeyPair) -> None:
        """In the sealed lane nothing is decided unread. Raises `Forbidden`."""
        if self.shared:
            self.key(pair)

    def joined(self, pair: KeyPair, envelope: str = "report") -> bytes:
        """Of a sealed report: the key that one's own and a released share open. Raises `Forbidden` without both."""
        share, release = self.shares.get(envelope), self.releases.get(envelope)
        if share is None or release is None or not self.theirs:
            raise Forbidden(_UNRELEASED)
        return join_release(pair, share, release)

    def box_key(self, pair: KeyPair) -> bytes:
        """Raises `NotFound` for an item split from a mixed report: its citizen reads in the original's box."""
        if self.report.box_for_staff is None:
            raise NotFound
        place = ("report", self.report.id, "box_for_staff")
        return vault.decrypt(self.key(pair), self.report.box_for_staff, place)


@lru_cache(maxsize=1024)
def _one_of(actor: Actor) -> Select[Report, Placement]:
    """The query behind every single report, kept for whoever is at work: it takes longer to build than to run."""
    seen = visible_report(actor).subquery()
    return (
        select(Report, Placement)
        .join(Placement, Placement.report_id == Report.id)
        .join(seen, seen.c.report_id == Placement.report_id)
    )


def find(session: Session, signed_in: SignedIn, report_id: str) -> Held:
    """The report, or `NotFound` exactly as for one that is not there."""
    row = session.execute(_one_of(signed_in.actor), {"visible_id": report_id}).first()
    if row is None:
        raise NotFound
    report, placement = row
    theirs = opens_text(signed_in.actor, placement)
    found = grants_of(session, signed_in.actor.person_id, [report_id]) if theirs else {}
    grants = {envelope: grant for (_, envelope), grant in found.items()}
    if placement.team_id == SUPERIOR:
        return _sealed(session, signed_in, report, placement, grants)
    return Held(report, placement, grants, theirs)


def _sealed(
    session: Session, signed_in: SignedIn, report: Report, placement: Placement, shares: dict[str, Grant]
) -> Held:
    me, at = signed_in.actor.person_id, signed_in.at
    releases = live_releases(session, report.id, receiver=me, now=at) if shares and at is not None else {}
    opens = bool(releases) and _opened_lately(session, signed_in, report.id)
    grants = {envelope: grant for envelope, grant in shares.items() if opens and envelope in releases}
    return Held(report, placement, grants, opens_text(signed_in.actor, placement), shares, releases)


def _opened_lately(session: Session, signed_in: SignedIn, report_id: str) -> bool:
    """Whether this person pressed "open" within a day: no text without its line in the history."""
    assert signed_in.at is not None
    lately = select(StaffEvent.seq).where(
        StaffEvent.report_id == report_id,
        StaffEvent.kind == UNSEALED,
        StaffEvent.actor_id == signed_in.actor.person_id,
        StaffEvent.at > signed_in.at - RELEASE_LASTS,
    )
    return session.scalars(lately.limit(1)).first() is not None


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
