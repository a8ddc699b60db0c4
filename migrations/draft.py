"""`python -m migrations.draft "add deadlines"` drafts the next migration from the models; read it by hand."""

import sys
import tempfile
from pathlib import Path

import intake.boards.models
import intake.people.models
import intake.reports.models
import intake.routing.models
import intake.triage.models  # noqa: F401 - importing is what registers the tables
from intake.core.db import Database
from intake.core.schema import draft, upgrade
from intake.core.tables import Base


def main(message: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{folder}/draft.db")
        if list((Path(__file__).parent / "versions").glob("[0-9]*.py")):
            upgrade(database)
        sys.stdout.write(f"{draft(database, message, Base.metadata)}\n")
        database.close()


if __name__ == "__main__":
    main(sys.argv[1])
