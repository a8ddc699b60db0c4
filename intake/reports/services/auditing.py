"""Checking every report's chains, and holding them against an anchor that was kept elsewhere."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from intake.core import chain
from intake.core.world import World
from intake.reports.models import CitizenEvent, Erased, Report, StaffEvent
from intake.reports.services import erasing, history
from intake.routing.services import seal_is_broken, tampered_reports

_CHUNK = 400  # reports whose chains are read at a time


@dataclass(frozen=True, slots=True)
class Verdict:
    """`broken` names the first link that does not hold, None where all do; `erased`: how many retention deleted."""

    reports: int
    broken: str | None
    erased: int = 0


def anchor(world: World) -> dict[str, Any]:
    """The heads of all chains and one hash over them, to be kept where the database is not."""
    with world.db.read() as session:
        heads = {**erasing.heads(session), **history.heads(session)}
    return {
        "day": world.today().isoformat(),
        "anchor": chain.anchor(heads),
        "heads": {report: list(pair) for report, pair in sorted(heads.items())},
    }


def verify(world: World, kept: Mapping[str, Any] | None = None) -> Verdict:
    """Every link of every chain, the marks of every placement, and that each kept head is still a link.

    Without an anchor two things are not found: a history recomputed by whoever has the secret file, and
    all of a report's rows put back as they once were.
    """
    if seal_is_broken(world):
        return Verdict(0, "routing: sites, conflicts, aliases or rules were changed without the secret file")
    with world.db.read() as session:
        reports = session.execute(select(*history.ENDS).order_by(Report.id)).all()
        forged = tampered_reports(session, world.secrets.routing_key)
        if forged:
            return Verdict(len(reports), f"{forged[0]} placement")
        for start in range(0, len(reports), _CHUNK):
            chunk = reports[start : start + _CHUNK]
            broken_place = next(history.broken_places(session, world.secrets.chain_key, chunk), None)
            if broken_place is not None:
                return Verdict(len(reports), " ".join(broken_place))
        erased = list(session.scalars(select(Erased).order_by(Erased.report_id)))
        for row in erased:
            if erasing.is_forged(session, world.secrets.chain_key, row):
                return Verdict(len(reports), f"{row.report_id} erased: not by us")
        if kept is not None:
            broken = _against(session, kept)
            if broken is not None:
                return Verdict(len(reports), broken)
    return Verdict(len(reports), None, len(erased))


def _against(session: Session, kept: Mapping[str, Any]) -> str | None:
    """The first kept head that its report's chain no longer holds."""
    heads = {str(report): (str(pair[0]), str(pair[1])) for report, pair in kept["heads"].items()}
    if chain.anchor(heads) != kept["anchor"]:
        return "the anchor file itself was altered"
    staff = {(report, link) for report, link in session.execute(select(StaffEvent.report_id, StaffEvent.hash))}
    citizen = {(report, link) for report, link in session.execute(select(CitizenEvent.report_id, CitizenEvent.hash))}
    for row in session.scalars(select(Erased)):  # deleted by retention: its hashes are still there to compare with
        staff |= {(row.report_id, link) for link in row.staff_links}
        citizen |= {(row.report_id, link) for link in row.citizen_links}
    for report, (staff_head, citizen_head) in sorted(heads.items()):
        if staff_head != chain.GENESIS and (report, staff_head) not in staff:
            return f"{report} staff: the kept head is gone"
        if citizen_head != chain.GENESIS and (report, citizen_head) not in citizen:
            return f"{report} citizen: the kept head is gone"
    return None
