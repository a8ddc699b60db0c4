"""Group commit against a commit for each request, on SQLite with `synchronous=FULL`: `python -m bench.write_seam`.

Eight threads in a closed loop each write what a filing writes, roughly: a row of 4 KiB and thirteen of 160
bytes. Before each write a thread idles for up to 10 ms, as a server's threads parse and seal. Both sides
have the same file system, pragmas and rows; the sides alternate, so that a noisy neighbour meets both.
"""

import argparse
import os
import random
import sqlite3
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from sqlalchemy import Column, Integer, LargeBinary, MetaData, String, Table, insert
from sqlalchemy.orm import Session

from intake.core.db import PRAGMAS, Database

METADATA = MetaData()
CONTENT = Table(
    "content",
    METADATA,
    Column("id", String, primary_key=True),
    Column("sealed", LargeBinary),
    sqlite_with_rowid=False,
)
GRANT = Table(
    "sealed_grant",
    METADATA,
    Column("id", String, primary_key=True),
    Column("holder", Integer, primary_key=True),
    Column("sealed", LargeBinary),
    sqlite_with_rowid=False,
)
GRANTS = 13


def filing(session: Session) -> None:
    """The rows of one filing."""
    name = os.urandom(16).hex()
    session.execute(insert(CONTENT).values(id=name, sealed=os.urandom(4096)))
    session.execute(insert(GRANT), [{"id": name, "holder": n, "sealed": os.urandom(160)} for n in range(GRANTS)])


def grouped(folder: Path) -> tuple[Callable[[], None], Callable[[], None]]:
    """Write through the seam; and how to close it."""
    database = Database(f"sqlite:///{folder}/grouped.db")
    with database.engine.begin() as connection:
        METADATA.create_all(connection)
    return lambda: database.write(filing), database.close


def single(folder: Path) -> tuple[Callable[[], None], Callable[[], None]]:
    """Write as most applications do: each thread its own connection and its own commit."""
    database = Database(f"sqlite:///{folder}/single.db")
    with database.engine.begin() as connection:
        METADATA.create_all(connection)

    def write() -> None:
        with Session(database.engine) as session:
            filing(session)
            session.commit()

    return write, database.close


def measure(write: Callable[[], None], *, threads: int, seconds: float) -> list[float]:
    """Milliseconds of each write of a closed loop."""
    found: list[float] = []
    until = time.perf_counter() + seconds

    def client(seed: int) -> None:
        draw = random.Random(seed)
        while time.perf_counter() < until:
            time.sleep(draw.uniform(0, 0.010))
            start = time.perf_counter()
            write()
            found.append((time.perf_counter() - start) * 1000)

    clients = [threading.Thread(target=client, args=(seed,)) for seed in range(threads)]
    for thread in clients:
        thread.start()
    for thread in clients:
        thread.join()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=5.0, help="of each round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="on the disk to measure (default: the temporary folder)")
    chosen = parser.parse_args()
    results: dict[str, list[float]] = {"group commit": [], "a commit each": []}
    with tempfile.TemporaryDirectory(dir=chosen.folder) as name:
        _print_fsync(Path(name))
        for number in range(chosen.rounds):
            folder = Path(name) / str(number)
            folder.mkdir()
            for side, opened in (("group commit", grouped(folder)), ("a commit each", single(folder))):
                write, close = opened
                results[side] += measure(write, threads=chosen.threads, seconds=chosen.seconds)
                close()
    load = f"{chosen.threads} threads, {chosen.rounds} rounds of {chosen.seconds:g} s a side"
    print(f"{load}, SQLite {sqlite3.sqlite_version}")
    print(f"pragmas: {', '.join(PRAGMAS)}")
    for side, found in results.items():
        cuts = statistics.quantiles(found, n=1000)
        rate = len(found) / (chosen.rounds * chosen.seconds)
        print(
            f"{side:14} {rate:7.0f} writes/s   p50 {cuts[499]:7.1f}   p95 {cuts[949]:7.1f}   "
            f"p99 {cuts[989]:7.1f}   p99.9 {cuts[998]:7.1f}   worst {max(found):7.1f} ms"
        )


def _print_fsync(folder: Path) -> None:
    """What the disk itself takes: the floor under every commit."""
    with closing(os.fdopen(os.open(folder / "probe", os.O_CREAT | os.O_WRONLY, 0o600), "wb", 0)) as file:
        found = []
        for _ in range(50):
            file.write(os.urandom(4096))
            start = time.perf_counter()
            os.fsync(file.fileno())
            found.append((time.perf_counter() - start) * 1000)
    print(f"fsync of 4 KiB: median {statistics.median(found):.2f} ms, worst of 50 {max(found):.2f} ms")


if __name__ == "__main__":
    main()
