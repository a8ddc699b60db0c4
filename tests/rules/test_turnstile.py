"""The turnstile: order, places, and that nobody waits for ever. No clock decides here, only who is let in."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from intake.core.turnstile import Turnstile, step_in, stepped_out

NEVER = 60.0  # a patience that no test sees the end of
SOON = 0.001


class Someone:
    """A request in a thread of its own: comes, is in, and leaves when told to."""

    def __init__(self, turnstile: Turnstile, entered: list["Someone"], *, first: bool = False) -> None:
        self._turnstile = turnstile
        self._entered = entered
        self._first = first
        self._may_leave = threading.Event()
        self.is_in = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        self._turnstile.enter(first=self._first)
        self._entered.append(self)
        self.is_in.set()
        self._may_leave.wait()
        self._turnstile.leave()

    def leaves(self) -> None:
        self._may_leave.set()
        self._thread.join()


def waits(turnstile: Turnstile, entered: list[Someone], *, first: bool = False) -> Someone:
    """Somebody more in the line, once they really stand there."""
    before = turnstile.waiting
    someone = Someone(turnstile, entered, first=first)
    while turnstile.waiting == before:
        threading.Event().wait(SOON)
    return someone


def test_those_who_wait_come_in_in_their_order() -> None:
    turnstile, entered = Turnstile(1, patience=NEVER), list[Someone]()
    turnstile.enter()
    line = [waits(turnstile, entered) for _ in range(5)]
    turnstile.leave()
    for someone in line:
        someone.is_in.wait()
        assert (entered[-1], turnstile.inside) == (someone, 1)
        someone.leaves()
    assert entered == line
    assert (turnstile.inside, turnstile.waiting) == (0, 0)


def test_who_has_been_in_goes_before_those_who_have_not() -> None:
    turnstile, entered = Turnstile(1, patience=NEVER), list[Someone]()
    turnstile.enter()
    new = waits(turnstile, entered)
    back = waits(turnstile, entered, first=True)
    turnstile.leave()
    for someone in (back, new):
        someone.is_in.wait()
        someone.leaves()
    assert entered == [back, new]


def test_who_has_waited_long_goes_in_beside_the_others_and_the_places_are_right_afterwards() -> None:
    turnstile = Turnstile(1, patience=SOON)
    turnstile.enter()
    turnstile.enter()
    turnstile.enter()
    assert (turnstile.inside, turnstile.waiting) == (3, 0)
    for _ in range(3):
        turnstile.leave()
    assert turnstile.inside == 0


def test_nobody_is_let_in_for_one_of_too_many() -> None:
    turnstile, entered = Turnstile(1, patience=SOON), list[Someone]()
    turnstile.enter()
    turnstile.enter()
    turnstile._patience = NEVER
    someone = waits(turnstile, entered)
    turnstile.leave()
    assert (turnstile.inside, turnstile.waiting, entered) == (1, 1, [])
    turnstile.leave()
    someone.is_in.wait()
    someone.leaves()
    assert turnstile.inside == 0


def test_a_request_counts_from_its_first_step_to_its_end() -> None:
    turnstile = Turnstile(2)
    with turnstile.request():
        assert turnstile.inside == 0, "its body is still arriving"
        step_in()
        step_in()
        assert turnstile.inside == 1
        with stepped_out():
            assert turnstile.inside == 0
        assert turnstile.inside == 1
    assert turnstile.inside == 0


def test_a_request_that_fails_leaves_as_well() -> None:
    turnstile = Turnstile(2)

    def serve() -> None:
        with turnstile.request():
            step_in()
            with stepped_out():
                raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        serve()
    assert turnstile.inside == 0


def test_work_outside_of_requests_is_not_counted() -> None:
    turnstile = Turnstile(1)
    step_in()
    with stepped_out():
        pass
    with turnstile.request():
        pass
    step_in()
    assert turnstile.inside == 0


@contextmanager
def _rushing(turnstile: Turnstile, most: list[int]) -> Iterator[None]:
    with turnstile.request():
        step_in()
        most.append(turnstile.inside)
        yield


def test_in_a_rush_all_are_served_and_never_more_at_once_than_places() -> None:
    turnstile, most = Turnstile(3, patience=NEVER), list[int]()

    def serve() -> None:
        for _ in range(100):
            with _rushing(turnstile, most), stepped_out():
                pass

    with ExitStack() as stack:
        for _ in range(16):
            thread = threading.Thread(target=serve)
            thread.start()
            stack.callback(thread.join)
    assert len(most) == 1600
    assert max(most) <= 3
    assert (turnstile.inside, turnstile.waiting) == (0, 0)
