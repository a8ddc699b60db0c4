"""The product as it is run: `msx serve` in a process group of its own, started, killed and started again."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from config import SETTINGS, Settings

ROOT = Path(__file__).resolve().parents[2]
MSX = Path(sys.executable).with_name("msx")
START_SECONDS = 60.0
_OUT_OF_THE_WAY = "127.99.99.99"  # readiness is asked for from a network that no test files from


def free_port() -> int:
    """A port that nobody listens on at this moment."""
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        port: int = asked.getsockname()[1]
        return port


def environment_of(settings: Settings) -> dict[str, str]:
    """What a process needs to open the same installation: this one's settings, nothing of ours besides."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("MSX_")}
    own["TMPDIR"] = str(_temp_folder(settings))
    for setting in SETTINGS:
        value = getattr(settings, setting.attribute)
        if value is not None:
            own[setting.env] = _as_typed(value)
    return own


def _as_typed(value: object) -> str:
    """A setting's value as somebody would write it."""
    if isinstance(value, tuple):
        return ",".join(value) or "none"
    if isinstance(value, Mapping):
        said = {True: "work", False: "off"}  # of a day; days of keeping are written as they are
        return ",".join(f"{name}:{said[one] if isinstance(one, bool) else one}" for name, one in value.items())
    return str(value)


def _temp_folder(settings: Settings) -> Path:
    """A temporary folder of the installation's own, so that whatever is spooled there can be searched."""
    folder = settings.dir / "tmp"
    folder.mkdir(exist_ok=True)
    return folder


class LiveServer:
    """A command that serves on `port`. Its standard output and error go to one file, across restarts."""

    def __init__(self, command: Sequence[str], *, port: int, environment: Mapping[str, str], log: Path) -> None:
        self.command = list(command)
        self.port = port
        self.environment = dict(environment)
        self.log = log
        self.process: subprocess.Popen[bytes] | None = None

    @classmethod
    def of(cls, settings: Settings, *, port: int, log: Path, environment: Mapping[str, str]) -> Self:
        """`msx serve` over an installation whose public address says `port`; `environment` goes over its settings."""
        command = [str(MSX), "serve", "--port", str(port)]
        return cls(command, port=port, environment=environment_of(settings) | dict(environment), log=log)

    def start(self, *, ready: str = "/readyz") -> float:
        """Start and wait for the first answer; returns the seconds that took."""
        began = time.monotonic()
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command, env=self.environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd=ROOT,
                start_new_session=True,
            )  # fmt: skip
        while not self._answers(ready):
            took = time.monotonic() - began
            assert self.process.poll() is None, f"the server ended:\n{self.said()}"
            assert took < START_SECONDS, f"no answer in {START_SECONDS} s:\n{self.said()}"
            time.sleep(0.01)
        return time.monotonic() - began

    def _answers(self, path: str) -> bool:
        request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nConnection: close\r\n\r\n"
        try:
            with socket.create_connection(
                ("127.0.0.1", self.port), timeout=5, source_address=(_OUT_OF_THE_WAY, 0)
            ) as connection:
                connection.sendall(request.encode())
                return connection.recv(64).startswith(b"HTTP/1.1 200")
        except OSError:
            return False

    def kill(self) -> None:
        """SIGKILL to every process of the group: nobody gets to finish anything."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """SIGTERM, as a service manager does."""
        self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> None:
        process, self.process = self.process, None
        if process is None:
            return
        os.killpg(process.pid, how)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(20)
        _wait_until_gone(process.pid)

    def pids(self) -> list[int]:
        """The main process and all that it has started, children of children too."""
        assert self.process is not None
        return family(self.process.pid)

    def workers(self) -> list[int]:
        """The processes that answer requests."""
        return self.pids()[1:]

    def said(self) -> str:
        """Standard output and standard error so far."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def family(pid: int) -> list[int]:
    """A process and all that it has started, children of children too."""
    found = [pid]
    for known in found:
        found += [child for child, parent in _parents() if parent == known]
    return found


def _parents() -> list[tuple[int, int]]:
    """(process, its parent) for every process there is."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            stat = (folder / "stat").read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue  # ended while we looked
        # The name stands in brackets and may hold anything.
        match = re.match(r"(\d+) \(.*\) \S (\d+)", stat, re.DOTALL)
        assert match is not None
        found.append((int(match[1]), int(match[2])))
    return found


def _wait_until_gone(group: int) -> None:
    """Until no process of the group is left: the port, the locks and the files are free then."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return
        if all(_is_zombie(pid) for pid in _group(group)):
            return
        time.sleep(0.005)
    raise AssertionError(f"processes of group {group} outlived SIGKILL")


def _group(group: int) -> list[int]:
    found = []
    for pid, _ in _parents():
        try:
            if os.getpgid(pid) == group:
                found.append(pid)
        except ProcessLookupError:
            continue
    return found


def _is_zombie(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return True
    return stat.rpartition(")")[2].split()[0] == "Z"
