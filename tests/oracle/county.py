"""A county made by seed: stations and works sites, people, conflicts, aliases, and thousands of sealed reports.

The rows are written directly, not through the product: what must be agreed upon should not come from either side.
Who holds which key at the start is what the brute-force checker says.
"""

import random
from collections.abc import Iterable
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from intake.core.access import Role
from intake.core.secretfile import RecoveryKeys
from intake.core.world import World
from intake.people.models import Team
from intake.people.queries import Reader
from intake.routing.models import Grant, Placement
from intake.routing.queries import Readers
from intake.routing.queries.readers import recovery_of
from intake.routing.services import reseal, seal_out, stamp
from tests.cast import Member
from tests.oracle.checker import NOBODYS, Checker
from tests.oracle.letters import rows_of_placements, rows_of_reports, write_reports
from tests.oracle.model import FULL, SMALL, County, Scale, Table, Written
from tests.oracle.places import places, routing
from tests.oracle.staff import add_staff

__all__ = ["FULL", "SMALL", "County", "Scale", "build_county"]


def build_county(world: World, recovery: RecoveryKeys, scale: Scale = FULL, *, seed: int = 3) -> County:
    """The same county for the same seed; ids, keys and codes are random every time."""
    county = County(world, add_staff(world, recovery, scale.posts), random.Random(seed))
    _write(world, places(county, scale))
    _write(world, routing(county, scale), reseal_with=world.secrets.routing_key)
    written = write_reports(county, scale)
    _write(world, rows_of_placements(county, written))
    sealed = _settle_placements(county, written)
    _write(world, rows_of_reports(county, written, sealed))
    _write(world, [(Grant, _grants(county))])
    county.reports = [report.id for report in written]
    return county


def _write(world: World, tables: Iterable[Table], *, reseal_with: bytes | None = None) -> None:
    prepared = [(table, rows) for table, rows in tables if rows]

    def record(session: Session) -> None:
        for table, rows in prepared:
            session.execute(insert(table), rows)
        if reseal_with is not None:
            reseal(session, reseal_with)

    world.db.write(record)


# Where they lie, and who holds the keys


def _settle_placements(county: County, written: list[Written]) -> set[str]:
    """Each report in the first queue of its ladder where somebody may read it; which of them went up sealed."""
    checker = county.check()
    named: dict[str, list[Written]] = {}
    for report in written:
        named.setdefault(report.cluster, []).append(report)
    changes = []
    for report in written:
        team = _team_for(checker, report, named[report.cluster])
        lane = "sealed" if team == "superior" else "urgent" if report.urgent else "ordinary"
        if lane == "ordinary" and report.held:
            lane = "held"
        changes.append({"report_id": report.id, "team_id": team, "lane": lane})

    def record(session: Session) -> None:
        session.merge(Team(id=NOBODYS, name="恢复密钥保管", kind="custody", covers=""))
        session.flush()
        session.bulk_update_mappings(Placement.__mapper__, changes)
        session.flush()
        stamp(session, routing_key, [report.id for report in written])

    routing_key = county.world.secrets.routing_key

    county.world.db.write(record)
    return {change["report_id"] for change in changes if change["lane"] == "sealed"}


def _team_for(checker: Checker, report: Written, family: list[Written]) -> str:
    barred = {team for other in family for team in other.names("team")}
    home = report.site["team_id"] if report.site is not None and report.site["team_id"] else "office"
    ladder = [home, "office"]
    if report.names("team") or report.names("person") or report.names("post"):
        ladder = ["office"]
    if report.names("level") or report.about_superior or "office" in barred:
        ladder = ["superior"]
    for team in ladder:
        able = [p for p, row in checker.people.items() if row["team_id"] == team and checker.active(p)]
        if team not in barred and any(not checker.excluded(person, report.id) for person in able):
            return team
    return ladder[-1] if ladder[-1] not in barred else NOBODYS


def _grants(county: County) -> list[dict[str, Any]]:
    """The keys of every report, sealed to all who may hold them and to nobody else."""
    checker, day = county.check(), county.world.today()
    readers = {member.person_id: _reader(member) for member in county.staff.members.values()}
    for sealed in (False, True):
        recovery = recovery_of(county.world.secrets, sealed=sealed)
        readers[recovery.holder] = recovery
    rows: list[dict[str, Any]] = []
    for report_id, (report_key, identity_key) in county.keys.items():
        team = checker.placements[report_id]["team_id"]
        to = Readers(
            tuple(readers[holder] for holder in sorted(checker.may_hold(report_id))),
            tuple(readers[holder] for holder in sorted(checker.may_hold_contact(report_id))),
            0, shared=team == "superior",
        )  # fmt: skip
        for envelope, key in (("report", report_key), ("identity", identity_key)):
            rows += seal_out(to, key, report_id=report_id, envelope=envelope, day=day)
    return rows


def _reader(member: Member) -> Reader:
    return Reader(member.person_id, member.key_id, member.keys.reading.public, Role(member.role), member.team_id or "")
