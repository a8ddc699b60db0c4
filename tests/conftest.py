"""Fixtures of the whole suite: an installation in a temporary folder, on the database chosen for this run."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask
from jinja2 import FileSystemBytecodeCache

import config
from config import Settings
from intake.app import create_app
from intake.core import secretfile
from intake.core.clock import FixedClock
from intake.core.db import Database
from intake.core.secretfile import RecoveryKeys, Secrets
from intake.core.storage import open_storage
from intake.core.world import World
from tests.cast import Cast, build_cast
from tests.client import PageClient
from tests.database import fresh_database
from tests.guards import write_guard

pytest_plugins = ("tests.plugin",)

NOW = datetime(2026, 11, 23, 2, 30, tzinfo=UTC)  # a Monday morning, 10:30 in Shanghai
write_guard.install()


@pytest.fixture(scope="session")
def secret_folder(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, RecoveryKeys]:
    """One secret file for the run: making one is slow and its keys are never changed."""
    path = tmp_path_factory.mktemp("secret") / "secret"
    _, recovery_keys = secretfile.create(path)
    return path, recovery_keys


@pytest.fixture
def recovery(secret_folder: tuple[Path, RecoveryKeys]) -> RecoveryKeys:
    """The printable recovery and backup keys of this installation."""
    return secret_folder[1]


@pytest.fixture
def secrets(secret_folder: tuple[Path, RecoveryKeys]) -> Secrets:
    return secretfile.load(secret_folder[0])


@pytest.fixture
def database_url(tmp_path: Path) -> Iterator[str]:
    """A database at the newest schema, empty, of the kind chosen by MSX_TEST_DATABASE."""
    with fresh_database(tmp_path) as url:
        yield url


@pytest.fixture
def settings(tmp_path: Path, database_url: str, secret_folder: tuple[Path, RecoveryKeys]) -> Settings:
    return config.load(
        {
            "MSX_DIR": str(tmp_path),
            "MSX_DATABASE_URL": database_url,
            "MSX_STORAGE_URL": f"file://{tmp_path / 'files'}",
            "MSX_SECRET_FILE": str(secret_folder[0]),
            "MSX_PUBLIC_URL": "http://localhost",
            # The cast has no phones; what the default asks of whom is in tests/views/test_second_factor.py.
            "MSX_SECOND_FACTOR_ROLES": "none",
        }
    )


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture
def world(settings: Settings, secrets: Secrets, clock: FixedClock) -> Iterator[World]:
    database = Database(settings.database_url)
    yield World(settings, secrets, database, open_storage(settings.storage_url), clock)
    database.close()


@pytest.fixture
def cast(world: World, recovery: RecoveryKeys) -> Cast:
    """Teams, and the same eight people in every test."""
    return build_cast(world, recovery)


@pytest.fixture(scope="session")
def compiled_templates(tmp_path_factory: pytest.TempPathFactory) -> FileSystemBytecodeCache:
    """Templates compiled once a run instead of once a test: a third of a page test's time."""
    return FileSystemBytecodeCache(str(tmp_path_factory.mktemp("templates")))


@pytest.fixture
def app(world: World, compiled_templates: FileSystemBytecodeCache) -> Flask:
    """The whole product; every page that a test fetches is linted."""
    app = create_app(world.settings, world=world)
    app.jinja_env.bytecode_cache = compiled_templates
    app.test_client_class = PageClient
    return app


@pytest.fixture
def client(app: Flask) -> PageClient:
    found = app.test_client()
    assert isinstance(found, PageClient)
    return found
