"""Taking files into a report: re-encoded, encrypted and stored before anything is recorded."""

import json
import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from intake.core import vault
from intake.core.photos import Limits, NotTaken, Photo, reason_for_size, reencode, shown_name
from intake.core.tables import new_id
from intake.core.turnstile import stepped_out
from intake.core.world import World

log = logging.getLogger("msx")


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as it came; `data` is None where it was over the size and only its `head` was kept."""

    name: str
    data: bytes | None
    head: bytes = b""
    surplus: bool = False


@dataclass(frozen=True, slots=True)
class FileProblem:
    """A file that was left out: `reason` is broken, too_big, kind, too_many, video, audio or busy."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Taken:
    """A photo that can be kept. `seen` knows the same original again."""

    photo: Photo
    seen: bytes
    name: str


def take(
    world: World, uploads: Sequence[Upload], *, seen_key: bytes, known: Collection[bytes], room: int
) -> tuple[list[Taken], list[FileProblem]]:
    """The photos that can be kept, at most `room` of them, and why the others cannot.

    One that the report has already (`known`) is neither: it is there.
    """
    settings = world.settings
    limits = Limits(
        max_bytes=settings.max_photo_mb * 1024 * 1024,
        max_pixels=settings.max_pixels,
        side=settings.photo_side,
        slots=settings.decode_slots,
    )
    taken: list[Taken] = []
    problems: list[FileProblem] = []
    have = set(known)
    for upload in uploads:
        if upload.surplus:
            problems.append(FileProblem(shown_name(upload.name), "too_many"))
            continue
        if upload.data is None:
            problems.append(FileProblem(shown_name(upload.name), reason_for_size(upload.head)))
            continue
        seen = vault.mac(seen_key, upload.data)
        if seen in have:
            continue
        if len(taken) >= room:
            problems.append(FileProblem(shown_name(upload.name), "too_many"))
            continue
        try:
            with stepped_out():  # seconds, outside of Python's lock
                photo = reencode(upload.name, upload.data, limits=limits)
            taken.append(Taken(photo, seen, shown_name(upload.name)))
            have.add(seen)
        except NotTaken as error:
            problems.append(FileProblem(shown_name(upload.name), error.reason))
    return taken, problems


def store(
    world: World, taken: Sequence[Taken], *, report_id: str, envelope: str, key: bytes, day: date, first: int
) -> tuple[list[dict[str, Any]], list[FileProblem]]:
    """Blobs into the store, under `key`; the rows that will refer to them, and what could not be stored."""
    rows: list[dict[str, Any]] = []
    problems: list[FileProblem] = []
    for number, one in enumerate(taken, start=first):
        file_id, blob_id = new_id(), new_id()
        blob = f"{blob_id[:2]}/{blob_id}"
        sealed = vault.encrypt_file(key, one.photo.data, ("report_file", file_id, "blob"))
        try:
            with stepped_out():
                world.storage.put(blob, sealed, day=day)
        except Exception as error:
            # A full disk, a store out of reach, whatever its client raises: a file never stops a report.
            log.error("storage: %s", type(error).__name__)  # noqa: TRY400 - its message may hold what was sent
            problems.append(FileProblem(one.name, "busy"))
            continue
        meta = {"name": f"photo-{number}.jpg", "type": one.photo.media_type}
        rows.append(
            {
                "id": file_id,
                "report_id": report_id,
                "envelope": envelope,
                "position": number,
                "day": day,
                "blob": blob,
                "meta": vault.encrypt(key, json.dumps(meta).encode(), ("report_file", file_id, "meta")),
                "seen": one.seen,
            }
        )
    return rows, problems
