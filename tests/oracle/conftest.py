"""One county a module: making one takes seconds."""

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

import config
from intake.core import secretfile
from intake.core.clock import FixedClock
from intake.core.db import Database
from intake.core.secretfile import RecoveryKeys
from intake.core.storage import open_storage
from intake.core.tables import Base
from intake.core.world import World
from intake.routing.queries import knowledge
from tests.conftest import NOW
from tests.database import fresh_database
from tests.oracle.county import SMALL, County, build_county
from tests.oracle.staff import Staff


@contextmanager
def world_in(folder: Path, url: str, secret: Path) -> Iterator[World]:
    """An installation of its own, whose clock the test moves."""
    settings = config.load(
        {
            "MSX_DIR": str(folder),
            "MSX_DATABASE_URL": url,
            "MSX_STORAGE_URL": f"file://{folder / 'files'}",
            "MSX_SECRET_FILE": str(secret),
            "MSX_PUBLIC_URL": "http://localhost",
            "MSX_SECOND_FACTOR_ROLES": "none",
        }
    )
    database = Database(url)
    try:
        yield World(settings, secretfile.load(secret), database, open_storage(settings.storage_url), FixedClock(NOW))
    finally:
        database.close()


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory, secret_folder: tuple[Path, RecoveryKeys]) -> Iterator[County]:
    """The whole county of the issue."""
    folder = tmp_path_factory.mktemp("county")
    with fresh_database(folder) as url, world_in(folder, url, secret_folder[0]) as world:
        yield build_county(world, secret_folder[1])


@pytest.fixture
def small_county(tmp_path: Path, secret_folder: tuple[Path, RecoveryKeys]) -> Iterator[County]:
    """A county of a few sites and two dozen reports."""
    with fresh_database(tmp_path) as url, world_in(tmp_path, url, secret_folder[0]) as world:
        yield build_county(world, secret_folder[1], SMALL)


Copies = Callable[[], County]


@pytest.fixture
def copies(tmp_path: Path, secret_folder: tuple[Path, RecoveryKeys]) -> Iterator[Copies]:
    """The house is built once; every run begins with its rows again.

    In one database: its statements are then compiled once, which takes longer than all else.
    """
    with fresh_database(tmp_path) as url, world_in(tmp_path, url, secret_folder[0]) as world:
        template = build_county(world, secret_folder[1], SMALL)
        world.db.checkpoint()
        kept = tmp_path / "kept.db"
        shutil.copyfile(tmp_path / "msx.db", kept)

        def make() -> County:
            _put_back(tmp_path / "msx.db", kept)
            knowledge._known.clear()  # an epoch of the run before is not that of this one
            staff = Staff(dict(template.staff.members), template.staff.county, template.staff.superior)
            copied = replace(world, clock=FixedClock(NOW))
            return replace(template, world=copied, staff=staff, reports=list(template.reports), cookies={})

        yield make


def _put_back(file: Path, kept: Path) -> None:
    """Every row as it was kept, in one transaction."""
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("ATTACH DATABASE ? AS kept", (str(kept),))
        connection.execute("BEGIN IMMEDIATE")
        for table in reversed(Base.metadata.sorted_tables):
            connection.execute(f"DELETE FROM main.{table.name}")
        for table in Base.metadata.sorted_tables:
            connection.execute(f"INSERT INTO main.{table.name} SELECT * FROM kept.{table.name}")
        connection.execute("COMMIT")
