"""Every test starts with an empty database, whatever the one before did to its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from intake.core.db import Database
from intake.people.models import Team
from tests import database
from tests.database import bare_database, fresh_database
from tests.postgres import Cluster


@pytest.fixture(scope="module", autouse=True)
def server() -> Iterator[None]:
    """PostgreSQL, whatever this run is about: the other kind is only a copied file."""
    with pytest.MonkeyPatch.context() as patch, Cluster() as cluster:
        patch.setenv(database.KIND, "postgresql")
        patch.setenv(database.SERVER, cluster.url())
        patch.setattr(database, "_free", [])
        database._postgresql_template.cache_clear()
        database._shape_of_template.cache_clear()
        yield
        database._postgresql_template.cache_clear()
        database._shape_of_template.cache_clear()


def teams(url: str) -> int:
    opened = Database(url)
    try:
        with opened.read() as session:
            return session.scalar(select(func.count()).select_from(Team)) or 0
    finally:
        opened.close()


def test_rows_do_not_outlive_their_test(tmp_path: Path) -> None:
    def fill(session: Session) -> None:
        session.add(Team(id="t1", name="第一组", kind="inspection_team"))

    with fresh_database(tmp_path) as url:
        opened = Database(url)
        opened.write(fill)
        assert teams(url) == 1
    with fresh_database(tmp_path) as again:
        assert again == url
        assert teams(again) == 0
    opened.close()


def test_a_connection_left_open_with_its_locks_does_not_stand_in_the_way(tmp_path: Path) -> None:
    with fresh_database(tmp_path) as url:
        opened = Database(url)
        held = opened.engine.connect()
        held.execute(text("LOCK TABLE team IN ACCESS EXCLUSIVE MODE"))
    with fresh_database(tmp_path) as again:
        assert teams(again) == 0
    held.invalidate()
    opened.close()


def test_a_changed_table_is_nobody_elses(tmp_path: Path) -> None:
    with fresh_database(tmp_path) as url:
        opened = Database(url)
        with opened.engine.begin() as connection:
            connection.execute(text("ALTER TABLE team ADD COLUMN motto text"))
        opened.close()
    with fresh_database(tmp_path) as again:
        assert again != url


def test_two_at_once_are_two(tmp_path: Path) -> None:
    with fresh_database(tmp_path) as one, fresh_database(tmp_path) as other:
        assert one != other


def test_a_bare_database_has_no_table(tmp_path: Path) -> None:
    with bare_database(tmp_path) as url:
        opened = Database(url)
        with opened.engine.connect() as connection:
            assert connection.scalar(text("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")) == 0
        opened.close()
