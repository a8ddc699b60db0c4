"""Where sealed blobs lie: the same promises from a folder, an S3-compatible store and memory."""

import os
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from intake.core import storage as module
from intake.core.storage import LocalStorage, MemoryStorage, S3Storage, Storage, open_storage, unreferenced
from tests.services.s3_server import S3Server

DAY = date(2026, 11, 22)
LATER = date(2026, 11, 24)
NAME = "ab/abcdefghijklmnopqrstuvwxyz"
OTHER = "zz/zz34567abcdefghijklmnopqrs"


@pytest.fixture(params=["folder", "s3", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Storage]:
    if request.param == "s3":
        with S3Server() as server:
            for name, value in server.environment().items():
                monkeypatch.setenv(name, value)
            yield open_storage("s3://blobs/prefix")
    else:
        yield open_storage("memory://" if request.param == "memory" else f"file://{tmp_path}/blobs")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "blobs"


def test_bytes_come_back_as_they_were_put(store: Storage) -> None:
    for data in (b"", b"\x00\xff" * 70_000):
        store.put(NAME, data, day=DAY)
        assert store.get(NAME) == data


def test_what_is_not_there_is_a_key_error(store: Storage) -> None:
    with pytest.raises(KeyError):
        store.get(NAME)


def test_deleting_is_done_once_and_may_be_said_twice(store: Storage) -> None:
    store.put(NAME, b"x", day=DAY)
    store.delete(NAME)
    store.delete(NAME)
    with pytest.raises(KeyError):
        store.get(NAME)
    assert list(store.names()) == []


def test_names_lists_everything_kept(store: Storage) -> None:
    for name in (NAME, OTHER):
        store.put(name, b"x", day=DAY)
    assert sorted(store.names()) == sorted([NAME, OTHER])


@pytest.mark.parametrize(
    "name",
    [
        "", "ab", "ab/", "/ab/abcdefgh", "../abcdefgh", "ab/../../etc/passwd", "ab/abcdefgh/..", "ab/abcdefgh\n",
        "AB/ABCDEFGH", "ab/abcdefg", "ab/" + "a" * 65, "ab/abc.efgh", "ab//abcdefgh", "ab\\abcdefgh", "甲乙/abcdefgh",
        "ab/abcdefgh\x00", "ab/abcdefgh.part",
    ],
)  # fmt: skip
def test_a_name_that_is_not_ours_is_refused_everywhere(store: Storage, name: str) -> None:
    with pytest.raises(ValueError, match="name of a blob"):
        store.put(name, b"x", day=DAY)
    with pytest.raises(ValueError, match="name of a blob"):
        store.get(name)
    with pytest.raises(ValueError, match="name of a blob"):
        store.delete(name)
    assert list(store.names()) == []


def test_what_nothing_refers_to_is_found(store: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CHUNK", 10)
    names = [f"ab/abcdefgh{number:04}" for number in range(33)]
    kept = set(names[::3])
    for name in names:
        store.put(name, b"", day=DAY)
    asked: list[int] = []

    def known(some: list[str]) -> set[str]:
        asked.append(len(some))
        return kept & set(some)

    found = list(unreferenced(store, known, before=date(9999, 12, 31)))
    assert sorted(found) == sorted(set(names) - kept)
    assert max(asked) == module.CHUNK


@pytest.mark.parametrize("kind", ["folder", "memory"])
def test_a_blob_still_waiting_for_its_row_is_not_called_unreferenced(kind: str, folder: Path) -> None:
    store: Storage = MemoryStorage() if kind == "memory" else LocalStorage(folder)
    store.put(NAME, b"old", day=DAY)
    store.put(OTHER, b"being filed right now", day=LATER)
    assert list(unreferenced(store, lambda names: [], before=LATER)) == [NAME]
    assert list(store.names(before=DAY)) == []


def test_a_folder_dates_files_and_folders_by_the_day_alone(folder: Path) -> None:
    store = LocalStorage(folder)
    store.put(NAME, b"x", day=DAY)
    day = datetime(2026, 11, 22, tzinfo=UTC).timestamp()
    for path in (folder / NAME, (folder / NAME).parent, folder):
        found = path.stat()
        assert found.st_mtime == day, path
    assert (folder / NAME).stat().st_atime == day


def test_a_folder_is_for_its_owner_only(folder: Path) -> None:
    LocalStorage(folder).put(NAME, b"x", day=DAY)
    assert stat.S_IMODE((folder / NAME).stat().st_mode) == 0o600
    assert stat.S_IMODE((folder / NAME).parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_put_returns_when_file_and_folders_are_on_disk(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[str] = []
    real = os.fsync

    def noted(descriptor: int) -> None:
        synced.append(str(Path(f"/proc/self/fd/{descriptor}").readlink()))
        real(descriptor)

    store = LocalStorage(folder)
    monkeypatch.setattr(os, "fsync", noted)
    store.put(NAME, b"x", day=DAY)
    assert synced[0] == str(folder), "the new folder's own entry"
    assert synced[1].endswith(".part"), "the bytes, before they get their name"
    assert synced[2] == str((folder / NAME).parent), "the name"
    assert len(synced) == 3


def test_a_put_that_fails_leaves_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = LocalStorage(folder)

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "utime", lambda *_: full(0))
    store._settled.add("ab")
    (folder / "ab").mkdir()
    with pytest.raises(OSError, match="No space"):
        store.put(NAME, b"x", day=DAY)
    assert list((folder / "ab").iterdir()) == []


def test_what_a_killed_put_left_is_swept(folder: Path) -> None:
    store = LocalStorage(folder)
    store.put(NAME, b"whole", day=DAY)
    part = folder / f"{NAME}.0123abcd.part"
    part.write_bytes(b"ha")
    os.utime(part, (0, 0))
    (left,) = unreferenced(store, lambda names: [NAME], before=LATER)
    store.delete(left)
    assert list(store.names()) == [NAME]
    assert store.get(NAME) == b"whole"


def test_foreign_files_in_the_folder_are_left_alone(folder: Path) -> None:
    store = LocalStorage(folder)
    (folder / "lost+found").mkdir()
    (folder / "lost+found" / "x").write_bytes(b"x")
    (folder / "README").write_bytes(b"x")
    assert list(store.names()) == []


def test_a_folder_opened_again_has_what_was_put(folder: Path) -> None:
    LocalStorage(folder).put(NAME, b"x", day=DAY)
    assert open_storage(f"file://{folder}").get(NAME) == b"x"


def test_a_folder_whose_name_is_not_ascii(tmp_path: Path) -> None:
    store = open_storage((tmp_path / "文件 夹").as_uri())
    store.put(NAME, b"x", day=DAY)
    assert (tmp_path / "文件 夹" / NAME).read_bytes() == b"x"
    assert list(store.names()) == [NAME]


def test_many_threads_put_at_once(folder: Path) -> None:
    store = LocalStorage(folder)
    names = [f"{number % 7:02}/abcdefgh{number:04}" for number in range(120)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda name: store.put(name, name.encode(), day=DAY), names))
    assert {name: store.get(name) for name in store.names()} == {name: name.encode() for name in names}


@pytest.mark.parametrize(
    "url", ["", "blobs", "http://host/x", "file://", "file:///", "file://host/x", "s3://", "gs://x"]
)
def test_an_address_that_names_no_storage_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="storage address"):
        open_storage(url)


def test_each_scheme_opens_its_own_kind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "cn-test-1")
    assert isinstance(open_storage(f"file://{tmp_path}/x"), LocalStorage)
    assert isinstance(open_storage("s3://blobs"), S3Storage)
    assert isinstance(open_storage("memory://"), MemoryStorage)
