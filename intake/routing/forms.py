"""Forms of the office's pages. What may be in a field, services decide."""

from datetime import date
from typing import Any

from wtforms import StringField, TextAreaField
from wtforms.validators import InputRequired, Length

from intake.core.sheets import read_day
from intake.people.forms import add_problems
from intake.routing.services.declaring import Typed
from intake.web.formtoken import StaffForm, Tick

TEXT_MAX = 5000
_TOO_LONG = f"最多 {TEXT_MAX} 个字。"
_NO_DAY = "请写成 2026-09-01 这样的日子。"


class ConflictForm(StaffForm):
    """`confirmed` is sent by the page that shows what would be lost."""

    who = StringField(validators=[InputRequired("请选是谁要回避。")])
    kind = StringField(validators=[InputRequired("请选和什么有关。")])
    target = StringField()
    ground = StringField()
    from_day = StringField()
    to_day = StringField()
    approved_by = StringField(validators=[InputRequired("请选由谁批准。")])
    confirmed = StringField()

    def validate(self, extra_validators: Any = None) -> bool:
        valid = bool(super().validate(extra_validators))
        return all([valid, *(self._readable(name) for name in ("from_day", "to_day"))])

    def _readable(self, name: str) -> bool:
        try:
            read_day(self[name].data or "")
        except ValueError:
            add_problems(self, {name: _NO_DAY})
            return False
        return True

    def typed(self) -> Typed:
        """After `validate`."""
        return Typed(
            who=self.who.data or "",
            kind=self.kind.data or "",
            target=self.target.data or "",
            ground=self.ground.data or "",
            from_day=self._day(self.from_day.data),
            to_day=self._day(self.to_day.data),
            approved_by=self.approved_by.data or "",
        )

    @staticmethod
    def _day(text: str | None) -> date | None:
        return read_day(text or "")


class AliasForm(StaffForm):
    text = StringField()
    kind = StringField(validators=[InputRequired("请选它指的是什么。")])
    target = StringField()


class StopForm(StaffForm):
    """Of one alias: its folded spelling is the key, and may be any text, so it is no part of an address."""

    folded = StringField()
    confirmed = StringField()


class RuleForm(StaffForm):
    team_id = StringField()
    why = StringField()
    site_kind = StringField()
    region = StringField()
    category = StringField()
    tick = StringField()


class DryRunForm(StaffForm):
    """What a citizen's form would carry, as far as it decides where a report goes."""

    board = StringField()
    category = StringField()
    text = TextAreaField(validators=[InputRequired("请写几句内容。"), Length(max=TEXT_MAX, message=_TOO_LONG)])
    about_handler = Tick()
    about_superior = Tick()
    urgent = Tick()


class CaseAliasForm(StaffForm):
    """From the case page: how the citizen called somebody, and whom they meant."""

    text = StringField()
    kind = StringField(validators=[InputRequired("请选指的是什么。")])
    target = StringField()
