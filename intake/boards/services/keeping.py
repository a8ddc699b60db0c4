"""Changing what boards stand for: who does it, what must hold before, and what must be put right after. ADR 0016.

Which team, organisations and regions a site has decides where reports go and who is kept out of them, so every change
of such a row is looked at and marked in the same write. Boards are below routing and cannot call it: routing registers
itself here. Without it nothing is marked, and an unmarked change hands new reports to nobody.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeVar

from sqlalchemy.orm import Session

from intake.core.access import Actor, Permission
from intake.core.errors import Forbidden
from intake.core.world import World
from intake.people.services import bump_epoch

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Act:
    """Whose act a change is, and when. Made before the write."""

    actor_id: str
    login: str
    at: datetime
    day: date
    chain_key: bytes
    routing_key: bytes

    @classmethod
    def of(cls, world: World, actor: Actor) -> "Act":
        secrets = world.secrets
        return cls(
            actor.person_id or actor.login, actor.login, world.clock.now(), world.today(), secrets.chain_key,
            secrets.routing_key,
        )  # fmt: skip


around_changes: list[Callable[[Session, Act], Callable[[], None]]] = []
"""Each is called before the rows move, and answers with what is to be done once they have; all inside one write."""

is_used: list[Callable[[Session, str, str], bool]] = []
"""Whether anything above boards refers to a row: (table, its key). Only whether, never what or how often."""


def keep(world: World, actor: Actor, change: Callable[[Session, Act], T]) -> T:
    """Run `change` on rows, one at a time, with what has to surround it. Raises `Forbidden`, and what `change` does."""
    managing(actor)
    act = Act.of(world, actor)

    def record(session: Session) -> T:
        bump_epoch(session)  # its row lock: two imports at once would both find the same site missing
        afterwards = [prepare(session, act) for prepare in around_changes]
        result = change(session, act)
        session.flush()
        for put_right in afterwards:
            put_right()
        return result

    return world.db.write(record)


def managing(actor: Actor) -> None:
    if not actor.may(Permission.boards_manage):
        raise Forbidden("点位、单位、组、轮次由巡察办和系统管理员管理。")
