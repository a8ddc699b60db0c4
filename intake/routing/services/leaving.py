"""Somebody leaves: what they were the last to open climbs in the same write, not with the next sweep."""

from collections.abc import Callable

from sqlalchemy import select
from sqlalchemy.orm import Session

from intake.people.services import Departure, around_leaving
from intake.routing.models import Grant
from intake.routing.services.settling import Hand, settle


def climb_after_leaving(session: Session, departure: Departure) -> Callable[[], None]:
    """Looks at what the person holds while they still hold it; what is to be done once they do not."""
    hand = Hand(departure.actor_id, departure.at, departure.day, departure.chain_key, departure.routing_key)
    held = session.scalars(select(Grant.report_id).where(Grant.holder == departure.person_id).distinct()).all()

    def put_right() -> None:
        settle(session, hand, also=held)

    return put_right


# People are below routing and cannot call it: whoever can place a report has registered this by importing us.
around_leaving.append(climb_after_leaving)
