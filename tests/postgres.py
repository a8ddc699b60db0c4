"""A PostgreSQL server of one's own: made in a temporary folder, reached by its socket, gone afterwards."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

START_SECONDS = 30.0
STOP_SECONDS = 20.0
UNSAFE_AND_FAST = ("fsync=off", "full_page_writes=off", "synchronous_commit=off")


class Cluster:
    """A running server with an empty database `postgres`; `durable` keeps every commit on disk.

    The server listens on a Unix socket only, in a folder that nobody else may enter, so it needs neither
    a password nor a free port. Root cannot run PostgreSQL: there it runs as the packages' own user.
    """

    def __init__(self, *, durable: bool = False) -> None:
        self._options = () if durable else UNSAFE_AND_FAST
        # Not in TMPDIR: a socket's path may not be longer than 107 bytes.
        self.folder = Path(tempfile.mkdtemp(prefix="msx-pg-", dir="/tmp"))
        self._data = self.folder / "data"
        self._server: subprocess.Popen[bytes] | None = None

    def url(self, database: str = "postgres") -> str:
        """The address of one of the server's databases, for SQLAlchemy."""
        return f"postgresql://msx@/{database}?host={self.folder}"

    def __enter__(self) -> Self:
        try:
            self._make()
            self._start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop the server and remove everything it wrote."""
        if self._server is not None and self._server.poll() is None:
            self._server.send_signal(signal.SIGINT)  # ends connections that tests left open
            try:
                self._server.wait(STOP_SECONDS / 2)
            except subprocess.TimeoutExpired:
                self._server.kill()
                self._server.wait(STOP_SECONDS / 2)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _make(self) -> None:
        owner = _owner()
        if owner is not None:
            os.chown(self.folder, owner.pw_uid, owner.pw_gid)
        self._run(
            [
                str(programs() / "initdb"),
                "--pgdata", str(self._data),
                "--username", "msx",
                "--auth", "trust",
                "--encoding", "UTF8",
                "--locale", "C",
                "--no-sync",
            ]
        )  # fmt: skip

    def _start(self) -> None:
        settings = (
            "listen_addresses=",
            f"unix_socket_directories={self.folder}",
            "max_connections=200",
            *self._options,
        )
        command = [str(programs() / "postgres"), "-D", str(self._data)]
        for setting in settings:
            command += ["-c", setting]
        with self.log.open("wb") as log:
            started = _as_owner(command, dies_with_us=True)
            self._server = subprocess.Popen(started, stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd="/")
        self._wait()

    @property
    def log(self) -> Path:
        """What the server said, its errors included."""
        return self.folder / "server.log"

    def _wait(self) -> None:
        assert self._server is not None
        ready = [str(programs() / "pg_isready"), "--quiet", "--host", str(self.folder), "--username", "msx"]
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until and self._server.poll() is None:
            if subprocess.run(ready, check=False, cwd="/").returncode == 0:
                return
            time.sleep(0.05)
        raise RuntimeError(f"PostgreSQL did not start:\n{self.log.read_text(errors='replace')}")

    def _run(self, command: Sequence[str]) -> None:
        done = subprocess.run(_as_owner(command), capture_output=True, text=True, check=False, cwd="/")
        if done.returncode:
            raise RuntimeError(f"{Path(command[0]).name} failed:\n{done.stdout}{done.stderr}")


def programs() -> Path:
    """The folder of PostgreSQL's programs: Debian keeps them off the PATH, one folder a version."""
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3].split(".")[0])
    )
    if found:
        return found[-1].parent
    on_path = shutil.which("postgres")
    if on_path is None:
        raise FileNotFoundError("PostgreSQL is not installed: apt-get install postgresql")
    return Path(on_path).resolve().parent


def _owner() -> pwd.struct_passwd | None:
    """Whom the server runs as where we are root; None where it can run as ourselves."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise LookupError("PostgreSQL refuses to run as root, and there is no user postgres")


def _as_owner(command: Sequence[str], *, dies_with_us: bool = False) -> list[str]:
    """The command as the server's user; with `dies_with_us` it is stopped when we are killed."""
    owner = _owner()
    options = []
    if owner is not None:
        options += [f"--reuid={owner.pw_uid}", f"--regid={owner.pw_gid}", "--clear-groups"]
    if dies_with_us:
        options += ["--pdeathsig", "QUIT"]
    return ["setpriv", *options, *command] if options else list(command)
