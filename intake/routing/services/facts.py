"""The mark over everything that decides where reports go. Whoever changes such a row renews it in the same write."""

import hmac

from sqlalchemy import select
from sqlalchemy.orm import Session

from intake.core.errors import Forbidden
from intake.core.world import World
from intake.people.services import bump_epoch
from intake.routing.models import FactsSeal, Placement
from intake.routing.queries.knowledge import SEAL, mark_of, nothing_to_mark, rows_to_mark
from intake.routing.services.marks import stamp

CHANGED = "分件用的数据被人改动过。请管理员先运行 msx check，核对以后再改。"


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


def check_mark(session: Session, routing_key: bytes) -> None:
    """First in every write that changes such rows: what somebody else has moved is never marked along.

    Raises `Forbidden` where the rows do not carry their mark; `msx audit reseal` accepts them after a person looked.
    """
    if _is_broken(session, routing_key):
        raise Forbidden(CHANGED)


def mark_everything(world: World) -> None:
    """Once, after an upgrade from a version that knew no marks: what is there is taken as it is."""
    key = world.secrets.routing_key

    def write(session: Session) -> None:
        reseal(session, key)
        stamp(session, key, session.scalars(select(Placement.report_id)).all())

    world.db.write(write)


def seal_is_broken(world: World) -> bool:
    """Whether somebody changed such rows without the secret file. Reads them now; nothing kept counts here."""
    with world.db.read() as session:
        return _is_broken(session, world.secrets.routing_key)


def _is_broken(session: Session, key: bytes) -> bool:
    seal, rows = session.get(FactsSeal, SEAL), rows_to_mark(session)
    if seal is None:
        return not nothing_to_mark(session, rows)
    return not hmac.compare_digest(seal.mark, mark_of(rows, key, seal.version))
