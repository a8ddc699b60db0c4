"""Pages drawn once and filled in: drawing costs more than all else about the page that most people get.

A page whose answers differ in digits and a token alone is drawn with marks in their place and kept; what is
kept holds nothing of anybody. The marks are random and never sent.
"""

from collections.abc import Callable, Hashable
from typing import Final

from flask import current_app, request

from intake.core import vault

_EXTENSION: Final = "msx_moulds"
_MOST: Final = 256  # 6 to 14 KB each
_NAMES: Final = ("token", "digits", "group1", "group2", "group3", "group4", "group5")
_MARKS: Final = {name: vault.random_bytes(16).hex() for name in _NAMES}


def mark(name: str) -> str:
    """What stands in a drawn page where `filled` puts a value: token, digits, group1 to group5."""
    return _MARKS[name]


def usual() -> bool:
    """Whether the page is asked for in the language and size of the installation: only such pages are kept."""
    return not request.query_string


def filled(what: Hashable, draw: Callable[[], str], **values: str) -> str:
    """The page of this kind with its values, which go in as they are: digits and tokens, nothing typed by anybody.

    `what` holds all that the page depends on besides; `draw` makes it with marks.
    """
    drawn: dict[Hashable, str] = current_app.extensions.setdefault(_EXTENSION, {})
    page = drawn.get(what)
    if page is None:
        if len(drawn) >= _MOST:
            drawn.clear()
        page = drawn[what] = draw()
    for name, value in values.items():
        page = page.replace(_MARKS[name], value)
    return page
