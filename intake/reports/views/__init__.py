"""Citizens' pages of reports: the form, its confirm step, the receipt, and what a receipt opens."""

from intake.reports.views import box, filing, legal, practice, protection
from intake.reports.views.answers import blueprint

__all__ = ["blueprint", "box", "filing", "legal", "practice", "protection"]
