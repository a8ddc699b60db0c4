"""A colleague's page of keys: a newcomer is recognised face to face, then given what came before."""

import pytest
from sqlalchemy.orm import Session

from intake.core import vault
from intake.core.access import Role
from intake.core.secretfile import RecoveryKeys
from intake.core.world import World
from intake.people import queries
from intake.people.models import PersonKey
from intake.triage import views
from tests.cast import PASSWORD, Member, add_member, build_cast
from tests.client import PageClient
from tests.views.desk import BODY, Desk, hidden, marked, words


@pytest.fixture
def desk(world: World, recovery: RecoveryKeys, client: PageClient) -> Desk:
    desk = Desk(world, build_cast(world, recovery), client)
    desk.open_boards()
    return desk


@pytest.fixture
def newcomer(desk: Desk) -> Member:
    """Has chosen a password and signed in once; nobody has confirmed the key."""
    return add_member(desk.world, "leader4b", "示例午", Role.team_leader, "team4")


def confirm(desk: Desk, newcomer: Member, *, seen: str = "y") -> tuple[int, str]:
    fingerprint = hidden(desk.get("/staff/keys"), "fingerprint")
    path = f"/staff/keys/{newcomer.person_id}/confirm"
    answer = desk.post(path, fingerprint=fingerprint, seen=seen)
    return answer.status_code, answer.headers.get("Location", answer.text)


def is_trusted(desk: Desk, member: Member) -> bool:
    with desk.world.db.read() as session:
        return queries.key_is_trusted(session, desk.world.secrets, member.key_id)


class TestConfirming:
    def test_both_see_the_same_six_groups(self, desk: Desk, newcomer: Member) -> None:
        desk.enter(newcomer)
        (spoken,) = words(desk.get("/staff/keys"), "own-fingerprint")
        desk.enter(desk.cast.leader)
        shown = hidden(desk.get("/staff/keys"), "fingerprint")
        assert spoken.split() == shown.split()
        assert len(shown.split()) == 6

    def test_confirmed_after_the_password_it_counts(self, desk: Desk, newcomer: Member) -> None:
        desk.enter(desk.cast.leader)
        assert "先确认口令" in desk.get("/staff/keys").text
        status, where = confirm(desk, newcomer)
        assert (status, where) == (303, "/staff/confirm-password?next=/staff/keys")
        assert not is_trusted(desk, newcomer)
        desk.post(where, password=PASSWORD)
        assert confirm(desk, newcomer) == (303, "/staff/keys?done=key_confirmed")
        assert is_trusted(desk, newcomer)
        assert "示例庚确认" in desk.get("/staff/keys").text

    def test_without_the_tick_nothing_is_signed(self, desk: Desk, newcomer: Member) -> None:
        desk.enter(desk.cast.leader, confirmed=True)
        status, page = confirm(desk, newcomer, seen="")
        assert status == 422
        assert f'href="#seen-{newcomer.person_id}"' in page
        assert "请先当面对过" in page
        assert not is_trusted(desk, newcomer)

    def test_a_key_swapped_after_the_page_was_drawn_is_not_signed(self, desk: Desk, newcomer: Member) -> None:
        desk.enter(desk.cast.leader, confirmed=True)
        page = desk.get("/staff/keys")
        fingerprint = hidden(page, "fingerprint")
        other = vault.new_keys()

        def swap(session: Session) -> None:
            row = session.get_one(PersonKey, newcomer.key_id)
            row.reading_public = other.reading.public

        desk.world.db.write(swap)
        path = f"/staff/keys/{newcomer.person_id}/confirm"
        answer = desk.post(path, fingerprint=fingerprint, seen="y")
        assert answer.status_code == 409
        assert "没有确认" in answer.text
        assert hidden(answer, "fingerprint") != fingerprint
        assert not is_trusted(desk, newcomer)

    def test_a_wrong_token_signs_nothing(self, desk: Desk, newcomer: Member) -> None:
        desk.enter(desk.cast.leader, confirmed=True)
        path = f"/staff/keys/{newcomer.person_id}/confirm"
        data = {"csrf_token": "0", "fingerprint": hidden(desk.get("/staff/keys"), "fingerprint"), "seen": "y"}
        assert desk.client.post(path, data=data).status_code == 400
        assert not is_trusted(desk, newcomer)

    def test_strangers_and_the_newcomer_have_no_such_act(self, desk: Desk, newcomer: Member) -> None:
        path = f"/staff/keys/{newcomer.person_id}/confirm"
        desk.enter(desk.cast.stranger, confirmed=True)
        assert "示例午" not in desk.get("/staff/keys").text
        assert desk.client.post(path).status_code == 404
        desk.enter(newcomer, confirmed=True)
        page = desk.get("/staff/keys")
        assert "等同事确认" in page.text
        assert marked(page, "waiting-key") == []
        assert desk.post(path, fingerprint="x", seen="y").status_code == 403
        desk.enter(desk.cast.administrator, confirmed=True)
        assert desk.get("/staff/keys").status_code == 403
        assert not is_trusted(desk, newcomer)

    def test_the_office_starts_a_team_that_has_nobody(self, desk: Desk) -> None:
        first = add_member(desk.world, "leader1", "示例乙", Role.team_leader, "team1")
        desk.enter(desk.cast.office, confirmed=True)
        assert "示例乙" in desk.get("/staff/keys").text
        assert confirm(desk, first)[0] == 303
        assert is_trusted(desk, first)


class TestBacklog:
    @pytest.fixture
    def confirmed(self, desk: Desk) -> Member:
        """Confirmed only now: three reports came before."""
        for n in range(3):
            desk.file(f"第 {n} 件，{BODY}")
        return add_member(desk.world, "leader4b", "示例午", Role.team_leader, "team4", signer=desk.cast.leader)

    def test_a_colleague_grants_it_batch_by_batch(
        self, desk: Desk, confirmed: Member, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(views.keys, "BATCH", 2)
        desk.enter(desk.cast.leader, confirmed=True)
        assert self.progress(desk, confirmed) == (0, 3)
        path = f"/staff/keys/{confirmed.person_id}/backlog"
        assert desk.post(path).headers["Location"] == "/staff/keys?done=granted"
        assert self.progress(desk, confirmed) == (2, 1)
        assert desk.post(path).headers["Location"] == "/staff/keys?done=granted_all"
        assert self.progress(desk, confirmed) == (3, 0)
        desk.enter(confirmed)
        page = desk.get("/staff/queue")
        (count,) = marked(page, "queue-count")
        assert 'data-reports="3"' in count  # nearly the same words: one line that counts three

    def progress(self, desk: Desk, member: Member) -> tuple[int, int]:
        """(done, left) as the page says for this person."""
        page = desk.get("/staff/keys")
        row = page.text.split(f'data-person-id="{member.person_id}"')[1].split("</tr>")[0]
        done, left = row.split('data-done="')[1].split('"')[0], row.split('data-left="')[1].split('"')[0]
        return int(done), int(left)

    def test_it_asks_for_the_password(self, desk: Desk, confirmed: Member) -> None:
        desk.enter(desk.cast.leader)
        answer = desk.post(f"/staff/keys/{confirmed.person_id}/backlog")
        assert answer.headers["Location"] == "/staff/confirm-password?next=/staff/keys"
        assert self.progress(desk, confirmed) == (0, 3)

    def test_a_wrong_token_grants_nothing(self, desk: Desk, confirmed: Member) -> None:
        desk.enter(desk.cast.leader, confirmed=True)
        path = f"/staff/keys/{confirmed.person_id}/backlog"
        assert desk.client.post(path, data={"csrf_token": "0"}).status_code == 400
        assert self.progress(desk, confirmed) == (0, 3)

    def test_strangers_and_the_unconfirmed_have_no_such_act(self, desk: Desk, newcomer: Member) -> None:
        desk.file()
        desk.enter(desk.cast.leader, confirmed=True)
        assert desk.post(f"/staff/keys/{newcomer.person_id}/backlog").status_code == 404
        desk.enter(desk.cast.stranger, confirmed=True)
        assert desk.post(f"/staff/keys/{desk.cast.liaison.person_id}/backlog").status_code == 404

    def test_a_liaison_passes_on_the_report_but_not_the_contact(self, desk: Desk) -> None:
        case = desk.file(identity="named", contact="何某，13800138000")
        late = add_member(desk.world, "leader4b", "示例午", Role.team_leader, "team4", signer=desk.cast.leader)
        desk.enter(desk.cast.liaison, confirmed=True)
        desk.post(f"/staff/keys/{late.person_id}/backlog")
        desk.enter(late, confirmed=True)
        page = desk.get(case.path)
        assert BODY in page.text
        assert "开启</button>" not in page.text
