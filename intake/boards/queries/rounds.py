"""The round that a site belongs to: for its page, its poster, its notice."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from intake.boards.models import Round, Site


@dataclass(frozen=True, slots=True)
class RoundFacts:
    """What a notice says of a round. `opens_at` and `closes_at` are instants: shown by the clock on the wall."""

    name: str
    committee: str
    opens_at: datetime
    closes_at: datetime
    tasks: str


def round_of(session: Session, site_id: str) -> RoundFacts | None:
    """None where the site belongs to no round."""
    row = session.scalars(select(Round).join(Site, Site.round_id == Round.id).where(Site.id == site_id)).first()
    if row is None:
        return None
    return RoundFacts(row.name, row.committee, row.opens_at, row.closes_at, row.tasks)
