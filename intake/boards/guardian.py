"""Who keeps what comes in: the office, by its own name."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from intake.core.tables import table_of
from intake.people.models import Team

_TEAM = table_of(Team)
_OFFICE = select(_TEAM.c.name).where(_TEAM.c.kind == "office").limit(1)  # built once: most pages ask


def office_name(session: Session) -> str:
    """The name of the county's office; the plain word for it where no team of that kind is there yet."""
    found: str | None = session.execute(_OFFICE).scalar()
    return found or "巡察办"
