"""What the product shows of every report to everybody, held against what the checker says."""

import random
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Connection, Engine, event
from sqlalchemy.orm import Session

from intake.core.access import SignedIn
from intake.core.errors import NotFound
from intake.core.world import World
from intake.people.services.signin import load_session, new_session, session_row
from intake.routing.queries import visible_reports
from intake.triage import queries
from intake.triage.queries import QueueFilters, QueuePage
from intake.triage.services.opening import find
from tests.cast import Member
from tests.client import PageClient
from tests.oracle.checker import Checker
from tests.oracle.county import County

PLAIN: Final = ("urgent", "ordinary")
_ONE_ID: Final = re.compile(r"(visible\.report_id = (?:\?|%\(\w+\)s(?:::VARCHAR)?))")

_SHUT: Final = re.compile(r"WHERE (?:0 = 1|false)\b")


@dataclass
class Compared:
    """How many pairs of a person and a report were asked about, and every disagreement."""

    checker: Checker
    pairs: int = 0
    seen: int = 0
    addresses: int = 0
    counts: int = 0
    grants: int = 0
    wrong: list[str] = field(default_factory=list)

    def agree(self, what: str, product: object, checker: object) -> None:
        if product != checker:
            self.wrong.append(f"{what}: the product says {product}, the checker {checker}")


def compare(county: County) -> Compared:
    """Rows, counts, direct addresses and grants, for every person and every report."""
    checker = county.check()
    found = Compared(checker)
    lanes = {report_id: placement["lane"] for report_id, placement in checker.placements.items()}
    for member in county.staff.members.values():
        allowed = {report_id for report_id in checker.placements if checker.may_know(member.person_id, report_id)}
        found.pairs += len(checker.placements)
        found.seen += len(allowed)
        signed_in = entered(county, member)
        if signed_in is None:
            found.agree(f"{member.login} without a session", set(), allowed)
            found.addresses += len(checker.placements)
            continue
        with county.world.db.read() as session:
            _rows(found, session, signed_in, allowed)
            _counts(found, county.world, session, signed_in, {report: lanes[report] for report in allowed}, checker)
            _addresses(found, session, signed_in, allowed, county.reports)
    found.grants = len(checker.rows["report_grant"])
    found.wrong += checker.wrong_grants() + checker.wrong_clusters() + checker.wrong_queues()
    return found


def entered(county: County, member: Member) -> SignedIn | None:
    """Their session, as a request loads it, begun anew where it is over; None for somebody whom nothing lets in."""
    found = load_session(county.world, county.cookies.get(member.login, ""))
    if found is None:
        county.cookies[member.login] = _new_cookie(county.world, member)
        found = load_session(county.world, county.cookies[member.login])
    return found


def _new_cookie(world: World, member: Member) -> str:
    """As after signing in with the right password, whoever it is."""
    fresh, now = new_session(member.keys), world.clock.now()
    world.db.write(lambda session: session.add(session_row(member.person_id, member.key_id, fresh, now)))
    return fresh.token


def _rows(found: Compared, session: Session, signed_in: SignedIn, allowed: set[str]) -> None:
    shown = list(session.scalars(visible_reports(signed_in.actor)))
    found.agree(f"{signed_in.actor.login}: rows twice", len(shown), len(set(shown)))
    for report_id in allowed.symmetric_difference(shown):
        found.agree(f"{signed_in.actor.login}: row {report_id}", report_id in shown, report_id in allowed)


def _counts(
    found: Compared, world: World, session: Session, signed_in: SignedIn, lanes: dict[str, str], checker: Checker
) -> None:
    """Every number on the queue's page, and every choice in its filters."""
    login, house = signed_in.actor.login, signed_in.actor.team_id
    asked: dict[str, tuple[str, ...]] = {"": PLAIN}
    if house in ("office", "superior"):  # the two lanes beside the plain one
        asked |= {"held": ("held",), "sealed": ("sealed",)}
    for lane, within in asked.items():
        page = queries.queue(world, session, signed_in, filters=QueueFilters(lane=lane))
        expected = {report for report, lies_in in lanes.items() if lies_in in within}
        found.agree(f"{login}: reports in the lane {lane or 'plain'}", page.reports, len(expected))
        found.agree(f"{login}: rows shown", {row.report_id for row in page.rows} <= expected, True)
        found.agree(f"{login}: held", page.held.count, sum(lies_in == "held" for lies_in in lanes.values()))
        found.counts += 3
        _choices(found, login, page, set(lanes), checker)


def _choices(found: Compared, login: str, page: QueuePage, allowed: set[str], checker: Checker) -> None:
    """A site or a team that only an unseen report stands for is no choice."""
    placements = [checker.placements[report] for report in allowed]
    ids = {placement[column] for placement in placements for column in ("site_id", "place_site_id")} - {None}
    sites = {checker.sites[id_]["site_no"] for id_ in ids}
    teams = {placement["team_id"] for placement in placements}
    found.agree(f"{login}: boards to choose", {o.value for o in page.boards} - {"none"} - sites, set())
    found.agree(f"{login}: teams to choose", {o.value for o in page.teams} - {"none"} - teams, set())


def _addresses(
    found: Compared, session: Session, signed_in: SignedIn, allowed: set[str], reports: Sequence[str]
) -> None:
    reached = addresses_that_answer(session, signed_in, reports[0])
    found.addresses += len(reports)
    for report_id in allowed.symmetric_difference(reached):
        found.agree(
            f"{signed_in.actor.login}: address {report_id}", report_id in reached, report_id in allowed
        )


def addresses_that_answer(session: Session, signed_in: SignedIn, any_id: str) -> set[str]:
    """`find`'s own statement, asked for every id at once: its condition on the id is made true for all."""
    with statements() as seen:
        opens(session, signed_in, any_id)
    statement, parameters = next((sql, given) for sql, given in seen if "AS visible" in sql)
    # For somebody who is not believed at all the filter is plainly false, and the id is not even asked for.
    everything, changed = _ONE_ID.subn(r"(\1 OR 1 = 1)", statement)
    assert changed == 1 or _SHUT.search(statement), statement
    return {row["id"] for row in session.connection().exec_driver_sql(everything, parameters).mappings()}


def opens(session: Session, signed_in: SignedIn, report_id: str) -> bool:
    """Whether this address answers at all."""
    try:
        find(session, signed_in, report_id)
    except NotFound:
        return False
    return True


def sampled_addresses(county: County, checker: Checker, rng: random.Random, count: int) -> list[str]:
    """As `_addresses`, through the function itself, for a random part of all pairs."""
    members = list(county.staff.members.values())
    wrong = []
    for member in members:
        signed_in = entered(county, member)
        if signed_in is None:
            continue
        with county.world.db.read() as session:
            for report_id in rng.sample(county.reports, count // len(members)):
                may = checker.may_know(member.person_id, report_id)
                if opens(session, signed_in, report_id) is not may:
                    wrong.append(f"{member.login} {report_id}: {may}")
    return wrong


def sampled_pages(
    county: County, checker: Checker, client: PageClient, rng: random.Random, count: int
) -> list[str]:
    """The page itself, for a random part of all pairs, half of them to be refused: 404 like nothing at all."""
    wrong = []
    for member in rng.sample(list(county.staff.members.values()), 20):
        entered(county, member)
        client.set_cookie("msx", county.cookies[member.login])
        nothing = client.get(f"/staff/reports/{'a' * 26}")
        if nothing.status_code == 303:  # gone, or never let in: to the sign-in, whatever is asked for
            continue
        allowed = {report for report in county.reports if checker.may_know(member.person_id, report)}
        shut = [report for report in county.reports if report not in allowed]
        shown = rng.sample(sorted(allowed), min(len(allowed), count // 40))
        for report_id in (*shown, *rng.sample(shut, count // 40)):
            page, may = client.get(f"/staff/reports/{report_id}"), report_id in allowed
            if may and page.status_code == 404:  # read again as it was opened, and under a new name it goes elsewhere
                may = county.check().may_know(member.person_id, report_id)
            if (page.status_code == 200) is not may:
                wrong.append(f"{member.login} {report_id}: {page.status_code}, may know: {may}")
            if not may and (page.status_code, page.data) != (nothing.status_code, nothing.data):
                wrong.append(f"{member.login} {report_id}: {page.status_code}, differently from nothing")
    client.delete_cookie("msx")
    return wrong


@contextmanager
def statements() -> Iterator[list[tuple[str, Any]]]:
    """Every statement sent while this runs, with its parameters."""
    seen: list[tuple[str, Any]] = []

    def note(
        connection: Connection, cursor: Any, statement: str, parameters: Any, context: Any, many: bool
    ) -> None:
        seen.append((statement, parameters))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", note)

