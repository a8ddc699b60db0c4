"""Taken while citizens file, restored elsewhere: receipts work, files are the same, nobody reads more than before."""

import io
import json
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import MetaData, func, select

import config
from intake.cli import main
from intake.core import secretfile
from intake.core.archive import BadArchive, Writer, records
from intake.core.backups import NotEmpty, restore_rows_and_files, write_backup
from intake.core.db import Database
from intake.core.secretfile import RecoveryKeys, read_recovery_key
from intake.core.storage import open_storage
from intake.core.vault import KeyPair
from intake.core.world import World, open_world
from intake.reports import services as reports
from intake.reports.models import Report
from intake.reports.services import Upload, auditing
from intake.triage import services
from tests.cast import build_cast, enter
from tests.client import PageClient
from tests.database import bare_database
from tests.journeys import photo
from tests.views.desk import BODY, Desk


@pytest.fixture
def desk(world: World, recovery: RecoveryKeys, client: PageClient) -> Desk:
    desk = Desk(world, build_cast(world, recovery), client)
    desk.open_boards()
    return desk


@pytest.fixture
def pair(recovery: RecoveryKeys) -> KeyPair:
    return read_recovery_key(recovery.backup)[1].reading


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[tuple[Database, Path]]:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    with bare_database(folder) as url:
        database = Database(url)
        yield database, folder
        database.close()


def archive_of(world: World) -> bytes:
    out = io.BytesIO()
    write_backup(world, out)
    return out.getvalue()


def restored(world: World, archive: bytes, pair: KeyPair, elsewhere: tuple[Database, Path]) -> World:
    database, folder = elsewhere
    storage = open_storage(f"file://{folder / 'files'}")
    _, secret = restore_rows_and_files(io.BytesIO(archive), pair, database, storage)
    path = folder / "secret"
    path.touch(mode=0o600)
    path.write_bytes(secret)
    return replace(world, secrets=secretfile.load(path), db=database, storage=storage)


def test_what_is_restored_is_the_same_house(desk: Desk, pair: KeyPair, elsewhere: tuple[Database, Path]) -> None:
    case = desk.file(BODY, uploads=(Upload("a.jpg", photo()),), contact="13800138000", identity="named")
    leader = enter(desk.world, desk.cast.leader).signed_in
    services.answer(desk.world, leader, case.report_id, text="请说一说是哪一年的事。", version=1, ask=True)
    split_of_it = desk.file("这一件说了两件事，一是路灯不亮，二是补贴没有发。")
    mixed = desk.file("这一封信说了两件事，路灯三个月不亮，修渠的钱也没有公示。")
    texts = ("第一项，说的是路灯三个月不亮。", "第二项，说的是修渠的钱没有公示。")
    items = tuple(services.ItemText(text, "") for text in texts)
    services.split(desk.world, leader, mixed.report_id, items=items, version=1)
    there = restored(desk.world, archive_of(desk.world), pair, elsewhere)
    found = MetaData()
    found.reflect(there.db.engine, only=["staff_session"])
    with there.db.read() as session:
        parents = session.scalars(select(Report.parent_id).where(Report.parent_id.is_not(None))).all()
        assert parents == [mixed.report_id] * 2, "what refers to a row of its own table still does"
        assert session.scalar(select(func.count()).select_from(found.tables["staff_session"])) == 0, "nobody signed in"
    box = reports.open_box(there, digits=case.digits)
    assert [message.text for message in box.messages] == ["请说一说是哪一年的事。"]
    assert reports.open_box(there, digits=split_of_it.digits).state == "received"
    signed_in = enter(there, desk.cast.leader).signed_in
    opened = services.open_case(there, signed_in, case.report_id)
    assert opened.locked is None
    (file,) = opened.files
    mine = services.open_file(desk.world, enter(desk.world, desk.cast.leader).signed_in, case.report_id, file.id)
    assert services.open_file(there, signed_in, case.report_id, file.id).data == mine.data
    assert auditing.verify(there).broken is None
    assert there.secrets.pepper == desk.world.secrets.pepper


def test_taken_while_citizens_file_every_receipt_of_before_works(
    desk: Desk, pair: KeyPair, elsewhere: tuple[Database, Path]
) -> None:
    before = [desk.file(f"{BODY}第{n}户。", uploads=(Upload("a.jpg", photo(n)),)) for n in range(3)]
    busy, failures = threading.Event(), list[BaseException]()

    def file_on() -> None:
        n = 10
        while not busy.is_set():
            try:
                desk.file(f"{BODY}第{n}户。", uploads=(Upload("a.jpg", photo(n)),))
            except StopIteration:
                pass
            except BaseException as error:  # told after the join
                failures.append(error)
                return
            n += 1

    citizen = threading.Thread(target=file_on)
    citizen.start()
    try:
        archives = [archive_of(desk.world) for _ in range(2)]
    finally:
        busy.set()
        citizen.join()
    assert failures == []
    there = restored(desk.world, archives[-1], pair, elsewhere)
    for case in before:
        assert reports.open_box(there, digits=case.digits).state == "received"
    assert auditing.verify(there).broken is None
    signed_in = enter(there, desk.cast.leader).signed_in
    with there.db.read() as session:
        every = session.scalars(select(Report.id)).all()
    assert len(every) >= 3
    for report_id in every:  # no row without its file
        for file in services.open_case(there, signed_in, report_id).files:
            assert services.open_file(there, signed_in, report_id, file.id).data


def test_without_the_backup_key_nothing_of_it_is_read(desk: Desk, recovery: RecoveryKeys) -> None:
    desk.file(BODY)
    archive = archive_of(desk.world)
    county = read_recovery_key(recovery.county)[1].reading
    with pytest.raises(BadArchive):
        list(records(io.BytesIO(archive), county))
    for mark in (b"placement", b"report", desk.cast.leader.login.encode(), desk.world.secrets.pepper.hex().encode()):
        assert mark not in archive[20:]


def test_with_the_backup_key_no_report_is_read(desk: Desk, pair: KeyPair) -> None:
    desk.file(BODY, contact="13800138000")
    plain = b"".join(data for _, data in records(io.BytesIO(archive_of(desk.world)), pair))
    assert BODY.encode() not in plain
    assert b"13800138000" not in plain


@pytest.mark.parametrize("spoil", [lambda a: a[:-1], lambda a: a[: len(a) // 2], lambda a: a + b"x",
                                   lambda a: a[:200] + bytes([a[200] ^ 1]) + a[201:], lambda a: b"PK" + a,
                                   lambda a: b"", lambda a: a[:130]])  # fmt: skip
def test_what_is_not_whole_is_refused(pair: KeyPair, spoil: Callable[[bytes], bytes]) -> None:
    out = io.BytesIO()
    writer = Writer(out, pair.public)
    writer.add({"kind": "about"}, b"x" * 300)
    writer.add({"kind": "file", "name": "a"}, b"y" * 300)
    writer.finish()
    whole = out.getvalue()
    assert [data for _, data in records(io.BytesIO(whole), pair)] == [b"x" * 300, b"y" * 300]
    with pytest.raises(BadArchive):
        list(records(io.BytesIO(spoil(whole)), pair))


def test_records_that_changed_places_are_refused(pair: KeyPair) -> None:
    out = io.BytesIO()
    writer = Writer(out, pair.public)
    marks = [out.tell()]
    for n in range(2):
        writer.add({"kind": "file", "name": str(n)}, b"z" * 50)
        marks.append(out.tell())
    writer.finish()
    whole = out.getvalue()
    swapped = whole[: marks[0]] + whole[marks[1] : marks[2]] + whole[marks[0] : marks[1]] + whole[marks[2] :]
    with pytest.raises(BadArchive):
        list(records(io.BytesIO(swapped), pair))


def test_nothing_is_written_over(desk: Desk, pair: KeyPair) -> None:
    with pytest.raises(NotEmpty):
        restore_rows_and_files(io.BytesIO(archive_of(desk.world)), pair, desk.world.db, desk.world.storage)


@pytest.mark.sqlite
def test_the_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From one machine to another by the shell alone."""
    monkeypatch.setenv("LANG", "en_GB.UTF-8")
    monkeypatch.delenv("MSX_DATABASE_URL", raising=False)

    def msx(folder: str, *words: str) -> tuple[int, str]:
        result = CliRunner().invoke(main, ["--dir", str(tmp_path / folder), *words])
        return result.exit_code, result.output

    status, said = msx("one", "init")
    assert status == 0
    keys = dict(line.split("\t") for line in said.splitlines() if "\t" in line)
    key, wrong, file = tmp_path / "backup.key", tmp_path / "county.key", tmp_path / "b.msx"
    key.write_text(keys["backup"])
    wrong.write_text(keys["county"])
    status, said = msx("one", "backup", str(file), "--json")
    assert status == 0
    assert json.loads(said)["rows"] > 0
    assert os.stat(file).st_mode & 0o777 == 0o600  # noqa: PTH116 - the mode is what is meant
    assert msx("one", "backup", str(file))[0] == 1, "never replaced"
    assert msx("two", "restore", str(file), "--key-file", str(wrong))[0] == 1
    assert not (tmp_path / "two" / "secret").exists()
    assert msx("two", "restore", str(file), "--key-file", str(key))[0] == 0
    assert msx("two", "restore", str(file), "--key-file", str(key))[0] == 1, "never over data"
    assert (tmp_path / "two" / "secret").read_bytes() == (tmp_path / "one" / "secret").read_bytes()
    assert msx("two", "audit", "verify")[0] == 0
    monkeypatch.setenv("MSX_DIR", str(tmp_path / "two"))
    world = open_world(main_settings(tmp_path / "two"))
    with world.db.read() as session:
        assert session.scalar(select(func.count()).select_from(Report)) == 0
    world.close()


def main_settings(folder: Path) -> config.Settings:
    return config.load({"MSX_DIR": str(folder)})


@pytest.mark.postgresql
def test_there_and_back_between_the_two_kinds_of_database(
    desk: Desk, pair: KeyPair, elsewhere: tuple[Database, Path], tmp_path: Path
) -> None:
    """PostgreSQL into SQLite, and that into an empty PostgreSQL."""
    case = desk.file(BODY, uploads=(Upload("a.jpg", photo()),))
    small = tmp_path / "small"
    small.mkdir()
    database = Database(f"sqlite:///{small / 'msx.db'}")
    there = restored(desk.world, archive_of(desk.world), pair, (database, small))
    settings = replace(there.settings, secret_file=small / "secret")
    back = restored(there, archive_of(replace(there, settings=settings)), pair, elsewhere)
    for one in (there, back):
        assert reports.open_box(one, digits=case.digits).state == "received"
        assert auditing.verify(one).broken is None
    database.close()
