"""The case page, and how an act on it comes back: redirected when done, else with what was typed."""

from collections.abc import Callable
from typing import Any

from flask import make_response, redirect, render_template, url_for
from werkzeug.wrappers import Response

from intake.core.access import Permission, SignedIn
from intake.core.errors import Invalid, MoveForbidden, NotFound, Stale
from intake.people.forms import ActForm, add_problems, problems_of, refused_status, token_was_stale
from intake.reports.workflow import REASONS, RESULTS, Move
from intake.triage import services
from intake.triage.forms import AnswerForm, MoveForm, NoteForm, RevealForm, SecondForm
from intake.triage.services import Case
from intake.triage.services.opening import find, find_own
from intake.triage.services.second import REVEAL_GROUNDS
from intake.triage.views.desk import NOT_DONE, OLD_PAGE, OVERTAKEN, Pairs, blueprint
from intake.web import session as web_session
from intake.web.access import staff
from intake.web.context import world
from intake.web.formtoken import StaffForm

Panel = Callable[[Case, StaffForm | None], dict[str, Any]]

# Rows of the table with an `act` that a part of its own draws, with the choices it needs.
DRAWN_ELSEWHERE: set[str] = set()
_PANELS: list[Panel] = []
_PREFIXES: dict[type[StaffForm], str] = {}


def panel(**forms: type[StaffForm]) -> Callable[[Panel], Panel]:
    """A part of the case page with a module of its own: `@panel(transfer=TransferForm)`.

    The function gets the case and the form that came back, if any, and answers with the variables of its
    include. The ids of `TransferForm`'s fields begin with `transfer-`.
    """

    def add(function: Panel) -> Panel:
        _PANELS.append(function)
        _PREFIXES.update({form: f"{name}-" for name, form in forms.items()})
        return function

    return add


@blueprint.get("/staff/reports/<report_id>")
@staff(Permission.report_open)
def case(report_id: str) -> Response:
    return case_page(report_id, 200)


@blueprint.get("/staff/reports/<report_id>/files/<file_id>")
@staff(Permission.report_open)
def case_file(report_id: str, file_id: str) -> Response:
    opened = services.open_file(world(), web_session.signed_in(), report_id, file_id)
    response = make_response(opened.data)
    response.mimetype = opened.media_type
    response.headers.set("Content-Disposition", "attachment", filename=opened.name)
    return response


def may_act(report_id: str) -> SignedIn:
    """Authority before anything that was sent is looked at: nothing for the excluded, 403 where it lies with others."""
    who = web_session.signed_in()
    with world().db.read() as session:
        find_own(session, who, report_id)
    return who


def act(report_id: str, form: StaffForm, *, done: str, do: Callable[[], str | None]) -> Response:
    """One act of a form on the case page; whatever goes wrong, the page comes back with what was typed.

    `done` names what is said on the next page; `do` may answer with another name.
    """
    if not form.validate():
        problem = OLD_PAGE if token_was_stale(form) else NOT_DONE
        return case_page(report_id, refused_status(form), posted=form, problem=problem)
    try:
        done = do() or done
    except Stale:
        return case_page(report_id, 409, posted=form, problem=OVERTAKEN)
    except MoveForbidden as refusal:
        return case_page(report_id, 422, posted=form, problem=str(refusal))
    except Invalid as refusal:
        add_problems(form, refusal.fields)
        return case_page(report_id, 422, posted=form, problem=NOT_DONE)
    if _sees(report_id):
        return redirect(url_for("triage.case", report_id=report_id, done=done), 303)
    return redirect(url_for("triage.queue", done=done), 303)  # it is with others now


def _sees(report_id: str) -> bool:
    with world().db.read() as session:
        try:
            find(session, web_session.signed_in(), report_id)
        except NotFound:
            return False
    return True


def case_page(
    report_id: str,
    status: int,
    *,
    posted: StaffForm | None = None,
    problem: str = "",
    contact: str | None = None,
) -> Response:
    found = services.open_case(world(), web_session.signed_in(), report_id)
    shown = _prefix(found, posted)
    parts: dict[str, Any] = {}
    for part in _PANELS:
        parts |= part(found, posted)
    page = render_template(
        "staff/case.html",
        case=found,
        box=_box(found),
        move_forms=_move_forms(found, posted),
        open_move=posted.to.data if isinstance(posted, MoveForm) else None,
        answer_form=posted if isinstance(posted, AnswerForm) else AnswerForm(formdata=None),
        second_form=posted if isinstance(posted, SecondForm) else SecondForm(formdata=None),
        reveal_form=posted if isinstance(posted, RevealForm) else RevealForm(formdata=None),
        reveal_grounds=list(REVEAL_GROUNDS.items()),
        note_form=posted if isinstance(posted, NoteForm) else NoteForm(formdata=None),
        act_form=ActForm(formdata=None),
        problem=problem,
        problems=_problems(posted, shown),
        kept=posted["text"].data if posted is not None and "text" in posted and shown is None else "",
        contact=contact,
        today=world().today(),
        **parts,
    )
    return make_response(page, status)


def _move_forms(found: Case, posted: StaffForm | None) -> list[tuple[Move, MoveForm, Pairs, Pairs]]:
    """Each move with its own form and choices; the form that was sent comes back as it was."""
    return [
        (
            move,
            posted if isinstance(posted, MoveForm) and posted.to.data == move.to else MoveForm(formdata=None),
            [(id_, REASONS[id_]) for id_ in move.reasons],
            [(id_, RESULTS[id_]) for id_ in move.results],
        )
        for move in found.moves
        if move.act not in DRAWN_ELSEWHERE
    ]


def _prefix(found: Case, posted: StaffForm | None) -> str | None:
    """What the ids of the sent form's fields begin with; None where the page has no such form now."""
    if isinstance(posted, MoveForm) and not posted.to.data:  # the place is corrected, no step is taken
        return "place-" if found.moves else None
    if isinstance(posted, MoveForm):
        return f"{posted.to.data}-" if posted.to.data in [move.to for move in found.moves] else None
    if isinstance(posted, AnswerForm):
        return "answer-" if found.can_answer else None
    if isinstance(posted, NoteForm):
        return "note-" if found.locked is None else None
    if isinstance(posted, SecondForm):
        return "second-" if found.waiting is not None else None
    if isinstance(posted, RevealForm):
        return "reveal-" if found.can_ask_reveal and not found.can_reveal else None
    return next((prefix for form, prefix in _PREFIXES.items() if isinstance(posted, form)), None)


def _problems(posted: StaffForm | None, prefix: str | None) -> list[tuple[str, str]]:
    if posted is None:
        return []
    said = [(id_, words) for id_, words in problems_of(posted) if id_]
    return [(f"{prefix}{id_}" if prefix and id_ != "to" else "", words) for id_, words in said]


def _box(found: Case) -> list[dict[str, Any]]:
    """Both ways by day, the citizen's with the photos that came along. Within a day ours come first."""
    ours = [
        {"ours": True, "by": m.by, "day": m.day, "text": m.text, "asks": m.asks, "files": ()}
        for m in found.box
        if m.ours
    ]
    theirs = [
        {"ours": False, "by": "群众", "day": a.day, "text": a.text, "asks": False, "files": a.files}
        for a in found.additions
        if a.kind in ("message", "files")
    ]
    return sorted([*ours, *theirs], key=lambda message: message["day"])
