"""Pages of people: signing in and out, one's own account, and the administrator's list."""

from intake.people.views import account, doors, importing, second_factor, staffing
from intake.people.views.desk import blueprint

__all__ = ["account", "blueprint", "doors", "importing", "second_factor", "staffing"]
