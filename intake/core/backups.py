"""What is in a backup: every row of one moment, every sealed file, the secret file. Taken while the site is serving.

Rows are copied as values, table by table, so that a backup of one kind of database can be restored into the other, and
one of an older version into a newer one: it is put into the shape that it had and then migrated. ADR 0025.
"""

import base64
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, BinaryIO, Final

from sqlalchemy import Engine, MetaData, Table, Update, and_, insert, select
from sqlalchemy.orm import Session

from intake.core import schema
from intake.core.archive import BadArchive, Writer, records
from intake.core.db import Database
from intake.core.storage import Storage
from intake.core.vault import KeyPair
from intake.core.world import World

_ROWS: Final = 200  # of a record
_NOT_KEPT: Final = frozenset({"alembic_version", "staff_session"})  # nobody is signed in after a restore
FORMAT: Final = 1


@dataclass(frozen=True, slots=True)
class Counted:
    """How much an archive holds."""

    rows: int
    files: int


def write_backup(world: World, out: BinaryIO) -> Counted:
    """Everything of this moment; what is filed while it runs is in the next one."""
    writer = Writer(out, world.secrets.backup)
    revision, tables = schema.current(world.db), _tables(world.db.engine)
    rows = files = 0
    with world.db.read() as session:  # one snapshot
        writer.add({"kind": "about", "format": FORMAT, "revision": revision, "day": world.today().isoformat()})
        for table in tables:
            for batch in _batches(session, table):
                writer.add({"kind": "rows", "table": table.name}, json.dumps(batch, ensure_ascii=False).encode())
                rows += len(batch)
        # A file is there before its row is: all that these rows name are listed now.
        names = list(world.storage.names())
    for name in names:
        try:
            writer.add({"kind": "file", "name": name}, world.storage.get(name))
        except KeyError:  # deleted since, with its row: retention, or two people who destroyed spam
            continue
        files += 1
    writer.add({"kind": "secret"}, world.settings.secret_file.read_bytes())
    writer.finish()
    return Counted(rows, files)


def _tables(engine: Engine) -> list[Table]:
    """As they are in the database, parents before children."""
    found = MetaData()
    found.reflect(engine)
    return [table for table in found.sorted_tables if table.name not in _NOT_KEPT]


def _batches(session: Session, table: Table) -> Iterator[list[list[Any]]]:
    result = session.execute(select(table).execution_options(yield_per=_ROWS))
    for part in result.partitions(_ROWS):
        yield [[_told(value) for value in row] for row in part]


def _told(value: Any) -> Any:
    """As JSON, so that it comes back as it was on either kind of database."""
    if isinstance(value, bytes | memoryview):
        return {"b": base64.b64encode(bytes(value)).decode()}
    if isinstance(value, datetime):
        return {"t": (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(UTC).isoformat()}
    if isinstance(value, date):
        return {"d": value.isoformat()}
    if isinstance(value, list | dict):
        return {"j": value}
    return value


def _meant(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    ((kind, inner),) = value.items()
    match kind:
        case "b":
            return base64.b64decode(inner)
        case "t":
            return datetime.fromisoformat(inner)
        case "d":
            return date.fromisoformat(inner)
    return inner


class NotEmpty(Exception):
    """There are rows already where a backup should go: nothing is ever written over."""


def restore_rows_and_files(
    source: BinaryIO, pair: KeyPair, database: Database, storage: Storage
) -> tuple[Counted, bytes]:
    """Into an empty database and store; how much, and the secret file, which the caller puts down last.

    Raises `BadArchive` or `NotEmpty`. A restore that was cut short leaves no secret file, and nothing works without it.
    """
    if schema.current(database) is not None:
        raise NotEmpty
    every = records(source, pair)
    about = next(every, ({}, b""))[0]
    if about.get("format") != FORMAT:
        raise BadArchive("a backup of a newer version: install that first")
    schema.upgrade(database, str(about["revision"]))
    tables = {table.name: table for table in _tables(database.engine)}
    day, secret, rows, files = date.fromisoformat(about["day"]), b"", 0, 0
    later: list[Update] = []
    for record, data in every:
        match record["kind"]:
            case "rows":
                rows += _put_rows(database, tables[record["table"]], json.loads(data), later)
            case "file":
                storage.put(record["name"], data, day=day)
                files += 1
            case "secret":
                secret = data
    _put_late(database, later)
    schema.upgrade(database)
    return Counted(rows, files), secret


def _put_rows(database: Database, table: Table, told: Iterable[list[Any]], later: list[Update]) -> int:
    """Rows as they come; what refers to a row of the same table is said `later`, when all are there."""
    names, own = [column.name for column in table.columns], _own_references(table)
    rows = [dict(zip(names, map(_meant, row), strict=True)) for row in told]
    for row in rows:
        for name in own:
            if row[name] is not None:
                this = and_(*(column == row[column.name] for column in table.primary_key))
                later.append(table.update().where(this).values({name: row[name]}))
                row[name] = None

    def write(session: Session) -> None:
        session.execute(insert(table), rows)

    database.write(write)
    return len(rows)


def _own_references(table: Table) -> list[str]:
    return [key.parent.name for key in table.foreign_keys if key.column.table is table]


def _put_late(database: Database, later: list[Update]) -> None:
    def write(session: Session) -> None:
        for statement in later:
            session.execute(statement)

    database.write(write)
