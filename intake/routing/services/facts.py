"""The mark over everything that decides where reports go. Whoever changes such a row renews it in the same write."""

import hmac

from sqlalchemy.orm import Session

from intake.core.world import World
from intake.people.services import bump_epoch
from intake.routing.models import FactsSeal
from intake.routing.queries.knowledge import SEAL, mark_of, rows_to_mark


def reseal(session: Session, routing_key: bytes) -> None:
    """Inside a write, after the rows were changed: makes what was sealed for the old ones prepare again.

    `routing_key` is `world.secrets.routing_key`, taken before the write.
    """
    bump_epoch(session)
    session.flush()
    seal = session.get(FactsSeal, SEAL, with_for_update=True)
    if seal is None:
        seal = FactsSeal(name=SEAL, version=0, mark="")
        session.add(seal)
    seal.version += 1
    seal.mark = mark_of(rows_to_mark(session), routing_key, seal.version)
    session.flush()


def seal_is_broken(world: World) -> bool:
    """Whether somebody changed such rows without the secret file. Reads them now; nothing kept counts here."""
    with world.db.read() as session:
        seal, rows = session.get(FactsSeal, SEAL), rows_to_mark(session)
    if seal is None:
        return any(rows[name] for name in ("alias", "conflict", "site", "routing_rule"))
    return not hmac.compare_digest(seal.mark, mark_of(rows, world.secrets.routing_key, seal.version))
