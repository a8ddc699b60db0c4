"""At which migration a database is, and which is the newest: asked at every start, so without Alembic."""

from pathlib import Path

from sqlalchemy import inspect, text

from intake.core.db import Database

MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"


def head() -> str:
    """The newest revision this code knows: migrations are numbered, and a file is named after its revision."""
    found = max((path.stem for path in (MIGRATIONS / "versions").glob("[0-9]*.py")), default=None)
    if found is None:
        raise LookupError(f"no migration in {MIGRATIONS}")
    return found


def current(database: Database) -> str | None:
    """The revision the database is at; None for one without tables of ours."""
    with database.read() as session:
        if not inspect(session.connection()).has_table("alembic_version"):
            return None
        return session.execute(text("SELECT version_num FROM alembic_version")).scalar()
