"""What `msx sweep` does: a new day's recusals, teams that emptied, releases that ran out, blobs nobody refers to.

Needs no key: it gives nobody anything, and what climbs goes to those who hold a grant already. Safe to run twice.
"""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from intake.boards.models import Board, Site
from intake.boards.queries.field import patrol_blobs
from intake.core.storage import unreferenced
from intake.core.world import World
from intake.people import queries as people
from intake.reports.models import ReportFile
from intake.routing.services import Hand, Settled, settle_everything, sweep_releases
from intake.routing.services.leaving import alarm_empty_team

_STILL_ARRIVING = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Day:
    """What the new day changed: keys withdrawn (report and person), reports that climbed, live boards' teams that
    nobody is left in, releases that ran out."""

    withdrawn: int
    climbed: int
    empty_teams: int
    releases: int


def settle_day(world: World) -> Day:
    """Conflicts begin, people are gone: whoever is out now holds nothing from this moment."""
    with world.db.read() as session:
        empty = _empty_teams(world, session)
    hand = Hand.of(world, "sweep")

    def record(session: Session) -> list[Settled]:
        for team_id in empty:
            alarm_empty_team(session, hand.day, team_id)
        return settle_everything(session, hand)

    settled = world.db.write(record)
    return Day(
        withdrawn=sum(len(one.withdrawn) for one in settled),
        climbed=sum(one.climbed_from is not None for one in settled),
        empty_teams=len(empty),
        releases=sweep_releases(world),
    )


def _empty_teams(world: World, session: Session) -> list[str]:
    """Teams of live boards in which nobody can open a report: what comes in there falls to the office."""
    live = select(Site.team_id).join(Board, Board.site_id == Site.id).where(Board.state == "live")
    teams = set(session.scalars(live.where(Site.team_id.is_not(None)).distinct()))
    members = people.trusted_by_team(session, world.secrets, {team_id for team_id in teams if team_id})
    return sorted(team_id for team_id, found in members.items() if not found)


def sweep_blobs(world: World) -> int:
    """Delete blobs of earlier days that nothing refers to; returns how many.

    Today's and yesterday's stay: a filing that is being recorded has put its blobs already.
    """

    def known(names: list[str]) -> list[str]:
        with world.db.read() as session:
            photos = session.scalars(select(ReportFile.blob).where(ReportFile.blob.in_(names)))
            return [*photos, *patrol_blobs(session, names)]

    gone = list(unreferenced(world.storage, known, before=world.today() - _STILL_ARRIVING))
    for name in gone:
        world.storage.delete(name)
    return len(gone)
