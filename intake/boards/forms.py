"""Forms of boards. What may be in a field, services decide."""

from wtforms import StringField, TextAreaField

from intake.web.formtoken import StaffForm


class PatrolForm(StaffForm):
    """What was found at a board; its photo comes beside it."""

    result = StringField()
    text = TextAreaField()
