"""A command beside the running server: neither takes the other's log away."""

import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import make_url, text

from intake.core.db import Database

VISIT = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('SELECT * FROM board').fetchall(); c.close()"


@pytest.mark.sqlite
def test_a_process_that_opens_more_connections_keeps_its_locks(database_url: str) -> None:
    """SQLite's last connection empties the log and removes it; another process may believe itself the last
    when this one has lost its locks, which closing any descriptor of the file does. Then rows are torn."""
    file = str(make_url(database_url).database)
    database = Database(database_url)
    with database.read() as first, database.read() as second:
        for session in (first, second):
            assert session.execute(text("SELECT count(*) FROM board")).scalar_one() == 0
        subprocess.run([sys.executable, "-c", VISIT, file], check=True)
        assert Path(file + "-wal").exists()
    database.close()
