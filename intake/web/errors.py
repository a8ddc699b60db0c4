"""From refusals and exceptions to pages: one file knows the status codes."""

import logging
import traceback
from types import TracebackType

from flask import Flask, Response, make_response, render_template, request
from flask_babel import gettext
from werkzeug.exceptions import HTTPException, InternalServerError

from intake.core import errors
from intake.web.headers import is_staff_path

log = logging.getLogger("msx")

STATUS: dict[type[errors.Refusal], int] = {
    errors.NotFound: 404,
    errors.SignInNeeded: 401,
    errors.Forbidden: 403,
    errors.Stale: 409,
    errors.MoveForbidden: 422,
    errors.Invalid: 422,
    errors.TooMany: 429,
    errors.Busy: 503,
}


def error_page(code: int, *, retry_after: int | None = None, kept: str = "", message: str = "") -> Response:
    """The page for a status: `kept` is the text a citizen had typed, given back to be sent again."""
    side = "staff" if is_staff_path(request.path) else "citizen"
    page = render_template(f"{side}/error.html", code=code, retry_after=retry_after, kept=kept, message=message)
    response = make_response(page, code)
    if retry_after is not None:
        response.headers["Retry-After"] = str(retry_after)
    return response


# Fields of citizens' forms that are given back with the body where the form itself cannot be shown again.
_BESIDE_THE_BODY = (
    ("happened_on", "什么时候"),
    ("place", "在哪儿"),
    ("subject", "说的是谁、哪个单位"),
    ("contact", "怎么联系您"),
    ("contact_restriction", "联系您要注意什么"),
    ("text", "想说的话"),
)


def typed_words() -> str:
    """Everything that was typed into the form just sent, as one text to be copied; empty where there was none."""
    if request.method != "POST":
        return ""
    try:
        sent = request.form
    except (HTTPException, errors.Refusal):
        sent = request.form  # the words that did come are kept there, also when the first look raised
    if is_staff_path(request.path):
        return sent.get("text", "")
    beside = [
        f"{gettext(label)}：{sent[name].strip()}" for name, label in _BESIDE_THE_BODY if sent.get(name, "").strip()
    ]
    return "\n\n".join([part for part in (sent.get("body", "").strip(), "\n".join(beside)) if part])


def _refused(error: errors.Refusal) -> Response:
    code = STATUS[type(error)]
    retry_after = error.retry_after if isinstance(error, errors.TooMany | errors.Busy) else None
    if code == 404:
        return error_page(404)  # nothing of why: like what is not there
    return error_page(code, retry_after=retry_after, kept=typed_words(), message=str(error) if code != 503 else "")


def _http(error: HTTPException) -> Response | HTTPException:
    code = error.code or 500
    if 300 <= code < 400:
        return error
    response = error_page(code, kept=typed_words(), retry_after=60 if code == 503 else None)
    if code == 405 and isinstance(error, HTTPException):
        for name, value in error.get_headers():
            if name.lower() == "allow":
                response.headers["Allow"] = value
    return response


def safe_trace(kind: type[BaseException], trace: TracebackType | None) -> str:
    """Class and places of an exception. Its message may repeat what a citizen sent, so it stays out."""
    places = [f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno}" for frame in traceback.extract_tb(trace)]
    return f"{kind.__name__} at {' > '.join(places)}"


class QuietFlask(Flask):
    """Flask, except that an exception is logged without its message and without the address asked for."""

    def log_exception(self, exc_info: object) -> None:
        if isinstance(exc_info, tuple) and exc_info[0] is not None:
            log.error("%s %s", request.endpoint or "-", safe_trace(exc_info[0], exc_info[2]))


def register(app: Flask) -> None:
    for kind in STATUS:
        app.register_error_handler(kind, _refused)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(InternalServerError, _http)
    app.register_error_handler(errors.Retry, lambda _: error_page(503, retry_after=5, kept=typed_words()))
