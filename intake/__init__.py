"""码上巡. `intake.create_app(settings)` is the application; a rule imported alone brings no page with it."""

from typing import Any


def __getattr__(name: str) -> Any:
    """`create_app` on demand: importing `intake.core.vault` must not import every view of the product."""
    if name == "create_app":
        from intake.app import create_app  # noqa: PLC0415 - see above

        return create_app
    raise AttributeError(name)
