"""What somebody who takes the machine away would have: copies of all files of an installation."""

import subprocess
from pathlib import Path

from sqlalchemy import make_url, text

from intake.core.world import World
from tests.robustness.installation import Installation


def steal(installation: Installation, into: Path) -> Path:
    """Made by another process: to open SQLite's file here would drop this one's locks on it."""
    places = [installation.settings.dir, installation.server.log, *database_places(installation.world)]
    for number, place in enumerate(places):
        (into / str(number)).mkdir(parents=True)
        subprocess.run(["cp", "-a", str(place), str(into / str(number))], check=True)
    return into


def database_places(world: World) -> list[Path]:
    """SQLite's file and all that lies beside it; PostgreSQL's own files, its write-ahead log, its server's log."""
    address = make_url(world.settings.database_url)
    if world.db.dialect == "sqlite":
        file = Path(str(address.database))
        return sorted(file.parent.glob(f"{file.name}*"))
    with world.db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("CHECKPOINT"))
        oid = connection.execute(text("SELECT oid FROM pg_database WHERE datname = current_database()")).scalar_one()
    folder = Path(str(address.query["host"]))
    return [folder / "data" / "base" / str(oid), folder / "data" / "pg_wal", folder / "server.log"]
