"""What the views of reports share: reading a post, notices, and the receipt page."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from flask import Blueprint, Response, make_response, render_template, request
from flask_babel import gettext

from intake.core import vault
from intake.core.errors import Busy
from intake.core.photos import shown_name
from intake.reports import receipt
from intake.reports.forms import BOX, CitizensForm, FieldLink
from intake.reports.services import FileProblem, Upload
from intake.web import ceilings, formtoken, moulds
from intake.web.context import world
from intake.web.upload import IntakeRequest

blueprint = Blueprint("reports", __name__)
_GROUPS = ("group1", "group2", "group3", "group4", "group5")


@dataclass(frozen=True, slots=True)
class Notice:
    """The summary on top of a form that comes back; `files` were chosen and have to be chosen again."""

    title: str
    advice: str = ""
    fields: tuple[FieldLink, ...] = ()
    files: int = 0
    elsewhere: bool = False  # the other ways are shown: here it cannot be taken now


@dataclass(frozen=True, slots=True)
class Told:
    """One line on what became of an addition."""

    text: str
    good: bool = True
    elsewhere: bool = False


def received() -> IntakeRequest:
    """What was posted; the first look at it may raise `Busy`, after which the words are there all the same."""
    return cast(IntakeRequest, request)


def uploads() -> list[Upload]:
    """The files that came along; `data` is None for one over the size."""
    found = []
    for file in received().files.getlist("files"):
        surplus = getattr(file, "surplus", False)
        data = None if surplus or getattr(file, "too_big", False) else file.stream.read()
        file.stream.seek(0)
        if file.filename or data is None or data:
            found.append(Upload(file.filename or "", data, getattr(file, "head", b""), surplus=surplus))
    return found


def kept_out(files: list[Upload]) -> tuple[list[Upload], tuple[FileProblem, ...]]:
    """(the files that can be taken now, those that the machine has no room for)."""
    if not files or ceilings.now().takes_photos:
        return files, ()
    return [], tuple(FileProblem(shown_name(file.name), "busy") for file in files)


def read_post() -> Busy | None:
    """Reads the whole request; at the machine's ceiling the photos are gone and the words are kept."""
    try:
        _ = received().too_large
    except Busy as busy:
        return busy
    return None


def to_change(filled: CitizensForm) -> Notice:
    """The summary of a form with mistakes."""
    links = tuple(filled.links())
    title = gettext("有一处要改一改") if len(links) == 1 else gettext("有 %(n)s 处要改一改", n=len(links))
    return Notice(title, fields=links, files=len(uploads()))


def found_title_of(found: frozenset[str]) -> str:
    names = {"phone": gettext("电话号码"), "id_number": gettext("身份证号"), "receipt": gettext("回执号")}
    what = gettext("、").join(name for kind, name in names.items() if kind in found)
    return str(gettext("您写的话里有%(what)s", what=what))


def scope(digits: str) -> str:
    """What a box's token is bound to: only who has opened this box once can hold one."""
    return vault.mac(world().secrets.form_token_key, "box", digits).hex()[:32]


def receipt_page(
    digits: str,
    team_name: str,
    *,
    problems: tuple[FileProblem, ...] = (),
    repeated: bool = False,
    found: frozenset[str] = frozenset(),
    added: Told | None = None,
    again: bool = False,
    urgent: bool = False,
    status: int = 200,
) -> Response:
    """`again`: after a photo was added here; the digits stay until they are written down.

    `urgent`: just filed, and it cannot wait. Said here and nowhere else: a receipt that was found tells nothing.
    """
    token = formtoken.issue(BOX, scope(digits))

    def draw(digits: str, groups: Sequence[str], token: str) -> str:
        return render_template(
            "citizen/receipt.html", digits=digits, groups=groups, team_name=team_name, problems=problems,
            repeated=repeated, found=found, found_title=found_title_of(found) if found else "", added=added,
            again=again, urgent=urgent, token=token,
        )  # fmt: skip

    groups = receipt.groups(digits)
    if problems or repeated or found or added or again or not moulds.usual():
        return make_response(draw(digits, groups, token), status)
    values = {"digits": digits, "token": token, **dict(zip(_GROUPS, groups, strict=True))}
    marks = [moulds.mark(group) for group in _GROUPS]
    page = moulds.filled(
        ("receipt", team_name, request.method, urgent),
        lambda: draw(moulds.mark("digits"), marks, moulds.mark("token")),
        **values,
    )
    return make_response(page, status)
