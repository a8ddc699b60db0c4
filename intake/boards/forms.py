"""Forms of boards. What may be in a field, services decide."""

from wtforms import StringField, TextAreaField

from intake.web.formtoken import StaffForm


class PatrolForm(StaffForm):
    """What was found at a board; its photo comes beside it."""

    result = StringField()
    text = TextAreaField()


class LifeForm(StaffForm):
    """One act on one board; `confirmed` on its own page."""

    reason = StringField()
    site_no = StringField()
    confirmed = StringField()


class PrintForm(StaffForm):
    """Start printing what the page has just shown; which boards, the address says."""

    bundle = StringField()
