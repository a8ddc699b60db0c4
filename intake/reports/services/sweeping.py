"""What `msx sweep` clears away: blobs that no row refers to. Needs no key and is safe to run twice."""

from datetime import timedelta

from sqlalchemy import select

from intake.core.storage import unreferenced
from intake.core.world import World
from intake.reports.models import ReportFile

_STILL_ARRIVING = timedelta(days=1)


def sweep_blobs(world: World) -> int:
    """Delete blobs of earlier days that nothing refers to; returns how many.

    Today's and yesterday's stay: a filing that is being recorded has put its blobs already.
    """

    def known(names: list[str]) -> list[str]:
        with world.db.read() as session:
            return list(session.scalars(select(ReportFile.blob).where(ReportFile.blob.in_(names))))

    gone = list(unreferenced(world.storage, known, before=world.today() - _STILL_ARRIVING))
    for name in gone:
        world.storage.delete(name)
    return len(gone)
