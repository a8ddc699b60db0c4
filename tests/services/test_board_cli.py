"""`msx board`: what it prints, what it refuses in one line, and its exit status."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from intake.cli import main
from intake.core.clock import FixedClock
from intake.core.world import World
from qr import code as codes
from tests.cast import Cast
from tests.client import PageClient
from tests.journeys import fields, form_token, live_board, make_site, send

Run = Callable[..., Result]
THERE = "CJ-990121200204"


@pytest.fixture
def run(world: World, monkeypatch: pytest.MonkeyPatch) -> Run:
    """`msx` over this installation."""
    for name, value in (
        ("MSX_DATABASE_URL", world.settings.database_url),
        ("MSX_SECRET_FILE", str(world.settings.secret_file)),
        ("MSX_PUBLIC_URL", world.settings.public_url),
        ("LANG", "zh_CN.UTF-8"),
    ):
        monkeypatch.setenv(name, value)
    return lambda *words: CliRunner().invoke(main, ["--dir", str(world.settings.dir), *words])


@pytest.fixture
def code(world: World, cast: Cast) -> str:
    return live_board(world)


def test_a_life(run: Run, code: str, client: PageClient) -> None:
    for act, status in (("close", 200), ("live", 200), ("revoke", 410)):
        done = run("board", act, codes.spaced(code).lower(), "--reason", "试一试")
        assert (done.exit_code, done.stderr) == (0, ""), done.output
        assert done.stdout.startswith(code)
        assert client.get(f"/b/{code}").status_code == status


def test_rotating_prints_the_new_code_and_the_old_one_warns(run: Run, code: str, client: PageClient) -> None:
    done = run("board", "rotate", code, "--reason", "被人换过")
    assert done.exit_code == 0
    fresh = done.stdout.strip()
    assert codes.check(fresh) == fresh != code
    assert client.get(f"/b/{fresh}").status_code == 200
    for tail in ("", "/report"):
        gone = client.get(f"/b/{code}{tail}")
        assert gone.status_code == 410
        assert "这块牌子先别用" in gone.text
        assert fresh not in gone.text, "whoever pasted the old code over must not learn the new one"
    again = run("board", "rotate", code, "--reason", "再换")
    assert again.exit_code == 1
    assert codes.spaced(fresh) in again.stderr


def test_moving(run: Run, code: str, world: World, client: PageClient) -> None:
    make_site(world, site_no=THERE)
    done = run("board", "move", code, "--to", THERE.lower(), "--reason", "村委会搬了", "--json")
    assert done.exit_code == 0
    told = json.loads(done.stdout)
    assert (told["code"], told["site_no"], told["state"], told["revision"]) == (code, THERE, "live", 1)
    assert THERE in client.get(f"/b/{code}").text


def test_refusals_are_one_line_and_say_why(run: Run, code: str) -> None:
    wrong = code[:7] + next(c for c in codes.ALPHABET if c != code[7])
    for words, status, said in (
        (("board", "close", code), 2, "--reason"),
        (("board", "move", code, "--reason", "x"), 2, "--to"),
        (("board", "close", wrong, "--reason", "x"), 1, wrong),
        (("board", "close", "7K3Q", "--reason", "x"), 1, "8"),
        (("board", "close", codes.new_code(), "--reason", "x"), 1, "没有这块牌子"),
        (("board", "close", code, "--reason", " "), 1, "原因"),
        (("board", "live", code, "--reason", "x"), 1, "在用"),
        (("board", "move", code, "--to", "NO-1", "--reason", "x"), 1, "NO-1"),
        (("board", "burn", code), 2, "burn"),
    ):
        refused = run(*words)
        assert refused.exit_code == status, (words, refused.output)
        assert len(refused.stderr.strip().splitlines()) == 1
        assert said in refused.stderr


def test_a_form_opened_before_is_still_taken_from_a_rotated_board(
    run: Run, code: str, client: PageClient, clock: FixedClock
) -> None:
    token = form_token(client, code)
    clock.advance(timedelta(minutes=5))
    assert run("board", "rotate", code, "--reason", "坏了").exit_code == 0
    assert 'data-testid="receipt"' in send(client, code, fields(token)).text


def test_the_folder_may_be_anywhere_in_the_line(run: Run, code: str, tmp_path: Path) -> None:
    done = run("board", "--dir", str(tmp_path), "close", "--dir", str(tmp_path), code, "--reason", "x")
    assert done.exit_code == 0
