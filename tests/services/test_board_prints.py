"""Printing: what is recorded, which number a print carries, what is refused, one file or many, in the background."""

import io
import stat
import zipfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import zxingcpp
from PIL import Image
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from intake.boards import posters
from intake.boards import services as boards
from intake.boards.models import Board, BoardPrint, BoardRevision, PrintJob, Round, Site
from intake.boards.printing import Wanted
from intake.boards.queries import office as queries
from intake.boards.services import jobs, prints
from intake.boards.services.prints import NotPrinted, Printed
from intake.core.clock import FixedClock
from intake.core.errors import Invalid, NotFound
from intake.core.world import World
from intake.routing.services import reseal
from qr import code as codes
from qr import pdf, poster, readback
from tests.cast import Cast
from tests.journeys import live_board, make_site
from tests.oracle.agreement import statements

HERE, THERE = "CJ-990121200203", "CJ-990121200204"
A4 = Wanted()


@pytest.fixture
def code(world: World, cast: Cast) -> str:
    return live_board(world)


def rename(world: World, name: str, site_no: str = HERE) -> None:
    key = world.secrets.routing_key

    def record(session: Session) -> None:
        session.execute(update(Site).where(Site.site_no == site_no).values(name=name))
        reseal(session, key)

    world.db.write(record)


def printed(world: World, *codes_: str, wanted: Wanted = A4) -> list[Printed]:
    made = list(boards.print_each(world, "office1", codes=codes_, wanted=wanted))
    assert all(isinstance(one, Printed) for one in made), made
    return [one for one in made if isinstance(one, Printed)]


def revisions(world: World, code: str) -> list[tuple[int, bool]]:
    with world.db.read() as session:
        rows = session.scalars(select(BoardRevision).where(BoardRevision.board_code == code)).all()
    return sorted((row.number, row.digest is not None) for row in rows)


def noted(world: World) -> list[tuple[str, int, str, str, str]]:
    with world.db.read() as session:
        rows = session.scalars(select(BoardPrint)).all()
    return sorted((row.board_code, row.revision, row.kind, row.paper, row.by) for row in rows)


class TestNumbers:
    def test_the_first_print_is_the_first_revision_and_is_recorded(self, world: World, code: str) -> None:
        [made] = printed(world, code)
        assert made.file.startswith(b"%PDF")
        assert made.file_name == f"{HERE}_{code}_village_A4.pdf"
        assert revisions(world, code) == [(1, True)]
        assert noted(world) == [(code, 1, "village", "A4", "office1")]

    def test_the_same_again_keeps_its_number(self, world: World, code: str) -> None:
        first, second = printed(world, code)[0], printed(world, code)[0]
        assert first.file == second.file
        assert [row[1] for row in noted(world)] == [1, 1]

    def test_changed_content_is_the_next_and_keeps_its_words(self, world: World, code: str) -> None:
        printed(world, code)
        rename(world, "坪上村文化广场")
        [made] = printed(world, code)
        assert made.item.data.revision == 2
        assert "第2版" in "".join(pdf.words(made.file).split())
        with world.db.read() as session:
            board, kept = session.get_one(Board, code), session.get_one(BoardRevision, (code, 2))
        assert (board.revision, board.first_revision) == (2, 1)
        assert kept.check_words == board.check_words
        assert kept.made_by == "office1"

    def test_what_was_never_printed_may_change_without_a_number(self, world: World, code: str) -> None:
        rename(world, "坪上村文化广场")
        assert printed(world, code)[0].item.data.revision == 1

    def test_a_preview_is_no_print(self, world: World, code: str) -> None:
        printed(world, code)
        rename(world, "坪上村文化广场")
        item, refused = boards.look_at(world, board_code=code, wanted=A4)
        assert refused is None
        assert item.data.revision == 2, "it shows the number that the print would carry"
        assert boards.preview_picture(item, A4).startswith(b"\x89PNG")
        assert (len(noted(world)), revisions(world, code)) == (1, [(1, True)])

    def test_a_rotated_board_goes_on_with_the_number_of_its_rotation(self, world: World, code: str) -> None:
        printed(world, code)
        fresh = boards.rotate(world, "office1", code=code, reason="坏了")
        assert printed(world, fresh)[0].item.data.revision == 2
        assert revisions(world, fresh) == [(2, True)]

    def test_a_moved_board_is_another_content(self, world: World, code: str) -> None:
        make_site(world, site_no=THERE)
        printed(world, code)
        boards.move(world, "office1", code=code, site_no=THERE, reason="搬了")
        [made] = printed(world, code)
        assert (made.item.data.revision, made.item.saying.site_no) == (2, THERE)

    def test_what_somebody_else_printed_meanwhile_is_made_again(
        self, world: World, code: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        printed(world, code)
        rename(world, "坪上村文化广场")
        record, once = prints._record, [True]

        def after_somebody_else(*args: object) -> set[str]:
            if once.pop() if once else False:
                monkeypatch.setattr(prints, "_record", record)
                printed(world, code)
                rename(world, "坪上村老戏台")
                printed(world, code)
            return record(*args)  # type: ignore[arg-type]  # as it was called

        monkeypatch.setattr(prints, "_record", after_somebody_else)
        [made] = printed(world, code)
        assert made.item.data.revision == 3
        assert made.item.data.name == "坪上村老戏台"


def test_a_notice_says_when_the_round_closes_to_the_hour(world: World, cast: Cast) -> None:
    code = live_board(world, site_no="DW-1", kind="unit")
    opens = datetime(2026, 11, 1, 1, tzinfo=UTC)
    row = Round(name="岚溪县委第五轮巡察", committee="中共岚溪县委", opens_at=opens)
    row.closes_at = opens + timedelta(days=30)

    def record(session: Session) -> None:
        session.add(row)
        session.flush()
        session.execute(update(Site).where(Site.site_no == "DW-1").values(round_id=row.id))
        reseal(session, world.secrets.routing_key)

    world.db.write(record)
    with world.db.read() as session:
        data = posters.sayings(session, world.settings, [code])[code].data
    assert data.rows == (("巡察时间", "2026.11.1 至 2026.12.1"), ("受理截止", "2026.12.1 09:00"))
    assert (data.headline, data.committee) == ("岚溪县委第五轮巡察", "中共岚溪县委")


class TestRefusals:
    @pytest.fixture
    def three(self, world: World, code: str) -> list[str]:
        found = [code]
        for site_no in (THERE, "CJ-990121200205"):
            make_site(world, site_no=site_no)
            found.append(boards.make_board(world, "test", site_no=site_no))
        return found

    def test_one_that_fails_is_named_with_its_field_and_the_others_are_kept(
        self, world: World, three: list[str]
    ) -> None:
        rename(world, "坪上" * 60, site_no=THERE)
        rename(world, "坪\U000f1234村", site_no="CJ-990121200205")
        made = list(boards.print_each(world, "office1", codes=three, wanted=A4))
        refused = {one.code: one for one in made if isinstance(one, NotPrinted)}
        assert [one.item.saying.code for one in made if isinstance(one, Printed)] == three[:1]
        assert refused[three[1]].site_no == THERE
        assert refused[three[1]].field in ("名称", "地点"), "a village's board sets both in one line"
        assert "太长" in refused[three[1]].reason
        assert "字库里没有" in refused[three[2]].reason
        assert [row[0] for row in noted(world)] == three[:1]

    def test_a_code_that_warns_or_is_none_is_not_printed(self, world: World, three: list[str]) -> None:
        fresh = boards.rotate(world, "t", code=three[0], reason="x")
        boards.set_state(world, "t", code=three[1], state="revoked", reason="x")
        nothing = codes.new_code()
        made = list(boards.print_each(world, "t", codes=[*three[:2], nothing, fresh], wanted=A4))
        said = {one.code: one.reason for one in made if isinstance(one, NotPrinted)}
        assert set(said) == {*three[:2], nothing}
        assert all("停用" in said[one] for one in three[:2])

    def test_a_kind_that_is_not_drawn_on_a_paper(self, world: World, code: str) -> None:
        with pytest.raises(Invalid) as refused:
            list(boards.print_each(world, "t", codes=[code], wanted=Wanted(kind="works", paper="card")))
        assert set(refused.value.fields) == {"paper"}


def test_the_preview_cannot_be_scanned(world: World, code: str) -> None:
    item, _ = boards.look_at(world, board_code=code, wanted=A4)
    with Image.open(io.BytesIO(boards.preview_picture(item, A4))) as picture:
        assert zxingcpp.read_barcodes(picture) == []
        assert picture.width > 600


class TestOneFile:
    def test_every_page_in_the_order_given_reads_its_own_code(self, world: World, code: str, tmp_path: Path) -> None:
        make_site(world, site_no=THERE)
        other = boards.make_board(world, "test", site_no=THERE)
        out = tmp_path / "all.pdf"
        made, refused = boards.print_one_file(world, "office1", codes=[other, code], wanted=A4, out=out)
        assert refused == []
        assert [item.saying.code for item in made] == [other, code]
        readback.check_pdf(out.read_bytes(), [poster.expected(poster.prepare(one.data, one.paper)) for one in made])
        assert len(noted(world)) == 2

    def test_where_none_is_left_there_is_no_file(self, world: World, code: str, tmp_path: Path) -> None:
        boards.set_state(world, "t", code=code, state="revoked", reason="x")
        out = tmp_path / "all.pdf"
        made, refused = boards.print_one_file(world, "office1", codes=[code], wanted=A4, out=out)
        assert (made, [one.code for one in refused], out.exists()) == ([], [code], False)


def test_facts_of_many_boards_cost_a_constant_number_of_statements(world: World, code: str) -> None:
    make_site(world, site_no=THERE)
    more = [boards.make_board(world, "test", site_no=THERE) for _ in range(12)]
    counts = []
    for wanted in ([code], [code, *more]):
        with world.db.read() as session, statements() as said:
            assert len(posters.sayings(session, world.settings, wanted)) == len(wanted)
        counts.append(len(said))
    assert counts[0] == counts[1] <= 2


def test_a_region_holds_everything_below_it_in_binding_order(world: World, code: str) -> None:
    make_site(world, site_no="CJ-990121200100")
    first = boards.make_board(world, "t", site_no="CJ-990121200100")
    boards.set_state(world, "t", code=first, state="live", reason="x")
    with world.db.read() as session:
        for region in (None, "990121", "990121200", "990121200203"):
            assert queries.codes_to_print(session, region=region) == [first, code]
        assert queries.codes_to_print(session, region="990122") == []
        assert queries.codes_to_print(session, kind="project") == []


class TestJobs:
    def test_one_pdf_from_waiting_to_done(self, world: World, code: str, cast: Cast) -> None:
        job_id = self.open(world, cast, [code])
        assert self.state(world, cast, job_id) == "waiting"
        jobs.run_job(world, job_id)
        job = jobs.job_of(world, cast.office.actor, job_id=job_id)
        assert (job.state, job.done, job.failed, job.by) == ("done", 1, (), "示例辛")
        path, name = jobs.file_of(world, cast.office.actor, job_id=job_id)
        assert path.read_bytes().startswith(b"%PDF")
        assert name.endswith(".pdf")
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700

    def test_an_archive_has_a_file_a_board_a_contact_sheet_and_who_was_left_out(
        self, world: World, code: str, cast: Cast
    ) -> None:
        hostile = "../../etc/passwd"
        make_site(world, site_no=hostile)
        odd = boards.make_board(world, "t", site_no=hostile)
        make_site(world, site_no=THERE)
        long = boards.make_board(world, "t", site_no=THERE)
        rename(world, "坪上" * 60, site_no=THERE)
        job_id = self.open(world, cast, [code, odd, long], bundle="zip")
        jobs.run_job(world, job_id)
        path, _ = jobs.file_of(world, cast.office.actor, job_id=job_id)
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            assert archive.testzip() is None
            assert f"{HERE}_{code}_village_A4.pdf" in names
            assert f"etc_passwd_{odd}_village_A4.pdf" in names
            assert not [name for name in names if "/" in name or ".." in name]
            assert archive.read(jobs.CONTACT_SHEET).startswith(b"%PDF")
            assert THERE in archive.read(jobs.LEFT_OUT).decode()
            assert "太长" in archive.read(jobs.LEFT_OUT).decode()
        assert [one.code for one in jobs.job_of(world, cast.office.actor, job_id=job_id).failed] == [long]

    def test_only_who_started_it_or_the_office_may_have_it(self, world: World, code: str, cast: Cast) -> None:
        job_id = self.open(world, cast, [code], who="administrator")
        jobs.run_job(world, job_id)
        for who in (cast.administrator, cast.office):
            assert jobs.file_of(world, who.actor, job_id=job_id)[0].exists()
        other = replace(cast.administrator.actor, person_id="somebody")
        offices = self.open(world, cast, [code])
        for actor, one in ((other, job_id), (cast.administrator.actor, offices), (cast.office.actor, "nothing")):
            with pytest.raises(NotFound):
                jobs.job_of(world, actor, job_id=one)
            with pytest.raises(NotFound):
                jobs.file_of(world, actor, job_id=one)

    def test_a_restart_is_told_and_what_it_left_is_cleared(
        self, world: World, code: str, cast: Cast, clock: FixedClock
    ) -> None:
        job_id = self.open(world, cast, [code])
        world.db.write(lambda session: session.execute(update(PrintJob).values(state="running", done=0)))
        left = world.settings.dir / "prints" / f"{job_id}.pdf.part"
        left.parent.mkdir(exist_ok=True)
        left.write_bytes(b"%PDF half")
        assert self.state(world, cast, job_id) == "running"
        assert boards.clear_old_prints(world) == 0
        clock.advance(timedelta(minutes=2))
        assert self.state(world, cast, job_id) == "cut"
        with pytest.raises(NotFound):
            jobs.file_of(world, cast.office.actor, job_id=job_id)
        assert boards.clear_old_prints(world) == 1
        assert not left.exists()

    def test_whoever_works_beats_for_those_who_wait(
        self, world: World, code: str, cast: Cast, clock: FixedClock
    ) -> None:
        first, behind = self.open(world, cast, [code]), self.open(world, cast, [code])
        clock.advance(timedelta(minutes=2))
        jobs.run_job(world, first, waiting=lambda: [behind])
        assert self.state(world, cast, behind) == "waiting"
        jobs.run_job(world, behind)
        assert self.state(world, cast, behind) == "done"

    def test_after_a_day_the_file_is_gone(self, world: World, code: str, cast: Cast, clock: FixedClock) -> None:
        job_id = self.open(world, cast, [code])
        jobs.run_job(world, job_id)
        path, _ = jobs.file_of(world, cast.office.actor, job_id=job_id)
        clock.advance(timedelta(hours=23))
        assert boards.clear_old_prints(world) == 0
        clock.advance(timedelta(hours=2))
        assert self.state(world, cast, job_id) == "expired"
        assert boards.clear_old_prints(world) == 1
        assert not path.exists()
        clock.advance(timedelta(days=40))
        boards.clear_old_prints(world)
        with pytest.raises(NotFound):
            jobs.job_of(world, cast.office.actor, job_id=job_id)

    def test_twice_is_once(self, world: World, code: str, cast: Cast) -> None:
        job_id = self.open(world, cast, [code])
        jobs.run_job(world, job_id)
        jobs.run_job(world, job_id)
        jobs.run_job(world, "nothing")
        assert len(noted(world)) == 1

    def test_what_breaks_is_told(self, world: World, code: str, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
        def full(*_: object, **__: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(jobs, "print_one_file", full)
        job_id = self.open(world, cast, [code])
        jobs.run_job(world, job_id)
        assert self.state(world, cast, job_id) == "failed"
        assert list((world.settings.dir / "prints").iterdir()) == []

    def test_nothing_chosen_or_no_such_file(self, world: World, code: str, cast: Cast) -> None:
        for codes_, bundle, wanted, field in (
            ([], "pdf", A4, "code"), ([code], "tar", A4, "bundle"), ([code], "pdf", Wanted("works", "card"), "paper"),
        ):  # fmt: skip
            with pytest.raises(Invalid) as refused:
                jobs.open_job(
                    world, cast.office.actor, codes=codes_, wanted=wanted, bundle=bundle, chosen=[("all", "y")]
                )
            assert set(refused.value.fields) == {field}

    def open(self, world: World, cast: Cast, codes_: list[str], *, bundle: str = "pdf", who: str = "office") -> str:
        return jobs.open_job(
            world, getattr(cast, who).actor, codes=codes_, wanted=A4, bundle=bundle, chosen=[("all", "y")]
        )

    def state(self, world: World, cast: Cast, job_id: str) -> str:
        return jobs.job_of(world, cast.office.actor, job_id=job_id).state
