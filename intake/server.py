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
_M_ARENA_MAX = -8  # of malloc.h


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
    lock lets one thread allocate at a time.
    """
    with suppress(AttributeError, OSError):  # another C library
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)
    import_module(_APPLICATION)
    gc.freeze()
