"""U1, U2, U5 all the way: sent over the form, sealed in the store, opened by staff, and judged by exiftool."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from intake.core.clock import FixedClock
from intake.core.world import World
from tests import multipart
from tests import photo_corpus as corpus
from tests.cast import Cast, enter
from tests.journeys import BODY, digits_in, form_token, live_board, report_of
from tests.robustness.needles import files_under
from tests.rules.test_photos import BARE_FILE_TAGS, BARE_GROUPS, alike, corners, groups

pytestmark = pytest.mark.sqlite  # a photo knows no database
PLAIN_REASON = {
    "gif.jpg": "不是照片", "moving.webp": "不是照片", "moving.png": "不是照片", "picture.svg": "不是照片",
    "page.html": "不是照片", "cut.jpg": "打不开", "bomb.png": "太大了", "film.mp4": "收不了录像",
    "voice.amr": "收不了录音",
}  # fmt: skip
REFUSED = (
    ("gif.jpg", corpus.gif_of(3)), ("moving.webp", corpus.animated("WEBP")), ("moving.png", corpus.animated("PNG")),
    ("picture.svg", corpus.SVG), ("page.html", corpus.HTML), ("cut.jpg", corpus.cut_jpeg(0.5)),
    ("bomb.png", corpus.bomb()), ("film.mp4", corpus.iso_media(b"isom", b"vide")),
    ("voice.amr", b"#!AMR\n" + b"\x3c" * 200),
)  # fmt: skip


@pytest.fixture
def board(world: World, cast: Cast) -> str:
    return live_board(world)


def filed(client: FlaskClient, clock: FixedClock, board: str, files: list[tuple[str, bytes]]) -> tuple[str, str]:
    """The receipt's digits and its page."""
    fields = {"token": form_token(client, board), "body": f"{BODY}{len(files)}张。", "identity": "anonymous"}
    clock.advance(timedelta(seconds=40))
    page = multipart.post(client, f"/b/{board}/report", fields, files)
    return digits_in(page), page.get_data(as_text=True)


def opened(client: FlaskClient, world: World, cast: Cast, digits: str) -> Iterator[tuple[bytes, dict[str, str]]]:
    """Each photo as a member of the team gets it, with its headers."""
    client.set_cookie("msx", enter(world, cast.liaison).token)
    path = f"/staff/reports/{report_of(world, digits).id}"
    page = client.get(path).get_data(as_text=True)
    for address in dict.fromkeys(re.findall(rf'href="({path}/files/[^"]+)"', page)):
        answer = client.get(address)
        assert answer.status_code == 200
        yield answer.get_data(), {name.lower(): value for name, value in answer.headers}
    client.delete_cookie("msx")


def test_what_staff_open_has_none_of_it_and_stands_upright(
    client: FlaskClient, world: World, cast: Cast, clock: FixedClock, board: str
) -> None:
    sent = [(f"{orientation}.jpg", corpus.loaded_jpeg(orientation)) for orientation in range(1, 9)]
    sent += [("a.png", corpus.png(orientation=6)), ("b.heic", corpus.heic(3))]
    digits, page = filed(client, clock, board, sent)
    assert 'data-testid="file-problem"' not in page
    found = list(opened(client, world, cast, digits))
    assert len(found) == 10
    for data, _ in found:
        assert alike(corners(data))
        assert not [secret for secret in corpus.SECRETS if secret in data]
    told = groups(found[5][0]), groups(found[8][0]), groups(found[9][0])
    for one in told:
        assert set(one) <= BARE_GROUPS
        assert one["File"] <= BARE_FILE_TAGS


def test_polyglots_and_names_are_neutral_and_served_as_attachments(
    client: FlaskClient, world: World, cast: Cast, clock: FixedClock, board: str
) -> None:
    """No name that was sent is a path, a header, a type, or markup: it is shown to its sender and used for nothing."""
    names = [name.replace('"', "").replace("\r\n", " ") for name in corpus.NAMES][:8]
    sent = [(name, corpus.zip_behind_jpeg()) for name in names[:1]] + [(names[1], corpus.script_in_jpeg())]
    sent += [(name or "x", corpus.plain_jpeg(corpus.marked(300 + n, 200))) for n, name in enumerate(names[2:])]
    digits, page = filed(client, clock, board, sent)
    assert "<img src=x" not in page
    found = list(opened(client, world, cast, digits))
    assert len(found) == len(sent)
    for data, headers in found:
        assert headers["content-type"] == "image/jpeg"
        assert headers["x-content-type-options"] == "nosniff"
        assert re.fullmatch(r"attachment; filename=[\w.-]+", headers["content-disposition"]), headers
        assert "x-evil" not in headers
        assert not [trace for trace in (b"PK\x03\x04", b"<script", b"<?php") if trace in data]


def test_what_is_no_still_photo_is_refused_in_plain_words_and_the_report_is_filed(
    client: FlaskClient, world: World, cast: Cast, clock: FixedClock, board: str
) -> None:
    digits, page = filed(client, clock, board, list(REFUSED))
    problems = re.findall(r'data-testid="file-problem">“([^”]+)”没收到：([^<]+)', page)
    assert {name: PLAIN_REASON[name] in words for name, words in problems} == dict.fromkeys(PLAIN_REASON, True)
    assert list(opened(client, world, cast, digits)) == []


def test_nothing_of_a_photo_lies_open_in_the_store(
    client: FlaskClient, world: World, cast: Cast, clock: FixedClock, board: str, tmp_path: Path
) -> None:
    filed(client, clock, board, [("invoice.php.jpg", corpus.loaded_jpeg(6)), ("gif.jpg", corpus.gif_of(2))])
    blobs = [path for path in files_under(tmp_path / "files") if path.stat().st_size]
    assert len(blobs) == 1, "what was refused is kept nowhere"
    for path in files_under(tmp_path):
        content = path.read_bytes()
        assert not [secret for secret in corpus.SECRETS if secret in content], path
        assert b"invoice.php" not in content + path.name.encode()
    assert not blobs[0].read_bytes().startswith(b"\xff\xd8")
    assert not re.search(r"\.(php|jpe?g|gif)$", blobs[0].name)
