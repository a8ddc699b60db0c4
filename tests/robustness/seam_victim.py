"""A process that writes from many threads until it is killed, and says on its output what was confirmed.

`python -m tests.robustness.seam_victim URL FIRST THREADS`: thread n books on account `a<FIRST+n>` alone and
prints `a<n> <number>` once write has returned.
"""

import os
import sys
from threading import Thread

from sqlalchemy.orm import Session

from intake.core.db import Database
from tests.services.ledger import book


class ChangedMind(Exception):
    """Raised after the rows were touched: nothing of them may stay."""


def fail_after(key: str, number: int) -> None:
    def fn(session: Session) -> None:
        book(key, number, 1_000)(session)
        raise ChangedMind

    try:
        DATABASE.write(fn)
    except ChangedMind:
        return


def work(key: str) -> None:
    number = 0
    while True:
        if number % 5 == 4:
            fail_after(key, number)
        else:
            DATABASE.write(book(key, number, number + 1))
            os.write(1, f"{key} {number}\n".encode())
        number += 1


if __name__ == "__main__":
    url, first, threads = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    DATABASE = Database(url)
    for offset in range(threads):
        Thread(target=work, args=(f"a{first + offset}",)).start()
