"""The load: citizens in a closed loop, in a process of their own, as cheap as a socket.

`python -m bench.load PORT SECONDS CLIENTS` reads one board code a line on its input, lets each client do
whole journeys (form, POST with the receipt page, look-up) one after the other, and prints JSON: what each
request took in milliseconds and how much processor the load itself used. A journey is one connection, and a
board is taken in turn, so that no board's limit is met before all of them are.
"""

import itertools
import json
import random
import re
import socket
import sys
import threading
import time
from dataclasses import dataclass, field

# What people write: clauses put together anew for every report, for those who say the same thing are linked.
CLAUSES = (
    "村口的路修了半截就停了",
    "石子堆在学校门口",
    "孩子每天绕着走",
    "下雨天更难走",
    "问了几回都没有人管",
    "低保名单从来没有贴出来",
    "评的时候没开过会",
    "真正困难的几户反而没有",
    "会计一个人管着账",
    "去年的账到现在没公开",
    "鱼塘一亩一年才一百五",
    "合同一签就是二十年",
    "隔壁组都是六百多",
    "没开会也没公示",
    "包给了亲戚",
    "路灯坏了两个多月",
    "老人晚上摔过跤",
    "说了三次没人来",
    "垃圾池满了没人拉",
    "水管三天两头没水",
    "补贴少发了两亩多",
    "去问说系统里就这样",
    "让我别到处问",
    "办手续跑了四趟",
    "每次缺的材料都不一样",
    "窗口的人一直在看手机",
    "让找中介代办",
    "收了两百块没给票",
    "食堂的菜一个星期一个样",
    "碗里没几片肉",
)
CLAUSES_IN_A_REPORT = 5


def body_of(number: int) -> str:
    """The text of this report: the same for the same number, hardly alike for others."""
    chosen = random.Random(number).sample(CLAUSES, CLAUSES_IN_A_REPORT)
    return f"{'，'.join(chosen)}。{number}"


BOUNDARY = "----bench"
_TOKEN = re.compile(rb'name="token"[^>]*value="([^"]+)"')
_RECEIPT = re.compile(rb'data-testid="receipt"[^>]*>(.*?)</p>', re.DOTALL)
STEPS = ("form", "post", "look-up")


@dataclass
class Tally:
    """Milliseconds of each request by step; how many journeys were whole."""

    milliseconds: dict[str, list[float]] = field(default_factory=lambda: {step: [] for step in STEPS})
    journeys: int = 0
    failures: list[str] = field(default_factory=list)


class Connection:
    """HTTP over one socket: what is asked is written, what is answered is read by its length."""

    def __init__(self, port: int, *, headers: str = "") -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._host = f"Host: 127.0.0.1:{port}\r\n{headers}"

    def ask(self, method: str, path: str, kind: str = "", body: bytes = b"") -> tuple[int, bytes]:
        head = f"{method} {path} HTTP/1.1\r\n{self._host}"
        if body:
            head += f"Content-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
        self._socket.sendall(head.encode() + b"\r\n" + body)
        return self._answer()

    def _answer(self) -> tuple[int, bytes]:
        data = b""
        while (end := data.find(b"\r\n\r\n")) < 0:
            data += self._more()
        head = data[:end].lower()
        length = int(head.partition(b"content-length:")[2].split(b"\r\n", 1)[0])
        while len(data) < end + 4 + length:
            data += self._more()
        return int(data[9:12]), data[end + 4 :]

    def _more(self) -> bytes:
        piece = self._socket.recv(65536)
        if not piece:
            raise ConnectionError("the server hung up")
        return piece

    def close(self) -> None:
        self._socket.close()


def multipart(fields: dict[str, str]) -> bytes:
    parts = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    ]
    return ("".join(parts) + f"--{BOUNDARY}--\r\n").encode()


def journey(port: int, board: str, number: int, tally: Tally) -> None:
    """One citizen's whole way, each request timed. Raises on an answer that is not what it should be."""
    connection = Connection(port)
    try:
        page = _timed(tally, "form", connection, "GET", f"/b/{board}/report")
        token = _TOKEN.search(page)
        assert token is not None
        form = multipart({"token": token[1].decode(), "body": body_of(number), "identity": "anonymous"})
        kind = f"multipart/form-data; boundary={BOUNDARY}"
        page = _timed(tally, "post", connection, "POST", f"/b/{board}/report", kind, form)
        shown = _RECEIPT.search(page)
        assert shown is not None
        digits = re.sub(rb"\D", b"", re.sub(rb"<[^>]+>", b"", shown[1]))
        kind = "application/x-www-form-urlencoded"
        _timed(tally, "look-up", connection, "POST", "/receipt", kind, b"receipt=" + digits)
    finally:
        connection.close()


def _timed(
    tally: Tally, step: str, connection: Connection, method: str, path: str, kind: str = "", body: bytes = b""
) -> bytes:
    began = time.perf_counter()
    status, page = connection.ask(method, path, kind, body)
    tally.milliseconds[step].append((time.perf_counter() - began) * 1000)
    if status != 200:
        raise ConnectionError(f"{method} {path}: {status}")
    return page


def main() -> None:
    port, seconds, clients = int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])
    boards = itertools.cycle(sys.stdin.read().split())
    numbers, turn, until = itertools.count(), threading.Lock(), time.perf_counter() + seconds
    tallies = [Tally() for _ in range(clients)]

    def work(tally: Tally) -> None:
        while time.perf_counter() < until:
            with turn:
                board, number = next(boards), next(numbers)
            try:
                journey(port, board, number, tally)
                tally.journeys += 1
            except (OSError, AssertionError) as error:
                tally.failures.append(str(error))

    began = time.perf_counter()
    threads = [threading.Thread(target=work, args=(tally,)) for tally in tallies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    json.dump(
        {
            "seconds": time.perf_counter() - began,
            "journeys": sum(tally.journeys for tally in tallies),
            "failures": [failure for tally in tallies for failure in tally.failures],
            "milliseconds": {s: [ms for tally in tallies for ms in tally.milliseconds[s]] for s in STEPS},
            "cpu_seconds": time.process_time(),
        },
        sys.stdout,
    )


if __name__ == "__main__":
    main()
