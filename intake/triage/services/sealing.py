"""Sealing up by hand (径送): a report goes to the superior, and nobody of the county can open it any more."""

from dataclasses import replace

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from intake.core.access import SignedIn
from intake.core.errors import Invalid, MoveForbidden
from intake.core.world import World
from intake.people.models import Team
from intake.reports.workflow import REASONS
from intake.routing.decide import SUPERIOR
from intake.routing.models import Sketch
from intake.routing.services import Hand, prepare_transfer, record_transfer, settle
from intake.triage.models import Pending, Reveal
from intake.triage.services.opening import Held
from intake.triage.services.sealed import again, every_key
from intake.triage.services.steps import Prepared, performs


@performs("seal_up")
def seal_up(world: World, signed_in: SignedIn, held: Held, prepared: Prepared) -> None:
    """Re-seal all of it as shares for the superior; the county's grants, its recovery key's too, go with it.

    The office learns that one went up on this day, and not which. Raises `MoveForbidden` where the superior has
    nobody for it, or something of it is out of this person's reach.
    """
    again(lambda: _seal_up(world, signed_in, held, prepared))


def _seal_up(world: World, signed_in: SignedIn, held: Held, prepared: Prepared) -> None:
    report_id, hand = held.report.id, Hand.of(world, signed_in.actor.person_id)
    with world.db.read() as session:
        keys = every_key(session, signed_in, held)
        team = session.scalars(select(Team.name).where(Team.id == held.placement.team_id)).one()
    why = f"{team}径送上级：{REASONS[prepared.asked.reason]}。"
    try:
        transfer = prepare_transfer(world, report_id, team_id=SUPERIOR, keys=keys, reason=why)
    except Invalid as refusal:
        raise MoveForbidden("上级现在没有可以打开它的人，请先和上级联系。") from refusal
    step = replace(prepared, data={**prepared.data, "to_team": SUPERIOR})

    def record(session: Session) -> None:
        step.record(session).assignee_id = None
        record_transfer(session, hand, transfer)
        session.execute(delete(Sketch).where(Sketch.report_id == report_id))  # compared with nothing from here on
        forget_waiting(session, report_id)
        settle(session, hand, [report_id])

    world.db.write(record)


def forget_waiting(session: Session, report_id: str) -> None:
    """What waited where it was, and who might open the contact there, counts no more."""
    session.execute(delete(Pending).where(Pending.report_id == report_id))
    session.execute(delete(Reveal).where(Reveal.report_id == report_id))
