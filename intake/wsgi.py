"""The application as servers find it: a factory, `intake.wsgi:application` (gunicorn: `…:application()`)."""

import os

import config
from intake.app import create_app
from intake.boards.services.tally import Flusher
from intake.boards.views import counted
from intake.core.world import open_world
from intake.web.errors import QuietFlask


def application() -> QuietFlask:
    """The installation named by the environment. `MSX_CLOCK_FILE` counts only over demo data."""
    settings = config.load(os.environ)
    world = open_world(settings, clock_file=os.environ.get("MSX_CLOCK_FILE"))
    app = create_app(settings, world=world)
    Flusher(world, app.extensions[counted.EXTENSION]).start()
    return app
