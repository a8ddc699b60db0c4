"""The heavy libraries behind posters, loaded when the first poster is made.

A process that only takes reports never makes one: typst, PDFium and zxing would be about 10 MiB of its memory for
nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pypdfium2
    import typst
    import zxingcpp
else:
    _LIBRARIES = frozenset({"typst", "pypdfium2", "zxingcpp"})

    def __getattr__(name):
        """The library of that name; remembered, so that this is asked once for each."""
        if name not in _LIBRARIES:
            raise AttributeError(name)
        module = globals()[name] = import_module(name)
        return module


__all__ = ["pypdfium2", "typst", "zxingcpp"]
