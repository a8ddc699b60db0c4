"""The `msx` command: thin words over the services. Exit status: 0 done, 1 the answer is no, 2 wrong usage."""

from intake.cli import backing, boards, importing, installing, keeping, posters, routing, serving
from intake.cli.base import main

__all__ = ["backing", "boards", "importing", "installing", "keeping", "main", "posters", "routing", "serving"]
