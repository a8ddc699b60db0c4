"""What the whole machine bears: requests and bytes in flight, room on the disk. Photos stop before reports.

Nothing has to be reset: the next request looks again. What is over is said with 503, `Retry-After`, and the text.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import unquote, urlsplit

from flask import Flask, current_app, request

from config import Settings
from intake.core.errors import Busy
from intake.web.context import world
from intake.web.places import ARRIVED
from intake.web.upload import IN_FLIGHT

EXTENSION: Final = "msx_disk"
_MB: Final = 1024 * 1024
_WAIT_REQUESTS: Final = 15  # seconds: a queue of sixty is gone in two
_WAIT_DISK: Final = 600  # until somebody has made room
_PHOTOS_SHARE: Final = 0.75  # of the requests, above which photos are left out


class Disk(StrEnum):
    """How much room there is."""

    enough = "enough"
    low = "low"  # reports without photos
    full = "full"  # nothing is begun


class DiskProbe(Protocol):
    """What lies free, where it matters."""

    def rooms(self) -> Sequence[tuple[int, int]]:
        """(free bytes, all bytes) of each place that is written to."""


class LocalDisk:
    """The data folder, and the folder of the photos where that is another."""

    def __init__(self, settings: Settings) -> None:
        storage = urlsplit(settings.storage_url)
        files = [Path(unquote(storage.path))] if storage.scheme == "file" else []
        self._folders = [folder for folder in (settings.dir, *files) if folder.is_dir()]

    def rooms(self) -> Sequence[tuple[int, int]]:
        found = []
        for folder in self._folders:
            room = os.statvfs(folder)
            found.append((room.f_bavail * room.f_frsize, room.f_blocks * room.f_frsize))
        return found


@dataclass(frozen=True, slots=True)
class Ceilings:
    """The machine at this moment. `wait` in seconds: when it is worth trying again."""

    disk: Disk
    requests: int
    most_requests: int
    bytes: int
    most_bytes: int

    @property
    def takes_reports(self) -> bool:
        return self.disk is not Disk.full and self.requests <= self.most_requests

    @property
    def takes_photos(self) -> bool:
        return self.disk is Disk.enough and self.requests <= self.most_requests * _PHOTOS_SHARE

    @property
    def wait(self) -> int:
        return _WAIT_REQUESTS if self.disk is Disk.enough else _WAIT_DISK


def install(app: Flask, settings: Settings) -> None:
    app.extensions[EXTENSION] = LocalDisk(settings)


def disk_state(rooms: Sequence[tuple[int, int]], settings: Settings) -> Disk:
    """By the place with the least room."""
    worst = Disk.enough
    for free, whole in rooms:
        share = min(whole * settings.disk_low_percent // 100, settings.disk_low_most_mb * _MB)
        if free < settings.disk_full_mb * _MB:
            return Disk.full
        if free < max(share, settings.disk_low_mb * _MB):
            worst = Disk.low
    return worst


def now() -> Ceilings:
    """For a view that takes something, and for the staff page. Requests: as many as were here when this one came, for
    what was begun is finished."""
    settings = world().settings
    probe: DiskProbe = current_app.extensions[EXTENSION]
    return Ceilings(
        disk=disk_state(probe.rooms(), settings),
        requests=int(request.environ.get(ARRIVED, 1)),
        most_requests=settings.inflight_requests,
        bytes=IN_FLIGHT.bytes,
        most_bytes=settings.inflight_mb * _MB,
    )


def busy() -> Busy | None:
    """Why nothing can be taken now, if so."""
    found = now()
    return None if found.takes_reports else Busy(found.wait)
