"""The world of the application that serves this request."""

from flask import current_app

from intake.core.world import World

EXTENSION = "msx_world"


def world() -> World:
    """Settings, secrets, database, files and clock of the current app."""
    found: World = current_app.extensions[EXTENSION]
    return found
