"""Keys of items later on: given again to whoever of the unit, or of the team, may have them and lacks them."""

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from intake.core.access import SignedIn
from intake.core.errors import NotFound, Retry, Stale
from intake.core.world import World
from intake.reports.models import Report
from intake.reports.services import history
from intake.routing.models import Grant
from intake.routing.services import check_epoch, seal_to
from intake.triage.models import Handover
from intake.triage.services import steps
from intake.triage.services.handing_on import Takers, envelope_of, takers_of
from intake.triage.services.opening import find_own
from intake.triage.services.units import Receiver

_TRIES = 5


def grant_again(world: World, signed_in: SignedIn, report_id: str, item_id: str) -> int:
    """Seal an item's key to everybody who may hold it and does not: newcomers, and who lost their password.

    How many got it. Raises `NotFound`, `Forbidden` (the signed-in person has no key of it), or `Invalid` (receiver).
    """
    for _ in range(_TRIES):
        try:
            return _grant_again(world, signed_in, report_id, item_id)
        except Retry:
            continue
    raise Stale(steps.STALE)


def _grant_again(world: World, signed_in: SignedIn, report_id: str, item_id: str) -> int:
    envelope, day, now, chain_key = envelope_of(item_id), world.today(), world.clock.now(), world.secrets.chain_key
    with world.db.read() as session:
        held = find_own(session, signed_in, report_id)
        own = select(Handover).where(Handover.id == item_id, Handover.report_id == report_id)
        row = session.scalars(own).one_or_none()
        if row is None:
            raise NotFound
        key = held.key(signed_in.keys.reading, envelope)
        takers = takers_of(world, session, held, Receiver(row.to_team_id, row.to_target, "收件单位"))
        there = _holders(session, report_id, envelope)
    lacking = [reader for reader in takers.all if reader.holder not in there]
    grants = seal_to(lacking, key, report_id=report_id, envelope=envelope, day=day)
    people = sorted(reader.holder for reader in lacking)

    def record(session: Session) -> None:
        _check(session, takers, report_id, envelope, there)
        session.execute(insert(Grant), grants)
        report = session.get_one(Report, report_id, with_for_update=True)
        history.append_staff(
            session, chain_key, report, at=now, actor_id=signed_in.actor.person_id, kind="item_granted",
            data={"handover": item_id, "holders": people},
        )  # fmt: skip

    if grants:
        world.db.write(record)
    return len(grants)


def _check(session: Session, takers: Takers, report_id: str, envelope: str, there: frozenset[str]) -> None:
    """Nobody joined, left or was recused since, and no colleague has just granted the same."""
    check_epoch(session, takers.readers)
    if _holders(session, report_id, envelope) != there:
        raise Retry


def _holders(session: Session, report_id: str, envelope: str) -> frozenset[str]:
    return frozenset(
        session.scalars(select(Grant.holder).where(Grant.report_id == report_id, Grant.envelope == envelope))
    )
