"""The three applications of `bench/submit`, each with data of its own, and what a round of load told of them."""

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Engine, create_engine, func, make_url, select

import config
from bench.bare import SEALS, Filed
from bench.load import STEPS
from bench.processes import Memory, cpu_seconds, memory
from intake.boards import services as boards
from intake.core import schema, secretfile
from intake.core.access import Role
from intake.core.clock import SystemClock
from intake.core.db import Database
from intake.core.storage import open_storage
from intake.core.world import World
from intake.reports.models import Report
from intake.routing.models import Grant
from tests.cast import add_member, build_cast
from tests.journeys import make_site
from tests.postgres import Cluster
from tests.robustness.live_server import ROOT, LiveServer, family, free_port

CLIENTS = 8
THREADS = 64
BOARDS = 4
WARM_UP_SECONDS = 2.0
# The load comes from one address and fills in a form at once: what would hold such reports is set aside.
RAISED = {
    "MSX_REPORT_LIMIT_BOARD": "1000000/hour",
    "MSX_REPORT_LIMIT_NETWORK": "1000000/hour",
    "MSX_REPORT_PACE": "1000000/5seconds",
    "MSX_LOOKUP_LIMIT": "1000000/10minutes",
    "MSX_FORM_FASTEST_SECONDS": "0",
}


@dataclass
class Side:
    """One application of the comparison, and all that was measured of it."""

    name: str
    server: LiveServer
    boards: list[str]
    count_rows: Callable[[], int]
    database: Cluster | None
    seconds: float = 0.0
    rows: int = 0
    app_cpu: float = 0.0
    database_cpu: float = 0.0
    load_cpu: float = 0.0
    memory: Memory = field(default_factory=lambda: Memory(0, 0))
    milliseconds: dict[str, list[float]] = field(default_factory=lambda: {step: [] for step in STEPS})
    failures: list[str] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Journeys a second: rows committed over the window."""
        return self.rows / self.seconds

    @property
    def app_ms(self) -> float:
        """Processor of the application a journey, in milliseconds; on SQLite the database is in it."""
        return self.app_cpu / self.rows * 1000

    @property
    def database_ms(self) -> float:
        return self.database_cpu / self.rows * 1000

    def percentile(self, step: str, percent: int) -> float:
        return statistics.quantiles(self.milliseconds[step], n=100, method="inclusive")[percent - 1]

    def run(self, seconds: float) -> None:
        """One round: start, warm up, load, note what it used, stop."""
        with self.server:
            self._load(WARM_UP_SECONDS)
            rows, app, database = self.count_rows(), self._app_cpu(), self._database_cpu()
            found = self._load(seconds)
            self.app_cpu += self._app_cpu() - app
            self.database_cpu += self._database_cpu() - database
            self.rows += self.count_rows() - rows
            self.memory = max(self.memory, memory(self.server.pids()), key=lambda used: used.pss)
        self.seconds += found["seconds"]
        self.load_cpu += found["cpu_seconds"]
        self.failures += found["failures"]
        for step in STEPS:
            self.milliseconds[step] += found["milliseconds"][step]

    def _load(self, seconds: float) -> dict[str, Any]:
        command = [sys.executable, "-m", "bench.load", str(self.server.port), str(seconds), str(CLIENTS)]
        done = subprocess.run(
            command, input=" ".join(self.boards), capture_output=True, text=True, check=True, cwd=ROOT
        )
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def _app_cpu(self) -> float:
        return cpu_seconds(self.server.pids())

    def _database_cpu(self) -> float:
        if self.database is None:
            return 0.0
        pid = (self.database.folder / "data" / "postmaster.pid").read_text(encoding="utf-8").split()[0]
        return cpu_seconds(family(int(pid)))


@contextmanager
def sides(folder: Path, kind: str) -> Iterator[tuple[Side, Side, Side]]:
    """The product, the bare application, the bare one with cryptography; `kind` is sqlite or postgresql."""
    with ExitStack() as stack:
        cluster = stack.enter_context(Cluster(durable=True)) if kind == "postgresql" else None
        product = _product(folder / "product", _database_url(folder, "product", cluster), cluster)
        plain, sealing = (
            _bare(name, factory, folder, _database_url(folder, factory, cluster), cluster)
            for name, factory in (("bare", "plain"), ("bare, sealing", "sealing"))
        )
        yield product, plain, sealing


def _database_url(folder: Path, name: str, cluster: Cluster | None) -> str:
    """A new empty database: a file, or one of the cluster's."""
    if cluster is None:
        (folder / name).mkdir()
        return f"sqlite:///{folder / name / 'bench.db'}"
    (folder / name).mkdir()
    administration = _engine(cluster.url()).execution_options(isolation_level="AUTOCOMMIT")
    with administration.connect() as connection:
        connection.exec_driver_sql(f'CREATE DATABASE "{name}"')
    administration.dispose()
    return cluster.url(name)


def _driver(url: str) -> URL:
    address = make_url(url)
    return address.set(drivername="postgresql+psycopg") if address.get_backend_name() == "postgresql" else address


def _engine(url: str) -> Engine:
    return create_engine(_driver(url))


def _product(folder: Path, url: str, cluster: Cluster | None) -> Side:
    """An installation with one team of eight and an office of three: thirteen seals a report."""
    port = free_port()
    settings = config.load(
        RAISED
        | {
            "MSX_DIR": str(folder),
            "MSX_DATABASE_URL": url,
            "MSX_PUBLIC_URL": f"http://127.0.0.1:{port}",
            "MSX_SECOND_FACTOR_ROLES": "none",  # the cast has no phones
            "MSX_THREADS": str(THREADS),
        }
    )
    secrets, recovery = secretfile.create(settings.secret_file)
    world = World(settings, secrets, Database(url), open_storage(settings.storage_url), SystemClock())
    schema.upgrade(world.db)
    cast = build_cast(world, recovery)
    for number in range(4):
        add_member(world, f"more{number}", "示例", Role.team_liaison, "team4", signer=cast.leader)
    for number in range(2):
        add_member(world, f"desk{number}", "示例", Role.office, "office", signer=cast.office)
    codes = []
    for number in range(BOARDS):
        site_no = f"CJ-99012120020{number}"
        make_site(world, site_no=site_no)
        codes.append(boards.make_board(world, "bench", site_no=site_no))
        boards.set_state(world, "bench", code=codes[-1], state="live", reason="挂牌")

    def count() -> int:
        with world.db.read() as session:
            return session.scalar(select(func.count()).select_from(Report)) or 0

    server = LiveServer.of(settings, port=port, log=folder / "server.log", environment={})
    return Side("码上巡", server, codes, count, cluster)


def _bare(name: str, factory: str, folder: Path, url: str, cluster: Cluster | None) -> Side:
    """One of `bench/bare.py`, under the same server with the same threads."""
    port = free_port()
    environment = os.environ | {"BARE_DATABASE_URL": _driver(url).render_as_string(hide_password=False)}
    command = [
        str(ROOT / ".venv" / "bin" / "granian"), "--interface", "wsgi", "--factory", "--no-ws", "--loop", "asyncio",
        "--workers", "1", "--blocking-threads", str(THREADS), "--backpressure", str(THREADS * 4),
        "--port", str(port), f"bench.bare:{factory}",
    ]  # fmt: skip
    server = LiveServer(command, port=port, environment=environment, log=folder / factory / "server.log")
    engine = _engine(url)

    def count() -> int:
        with engine.connect() as connection:
            return connection.scalar(select(func.count()).select_from(Filed)) or 0

    return Side(name, server, ["ANYBOARD"], count, cluster)


def seals_of_a_report(product: Side) -> float:
    """How many sealed boxes a report of this run has, so that the comparison can be believed."""
    engine = _engine(product.server.environment["MSX_DATABASE_URL"])
    with engine.connect() as connection:
        grants = connection.scalar(select(func.count()).select_from(Grant)) or 0
    engine.dispose()
    assert SEALS
    return grants / max(1, product.count_rows())
