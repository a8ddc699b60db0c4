"""The runtime half of "nothing but rows inside `db.write`": a tripwire on everything slow or secret.

`tests/conftest.py` calls `install()` once, so every test of the suite runs with the wires up.
"""

import functools
import inspect
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any, Final

from PIL import Image

from intake.core import db, storage, vault

_STORAGE_VERBS: Final = ("put", "get", "delete")
_WIRED: Final = "wired_by_write_guard"


def install() -> None:
    """Make the vault's functions, `PIL.Image.open` and storages' put, get and delete refuse inside write."""
    for name, function in vault_functions().items():
        _replace_everywhere(name, function)
    if not hasattr(Image.open, _WIRED):
        Image.open = _wired("PIL.Image.open", Image.open)
    for kind in storage_classes():
        for verb in _STORAGE_VERBS:
            method = vars(kind).get(verb)
            if method is not None and not hasattr(method, _WIRED):
                setattr(kind, verb, _wired(f"{kind.__name__}.{verb}", method))


def vault_functions() -> dict[str, Callable[..., Any]]:
    """The vault's public functions by name."""
    return {
        name: member
        for name, member in vars(vault).items()
        if inspect.isfunction(member) and not name.startswith("_") and member.__module__.startswith(vault.__name__)
    }


def storage_classes() -> list[type]:
    """The classes of `intake.core.storage` that keep blobs; the Protocol itself keeps none."""
    return [
        member
        for member in vars(storage).values()
        if inspect.isclass(member) and set(_STORAGE_VERBS) <= vars(member).keys() and member is not storage.Storage
    ]


def _wired(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def wire(*args: Any, **named: Any) -> Any:
        if db.in_write():
            raise AssertionError(f"{name} inside db.write: prepare it before, record rows only")
        return function(*args, **named)

    setattr(wire, _WIRED, True)
    return wire


def _replace_everywhere(name: str, function: Callable[..., Any]) -> None:
    if hasattr(function, _WIRED):
        return
    wire = _wired(f"vault.{name}", function)
    # A module that imported the name itself holds the function under its own roof.
    for module in _own_modules():
        for alias, member in list(vars(module).items()):
            if member is function:
                setattr(module, alias, wire)


def _own_modules() -> list[ModuleType]:
    return [module for path, module in sys.modules.items() if path == "intake" or path.startswith("intake.")]
