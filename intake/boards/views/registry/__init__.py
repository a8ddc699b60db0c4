"""The office's registers: sites, organisations, regions, teams, rounds."""

from intake.boards.views.registry import rows, sheets
from intake.boards.views.registry.desk import blueprint

__all__ = ["blueprint", "rows", "sheets"]
