"""The canary hunt where the limits are kept in Redis: nothing of a citizen in its dump, nor anywhere else, also after
a worker was killed while a photo came in. Each place searched holds a planted word, so that the hunt can fail."""

import hashlib
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
import redis
from sqlalchemy import make_url

from intake.core import vault
from intake.core.secretfile import Secrets
from intake.reports import receipt
from intake.web.throttle import network_prefix
from tests.cast import PASSWORD
from tests.database import fresh_database
from tests.robustness import marked
from tests.robustness.installation import Installation, installed
from tests.robustness.live_server import MSX, free_port
from tests.robustness.needles import files_under, search
from tests.robustness.stealing import steal
from tests.robustness.test_refusals_are_silent import wait_for_another
from tests.robustness.visitor import Visitor

pytestmark = [pytest.mark.redis, pytest.mark.sqlite]

PLANTED = "藏针处放进去的PlAnT5eD"
CONTROLS = ("database", "free list", "write-ahead log", "redis", "temporary", "error output", "files")
SETTINGS = {
    "MSX_TRUSTED_PROXIES": "1", "MSX_FORM_FASTEST_SECONDS": "0", "MSX_REPORT_PACE": "1000/5seconds",
}  # fmt: skip
ADDRESSES = ("203.0.113.77", "2001:db8:77:88:9:a:b:c", "::ffff:198.51.100.23")


@dataclass(frozen=True)
class Counted:
    """A private redis-server, and what it holds on demand."""

    port: int
    folder: Path

    @property
    def client(self) -> redis.Redis:
        return redis.Redis(port=self.port)

    def keys(self) -> set[bytes]:
        with closing(self.client) as client:
            return {bytes(key) for key in client.scan_iter()}

    def dump(self) -> Path:
        """Everything it holds, as it would lie on a disk, not compressed."""
        with closing(self.client) as client:
            client.save()
        return self.folder / "dump.rdb"


@pytest.fixture(scope="module")
def counted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Counted]:
    folder, port = tmp_path_factory.mktemp("redis"), free_port()
    command = [shutil.which("redis-server") or "redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
    command += ["--dir", str(folder), "--rdbcompression", "no", "--appendonly", "no", "--daemonize", "no"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        found = Counted(port, folder)
        while True:
            try:
                with closing(found.client) as client:
                    client.ping()
                break
            except redis.ConnectionError:
                assert process.poll() is None, "redis-server ended"
        yield found
        process.terminate()


@dataclass(frozen=True)
class Scene:
    """What was done, and copies of every place where something could have been left."""

    installation: Installation
    filed: list[marked.Filed]
    stolen: Path
    before: set[bytes]  # Redis' keys after a hundred requests
    after: set[bytes]  # the same requests after the key was replaced


def visitors(installation: Installation, count: int) -> Iterator[Visitor]:
    """Somebody marked, again and again, from three networks."""
    for number in range(count):
        headers = marked.headers(number) | {"X-Forwarded-For": ADDRESSES[number % len(ADDRESSES)]}
        yield Visitor(installation.server.port, source=marked.DIRECT, headers=headers)


def requests(installation: Installation, count: int) -> None:
    """Look-ups, sign-ins and pages: all that the limits count."""
    for number, visitor in enumerate(visitors(installation, count)):
        if number % 4 == 0:
            visitor.look_up("38160944716205837719")
        elif number % 4 == 1:
            visitor.look_up(f"{number:019d}{_check(number)}")
        elif number % 4 == 2:
            token = visitor.get("/staff/login").token
            visitor.post("/staff/login", {"login": "nadellogin-61", "password": PASSWORD[::-1], "token": token})
        else:
            visitor.get(f"/b/{installation.board}?q={marked.REFERRER}")


def _check(number: int) -> str:
    return receipt.damm(f"{number:019d}")


def killed_while_a_photo_comes_in(installation: Installation) -> None:
    """Two thirds of a report are in the worker's memory when it is killed."""
    server = installation.server
    head = f"POST /b/{installation.board}/report HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n"
    head += f"User-Agent: {marked.AGENT}\r\nX-Forwarded-For: {ADDRESSES[0]}\r\n"
    head += "Content-Type: multipart/form-data; boundary=x\r\nContent-Length: 900000\r\n\r\n"
    body = f'--x\r\nContent-Disposition: form-data; name="body"\r\n\r\n{marked.WORDS["body"]}\r\n'
    body += f'--x\r\nContent-Disposition: form-data; name="files"; filename="{marked.WORDS["file name"]}.jpg"\r\n\r\n'
    with socket.create_connection(("127.0.0.1", server.port)) as line:
        line.sendall(head.encode() + body.encode() + marked.photo(3) * 60)
        Visitor(server.port).get("/")  # answered after what was sent before it has been taken
        (worker,) = server.workers()
        os.kill(worker, signal.SIGKILL)
        wait_for_another(server, worker)


def back_up(installation: Installation, archive: Path, house: Path) -> None:
    """A copy made while serving, as it lies about, and what it holds once its key has opened it."""
    environment = installation.server.environment
    key = installation.settings.dir / "backup.key"
    key.write_text(installation.recovery.backup, encoding="utf-8")
    subprocess.run([str(MSX), "backup", str(archive)], env=environment, check=True, capture_output=True)
    elsewhere = {name: value for name, value in environment.items() if not name.startswith("MSX_")}
    command = [str(MSX), "restore", str(archive), "--dir", str(house), "--key-file", str(key)]
    subprocess.run(command, env=elsewhere, check=True, capture_output=True)
    key.unlink()


def plant(scene: Installation, counted: Counted) -> None:
    """A word in every kind of place, left there as a careless program would leave it."""
    database = str(make_url(scene.settings.database_url).database)
    with closing(sqlite3.connect(database, isolation_level=None)) as rows:
        rows.execute("PRAGMA wal_autocheckpoint = 0")
        rows.execute("PRAGMA secure_delete = OFF")
        rows.execute("CREATE TABLE planted (word)")
        for _ in range(20):  # on many pages: some are taken again by what comes next
            rows.execute(f"INSERT INTO planted VALUES ('{PLANTED} free list ' || hex(randomblob(1500)))")
        rows.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        rows.execute("DROP TABLE planted")
        rows.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        assert rows.execute("PRAGMA freelist_count").fetchone()[0] > 0
        rows.execute(f"CREATE TABLE planted AS SELECT '{PLANTED} database' AS word")
        rows.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        rows.execute(f"UPDATE planted SET word = '{PLANTED} write-ahead log'")
        shutil.copy(f"{database}-wal", scene.settings.dir / "kept-wal")  # the last one to close it takes it away
    with closing(counted.client) as client:
        client.set(f"{PLANTED} redis", 1)
    (Path(scene.server.environment["TMPDIR"]) / "left").write_text(f"{PLANTED} temporary", encoding="utf-8")
    with scene.server.log.open("a", encoding="utf-8") as log:
        log.write(f"{PLANTED} error output\n")
    (scene.settings.dir / "files" / "left").write_text(f"{PLANTED} files", encoding="utf-8")


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory, counted: Counted) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("hunt")
    settings = SETTINGS | {"MSX_REDIS_URL": f"redis://127.0.0.1:{counted.port}/0"}
    with fresh_database(folder) as url, installed(folder, url, environment=settings) as installation:
        with installation.server:
            filed = marked.file_all(installation, 5)
            requests(installation, 100)
            before = counted.keys()
            killed_while_a_photo_comes_in(installation)
            stolen = steal(installation, folder / "stolen")
            shutil.copy(counted.dump(), stolen)
            back_up(installation, stolen / "archive", stolen / "restored")
            installation.server.kill()
        _new_day(counted)
        with installation.server:
            requests(installation, 12)
            installation.server.kill()
        after = counted.keys()
        yield Scene(installation, filed, stolen, before, after)


def _new_day(counted: Counted) -> None:
    """What a day's end does: whatever the key was made of has expired."""
    with closing(counted.client) as client:
        client.flushall()


def needles(installation: Installation, filed: list[marked.Filed]) -> dict[str, str | bytes]:
    found: dict[str, str | bytes] = {
        **marked.WORDS, **marked.ADDRESSES, **marked.PACKED, **marked.receipt_needles(filed), "phone": marked.PHONE,
        "agent": marked.AGENT, "referrer": marked.REFERRER, "cookie": marked.COOKIE, "login": "nadellogin-61",
    }  # fmt: skip
    for address in (*ADDRESSES, marked.DIRECT):
        found |= guesses(address, installation.world.secrets)
    return found


def guesses(address: str, secrets: Secrets) -> dict[str, str | bytes]:
    """What somebody would compute who has the secret file and tries every network there is: none of it is kept."""
    found: dict[str, str | bytes] = {}
    for text in (address, network_prefix(address), network_prefix(address).partition("/")[0]):
        for name in ("md5", "sha1", "sha256", "sha512", "blake2b"):
            found[f"{name} of {text}"] = hashlib.new(name, text.encode()).digest()[:16]
        for key_name in ("limiter_key", "form_token_key", "pepper"):
            key: bytes = getattr(secrets, key_name)
            found[f"{key_name} over {text}"] = vault.mac(key, "network", text)[:16]
    return found


def test_nothing_of_a_citizen_is_left_in_any_place(scene: Scene, counted: Counted, tmp_path: Path) -> None:
    """One test, for the scene is dear: the search, what Redis holds, and the control."""
    places = list(files_under(scene.stolen))
    assert {"dump.rdb", "msx.db", "msx.db-wal", "server.log"} <= {path.name for path in places}
    assert search(needles(scene.installation, scene.filed), places) == []
    house = list(files_under(scene.stolen / "restored"))
    assert search({"board": scene.installation.board}, house), "the copy, opened, is the house"
    assert search({"board": scene.installation.board}, [scene.stolen / "archive"]) == []
    redis_counts_networks_that_nothing_leads_back_to(scene, counted)
    the_hunt_finds_what_is_planted_in_each_place(scene, counted, tmp_path)


def the_hunt_finds_what_is_planted_in_each_place(scene: Scene, counted: Counted, tmp_path: Path) -> None:
    plant(scene.installation, counted)
    stolen = steal(scene.installation, tmp_path / "stolen")
    shutil.copy(counted.dump(), stolen)
    hits = search({control: f"{PLANTED} {control}" for control in CONTROLS}, files_under(stolen))
    assert {hit.needle for hit in hits} == set(CONTROLS)


def redis_counts_networks_that_nothing_leads_back_to(scene: Scene, counted: Counted) -> None:
    """A3: something was counted, for a while, under keys that are others once the day's key is replaced."""
    assert len(scene.before) >= len(ADDRESSES)
    assert len(scene.after) >= len(ADDRESSES)
    assert {key for key in scene.before & scene.after if b"salt" not in key} == set()
    with closing(counted.client) as client:
        lasting = [key for key in client.scan_iter() if client.ttl(key) == -1]
    assert lasting == [], "what is counted runs out"
