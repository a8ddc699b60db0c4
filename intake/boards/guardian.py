"""Who keeps what comes in: the office, by its own name."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from intake.people.models import Team


def office_name(session: Session) -> str:
    """The name of the county's office; the plain word for it where no team of that kind is there yet."""
    return session.scalar(select(Team.name).where(Team.kind == "office").limit(1)) or "巡察办"
