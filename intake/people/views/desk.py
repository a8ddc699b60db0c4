"""What the pages of people share: the blueprint, the bar of every staff page, and how a try is slowed."""

from typing import Any

from flask import Blueprint, g, request, url_for
from werkzeug.wrappers import Response

from intake.core.access import Actor, Permission
from intake.core.errors import TooMany
from intake.people.forms import ActForm, problems_of
from intake.web import session as web_session
from intake.web.errors import error_page
from intake.web.headers import is_staff_path

blueprint = Blueprint("people", __name__)


@blueprint.app_context_processor
def staff_bar() -> dict[str, Any]:
    """What the bar of every staff page shows, error pages included; nothing before somebody is signed in."""
    if not is_staff_path(request.path):
        return {}
    # An address that no route knows was never checked for a session: its 404 looks like every other.
    who = web_session.load() if request.endpoint is None else g.get("msx_signed_in")
    if who is None:
        return {"staff_actor": None}
    home = url_for("people.set_up_second_factor") if who.needs_second_factor else home_of(who.actor)
    return {
        "staff_actor": who.actor,
        "staff_home": home,
        "staff_nav": [] if who.needs_second_factor else _nav(who.actor),
        "sign_out_form": ActForm(formdata=None),
    }


def _nav(actor: Actor) -> list[tuple[str, str, str]]:
    """(id, address, words) of the pages that this role has."""
    pages = [
        ("items", Permission.items_read, "triage.items", "收到的件"),
        ("queue", Permission.queue_read, "triage.queue", "队列"),
        ("keys", Permission.keys_confirm, "triage.keys", "钥匙"),
        ("conflicts", Permission.routing_manage, "routing.conflicts", "回避"),
        ("routing", Permission.routing_manage, "routing.aliases", "分件"),
        ("retention", Permission.retention_manage, "triage.retention_list", "保存期"),
        ("people", Permission.people_manage, "people.people", "人员"),
        ("sites", Permission.boards_manage, "registry.sites", "点位"),
        ("boards", Permission.boards_manage, "plates.board_list", "牌子"),
        ("patrol", Permission.boards_patrol, "field.patrols", "检查牌子"),
        ("password", Permission.account_own, "people.password", "口令"),
    ]
    return [(id_, url_for(endpoint), words) for id_, needed, endpoint, words in pages if actor.may(needed)]


def home_of(actor: Actor) -> str:
    """Where a role begins its work."""
    return _nav(actor)[0][1]


def too_fast(page: Response, wait: TooMany) -> Response:
    page.headers["Retry-After"] = str(wait.retry_after)
    return page


def wait_words(wait: TooMany) -> str:
    return f"试得太快了，请等 {wait.retry_after} 秒再试。"


def first_problem(form: Any) -> str:
    return str(problems_of(form)[0][1])


def refused_token() -> Response:
    """A button's token was wrong: nothing was typed, so the plain page says to go back."""
    return error_page(400)


def with_done(path: str, token: str) -> str:
    return f"{path}{'&' if '?' in path else '?'}done={token}"
