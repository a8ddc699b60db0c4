"""Running the application under granian: threads, no access log, no server header, workers come back."""

import ctypes
import gc
import os
from contextlib import suppress
from importlib import import_module

from granian.constants import Interfaces, Loops
from granian.server import Server

from config import Settings

_BACKPRESSURE_PER_THREAD = 4
_APPLICATION = "intake.wsgi"
# Of malloc.h.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8
_MIB = 1024 * 1024


def run(settings: Settings, *, host: str, port: int, threads: int, workers: int) -> None:
    """Serve until a signal comes. The worker reads the same settings from the environment."""
    os.environ["MSX_DIR"] = str(settings.dir)
    if settings.is_demo:
        os.environ["MSX_PUBLIC_URL"] = settings.public_url
    _share_memory()
    Server(
        f"{_APPLICATION}:application",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=workers,
        blocking_threads=threads,
        backpressure=threads * _BACKPRESSURE_PER_THREAD,
        loop=Loops.asyncio,
        websockets=False,
        log_access=False,
        respawn_failed_workers=True,
        respawn_interval=0.5,
        factory=True,
    ).serve()


def _share_memory() -> None:
    """Before workers are forked: everything is imported once, for all of them and for those that come back.

    What is there by then is left alone by the garbage collector, which would write to every page of it. And
    threads share one heap: glibc would give each core eight, which is 40 MiB for nothing where Python's own
    lock lets one thread allocate at a time. The heap keeps what every receipt takes anew (4 MiB of Argon2):
    giving it back and faulting it in again was a tenth of a journey. Photos are mapped and unmapped.
    """
    with suppress(AttributeError, OSError):  # another C library
        libc = ctypes.CDLL(None)
        libc.mallopt(_M_ARENA_MAX, 1)
        libc.mallopt(_M_MMAP_THRESHOLD, 8 * _MIB)
        libc.mallopt(_M_TRIM_THRESHOLD, 24 * _MIB)
    import_module(_APPLICATION)
    gc.freeze()
