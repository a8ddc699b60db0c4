"""The test client: every HTML page that any test fetches passes the page linter."""

from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests import pagelint


class PageClient(FlaskClient):
    """Flask's client; an answer that is a page must be a good one."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        response = super().open(*args, **kwargs)
        is_page = response.mimetype == "text/html" and response.request.method != "HEAD"
        if is_page and response.status_code not in (301, 302, 303, 307, 308):
            pagelint.check(response)
        return response
