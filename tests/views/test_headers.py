"""Headers of every route and status; host names; what operators see."""

import gzip
import html
import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

import config
from intake.app import create_app
from intake.core.errors import TooMany
from intake.core.world import World
from intake.web import throttle
from tests.cast import Cast
from tests.client import PageClient
from tests.journeys import fields, file_report, form_token, live_board, look_up, send

STRICT = {
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}


def check(response: Any, *, staff: bool) -> None:
    headers = response.headers
    for name, value in STRICT.items():
        assert headers[name] == value, (response.request.path, name)
    policy = headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert headers["Referrer-Policy"] == ("same-origin" if staff else "no-referrer")
    assert "geolocation=()" in headers["Permissions-Policy"]
    assert not re.search(r"granian|werkzeug|flask|python|\d\.\d", headers.get("Server", ""), re.IGNORECASE)


def test_every_route_and_status_carries_them(app: Flask, client: PageClient, cast: Cast, world: World) -> None:
    code = live_board(world)
    seen = set()
    for rule in app.url_map.iter_rules():
        address = re.sub(r"<code>", code, rule.rule)
        address = re.sub(r"<[^>]+>", "nothing", address)
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            response = client.open(address, method=method)
            check(response, staff=address.startswith(("/staff", "/admin")))
            seen.add(response.status_code)
    for address in ("/nothing", "/b/00000000", "/staff/nothing", "/admin/nothing"):
        response = client.get(address)
        check(response, staff=address.startswith(("/staff", "/admin")))
        assert response.status_code == 404
    assert client.delete("/").status_code == 405
    check(client.delete("/"), staff=False)
    assert seen >= {200, 303, 404, 422}


def test_a_failure_of_ours_is_a_page_without_a_trace_of_what_was_sent(
    app: Flask, client: PageClient, cast: Cast, world: World, monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    code = live_board(world)
    token = form_token(client, code)

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("绝密原文在此 19 secret")

    monkeypatch.setattr("intake.reports.services.file_report", broken)
    response = send(client, code, fields(token, "绝密原文在此，请不要写进日志。"))
    assert response.status_code == 500
    check(response, staff=False)
    assert "绝密原文在此，请不要写进日志。" in response.get_data(as_text=True), "what was typed comes back"
    assert "绝密原文" not in caplog.text
    assert code not in caplog.text
    assert "RuntimeError" in caplog.text


def test_citizens_get_no_cookie_anywhere(client: PageClient, cast: Cast, world: World, clock: Any) -> None:
    code = live_board(world)
    digits = file_report(client, clock, code)
    for response in (
        client.get("/"), client.get(f"/b/{code}"), client.get(f"/b/{code}/report"), client.get("/receipt"),
        look_up(client, digits), client.get("/leave"), client.get("/verify"), client.get("/nothing"),
        client.post(f"/b/{code}/report"),
    ):  # fmt: skip
        assert "Set-Cookie" not in response.headers
        assert response.headers["Cache-Control"] == "no-store"
    assert client.get("/leave").headers["Clear-Site-Data"] == '"cache", "storage"'


def test_a_forged_host_reaches_no_page_and_operators_answer_on_any(client: PageClient, world: World) -> None:
    for host in ("evil.example", "localhost.evil.example", "localhost:81", "", "LOCALHOST@evil"):
        response = client.get("/", headers={"Host": host})
        assert response.status_code == 400, host
        assert "evil" not in response.get_data(as_text=True)
    for address in ("/healthz", "/readyz", "/metrics"):
        assert client.get(address, headers={"Host": "10.0.0.1:8000"}).status_code == 200
    assert "msx_build_info" in client.get("/metrics").get_data(as_text=True)


def test_style_sheets_are_small_compressed_and_kept(client: PageClient) -> None:
    page = client.get("/").get_data(as_text=True)
    address = re.search(r'href="(/static/citizen\.css\?v=[0-9a-f]+)"', page)
    assert address is not None
    response = client.get(address.group(1), headers={"Accept-Encoding": "gzip"})
    assert response.headers["Content-Encoding"] == "gzip"
    assert len(response.get_data()) <= 6 * 1024, "as it crosses the network"
    assert gzip.decompress(response.get_data()).startswith(b"/*")
    assert "immutable" in response.headers["Cache-Control"]
    assert client.get("/static/nothing.css").status_code == 404
    assert client.get("/static/../config.py").status_code == 404


def test_the_way_out_asks_the_browser_to_forget_twice(client: PageClient) -> None:
    """With the page, and with its style sheet: by then the page before lies where Back would find it."""
    page = client.get("/leave")
    assert page.headers["Clear-Site-Data"] == '"cache", "storage"'
    (sheet,) = re.findall(r'<link rel="stylesheet" href="([^"]+)">', page.get_data(as_text=True))
    answer = client.get(html.unescape(sheet))
    assert answer.mimetype == "text/css"
    assert answer.headers["Clear-Site-Data"] == '"cache"'
    assert answer.headers["Cache-Control"] == "no-store"
    (usual,) = re.findall(r'<link rel="stylesheet" href="([^"]+)">', client.get("/").get_data(as_text=True))
    assert "Clear-Site-Data" not in client.get(usual).headers


def test_pages_that_answer_a_post_are_never_compressed(
    client: PageClient, cast: Cast, world: World, clock: Any
) -> None:
    code = live_board(world)
    digits = file_report(client, clock, code)
    answer = client.post("/receipt", data={"receipt": digits}, headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in answer.headers
    board = client.get(f"/b/{code}", headers={"Accept-Encoding": "gzip"})
    assert board.headers["Content-Encoding"] == "gzip"


@pytest.mark.parametrize(
    ("surface", "there", "not_there"),
    [("citizen", "/", "/staff/login"), ("staff", "/staff/login", "/receipt")],
)
def test_a_surface_has_no_route_of_the_other(world: World, surface: str, there: str, not_there: str) -> None:
    env = {"MSX_DIR": str(world.settings.dir), "MSX_SURFACE": surface, "MSX_PUBLIC_URL": "http://localhost"}
    app = create_app(
        config.load(env), world=World(config.load(env), world.secrets, world.db, world.storage, world.clock)
    )
    client: FlaskClient = app.test_client()
    assert client.get(there).status_code == 200
    assert client.get(not_there).status_code == 404


@pytest.mark.parametrize(
    ("address", "prefix"),
    [
        ("203.0.113.77", "203.0.113.0/24"),
        ("::ffff:203.0.113.77", "203.0.113.0/24"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", "-"),
        (None, "-"),
        ("not an address", "-"),
    ],
)
def test_a_network_is_a_24_or_a_64(address: str | None, prefix: str) -> None:
    assert throttle.network_prefix(address) == prefix


def test_where_the_day_key_changes_the_same_network_maps_elsewhere(app: Flask, world: World, clock: Any) -> None:
    keys = set()
    for _ in range(2):
        with app.test_request_context("/", environ_base={"REMOTE_ADDR": "203.0.113.9"}):
            keys.add(throttle.network_key())
            assert throttle.network_key() in keys
        clock.advance(timedelta(days=1))
    assert len(keys) == 2
    assert not any("203.0.113" in key for key in keys)


def test_one_network_trying_many_accounts_meets_a_ceiling_and_another_does_not(
    app: Flask, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = replace(world.settings, signin_limit_network="5/10minutes")
    monkeypatch.setitem(app.extensions, "msx_world", replace(world, settings=settings))
    for number in range(6):
        with app.test_request_context("/", environ_base={"REMOTE_ADDR": "198.51.100.7"}):
            if number < 5:
                throttle.sign_in_gate(f"nobody{number}")
            else:
                with pytest.raises(TooMany):
                    throttle.sign_in_gate("nobody5")
    with app.test_request_context("/", environ_base={"REMOTE_ADDR": "198.51.101.7"}):
        throttle.sign_in_gate("nobody5")
