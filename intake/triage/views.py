"""The queue, the case page with its acts, and the page of keys."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from intake.core.access import Permission, SignedIn
from intake.core.errors import Invalid, MoveForbidden, NotFound, Stale
from intake.people import queries as people
from intake.people import services as people_services
from intake.people.forms import ActForm, add_problems, problems_of, refused_status, token_was_stale
from intake.people.queries import Colleague
from intake.reports.workflow import NOT_ACCEPTED_REASONS, RESULTS, Move
from intake.routing import services as routing
from intake.routing.services import Progress
from intake.triage import queries, services
from intake.triage.forms import AnswerForm, ConfirmKeyForm, MoveForm, NoteForm
from intake.triage.queries import QueueFilters, QueuePage
from intake.triage.services import Case
from intake.triage.services.opening import find_own
from intake.web import session as web_session
from intake.web.access import staff
from intake.web.context import world
from intake.web.errors import error_page
from intake.web.formtoken import StaffForm

blueprint = Blueprint("triage", __name__)

BATCH = 200  # reports granted a press: a few seconds of sealing, and a page that shows progress
_FILTERS = ("lane", "state", "category", "board", "team", "assignee", "due")
_OLD_PAGE = "这一页开得太久了，没有办成。您写的都还在，请再按一次。"
_OVERTAKEN = "刚才有人先办了。下面是现在的样子，您写的都还在，看过再决定。"
_NOT_DONE = "还没有办成。"
Pairs = list[tuple[str, str]]  # values and their words


# the queue


@blueprint.get("/staff/queue")
@staff(Permission.queue_read)
def queue() -> str:
    who, cursor = web_session.signed_in(), request.args.get("cursor")
    filters = QueueFilters(**{name: request.args.get(name, "").strip() for name in _FILTERS})
    with world().db.read() as session:
        page = queries.queue(world(), session, who, filters=filters, cursor=cursor)
        waiting = not people.key_is_trusted(session, world().secrets, who.key_id)
    kept = {name: getattr(filters, name) for name in _FILTERS if getattr(filters, name)}
    choices = _choices(page)
    return render_template(
        "staff/queue.html",
        page=page,
        filters=filters,
        cursor=cursor,
        choices=choices,
        set_filters=_set_filters(filters, choices),
        first_page=url_for("triage.queue", **kept),
        next_page=url_for("triage.queue", **kept, cursor=page.next_cursor) if page.next_cursor else None,
        waiting_key=waiting,
        today=world().today(),
    )


def _choices(page: QueuePage) -> dict[str, tuple[str, Pairs]]:
    """Filter → its name and its (value, words) pairs; a filter with nothing to tell apart is left out."""
    states = [*((o.value, o.label) for o in page.states), ("awaiting_citizen", "等群众补充")]
    choices = {
        "state": ("状态", states),
        "category": ("类别", [(o.value, o.label) for o in page.categories]),
        "board": ("点位", [(o.value, o.label) for o in page.boards]),
        "team": ("责任组", [(o.value, o.label) for o in page.teams]),
        "assignee": ("承办", [(o.value, o.label) for o in page.assignees]),
    }
    if len(page.teams) < 2:
        del choices["team"]
    return choices


def _set_filters(filters: QueueFilters, choices: dict[str, tuple[str, Pairs]]) -> list[str]:
    """The filters that are set, in words, for a queue that turns out empty."""
    words = []
    for name in _FILTERS[1:]:
        value = getattr(filters, name)
        if value and not (name == "due" and value == "none"):
            label, options = choices.get(name, ("期限" if name == "due" else "责任组", []))
            words.append(f"{label}：{dict(options).get(value, value)}")
    return words


# one case


@blueprint.get("/staff/reports/<report_id>")
@staff(Permission.report_open)
def case(report_id: str) -> Response:
    return _case_page(report_id, 200)


@blueprint.get("/staff/reports/<report_id>/files/<file_id>")
@staff(Permission.report_open)
def case_file(report_id: str, file_id: str) -> Response:
    opened = services.open_file(world(), web_session.signed_in(), report_id, file_id)
    response = make_response(opened.data)
    response.mimetype = opened.media_type
    response.headers.set("Content-Disposition", "attachment", filename=opened.name)
    return response


@blueprint.post("/staff/reports/<report_id>/move")
@staff(Permission.report_move)
def move(report_id: str) -> Response:
    who = _may_act(report_id)
    form = MoveForm()
    return _act(
        report_id,
        form,
        done=form.to.data or "",
        act=lambda: services.move(
            world(),
            who,
            report_id,
            to=form.to.data or "",
            version=form.seen_version,
            reason=form.reason.data or "",
            text=form.text.data or "",
            result=form.result.data or "",
        ),
    )


@blueprint.post("/staff/reports/<report_id>/answer")
@staff(Permission.report_answer)
def answer(report_id: str) -> Response:
    who = _may_act(report_id)
    form = AnswerForm()
    return _act(
        report_id,
        form,
        done="asked" if form.ask.data else "answered",
        act=lambda: services.answer(
            world(),
            who,
            report_id,
            text=form.text.data or "",
            ask=bool(form.ask.data),
            version=form.seen_version,
        ),
    )


@blueprint.post("/staff/reports/<report_id>/note")
@staff(Permission.report_open)
def note(report_id: str) -> Response:
    who = _may_act(report_id)
    form = NoteForm()
    text = form.text.data or ""
    return _act(report_id, form, done="noted", act=lambda: services.add_note(world(), who, report_id, text=text))


@blueprint.post("/staff/reports/<report_id>/contact")
@staff(Permission.contact_reveal)
def contact(report_id: str) -> Response:
    who = _may_act(report_id)
    if not ActForm().validate():
        return error_page(400)
    elsewhere = web_session.require_confirmed_password(url_for("triage.case", report_id=report_id))
    if elsewhere is not None:
        return elsewhere
    return _case_page(report_id, 200, contact=services.reveal_contact(world(), who, report_id))


def _may_act(report_id: str) -> SignedIn:
    """Authority before anything that was sent is looked at: nothing for the excluded, 403 where it lies with others."""
    who = web_session.signed_in()
    with world().db.read() as session:
        find_own(session, who, report_id)
    return who


def _act(report_id: str, form: StaffForm, *, done: str, act: Callable[[], None]) -> Response:
    """One act of a form on the case page; whatever goes wrong, the page comes back with what was typed."""
    if not form.validate():
        problem = _OLD_PAGE if token_was_stale(form) else _NOT_DONE
        return _case_page(report_id, refused_status(form), posted=form, problem=problem)
    try:
        act()
    except Stale:
        return _case_page(report_id, 409, posted=form, problem=_OVERTAKEN)
    except MoveForbidden as refusal:
        return _case_page(report_id, 422, posted=form, problem=str(refusal))
    except Invalid as refusal:
        add_problems(form, refusal.fields)
        return _case_page(report_id, 422, posted=form, problem=_NOT_DONE)
    return redirect(url_for("triage.case", report_id=report_id, done=done), 303)


def _case_page(
    report_id: str,
    status: int,
    *,
    posted: StaffForm | None = None,
    problem: str = "",
    contact: str | None = None,
) -> Response:
    found = services.open_case(world(), web_session.signed_in(), report_id)
    shown = _prefix(found, posted)
    page = render_template(
        "staff/case.html",
        case=found,
        box=_box(found),
        move_forms=_move_forms(found, posted),
        open_move=posted.to.data if isinstance(posted, MoveForm) else None,
        answer_form=posted if isinstance(posted, AnswerForm) else AnswerForm(formdata=None),
        note_form=posted if isinstance(posted, NoteForm) else NoteForm(formdata=None),
        act_form=ActForm(formdata=None),
        problem=problem,
        problems=_problems(posted, shown),
        kept=posted["text"].data if posted is not None and shown is None else "",
        contact=contact,
        today=world().today(),
    )
    return make_response(page, status)


def _move_forms(found: Case, posted: StaffForm | None) -> list[tuple[Move, MoveForm, Pairs, Pairs]]:
    """Each move with its own form and choices; the form that was sent comes back as it was."""
    return [
        (
            move,
            posted if isinstance(posted, MoveForm) and posted.to.data == move.to else MoveForm(formdata=None),
            [(id_, NOT_ACCEPTED_REASONS[id_]) for id_ in move.reasons],
            [(id_, RESULTS[id_]) for id_ in move.results],
        )
        for move in found.moves
    ]


def _prefix(found: Case, posted: StaffForm | None) -> str | None:
    """What the ids of the sent form's fields begin with; None where the page has no such form now."""
    if isinstance(posted, MoveForm):
        return f"{posted.to.data}-" if posted.to.data in [move.to for move in found.moves] else None
    if isinstance(posted, AnswerForm):
        return "answer-" if found.can_answer else None
    return "note-" if found.locked is None else None


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


# keys


@blueprint.get("/staff/keys")
@staff(Permission.keys_confirm)
def keys() -> Response:
    return _keys_page(200)


@blueprint.post("/staff/keys/<person_id>/confirm")
@staff(Permission.keys_confirm)
def confirm_key(person_id: str) -> Response:
    who, _ = _colleague(person_id)
    form = ConfirmKeyForm()
    if not form.validate():
        problem = _OLD_PAGE if token_was_stale(form) else "钥匙还没有确认。"
        return _keys_page(refused_status(form), posted=form, problem=problem, person_id=person_id)
    elsewhere = web_session.require_confirmed_password(url_for("triage.keys"))
    if elsewhere is not None:
        return elsewhere
    shown = form.fingerprint.data or ""
    try:
        people_services.confirm_key(world(), who, person_id=person_id, fingerprint=shown)
    except Stale:
        problem = "钥匙没有确认：它刚刚换过，或者已经有人确认。请照下面现在的样子再看一次。"
        return _keys_page(409, problem=problem)
    return redirect(url_for("triage.keys", done="key_confirmed"), 303)


@blueprint.post("/staff/keys/<person_id>/backlog")
@staff(Permission.keys_confirm)
def backlog(person_id: str) -> Response:
    who, _ = _colleague(person_id)
    if not ActForm().validate():
        return error_page(400)
    elsewhere = web_session.require_confirmed_password(url_for("triage.keys"))
    if elsewhere is not None:
        return elsewhere
    progress = routing.grant_backlog(world(), who, person_id=person_id, limit=BATCH)
    done = "granted" if progress.left else "granted_all"
    return redirect(url_for("triage.keys", done=done), 303)


def _colleague(person_id: str) -> tuple[SignedIn, Colleague]:
    """Somebody whose key the signed-in person may look at; `NotFound` for everybody else."""
    who = web_session.signed_in()
    with world().db.read() as session:
        lines = people.colleagues(session, world().secrets, who.actor)
    for line in lines:
        if line.person_id == person_id:
            return who, line
    raise NotFound


def _waits(line: Colleague) -> bool:
    return line.state in ("waiting", "broken")


def _keys_page(
    status: int, *, posted: ConfirmKeyForm | None = None, problem: str = "", person_id: str = ""
) -> Response:
    who, secrets = web_session.signed_in(), world().secrets
    with world().db.read() as session:
        lines = people.colleagues(session, secrets, who.actor)
        trusted = people.key_is_trusted(session, secrets, who.key_id)
        held = routing.grants_held(session, who.actor.person_id)
        progress = {
            line.person_id: Progress(
                routing.grants_held(session, line.person_id),
                routing.count_backlog(session, world(), who, line.person_id),
            )
            for line in lines
            if line.state == "trusted" and line.signed_in_on is not None and trusted and not line.you
        }
    boxed = any(line.person_id == person_id and line.confirmable and _waits(line) for line in lines)
    page = render_template(
        "staff/keys.html",
        waiting=[line for line in lines if _waits(line) and not line.you],
        colleagues=[(line, progress.get(line.person_id)) for line in lines if not _waits(line)],
        form=ActForm(formdata=None),
        problem=problem,
        problems=[(f"seen-{person_id}" if boxed else "", words) for id_, words in problems_of(posted) if id_],
        problem_at=person_id,
        own_fingerprint=people.own_fingerprint(who),
        own_trusted=trusted,
        held=held,
        batch=BATCH,
        fresh=web_session.password_is_fresh(),
        today=world().today(),
    )
    return make_response(page, status)
