"""`msx board`: what it prints, what it refuses in one line, and its exit status."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import update

from intake.boards import services as boards
from intake.boards.models import Site
from intake.cli import main
from intake.core.clock import FixedClock
from intake.core.world import World
from qr import code as codes
from tests.cast import Cast
from tests.client import PageClient
from tests.journeys import fields, form_token, live_board, make_site, send

Run = Callable[..., Result]
HERE, THERE = "CJ-990121200203", "CJ-990121200204"


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


class TestPosters:
    @pytest.fixture
    def county(self, world: World, code: str) -> dict[str, str]:
        """Two live boards in one village, a draft, and one whose name is too long."""
        found = {HERE: code}
        for site_no, kind in ((THERE, "project"), ("CJ-990121200205", "village")):
            make_site(world, site_no=site_no, kind=kind)
            found[site_no] = boards.make_board(world, "t", site_no=site_no)
        boards.set_state(world, "t", code=found[THERE], state="live", reason="x")
        return found

    def test_live_boards_one_by_one(self, run: Run, county: dict[str, str], tmp_path: Path) -> None:
        done = run("posters", "--out", str(tmp_path / "out"), "--json")
        assert done.exit_code == 0, done.output
        names = {f"{HERE}_{county[HERE]}_village_A4.pdf", f"{THERE}_{county[THERE]}_works_A4.pdf"}
        assert {path.name for path in (tmp_path / "out").iterdir()} == names
        told = json.loads(done.stdout)
        assert {one["file"] for one in told["files"]} == names
        assert {one["revision"] for one in told["files"]} == {1}
        assert told["refused"] == []

    def test_a_draft_only_by_its_name(self, run: Run, county: dict[str, str], tmp_path: Path) -> None:
        draft = county["CJ-990121200205"]
        done = run("posters", "--out", str(tmp_path / "out"), "--board", codes.spaced(draft), "--paper", "A3")
        assert done.exit_code == 0, done.output
        assert [path.name for path in (tmp_path / "out").iterdir()] == [f"CJ-990121200205_{draft}_village_A3.pdf"]

    @pytest.mark.parametrize(("ending", "begins"), [("png", b"\x89PNG"), ("svg", b"<svg"), ("pdf", b"%PDF")])
    def test_formats(self, run: Run, code: str, tmp_path: Path, ending: str, begins: bytes) -> None:
        done = run("posters", "--out", str(tmp_path / "out"), "--board", code, "--format", ending)
        assert done.exit_code == 0, done.output
        assert (tmp_path / "out" / f"{HERE}_{code}_village_A4.{ending}").read_bytes().startswith(begins)

    @pytest.mark.parametrize(("kind", "ending"), [("card", "pdf"), ("label", "pdf"), ("screen", "png")])
    def test_kinds_for_every_board(
        self, run: Run, county: dict[str, str], tmp_path: Path, kind: str, ending: str
    ) -> None:
        done = run("posters", "--out", str(tmp_path / "out"), "--kind", kind)
        assert done.exit_code == 0, done.output
        assert {path.name for path in (tmp_path / "out").iterdir()} == {
            f"{site_no}_{county[site_no]}_{kind}_{kind}.{ending}" for site_no in (HERE, THERE)
        }

    def test_one_file_of_a_region(self, run: Run, county: dict[str, str], tmp_path: Path) -> None:
        done = run("posters", "--out", str(tmp_path / "out"), "--region", "990121", "--one-file", "--json")
        assert done.exit_code == 0, done.output
        told = json.loads(done.stdout)
        assert told["files"] == [{"file": "posters.pdf", "codes": [county[HERE], county[THERE]]}]
        assert [path.name for path in (tmp_path / "out").iterdir()] == ["posters.pdf"]

    def test_one_that_fails_is_named_and_the_others_are_kept(
        self, run: Run, county: dict[str, str], world: World, tmp_path: Path
    ) -> None:
        too_long = update(Site).where(Site.site_no == THERE).values(name="道路" * 300)
        world.db.write(lambda session: session.execute(too_long))
        done = run("posters", "--out", str(tmp_path / "out"))
        assert done.exit_code == 1
        assert f"{THERE} {county[THERE]}" in done.stderr
        assert "名称" in done.stderr
        assert [path.name for path in (tmp_path / "out").iterdir()] == [f"{HERE}_{county[HERE]}_village_A4.pdf"]

    def test_refusals(self, run: Run, code: str, tmp_path: Path) -> None:
        out = str(tmp_path / "out")
        (tmp_path / "file").write_text("")
        for words, status in (
            (("posters",), 2),
            (("posters", "--out", out, "--kind", "works", "--paper", "card"), 2),
            (("posters", "--out", out, "--one-file", "--format", "png"), 2),
            (("posters", "--out", out, "--region", "1"), 1),
            (("posters", "--out", out, "--board", "7K3Q"), 1),
            (("posters", "--out", out, "--kind", "notice"), 1),
            (("posters", "--out", str(tmp_path / "file" / "x"), "--board", code), 1),
        ):
            refused = run(*words)
            assert refused.exit_code == status, (words, refused.output)
            assert refused.stderr.startswith("msx: ")
        assert run("posters", "--out", out, "--board", codes.new_code()).exit_code == 1
