"""Form tokens. Citizens' are signed, expire and need no cookie; staff's are bound to their session."""

import base64
import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from flask import request
from flask_wtf import FlaskForm
from itsdangerous import BadSignature, Signer
from werkzeug.datastructures import MultiDict
from wtforms.csrf.core import CSRF
from wtforms.fields import BooleanField, Field
from wtforms.validators import ValidationError

from intake.core import vault
from intake.web import session
from intake.web.context import world


@dataclass(frozen=True, slots=True)
class FormToken:
    """What a citizen's form carries. The nonce lives nowhere else."""

    purpose: str
    board: str
    nonce: bytes
    issued_at: datetime

    def age(self, now: datetime) -> float:
        """Seconds since the form was opened, never below 0."""
        return max(0.0, (now - self.issued_at).total_seconds())


class BadToken(ValueError):
    """`reason`: broken, other (another form or board) or expired; `token` where the signature is ours."""

    def __init__(self, reason: str, token: FormToken | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.token = token


def _signer() -> Signer:
    return _signer_of(world().secrets.form_token_key)


@lru_cache(maxsize=4)
def _signer_of(key: bytes) -> Signer:
    return Signer(key, salt=b"msx-form", digest_method=hashlib.sha256)


def issue(purpose: str, board: str = "", *, again: bool = False) -> str:
    """A fresh token: purpose, board, 16 random bytes and the second it was made.

    `again`: for a form that comes back filled in, which may be sent at once without being a machine's.
    """
    nonce = base64.urlsafe_b64encode(vault.random_bytes(16)).decode()
    head_start = world().settings.form_fastest_seconds if again else 0
    fields = [purpose, board, nonce, int(world().clock.now().timestamp()) - head_start]
    body = base64.urlsafe_b64encode(json.dumps(fields, separators=(",", ":")).encode()).rstrip(b"=")
    return _signer().sign(body).decode()


def read(text: str | None, *, purpose: str, board: str = "") -> FormToken:
    """The token in `text`, or `BadToken` with its reason."""
    token = _unsigned(text or "")
    if token.purpose != purpose or token.board != board:
        raise BadToken("other", token)
    if token.age(world().clock.now()) > world().settings.form_seconds:
        raise BadToken("expired", token)
    return token


def _unsigned(text: str) -> FormToken:
    try:
        body = _signer().unsign(text.encode())
        purpose, board, nonce, issued = json.loads(base64.urlsafe_b64decode(body + b"=" * (-len(body) % 4)))
        return FormToken(purpose, board, base64.urlsafe_b64decode(nonce), datetime.fromtimestamp(issued, UTC))
    except (BadSignature, ValueError, UnicodeError) as error:
        raise BadToken("broken") from error


class TokenCSRF(CSRF):
    """Flask-WTF's check against a signed token; `Meta.csrf_context` is (purpose, board)."""

    def setup_form(self, form: Any) -> Any:
        self.purpose, self.board = form.meta.csrf_context
        return super().setup_form(form)

    def generate_csrf_token(self, csrf_token_field: Field) -> str:
        return issue(self.purpose, self.board)

    def validate_csrf_token(self, form: Any, field: Any) -> None:
        try:
            read(field.data, purpose=self.purpose, board=self.board)
        except BadToken as error:
            raise ValidationError("这一页开得太久了，请再交一次。") from error


def _posted(_: Any, form: Any, formdata: Any) -> Any:
    """What was posted as a form; Flask-WTF would also read JSON, which none of our pages sends."""
    if formdata is None or isinstance(formdata, MultiDict):
        return formdata
    return request.form if request.method == "POST" else None


class Tick(BooleanField):
    """A box that is ticked by `y` alone: whatever else comes counts as not ticked."""

    def process_formdata(self, valuelist: list[Any]) -> None:
        self.data = valuelist[:1] == ["y"]


class CitizenForm(FlaskForm):
    """A form without a session: `CitizenForm(meta={"csrf_context": (purpose, board)})`."""

    class Meta(FlaskForm.Meta):
        wrap_formdata = _posted
        csrf = True
        csrf_class = TokenCSRF
        csrf_field_name = "token"
        csrf_context = ("", "")
        csrf_secret = None


class SessionCSRF(CSRF):
    """The token of the signed-in session."""

    def generate_csrf_token(self, csrf_token_field: Field) -> str:
        return session.csrf_token()

    def validate_csrf_token(self, form: Any, field: Any) -> None:
        if not vault.same(str(field.data or "").encode(), session.csrf_token().encode()):
            raise ValidationError("这一页已经过时，请再交一次。")


class StaffForm(FlaskForm):
    """A form of signed-in staff."""

    class Meta(FlaskForm.Meta):
        wrap_formdata = _posted
        csrf = True
        csrf_class = SessionCSRF
        csrf_field_name = "csrf_token"
        csrf_context = None
        csrf_secret = None
