"""One county a module: making one takes seconds."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import config
from intake.core import secretfile
from intake.core.clock import FixedClock
from intake.core.db import Database
from intake.core.secretfile import RecoveryKeys
from intake.core.storage import open_storage
from intake.core.world import World
from tests.conftest import NOW
from tests.database import fresh_database
from tests.oracle.county import SMALL, County, build_county


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
