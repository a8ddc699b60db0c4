"""What is known of a filing before it is filed, put together for `assess`."""

from collections.abc import Sequence
from typing import Final

from flask import current_app, request

from intake.boards.queries import BoardPage
from intake.reports import near, services, suspicion
from intake.reports.assess import Assessment, Limits, Signals, assess
from intake.reports.content import Draft
from intake.reports.services import Words
from intake.reports.views.challenging import Reply
from intake.web import pressure, throttle
from intake.web.context import world
from intake.web.formtoken import FormToken
from intake.web.throttle import rate_of

_LIMITS: Final = "msx_assess_limits"
_USUAL: Final = "msx_usual"
_MOST_BOARDS: Final = 5_000


def weigh(
    board: BoardPage, token: FormToken, draft: Draft, reply: Reply, *, compared: Sequence[str]
) -> Assessment:
    """Counted before the work; what was asked before and rightly answered is not counted again."""
    limits = _limits()
    rates = throttle.weigh_report(board.code, compared, count=not reply.solved)
    signs = suspicion.read(draft.body)
    assessed = assess(
        Signals(
            age=token.age(world().clock.now()),
            trap=bool(request.form.get("website", "").strip()),
            pace=rates.pace,
            network_board=rates.network_board,
            network=rates.network,
            board=rates.board,
            usual=_usual(board) if rates.board > limits.board_least else 0.0,
            copies=rates.copies,
            links=signs.links,
            advert=signs.advert,
            chain=signs.chain,
            gibberish=signs.gibberish,
            repetition=signs.repetition,
            solved=reply.solved,
            wrong=reply.wrong,
        ),
        limits,
    )
    pressure.note(board.code, assessed.outcome.name)
    return assessed


def compared_by(words: Words, draft: Draft) -> list[str]:
    """What nearly the same words have in common, as the limits know it; nothing for what is sent up sealed, or says
    what many people say."""
    if words.marks is None or words.few or draft.about_superior:
        return []
    return throttle.words_keys(near.bands(words.marks))


def _limits() -> Limits:
    found: Limits | None = current_app.extensions.get(_LIMITS)
    if found is None:
        settings = world().settings
        found = current_app.extensions[_LIMITS] = Limits(
            fastest_seconds=settings.form_fastest_seconds,
            oldest_seconds=settings.form_seconds,
            pace=rate_of(settings.report_pace).amount,
            network_board=rate_of(settings.report_limit_board).amount,
            network=rate_of(settings.report_limit_network).amount,
            board_least=rate_of(settings.board_burst).amount,
            board_times=settings.board_burst_days,
            copies=settings.copies_limit,
            links=settings.links_limit,
            times=settings.held_times,
            tries=settings.challenge_tries,
        )
    return found


def _usual(board: BoardPage) -> float:
    """Asked of the database once a board and day."""
    known: dict[object, float] = current_app.extensions.setdefault(_USUAL, {})
    key = (board.site_id, world().today())
    if key not in known:
        if len(known) >= _MOST_BOARDS:
            known.clear()
        known[key] = services.usual_of(world(), board.site_id)
    return known[key]
