"""The PostgreSQL server of a test run: private, and gone afterwards."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from tests.guards.sources import ROOT
from tests.postgres import Cluster


def test_a_cluster_answers_on_its_socket_alone_and_leaves_nothing() -> None:
    with Cluster(durable=True) as cluster:
        with psycopg.connect(cluster.url()) as connection:
            shown = [connection.execute(f"SHOW {name}").fetchone() for name in ("listen_addresses", "fsync")]
        assert shown == [("",), ("on",)]
        folder = cluster.folder
        assert folder.stat().st_mode & 0o077 == 0
    assert not folder.exists()


def test_an_open_connection_does_not_keep_the_server_alive() -> None:
    with Cluster() as cluster:
        connection = psycopg.connect(cluster.url())
    with pytest.raises(psycopg.OperationalError):
        connection.execute("SELECT 1")


def test_the_server_of_a_killed_run_stops_by_itself() -> None:
    command = [sys.executable, "-m", "tools.with_postgres", "--", sys.executable, "-c", _REPORT]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        folder = Path(run.stdout.readline().strip())
        server = int((folder / "data" / "postmaster.pid").read_text().splitlines()[0])
        run.send_signal(signal.SIGKILL)
        run.wait()
    assert _ends(server)
    shutil.rmtree(folder)  # the one thing a killed run leaves


_REPORT = (
    "import os, time, urllib.parse as u;"
    "print(u.parse_qs(u.urlsplit(os.environ['MSX_TEST_DATABASE_URL']).query)['host'][0], flush=True); time.sleep(2)"
)


def _ends(process: int) -> bool:
    until = time.monotonic() + 10
    while time.monotonic() < until:
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False
