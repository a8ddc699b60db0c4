"""An installation with its people and boards, served by a real process on the machine's own clock."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import config
from config import Settings
from intake.boards import services as boards
from intake.core import secretfile
from intake.core.clock import SystemClock
from intake.core.db import Database
from intake.core.secretfile import RecoveryKeys
from intake.core.storage import open_storage
from intake.core.world import World
from tests.cast import Cast, build_cast
from tests.journeys import make_site
from tests.robustness.live_server import LiveServer, free_port
from tests.robustness.visitor import Visitor

# For tests in which one machine is a whole county in a hurry: nobody is asked a question, nobody waits.
UNLIMITED = {
    "MSX_REPORT_LIMIT_BOARD": "1000000/hour",
    "MSX_REPORT_LIMIT_NETWORK": "1000000/hour",
    "MSX_REPORT_PACE": "1000000/5seconds",
    "MSX_BOARD_BURST": "1000000/10minutes",
    "MSX_COPIES_LIMIT": "1000000",
    "MSX_LOOKUP_LIMIT": "1000000/10minutes",
    "MSX_FORM_FASTEST_SECONDS": "0",
}


@dataclass(frozen=True)
class Installation:
    """`world` is the test's own look at it; the server is another process."""

    settings: Settings
    world: World
    cast: Cast
    recovery: RecoveryKeys
    server: LiveServer
    boards: tuple[str, ...]

    @property
    def board(self) -> str:
        return self.boards[0]

    def visitor(self, source: str | None = None, **headers: str) -> Visitor:
        """Somebody in front of a board, at this address of the machine."""
        return Visitor(self.server.port, source=source, headers=headers)


@contextmanager
def installed(
    folder: Path, database_url: str, *, boards_count: int = 1, environment: Mapping[str, str] | None = None
) -> Iterator[Installation]:
    """Made in `folder`, not yet started; `environment` are settings of the server alone."""
    port = free_port()
    data = folder / "data"
    data.mkdir()
    settings = config.load(
        {
            "MSX_DIR": str(data),
            "MSX_DATABASE_URL": database_url,
            "MSX_STORAGE_URL": f"file://{data / 'files'}",
            "MSX_PUBLIC_URL": f"http://127.0.0.1:{port}",
            "MSX_SECOND_FACTOR_ROLES": "none",  # the cast has no phones
        }
    )
    secrets, recovery = secretfile.create(settings.secret_file)
    database = Database(database_url)
    world = World(settings, secrets, database, open_storage(settings.storage_url), SystemClock())
    server = LiveServer.of(settings, port=port, log=folder / "server.log", environment=environment or {})
    try:
        cast = build_cast(world, recovery)
        codes = tuple(_live_board(world, number) for number in range(boards_count))
        yield Installation(settings, world, cast, recovery, server, codes)
    finally:
        server.kill()
        database.close()


def _live_board(world: World, number: int) -> str:
    site_no = f"CJ-99012120020{number}"
    make_site(world, site_no=site_no)
    code = boards.make_board(world, "test", site_no=site_no)
    boards.set_state(world, "test", code=code, state="live", reason="挂牌")
    return code
