"""The queue and its filters."""

from flask import render_template, request, url_for

from intake.core.access import Permission
from intake.people import queries as people
from intake.routing.services import HELD
from intake.triage import queries
from intake.triage.forms import HeldForm
from intake.triage.queries import QueueFilters, QueuePage
from intake.triage.services.attention import attention
from intake.triage.views.desk import Pairs, blueprint
from intake.web import session as web_session
from intake.web.access import staff
from intake.web.context import world

_DUE = [("none", "无（不计时或暂停）"), ("late", "已逾期"), ("today", "今天到期"), ("week", "本周到期")]
_FILTERS = ("lane", "state", "category", "board", "team", "assignee", "due")
_KEPT = (*_FILTERS, "near")


@blueprint.get("/staff/queue")
@staff(Permission.queue_read)
def queue() -> str:
    who, cursor = web_session.signed_in(), request.args.get("cursor")
    filters = QueueFilters(**{name: request.args.get(name, "").strip() for name in _KEPT})
    with world().db.read() as session:
        page = queries.queue(world(), session, who, filters=filters, cursor=cursor)
        office = attention(world(), session, who) if not filters.lane else None
        waiting = not people.key_is_trusted(session, world().secrets, who.key_id)
    kept = {name: getattr(filters, name) for name in _KEPT if getattr(filters, name)}
    choices = _choices(page)
    return render_template(
        "staff/queue.html",
        page=page,
        attention=office,
        filters=filters,
        cursor=cursor,
        choices=choices,
        set_filters=_set_filters(filters, choices),
        first_page=url_for("triage.queue", **kept),
        next_page=url_for("triage.queue", **kept, cursor=page.next_cursor) if page.next_cursor else None,
        waiting_key=waiting,
        held_form=HeldForm(formdata=None) if filters.lane == HELD and who.actor.may(Permission.report_move) else None,
        held_days=world().settings.held_working_days,
        today=world().today(),
    )


def _choices(page: QueuePage) -> dict[str, tuple[str, Pairs]]:
    """Filter → its name and its (value, words) pairs; a filter with nothing to tell apart is left out."""
    states = [*((o.value, o.label) for o in page.states), ("awaiting_citizen", "等群众补充")]
    choices = {
        "due": ("期限", _DUE),
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
        if value:
            label, options = choices.get(name, ("责任组", []))
            words.append(f"{label}：{dict(options).get(value, value)}")
    return words
