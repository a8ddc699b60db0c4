"""Libraries that few requests need, loaded at the first that does: some MiB less where only reports come in."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pillow_heif
    import python_calamine
    import xlsxwriter
    from altcha import v1 as altcha
else:
    _WHERE = {
        "altcha": "altcha.v1",
        "pillow_heif": "pillow_heif",
        "python_calamine": "python_calamine",
        "xlsxwriter": "xlsxwriter",
    }

    def __getattr__(name):
        """The library of that name; remembered, so that this is asked once for each."""
        if name not in _WHERE:
            raise AttributeError(name)
        module = globals()[name] = import_module(_WHERE[name])
        return module


__all__ = ["altcha", "pillow_heif", "python_calamine", "xlsxwriter"]
