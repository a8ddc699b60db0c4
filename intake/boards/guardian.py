"""Who keeps what comes in: the office, by its own name."""

from sqlalchemy import ScalarSelect, select
from sqlalchemy.orm import Session

from intake.core.tables import table_of
from intake.people.models import Team

_TEAM = table_of(Team)
_OFFICE = select(_TEAM.c.name).where(_TEAM.c.kind == "office").limit(1)  # built once: most pages ask
WITHOUT_OFFICE = "巡察办"


def office_name(session: Session) -> str:
    """The name of the county's office; the plain word for it where no team of that kind is there yet."""
    found: str | None = session.execute(_OFFICE).scalar()
    return found or WITHOUT_OFFICE


def office_name_query() -> ScalarSelect[str]:
    """The same as a part of another statement; NULL where there is none."""
    return _OFFICE.scalar_subquery()
