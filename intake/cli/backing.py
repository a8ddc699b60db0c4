"""Backups: taken while the site is serving, restored into an empty folder."""

import os
from pathlib import Path

import click

from intake.cli.base import JSON, command, echo, fail, folder, say, settings_here, world_here
from intake.core import secretfile
from intake.core.db import Database
from intake.core.secretfile import BadRecoveryKey
from intake.core.storage import open_storage
from intake.core.vault import KeyPair


@command("backup", "备份：网站照常开着，写出一个只有备份钥匙打得开的文件", "a backup that only the backup key opens")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@JSON
def backup(file: Path, as_json: bool) -> None:
    from intake.core import backups  # noqa: PLC0415 - Alembic takes a third of a second, and no other command needs it

    if file.exists():
        fail(say(f"{file} 已经在了，不会覆盖。", f"{file} is there, it is never replaced."))
    world = world_here()
    waiting = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        with os.fdopen(os.open(waiting, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            counted = backups.write_backup(world, out)
            out.flush()
            os.fsync(out.fileno())
        waiting.rename(file)
    except OSError as error:
        fail(say(f"写不了 {file}：{error.strerror}", f"cannot write {file}: {error.strerror}"))
    finally:
        waiting.unlink(missing_ok=True)
        world.close()
    text = say(
        f"已备份 {counted.rows} 行、{counted.files} 个文件到 {file}。要用备份钥匙才打得开，里面的来信打不开。",
        f"{counted.rows} rows and {counted.files} files in {file}. The backup key opens it, not the reports in it.",
    )
    echo(as_json, {"rows": counted.rows, "files": counted.files, "file": str(file)}, text)


@command("restore", "从备份恢复到一个空文件夹", "restore a backup into an empty folder")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--key-file", required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@JSON
def restore(file: Path, key_file: Path, as_json: bool) -> None:
    from intake.core import backups  # noqa: PLC0415 - as above
    from intake.core.archive import BadArchive  # noqa: PLC0415 - as above

    pair = _backup_pair(key_file)
    folder().mkdir(parents=True, exist_ok=True, mode=0o700)
    settings = settings_here()
    filled = say("这个文件夹里已经有数据，不会覆盖。请换一个空的。", "there is data already, it is never replaced.")
    if settings.secret_file.exists():
        fail(filled)
    database = Database(settings.database_url)
    try:
        with file.open("rb") as source:
            counted, secret = backups.restore_rows_and_files(
                source, pair, database, open_storage(settings.storage_url)
            )  # fmt: skip
    except backups.NotEmpty:
        fail(filled)
    except BadArchive as error:
        fail(say(f"{file} 恢复不了：不是这把钥匙的备份，或者不完整（{error}）。",
                 f"{file} cannot be restored: {error}."))  # fmt: skip
    finally:
        database.close()
    _put_secret(settings.secret_file, secret)
    text = say(
        f"已恢复 {counted.rows} 行、{counted.files} 个文件。请运行 msx check 和 msx audit verify。",
        f"{counted.rows} rows and {counted.files} files restored. Run msx check and msx audit verify.",
    )
    echo(as_json, {"rows": counted.rows, "files": counted.files}, text)


def _backup_pair(key_file: Path) -> KeyPair:
    try:
        kind, keys = secretfile.read_recovery_key(key_file.read_text(encoding="utf-8"))
    except BadRecoveryKey as error:
        fail(str(error))
    if kind != "backup":
        fail(say("这是恢复钥匙，不是备份钥匙。", "this is a recovery key, not the backup key."))
    return keys.reading


def _put_secret(path: Path, data: bytes) -> None:
    """Last of all: nothing works without it, so a restore that was cut short is none."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        out.write(data)
        out.flush()
        os.fsync(out.fileno())
