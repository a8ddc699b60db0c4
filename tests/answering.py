"""Answering a challenge page as somebody would who reads it; the right answer is worked out from its id."""

import re
from html import unescape
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from intake.reports import questions
from intake.web import challenge

_HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)"(?: id="\w+")? value="([^"]*)">')


def is_challenge(page: TestResponse) -> bool:
    return 'data-testid="challenge"' in page.get_data(as_text=True)


def kept(page: TestResponse) -> dict[str, str]:
    """Everything that the page sends along."""
    return {name: unescape(value) for name, value in _HIDDEN.findall(page.get_data(as_text=True))}


def asked_on(client: FlaskClient, page: TestResponse) -> questions.Question:
    """The question of the page."""
    with client.application.test_request_context():
        return questions.question(challenge.seed_of(kept(page)["challenge_id"]))


def right_answer(client: FlaskClient, page: TestResponse) -> str:
    return str(asked_on(client, page).number)


def answer(client: FlaskClient, board: str, page: TestResponse, *, right: bool = True, **more: Any) -> TestResponse:
    """Send the challenge page of a report."""
    said = right_answer(client, page) if right else "不会"
    data = kept(page) | {"answer": said} | more
    return client.post(f"/b/{board}/report", data=data, content_type="multipart/form-data")
