"""A Redis of one's own: on a socket in a temporary folder, writing nothing to disk, gone afterwards."""

import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import redis

_START_SECONDS = 20.0


class RedisServer:
    """`start` and `stop` any number of times; `url` stays the same. Options as in redis.conf."""

    def __init__(self, **options: str) -> None:
        # Not in TMPDIR: a socket's path may not be longer than 107 bytes.
        self.folder = Path(tempfile.mkdtemp(prefix="msx-redis-", dir="/tmp"))
        self._options = {"save": "", "appendonly": "no"} | options
        self._server: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"unix://{self.folder}/socket"

    def client(self) -> Any:
        return redis.from_url(self.url)

    def start(self) -> None:
        command = ["redis-server", "--port", "0", "--unixsocket", f"{self.folder}/socket", "--dir", str(self.folder)]
        for name, value in self._options.items():
            command += [f"--{name}", *value.split(" ")]
        self._server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + _START_SECONDS
        while True:
            try:
                self.client().ping()
            except redis.RedisError:
                assert time.monotonic() < deadline, "redis-server did not start"
                time.sleep(0.01)
            else:
                return

    def stop(self) -> None:
        """As when it is killed: what it held is gone."""
        if self._server is not None:
            self._server.kill()
            self._server.wait(20)
            self._server = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
