"""What `msx check` looks at besides the settings themselves: every problem with an id and a hint."""

import shutil
from datetime import UTC, date, datetime
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from config import Problem, Settings
from intake.core import revision, secretfile
from intake.core.db import Database
from intake.core.storage import open_storage

_LEAST_FREE_BYTES = 500 * 1024 * 1024


def problems(settings: Settings) -> list[Problem]:
    """Everything that keeps this installation from serving."""
    found: list[Problem] = []
    if not settings.dir.is_dir():
        found.append(Problem("dir.missing", f"{settings.dir} is not there: run msx init"))
        return found
    found += _secret_file(settings)
    found += _database(settings)
    found += _storage(settings)
    if shutil.disk_usage(settings.dir).free < _LEAST_FREE_BYTES:
        found.append(Problem("disk.full", "less than 500 MB free where the data lies"))
    return found


def notices(settings: Settings) -> list[Problem]:
    """What works and should be known."""
    found: list[Problem] = []
    if not settings.secure_cookies:
        found.append(
            Problem(
                "cookie.plain",
                "the sign-in cookie is plain because MSX_PUBLIC_URL is http on a private address",
            )
        )
    if settings.is_demo:
        found.append(
            Problem(
                "demo.data", "this folder holds demo data with known passwords: never put it on a network"
            )
        )
    return found


def _secret_file(settings: Settings) -> list[Problem]:
    try:
        secretfile.load(settings.secret_file)
    except secretfile.SecretFileError as error:
        return [Problem("secret_file.unusable", str(error))]
    except OSError as error:
        return [Problem("secret_file.missing", f"{settings.secret_file}: {error.strerror}; run msx init")]
    return []


def _database(settings: Settings) -> list[Problem]:
    file = settings.database_url.removeprefix("sqlite:///")
    if settings.database_url.startswith("sqlite:") and not Path(file).exists():
        return [Problem("database.missing", f"{file} is not there: run msx init")]
    database = Database(settings.database_url)
    try:
        if revision.current(database) != revision.head():
            return [Problem("database.schema", "the schema is older than this version: run msx migrate")]
    except SQLAlchemyError as error:
        return [Problem("database.unreachable", f"the database does not answer ({type(error).__name__})")]
    finally:
        database.close()
    return []


def _storage(settings: Settings) -> list[Problem]:
    name = "zz/checkup0" + datetime.now(UTC).strftime("%H%M%S")
    try:
        storage = open_storage(settings.storage_url)
        storage.put(name, b"checkup", day=date(2000, 1, 1))
        storage.delete(name)
    except Exception as error:
        return [Problem("storage.unwritable", f"MSX_STORAGE_URL cannot be written ({type(error).__name__})")]
    return []
