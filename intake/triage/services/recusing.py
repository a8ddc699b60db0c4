"""Stepping back by oneself: the key goes at once, and whoever still holds one carries on."""

from sqlalchemy import delete
from sqlalchemy.orm import Session

from intake.core.access import SignedIn
from intake.core.errors import Forbidden, Invalid, NotFound
from intake.core.world import World
from intake.people.services import bump_epoch
from intake.reports.models import Report, StaffEvent
from intake.reports.services import history
from intake.routing.machinery import RECUSED
from intake.routing.models import Mention
from intake.routing.services import TAMPERED, Hand, settle, tampered
from intake.triage.models import Pending, Reveal
from intake.triage.services.opening import find
from intake.triage.services.story import Names, story_line

# Chosen, not written: whose brother it is would be said about somebody who is named in a sealed text.
GROUNDS: dict[str, str] = {
    "kin": "和被反映的人是亲属",
    "worked_there": "在那里工作过",
    "interest": "和这件事有利害关系",
    "other": "其他可能影响公正的情形",
}


def recuse_self(world: World, signed_in: SignedIn, report_id: str, *, ground: str) -> None:
    """From this write on the report, and all that it is linked with, is nothing to this person.

    Raises `NotFound` for what they may not see anyway, `Invalid` (ground).
    """
    me = signed_in.actor.person_id
    with world.db.read() as session:
        held = find(session, signed_in, report_id)
        if tampered(session, world.secrets.routing_key, [held.placement.cluster]):
            raise Forbidden(TAMPERED)
    if ground not in GROUNDS:
        raise Invalid({"ground": "请选一个理由。只有巡察办看得到。"})
    hand = Hand.of(world, me)

    def record(session: Session) -> None:
        bump_epoch(session)
        report = session.get(Report, report_id, with_for_update=True)
        if report is None:
            raise NotFound
        find(session, signed_in, report_id)
        session.merge(Mention(report_id=report_id, kind=RECUSED, target=me, source="self", dismissed=False))
        session.execute(delete(Pending).where(Pending.report_id == report_id, Pending.proposer_id == me))
        session.execute(delete(Reveal).where(Reveal.report_id == report_id, Reveal.person_id == me))
        if report.assignee_id == me:
            report.assignee_id = None
        history.append_staff(
            session, hand.chain_key, report, at=hand.at, actor_id=me, kind="recused", data={"ground": ground}
        )  # fmt: skip
        report.version += 1
        settle(session, hand, [report_id])

    world.db.write(record)


@story_line("recused", office_only=True)
def _recused(event: StaffEvent, names: Names) -> str:
    return f"{names.of(event.actor_id)}申请回避，{GROUNDS.get(event.data['ground'], '')}。"
