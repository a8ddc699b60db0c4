"""Citizens' forms: what is counted, what is said about it, and the filing that a form means."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from flask import request
from flask_babel import gettext, lazy_gettext
from wtforms import StringField, TextAreaField, ValidationError

from intake.reports.content import Draft, clean, normalised
from intake.web import formtoken
from intake.web.context import world
from intake.web.formtoken import CitizenForm, Tick

REPORT = "report"
BOX = "box"


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong with a field: `short` for the summary on top, `long` beside the field."""

    short: str
    long: str


@dataclass(frozen=True, slots=True)
class FieldLink:
    """A line of the summary that leads to its field."""

    name: str
    label: str
    short: str


def _told(form: Any, field: Any) -> None:
    """The text of a report: a short sentence at least; longer than anybody needs at most."""
    settings, count = world().settings, len(clean(field.data))
    if count == 0:
        raise ValidationError(Mistake(gettext("还没有写"), gettext("请写几个字，说说发生了什么事。")))
    if count < settings.body_min:
        long = gettext("请再多写几个字。至少 %(least)s 个字，现在有 %(n)s 个。", least=settings.body_min, n=count)
        raise ValidationError(Mistake(gettext("再多写几个字"), long))
    if count > settings.body_max:
        raise ValidationError(_too_long(settings.body_max, count, gettext("可以先交一部分，余下的交完再补充。")))


def _brief(form: Any, field: Any) -> None:
    """An optional field is never cut: what is too long is said."""
    most, count = world().settings.field_max, len(clean(field.data))
    if count > most:
        raise ValidationError(_too_long(most, count, gettext("经过请写到最上面的大框里。")))


def _brief_rating(form: Any, field: Any) -> None:
    most, count = world().settings.field_max, len(clean(field.data))
    if count > most:
        raise ValidationError(_too_long(most, count, ""))


def _message(form: Any, field: Any) -> None:
    """A later message may be one word, or photos alone."""
    most, count = world().settings.body_max, len(clean(field.data))
    if count > most:
        raise ValidationError(_too_long(most, count, ""))
    if count == 0 and not any(upload.filename for upload in request.files.getlist("files")):
        raise ValidationError(Mistake(gettext("还没有写"), gettext("请写几个字，或者选一张照片。")))


def _scored(form: Any, field: Any) -> None:
    if field.data not in ("1", "2", "3", "4", "5"):
        raise ValidationError(Mistake(gettext("还没有选"), gettext("请选 1 到 5 分。")))


def _too_long(most: int, count: int, advice: str) -> Mistake:
    long = gettext("最多 %(most)s 个字，现在有 %(n)s 个。", most=most, n=count)
    return Mistake(gettext("写得太长了"), long + advice)


class CitizensForm(CitizenForm):
    """Fields as they were typed; `mistakes()` after `validate()`."""

    def mistakes(self) -> dict[str, Mistake]:
        """Field → what is wrong with it; the token is not a field that anybody typed."""
        return {f.name: f.errors[0] for f in self if f.errors and isinstance(f.errors[0], Mistake)}

    def links(self) -> list[FieldLink]:
        """The lines of the summary, in the order of the page."""
        wrong = self.mistakes()
        return [FieldLink(f.name, str(f.label.text), wrong[f.name].short) for f in self if f.name in wrong]

    def fresh_token(self, *, again: bool = False) -> str:
        """A new token; `again` for a form that comes back filled in."""
        purpose, board = self.meta.csrf_context
        return formtoken.issue(purpose, board, again=again)

    @property
    def posted_token(self) -> str:
        return self["token"].data or ""


class ReportForm(CitizensForm):
    """The form of a board."""

    body = TextAreaField(lazy_gettext("发生了什么事"), [_told])
    category = StringField()
    happened_on = StringField(lazy_gettext("什么时候"), [_brief])
    place = TextAreaField(lazy_gettext("在哪儿"), [_brief])
    subject = TextAreaField(lazy_gettext("说的是谁、哪个单位"), [_brief])
    identity = StringField()
    contact = StringField(lazy_gettext("怎么联系您"), [_brief])
    contact_restriction = StringField(lazy_gettext("联系您要注意什么"), [_brief])
    about_handler = Tick()
    about_superior = Tick()
    urgent = Tick()
    website = StringField()

    @classmethod
    def of_board(cls, code: str, *, purpose: str = REPORT) -> "ReportForm":
        """The form as posted, or empty on a GET; its token belongs to this board."""
        return cls(request.form if request.method == "POST" else None, meta={"csrf_context": (purpose, code)})

    def draft(self) -> Draft:
        return normalised(
            body=self.body.data,
            category=self.category.data,
            place=self.place.data,
            happened_on=self.happened_on.data,
            subject=self.subject.data,
            about_handler=self.about_handler.data,
            about_superior=self.about_superior.data,
            identity=self.identity.data,
            contact=self.contact.data,
            contact_restriction=self.contact_restriction.data,
            urgent=self.urgent.data,
        )

    def hidden(self) -> Iterator[tuple[str, str]]:
        """Everything typed besides the text, for the confirm step; a box that was not ticked stays away."""
        for field in self:
            if field.name in ("body", "token") or not field.data:
                continue
            yield field.name, "y" if field.data is True else field.data


class MessageForm(CitizensForm):
    """What a citizen adds later, beside the photos."""

    body = TextAreaField(lazy_gettext("您的话"), [_message])


class FilesForm(CitizensForm):
    """Photos alone."""


class RatingForm(CitizensForm):
    """One rating of a closed report."""

    score = StringField(lazy_gettext("您满意吗"), [_scored])
    text = StringField(lazy_gettext("想说的话"), [_brief_rating])
