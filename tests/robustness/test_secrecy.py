"""Database, log, store and temporary folders searched for what fifty citizens sent and who they were: no hit."""

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from intake.boards import services as boards
from intake.core import vault
from intake.core.world import World
from intake.reports import content, receipt
from intake.reports.services.filing import spent_tag
from intake.routing.models import Grant
from tests.database import fresh_database
from tests.journeys import report_of
from tests.robustness import marked
from tests.robustness.album import as_kept
from tests.robustness.installation import UNLIMITED, Installation, installed
from tests.robustness.needles import dresses, files_under, search
from tests.robustness.stealing import steal
from tests.robustness.thief import keys_of, open_fields, open_grants, pairs_of

PLANTED = "藏针处放进去的PlAnT5eD"
SETTINGS = UNLIMITED | {"MSX_TRUSTED_PROXIES": "1"}


@dataclass(frozen=True)
class Scene:
    """An installation in which fifty marked reports were filed, and everything of it that a thief could copy."""

    installation: Installation
    filed: list[marked.Filed]
    stolen: Path
    temp_time: int  # of the temporary folder, before the server was started


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("secrecy")
    with fresh_database(folder) as url, installed(folder, url, environment=SETTINGS) as installation:
        plant(installation.world)
        temp_time = temporary_folder(installation).stat().st_mtime_ns
        with installation.server:
            filed = marked.file_all(installation)
            yield Scene(installation, filed, steal(installation, folder / "stolen"), temp_time)


def temporary_folder(installation: Installation) -> Path:
    """Where the server, and nobody else, puts temporary files."""
    return Path(installation.server.environment["TMPDIR"])


def plant(world: World) -> None:
    """A word that does stand in the database, so that a search that finds nothing means something."""
    code = boards.make_board(world, "test", site_no="CJ-990121200200")
    boards.set_state(world, "test", code=code, state="revoked", reason=PLANTED)


def needles_of(installation: Installation, filed: list[marked.Filed]) -> dict[str, str | bytes]:
    """Everything that must be nowhere."""
    found: dict[str, str | bytes] = {
        **marked.WORDS,
        **marked.ADDRESSES,
        **marked.PACKED,
        **marked.receipt_needles(filed),
        "phone": marked.PHONE,
        "agent": marked.AGENT,
        "referrer": marked.REFERRER,
        "cookie": marked.COOKIE,
    }
    for number, one in enumerate(filed):
        found[f"nonce {number}"] = nonce_of(one)
        found[f"token {number}"] = one.token
        if one.photo:
            kept = as_kept(one.photo, installation.settings)
            found[f"photo {number}, as sent"] = one.photo[-120:-96]
            found[f"photo {number}, as kept"] = kept[-120:-96]
    return found


def nonce_of(filed: marked.Filed) -> bytes:
    body = filed.token.partition(".")[0]
    fields = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    nonce = base64.urlsafe_b64decode(fields[2])
    assert len(nonce) == 16
    return nonce


def places_of(stolen: Path) -> list[Path]:
    return list(files_under(stolen))


# The search itself


def test_the_search_finds_every_dress_of_a_word(tmp_path: Path) -> None:
    for number, (name, look) in enumerate(dresses(PLANTED).items()):
        place = tmp_path / f"place-{number}"
        place.write_bytes(b"\x00" * 5_000 + b"before" + look + b"after")
        hits = search({"planted": PLANTED}, [place])
        assert name in {hit.dress for hit in hits}, f"{name} is not found"


def test_the_search_finds_a_word_in_base64_wherever_it_begins(tmp_path: Path) -> None:
    for before in range(6):
        place = tmp_path / f"place-{before}"
        place.write_bytes(base64.b64encode(b"x" * before + PLANTED.encode() + b"yz"))
        assert search({"planted": PLANTED}, [place]), f"{before} bytes before it"


def test_the_search_refuses_words_that_chance_would_find() -> None:
    with pytest.raises(ValueError, match="chance"):
        dresses("1234567")


def test_the_search_finds_what_does_stand_in_the_database(scene: Scene) -> None:
    hits = search({"planted": PLANTED}, places_of(scene.stolen))
    assert {hit.dress for hit in hits} >= {"plain"}


def test_the_places_searched_are_the_ones_that_are_written(scene: Scene) -> None:
    files = {path.name: path for path in places_of(scene.stolen)}
    assert "Started worker" in scene.installation.server.said()
    assert (scene.stolen / "1" / scene.installation.server.log.name).is_file()
    blobs = [name for name in scene.installation.world.storage.names() if name.partition("/")[2] in files]
    photos = sum(1 for one in scene.filed if one.photo) + len(scene.filed[::3])
    assert len(blobs) == photos
    if scene.installation.world.db.dialect == "sqlite":
        assert files["msx.db-wal"].stat().st_size > 100_000, "the log was emptied before it was searched"


# What must not be found


def test_nothing_of_the_citizens_is_found_anywhere(scene: Scene) -> None:
    needles = needles_of(scene.installation, scene.filed)
    assert len(needles) > 50 * 8
    assert search(needles, places_of(scene.stolen)) == []


def test_no_temporary_file_was_ever_made(scene: Scene) -> None:
    """The folder's own time would have changed, even for a file that lived for a moment."""
    folder = temporary_folder(scene.installation)
    assert list(folder.iterdir()) == []
    assert folder.stat().st_mtime_ns == scene.temp_time
    held = [
        str(link.readlink())
        for pid in scene.installation.server.pids()
        for link in Path(f"/proc/{pid}/fd").iterdir()
        if link.is_symlink()
    ]
    assert [name for name in held if str(folder) in name or name.endswith(".part (deleted)")] == []


def test_the_secret_file_opens_nothing(scene: Scene) -> None:
    world = scene.installation.world
    keys = keys_of(world.secrets)
    assert len(keys) > 30
    assert open_fields(world, keys) == []
    assert open_grants(world, pairs_of(keys)) == []


def test_a_readers_key_would_have_been_noticed(scene: Scene) -> None:
    """The same attempts with what a reader holds do open: the thief's tools are sharp."""
    world, liaison = scene.installation.world, scene.installation.cast.liaison
    pairs = {"liaison": liaison.keys.reading}
    with world.db.read() as session:
        own = select(Grant).where(Grant.holder == liaison.person_id, Grant.envelope == "report")
        grants = list(session.scalars(own))
    assert len(grants) == len(scene.filed)
    assert open_grants(world, pairs).count(f"liaison: {liaison.person_id}") > len(grants)
    place = ("report_grant", grants[0].report_id, "report")
    report_key = vault.unseal(liaison.keys.reading, grants[0].sealed, place)
    assert "key: report content" in open_fields(world, {"key": report_key})
    assert "key: report contact" not in open_fields(world, {"key": report_key})


def test_a_receipt_opens_its_box_and_neither_report_nor_note(scene: Scene) -> None:
    world, one = scene.installation.world, scene.filed[0]
    keys = receipt.opened(one.digits, world.secrets.pepper)
    opened = open_fields(world, {"tag": keys.tag, "receipt": keys.key})
    assert opened == ["receipt: report box_for_receipt"]


def test_receipts_are_derived_from_what_only_the_form_held(scene: Scene) -> None:
    """With the nonce the digits follow; it is in no file, and no mark in the database leads back to it."""
    world, one = scene.installation.world, scene.filed[0]
    words: dict[str, Any] = dict(one.fields)
    draft = content.Draft(**words)
    digest, nonce = content.digest(scene.installation.board, draft), nonce_of(one)
    assert receipt.derive(world.secrets.receipt_key, nonce, digest) == one.digits
    tag = spent_tag(world, nonce, digest)
    assert tag != report_of(world, one.digits).box_tag
    places = places_of(scene.stolen)
    assert search({"spent": tag}, places) != [], "the mark of the used form is what is kept"
    assert search({"nonce": nonce, "digits": one.digits}, places) == []
