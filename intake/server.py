"""Running the application under granian: threads, no access log, no server header, workers come back."""

import os

from granian.constants import Interfaces, Loops
from granian.server import Server

from config import Settings

_BACKPRESSURE_PER_THREAD = 4


def run(settings: Settings, *, host: str, port: int, threads: int, workers: int) -> None:
    """Serve until a signal comes. The worker reads the same settings from the environment."""
    os.environ["MSX_DIR"] = str(settings.dir)
    if settings.is_demo:
        os.environ["MSX_PUBLIC_URL"] = settings.public_url
    Server(
        "intake.wsgi:application",
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
