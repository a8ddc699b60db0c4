"""The citizen's box: what the receipt opens, what it never opens, and what is added through it."""

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from intake.core import vault
from intake.core.clock import FixedClock
from intake.core.errors import Invalid, NotFound
from intake.core.vault import VaultError
from intake.core.world import World
from intake.people import services as people
from intake.reports import content, receipt, services
from intake.reports.models import Addition, Note, Report, ReportFile
from intake.reports.services import Upload
from intake.routing.models import Grant
from intake.triage import services as triage
from intake.web.formtoken import FormToken
from tests.cast import Cast, enter
from tests.journeys import BODY, live_board, photo, report_of


@pytest.fixture
def digits(world: World, cast: Cast) -> str:
    """The receipt of a filed report of team4."""
    token = FormToken("report", live_board(world), vault.random_bytes(16), world.clock.now())
    return services.file_report(world, token=token, draft=content.normalised(body=BODY)).digits


def box_token(world: World) -> FormToken:
    return FormToken("box", "", vault.random_bytes(16), world.clock.now())


def as_liaison(world: World, cast: Cast, digits: str, act: Callable[..., object], **arguments: object) -> None:
    who = enter(world, cast.liaison).signed_in
    report = report_of(world, digits)
    act(world, who, report.id, version=report.version, **arguments)


def test_a_fresh_box_says_received_and_holds_nothing(world: World, cast: Cast, digits: str) -> None:
    box = services.open_box(world, digits=digits)
    assert (box.state, box.messages, box.additions, box.rating_open) == ("received", (), (), False)
    assert box.filed_on == world.today()
    track = [(s.state, s.status) for s in box.steps]
    assert track == [("received", "now"), ("in_progress", "next"), ("closed", "next")]


def test_an_unknown_receipt_is_nothing(world: World, cast: Cast, digits: str) -> None:
    other = receipt.derive(world.secrets.receipt_key, b"n" * 16, b"d" * 32)
    with pytest.raises(NotFound):
        services.open_box(world, digits=other)


def test_a_question_and_its_answer(world: World, cast: Cast, digits: str, clock: FixedClock) -> None:
    as_liaison(world, cast, digits, triage.answer, text="请问是哪一段路？", ask=True)
    box = services.open_box(world, digits=digits)
    assert box.state == "needs_info"
    assert [(m.text, m.asks) for m in box.messages] == [("请问是哪一段路？", True)]
    assert [s.state for s in box.steps if s.status == "now"] == ["needs_info"]
    clock.advance(timedelta(days=1))
    added = services.add_to_report(world, digits=digits, token=box_token(world), body="学校门口那一段。")
    assert added.wrote
    box = services.open_box(world, digits=digits)
    assert box.state == "received"
    assert [(a.kind, a.day) for a in box.additions] == [("message", world.today())]
    case = triage.open_case(world, enter(world, cast.leader).signed_in, report_of(world, digits).id)
    assert [(m.ours, m.text) for m in case.box] == [(True, "请问是哪一段路？"), (False, "学校门口那一段。")]


def test_the_receipt_opens_the_box_and_neither_report_nor_note(world: World, cast: Cast, digits: str) -> None:
    triage.add_note(world, enter(world, cast.liaison).signed_in, report_of(world, digits).id, text="先去看看。")
    keys = receipt.opened(digits, world.secrets.pepper)
    report = report_of(world, digits)
    assert report.box_for_receipt is not None
    box_key = vault.decrypt(keys.key, report.box_for_receipt, ("report", report.id, "box_for_receipt"))
    with world.db.read() as session:
        note = session.scalars(select(Note)).one()
    sealed = (
        (report.content, ("report", report.id, "content")),
        (report.contact, ("report", report.id, "contact")),
        (note.text, ("note", f"{report.id}/1", "text")),
    )
    for key in (keys.key, box_key):
        for ciphertext, place in sealed:
            with pytest.raises(VaultError):
                vault.decrypt(key, ciphertext, place)


def test_the_same_message_from_the_same_page_counts_once(world: World, cast: Cast, digits: str) -> None:
    token = box_token(world)
    results = []

    def post() -> None:
        results.append(services.add_to_report(world, digits=digits, token=token, body="就是村口那一段。"))

    threads = [threading.Thread(target=post) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [one.wrote for one in results] == [True] * 6
    with world.db.read() as session:
        assert session.scalar(select(func.count()).select_from(Addition)) == 1
    services.add_to_report(world, digits=digits, token=token, body="还有桥头。")
    with world.db.read() as session:
        assert session.scalar(select(func.count()).select_from(Addition)) == 2


def test_what_is_added_is_sealed_to_the_present_readers_only(world: World, cast: Cast, digits: str) -> None:
    people.leave(world, cast.administrator.actor, person_id=cast.recused.person_id)
    services.add_to_report(world, digits=digits, token=box_token(world), body="又看到一次。")
    with world.db.read() as session:
        addition = session.scalars(select(Addition)).one()
        held = set(session.scalars(select(Grant.holder).where(Grant.envelope == addition.id)))
    assert held == {cast.liaison.person_id, cast.leader.person_id, cast.office.person_id, "recovery:county"}


def test_photos_after_the_report_up_to_ten_in_all(world: World, cast: Cast, digits: str) -> None:
    for number in range(9):
        upload = Upload(f"{number}.jpg", photo(20 + number * 10))
        assert services.add_to_report(world, digits=digits, token=box_token(world), uploads=[upload]).taken == 1
    two = [Upload("甲.jpg", photo(200)), Upload("乙.jpg", photo(220))]
    added = services.add_to_report(world, digits=digits, token=box_token(world), uploads=two)
    assert (added.taken, [(p.name, p.reason) for p in added.problems]) == (1, [("乙.jpg", "too_many")])
    with world.db.read() as session:
        assert session.scalar(select(func.count()).select_from(ReportFile)) == 10


def test_nothing_at_all_is_asked_for_again(world: World, cast: Cast, digits: str) -> None:
    with pytest.raises(Invalid) as refused:
        services.add_to_report(world, digits=digits, token=box_token(world), body="  \r\n ")
    assert "body" in refused.value.fields


def test_rating_comes_once_and_after_the_end(world: World, cast: Cast, digits: str) -> None:
    with pytest.raises(Invalid):
        services.rate_report(world, digits=digits, token=box_token(world), score=5)
    as_liaison(world, cast, digits, triage.move, to="closed", result="fixed", text="路修好了。")
    box = services.open_box(world, digits=digits)
    assert (box.state, box.rating_open) == ("closed", True)
    assert box.messages[-1].text == "办理结果：已整改。\n路修好了。"
    token = box_token(world)
    services.rate_report(world, digits=digits, token=token, score=4, text="谢谢")
    services.rate_report(world, digits=digits, token=token, score=4, text="谢谢")
    with pytest.raises(Invalid):
        services.rate_report(world, digits=digits, token=box_token(world), score=1)
    with pytest.raises(Invalid):
        services.rate_report(world, digits=digits, token=box_token(world), score=6)
    case = triage.open_case(world, enter(world, cast.leader).signed_in, report_of(world, digits).id)
    assert [(a.kind, a.score, a.text) for a in case.additions] == [("rating", 4, "谢谢")]
    assert not services.open_box(world, digits=digits).rating_open


def test_two_reports_two_receipts_each_its_own(world: World, cast: Cast, digits: str) -> None:
    code = live_board(world, site_no="CJ-2")
    token = FormToken("report", code, vault.random_bytes(16), world.clock.now())
    other = services.file_report(world, token=token, draft=content.normalised(body=BODY)).digits
    as_liaison(world, cast, digits, triage.answer, text="只写给第一件。")
    assert len(services.open_box(world, digits=digits).messages) == 1
    assert services.open_box(world, digits=other).messages == ()
    with world.db.read() as session:
        assert session.scalar(select(func.count()).select_from(Report)) == 2


def at_once(*acts: Callable[[], object]) -> list[object]:
    """Every act in a thread of its own, started together; what each returned or raised."""
    start, results = threading.Barrier(len(acts)), []

    def run(act: Callable[[], object]) -> None:
        start.wait()
        try:
            results.append(act())
        except Exception as error:
            results.append(error)

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def count(world: World, table: type[Addition] | type[ReportFile]) -> int:
    with world.db.read() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_two_pages_with_other_words_and_the_same_photo_are_both_kept(world: World, cast: Cast, digits: str) -> None:
    """The photo is there once; neither text is lost to the race for it."""
    same = photo(90)

    def write(text: str) -> Callable[[], object]:
        token = box_token(world)
        return lambda: services.add_to_report(
            world, digits=digits, token=token, body=text, uploads=[Upload("a.jpg", same)]
        )

    results = at_once(write("第一页写的话。"), write("第二页写的话。"), write("第三页写的话。"))
    assert [getattr(result, "wrote", result) for result in results] == [True] * 3
    assert (count(world, Addition), count(world, ReportFile)) == (3, 1)


def test_ten_photos_is_ten_however_many_pages_send_at_once(world: World, cast: Cast, digits: str) -> None:
    def send(page: int) -> Callable[[], object]:
        token = box_token(world)
        uploads = [Upload(f"{page}{n}.jpg", photo(10 + page * 60 + n * 7)) for n in range(4)]
        return lambda: services.add_to_report(world, digits=digits, token=token, uploads=uploads)

    results = at_once(*(send(page) for page in range(4)))
    assert all(isinstance(result, services.Added) for result in results), results
    assert count(world, ReportFile) == 10


def test_four_ratings_at_once_are_one(world: World, cast: Cast, digits: str) -> None:
    as_liaison(world, cast, digits, triage.move, to="closed", result="fixed")

    def rate(score: int) -> Callable[[], object]:
        token = box_token(world)
        return lambda: services.rate_report(world, digits=digits, token=token, score=score)

    results = at_once(*(rate(score) for score in (1, 2, 4, 5)))
    assert sorted(type(result).__name__ for result in results) == ["Invalid", "Invalid", "Invalid", "NoneType"]
    assert count(world, Addition) == 1


def test_repeats_of_a_filing_that_bring_a_photo_at_once_answer_with_the_receipt(world: World, cast: Cast) -> None:
    token = FormToken("report", live_board(world, site_no="CJ-2"), vault.random_bytes(16), world.clock.now())
    draft = content.normalised(body=BODY)
    first = services.file_report(world, token=token, draft=draft).digits
    again = [
        lambda: services.file_report(world, token=token, draft=draft, uploads=[Upload("a.jpg", photo(77))]).digits
        for _ in range(4)
    ]
    assert at_once(*again) == [first] * 4
    assert count(world, ReportFile) == 1


def test_a_store_out_of_reach_leaves_the_photo_out_and_files_the_text(
    world: World, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = live_board(world, site_no="CJ-2")

    def unreachable(*_: object, **__: object) -> None:
        raise ConnectionError("store")

    monkeypatch.setattr(world.storage, "put", unreachable)
    token = FormToken("report", code, vault.random_bytes(16), world.clock.now())
    filed = services.file_report(
        world, token=token, draft=content.normalised(body=BODY), uploads=[Upload("桥.jpg", photo())]
    )
    assert (filed.taken, [(p.name, p.reason) for p in filed.problems]) == (0, [("桥.jpg", "busy")])
    assert services.open_box(world, digits=filed.digits).state == "received"
