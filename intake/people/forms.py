"""Forms of sign-in, passwords and the administrator's list. What may be in a field, services decide."""

from typing import Any

from flask_wtf import FlaskForm
from wtforms import PasswordField, StringField
from wtforms.validators import InputRequired

from intake.core.access import ROLE_NAMES, Role
from intake.web.formtoken import CitizenForm, StaffForm

SIGN_IN = ("staff-sign-in", "")
ACTIVATE = "staff-activate"


class SignInForm(CitizenForm):
    """Before there is a session the token is the citizens' kind: signed, expiring, without a cookie."""

    class Meta(CitizenForm.Meta):
        csrf_context = SIGN_IN

    login = StringField(validators=[InputRequired("请写登录名。")])
    password = PasswordField(validators=[InputRequired("请写口令。")])
    code = StringField()  # empty for who has no second factor: which of them has one, the page does not know


class ActivateForm(CitizenForm):
    """Its token is bound to the link: `csrf_context` is (ACTIVATE, digest of the link)."""

    password = PasswordField(validators=[InputRequired("请写口令。")])
    again = PasswordField()

    def validate(self, extra_validators: Any = None) -> bool:
        return super().validate(extra_validators) and said_twice(self, "password")


class PasswordForm(StaffForm):
    old = PasswordField(validators=[InputRequired("请写现在的口令。")])
    new = PasswordField(validators=[InputRequired("请写新口令。")])
    again = PasswordField()

    def validate(self, extra_validators: Any = None) -> bool:
        return super().validate(extra_validators) and said_twice(self, "new")


class ConfirmPasswordForm(StaffForm):
    password = PasswordField(validators=[InputRequired("请写口令。")])


class SecondFactorForm(StaffForm):
    """`offer`: the secret that the page shows, sealed for this session. `current`: only where one is replaced."""

    offer = StringField()
    code = StringField(validators=[InputRequired("请写手机上现在的六位数。")])
    current = StringField()


class ActForm(StaffForm):
    """A button that changes something: nothing but the token, and `confirmed` in a confirm step."""

    confirmed = StringField()


class PersonForm(StaffForm):
    login = StringField(validators=[InputRequired("请写登录名。")])
    name = StringField(validators=[InputRequired("请写姓名。")])
    role = StringField()
    team_id = StringField()

    def validate(self, extra_validators: Any = None) -> bool:
        valid = bool(super().validate(extra_validators))
        if self.role.data in ROLE_NAMES:
            return valid
        add_problems(self, {"role": "请选一个职务。"})
        return False

    @property
    def chosen_role(self) -> Role:
        """After `validate`: the role that was chosen."""
        return Role(self.role.data or "")


def said_twice(form: FlaskForm, name: str) -> bool:
    """Whether the password and its repetition are the same; marks the repetition if not."""
    if form[name].data == form["again"].data:
        return True
    add_problems(form, {"again": "两次写的不一样，请再输一次。"})
    return False


def add_problems(form: FlaskForm, problems: dict[str, str]) -> None:
    """Put what a service refused beside its fields; a field the form does not show is left to the summary."""
    for name, words in problems.items():
        if name in form:
            form[name].errors = [*form[name].errors, words]


def token_was_stale(form: FlaskForm) -> bool:
    """Whether the form's own token was wrong or too old: 400, where a wrong field is 422."""
    return form.meta.csrf_field_name in form.errors


def refused_status(form: FlaskForm) -> int:
    return 400 if token_was_stale(form) else 422


def problems_of(form: FlaskForm | None, prefix: str = "") -> list[tuple[str, str]]:
    """(id of the field on the page, words) for the summary on top; the token's problem has no field."""
    if form is None:
        return []
    token = form.meta.csrf_field_name
    found = [(name, str(said[0])) for name, said in form.errors.items() if said]
    return [("" if name == token else prefix + name, words) for name, words in found]
