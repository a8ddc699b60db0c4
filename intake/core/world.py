"""The outside world in one hand: settings, secrets, database, files and the clock."""

from dataclasses import dataclass
from datetime import date

from config import Settings
from intake.core.clock import Clock, FileClock, SystemClock, local_day
from intake.core.db import Database
from intake.core.secretfile import Secrets
from intake.core.secretfile import load as load_secrets
from intake.core.storage import Storage, open_storage


@dataclass(frozen=True)
class World:
    """What services need besides their arguments."""

    settings: Settings
    secrets: Secrets
    db: Database
    storage: Storage
    clock: Clock

    def today(self) -> date:
        """The day in the installation's own time zone."""
        return local_day(self.clock.now(), self.settings.timezone)

    def close(self) -> None:
        self.db.close()


def open_world(settings: Settings, *, clock: Clock | None = None, clock_file: str | None = None) -> World:
    """Open the installation at `settings.dir`. `clock_file` counts only where demo data lies."""
    if clock is None:
        clock = FileClock(clock_file) if clock_file and settings.is_demo else SystemClock()
    return World(
        settings=settings,
        secrets=load_secrets(settings.secret_file),
        db=Database(settings.database_url),
        storage=open_storage(settings.storage_url),
        clock=clock,
    )
