"""Forms of the case page and of the page of keys. What a move needs, the workflow table decides."""

from typing import Any

from wtforms import Field, StringField, TextAreaField
from wtforms.validators import InputRequired, Length

from intake.triage.services.held import Pick
from intake.web.formtoken import StaffForm, Tick

TEXT_MAX = 5000
SPLIT_ITEMS = range(1, 10)
_TOO_LONG = f"最多 {TEXT_MAX} 个字，请分几次写。"


class VersionedForm(StaffForm):
    """An act on the case as it was seen: `version` is the one the page was drawn from."""

    version = StringField()

    @property
    def seen_version(self) -> int:
        """0, which no case ever has, where the field is missing or no number: such a form is stale."""
        text = (self.version.data or "").strip()
        return int(text) if _is_number(text) else 0


class Ticked(Field):
    """The values of several boxes of one name. Empty ones do not count; None where the form has no such box."""

    data: tuple[str, ...] | None

    def process_formdata(self, valuelist: list[Any]) -> None:
        self.data = tuple(value for value in valuelist if value) if valuelist else None


class MoveForm(VersionedForm):
    """`report`: the register number or id of the one that this one repeats; `dismissed`: what a return takes out."""

    to = StringField()
    reason = StringField()
    result = StringField()
    team_id = StringField()
    place = StringField()
    report = StringField()
    dismissed = Ticked()
    text = TextAreaField(validators=[Length(max=TEXT_MAX, message=_TOO_LONG)])


class HeldForm(StaffForm):
    """Lines of the held lane (`pick`: a report's id), or what is done with each report of them (`id:version`).

    `left`: how many of the chosen lines wait for the next press; `batch`: this form's own mark.
    """

    act = StringField()
    pick = Ticked()
    reason = StringField()
    batch = StringField()
    left = StringField()
    confirmed = Tick()

    @property
    def picks(self) -> list[Pick]:
        """A version that is missing or no number is 0, which no report ever has."""
        found = []
        for value in self.pick.data or ():
            report_id, _, version = value.partition(":")
            found.append(Pick(report_id, int(version) if _is_number(version) else 0))
        return found

    @property
    def left_after(self) -> int:
        return int(self.left.data) if _is_number(self.left.data or "") else 0


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10


class ReleaseForm(StaffForm):
    """`receiver`: one colleague's id; empty for all of them."""

    receiver = StringField()


class SecondForm(VersionedForm):
    """`decision`: agree, decline (with words) or withdraw."""

    decision = StringField()
    text = TextAreaField(validators=[Length(max=TEXT_MAX, message=_TOO_LONG)])


class RevealForm(VersionedForm):
    """A leader asks to open the contact; `reason` is the ground."""

    reason = StringField()
    text = TextAreaField(validators=[Length(max=TEXT_MAX, message=_TOO_LONG)])


class AnswerForm(VersionedForm):
    text = TextAreaField(validators=[InputRequired("回信还没有写。"), Length(max=TEXT_MAX, message=_TOO_LONG)])
    ask = Tick()


class NoteForm(StaffForm):
    text = TextAreaField(validators=[InputRequired("备注还没有写。"), Length(max=TEXT_MAX, message=_TOO_LONG)])


class ConfirmKeyForm(StaffForm):
    """`fingerprint`: what the page showed, so that a key swapped in between is not signed."""

    fingerprint = StringField()
    seen = StringField(validators=[InputRequired("请先当面对过六组数字，再打上勾。")])


class HandOnForm(VersionedForm):
    """A restatement for another unit; what fits, services say. `edit`: back from the preview to the form."""

    to = StringField()
    receiver = StringField()
    unit = StringField()
    title = StringField()
    text = TextAreaField()
    due_on = StringField()
    told = TextAreaField()
    confirmed = Tick()
    edit = Tick()


class UrgentCallForm(StaffForm):
    """Somebody was called: whom, when (local time), and a note among colleagues."""

    whom = StringField()
    at = StringField()
    note = StringField()


class ItemForm(StaffForm):
    """What a receiving unit writes back: why it is returned, or what came of it."""

    text = TextAreaField()


class LinkForm(VersionedForm):
    """`report`: the register number or id of the one that belongs with this one."""

    report = StringField(validators=[InputRequired("请写另一件的登记号。")])


class UnlinkForm(VersionedForm):
    reason = StringField()


class SplitForm(VersionedForm):
    """`text1` to `text9`, each with its `category1` to `category9`; what is left empty is no item."""

    @property
    def items(self) -> list[tuple[str, str]]:
        """Text and category, in the order of the page."""
        return [(self[f"text{n}"].data or "", self[f"category{n}"].data or "") for n in SPLIT_ITEMS]


for _number in SPLIT_ITEMS:
    setattr(SplitForm, f"text{_number}", TextAreaField())
    setattr(SplitForm, f"category{_number}", StringField())


class RecuseForm(StaffForm):
    """No version: stepping back is never too late."""

    ground = StringField()


class RoundForm(StaffForm):
    """A whole team's open reports: `done` is how many went over before this press."""

    from_team = StringField()
    team_id = StringField()
    text = TextAreaField(validators=[Length(max=TEXT_MAX, message=_TOO_LONG)])
    done = StringField()

    @property
    def done_before(self) -> int:
        text = (self.done.data or "").strip()
        return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 0
