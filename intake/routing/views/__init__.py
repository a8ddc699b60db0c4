"""The office's pages of what decides where reports go: conflicts of interest, and how people are called."""

from intake.routing.views import aliases, conflicts
from intake.routing.views.office import blueprint

__all__ = ["aliases", "blueprint", "conflicts"]
