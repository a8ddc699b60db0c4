"""Requests through the turnstile: counted from when they have arrived whole until they are answered."""

from collections.abc import Callable, Iterable
from threading import Lock
from typing import Any, Final

from flask import request

from intake.core import turnstile
from intake.core.turnstile import Turnstile

WSGI = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

# One computes in Python while the other is in Argon2 or waits for the commit; more cores do not change that.
PLACES: Final = 2
EXTENSION: Final = "msx_turnstile"
ARRIVED: Final = "msx.arrived"  # in the environment: how many were here when this one came, itself included
_WITHOUT_BODY: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class Places:
    """The layer around the application; its views run inside, its waiting for bytes outside."""

    def __init__(self, app: WSGI, turnstile: Turnstile) -> None:
        self.app = app
        self.turnstile = turnstile
        self._lock = Lock()
        self._here = 0

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        with self._lock:
            self._here += 1
            environ.setdefault(ARRIVED, self._here)
        try:
            with self.turnstile.request():
                return self.app(environ, start_response)
        finally:
            with self._lock:
                self._here -= 1


def step_in() -> None:
    """Before every request: one that brings nothing may begin; others once their body is read (`upload`)."""
    if request.method in _WITHOUT_BODY:
        turnstile.step_in()
