"""Somebody leaves: what they were the last to open climbs in the same write, not with the next sweep.

A team of live boards that nobody is left in raises its alarm in that write too: from then on the office has what
comes in there.
"""

from collections.abc import Callable
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from intake.boards.models import Board, Site
from intake.people.models import PersonKey
from intake.people.services import Departure, around_leaving
from intake.routing.models import Alarm, Grant
from intake.routing.services.settling import Hand, settle

_EMPTY = "empty"


def climb_after_leaving(session: Session, departure: Departure) -> Callable[[], None]:
    """Looks at what the person holds while they still hold it; what is to be done once they do not."""
    hand = Hand(departure.actor_id, departure.at, departure.day, departure.chain_key, departure.routing_key)
    held = session.scalars(select(Grant.report_id).where(Grant.holder == departure.person_id).distinct()).all()

    def put_right() -> None:
        settle(session, hand, also=held)
        if departure.team_id is not None and _was_the_last(session, departure):
            live = select(Board.code).join(Site, Site.id == Board.site_id)
            if session.scalars(live.where(Site.team_id == departure.team_id, Board.state == "live").limit(1)).first():
                alarm_empty_team(session, departure.day, departure.team_id)

    return put_right


def _was_the_last(session: Session, departure: Departure) -> bool:
    """Of those whose keys counted, nobody has one now: one who left a moment ago is no colleague any more."""
    session.flush()
    present = select(PersonKey.person_id).where(
        PersonKey.person_id.in_(departure.colleagues), PersonKey.retired_on.is_(None)
    )
    return departure.person_id in departure.colleagues and session.scalars(present.limit(1)).first() is None


def alarm_empty_team(session: Session, day: date, team_id: str) -> None:
    """Nobody of a live board's team can open a report: said to the office, once a day for as long as it lasts."""
    said = select(Alarm.id).where(
        Alarm.day == day, Alarm.kind == _EMPTY, Alarm.team_id == team_id, Alarm.report_id.is_(None)
    )
    if session.scalars(said).first() is None:
        session.add(Alarm(day=day, kind=_EMPTY, report_id=None, team_id=team_id))


# People are below routing and cannot call it: whoever can place a report has registered this by importing us.
around_leaving.append(climb_after_leaving)
