"""Whether what is granted really opens: every grant is tried with its holder's own key, and then the text."""

from collections.abc import Iterable
from itertools import combinations

from sqlalchemy import select

from intake.core import sharing, vault
from intake.core.sharing import SharesError
from intake.core.vault import Bound, KeyPair, VaultError
from intake.reports.models import Addition, Report
from tests.oracle.checker import Checker, Row
from tests.oracle.county import County

Lock = tuple[bytes, Bound]
"""Something sealed, and its place."""


def wrong_openings(county: County, checker: Checker) -> list[str]:
    """Grants that do not open for whom they were made, and reports that nobody at all opens."""
    locks, pairs = _locks(county), _pairs(county)
    wrong = []
    for report_id, placement in checker.placements.items():
        if report_id in checker.purged:
            continue
        by_envelope: dict[str, list[Row]] = {}
        for grant in checker.grants.get(report_id, ()):
            by_envelope.setdefault(grant["envelope"], []).append(grant)
        for envelope, grants in by_envelope.items():
            if envelope.startswith("handover:"):
                continue
            lock = locks[report_id, envelope]
            shared = placement["team_id"] == "superior"
            wrong += [f"{report_id} {envelope}: {holder}" for holder in _failing(grants, pairs, lock, shared=shared)]
        if not _opens(by_envelope.get("report", []), pairs):
            wrong.append(f"{report_id}: nobody opens it")
    return wrong


def _locks(county: County) -> dict[tuple[str, str], Lock]:
    """(report, envelope) → what its key opens."""
    with county.world.db.read() as session:
        found: dict[tuple[str, str], Lock] = {}
        for report in session.scalars(select(Report)):
            found[report.id, "report"] = report.content, ("report", report.id, "content")
            found[report.id, "identity"] = report.contact, ("report", report.id, "contact")
        for addition in session.scalars(select(Addition)):
            found[addition.report_id, addition.id] = addition.content, ("addition", addition.id, "content")
    return found


def _pairs(county: County) -> dict[str, KeyPair]:
    """holder → the key that only they have."""
    staff = county.staff
    people = {member.person_id: member.keys.reading for member in staff.members.values()}
    roots = {"recovery:county": staff.county.keys.reading, "recovery:superior": staff.superior.keys.reading}
    return people | roots


def _opened(grant: Row, pairs: dict[str, KeyPair]) -> bytes | None:
    bound = ("report_grant", grant["report_id"], grant["envelope"])
    try:
        return vault.unseal(pairs[grant["holder"]], bytes(grant["sealed"]), bound)
    except (KeyError, VaultError):
        return None


def _failing(grants: list[Row], pairs: dict[str, KeyPair], lock: Lock, *, shared: bool) -> Iterable[str]:
    """Holders whose grant gives no key of this lock. In the sealed lane any two shares must, and none alone."""
    keys = {grant["holder"]: _opened(grant, pairs) for grant in grants}
    yield from (holder for holder, key in keys.items() if key is None)
    found = {holder: key for holder, key in keys.items() if key is not None}
    shares = {holder: key for holder, key in found.items() if shared and not holder.startswith("recovery:")}
    yield from (holder for holder, key in found.items() if holder not in shares and not _fits(key, lock))
    yield from (f"{holder} alone" for holder, share in shares.items() if _fits(share[: vault.KEY_BYTES], lock))
    for (one, a), (other, b) in combinations(shares.items(), 2):
        try:
            joined = sharing.join(a, b)
        except SharesError:
            yield f"{one} with {other}"
            continue
        if not _fits(joined, lock):
            yield f"{one} with {other}"


def _fits(key: bytes, lock: Lock) -> bool:
    try:
        vault.decrypt(key, *lock)
    except VaultError:
        return False
    return True


def _opens(grants: list[Row], pairs: dict[str, KeyPair]) -> bool:
    return any(_opened(grant, pairs) is not None for grant in grants)

