"""How long a report is kept: the longest term that fits, spam by its own, nothing before its time."""

from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import config
from config_kinds import KEPT_BY
from intake.reports.retention import FINAL, due_day, kept_days, shortest
from intake.reports.workflow import COARSE, RESULTS, State

TERMS = st.dictionaries(st.sampled_from(KEPT_BY.split("|")), st.integers(1, 4000))
CASES = {
    "lane": st.sampled_from(("ordinary", "urgent", "sealed", "held")),
    "state": st.sampled_from(sorted(FINAL)),
    "result": st.sampled_from([None, *RESULTS]),
    "base": st.integers(1, 4000),
    "overrides": TERMS,
}


@given(**CASES)
def test_nothing_is_due_before_the_shortest_term(
    lane: str, state: State, result: str | None, base: int, overrides: dict[str, int]
) -> None:
    found = kept_days(lane=lane, state=state, result=result, base=base, overrides=overrides)
    assert found >= shortest(base, overrides)
    assert found in {base, *overrides.values()}


@given(**CASES)
def test_a_longer_term_never_shortens_anything(
    lane: str, state: State, result: str | None, base: int, overrides: dict[str, int]
) -> None:
    before = kept_days(lane=lane, state=state, result=result, base=base, overrides=overrides)
    longer = {name: days + 1 for name, days in overrides.items()}
    assert kept_days(lane=lane, state=state, result=result, base=base + 1, overrides=longer) == before + 1


def test_spam_has_its_own_term_and_no_other() -> None:
    overrides = {"spam": 180, "verified": 1825, "urgent": 2000}
    for state in (State.spam, State.purged):
        assert kept_days(lane="urgent", state=state, result="verified", base=1095, overrides=overrides) == 180
    assert kept_days(lane="urgent", state=State.closed, result="verified", base=1095, overrides=overrides) == 2000
    assert kept_days(lane="ordinary", state=State.closed, result=None, base=1095, overrides=overrides) == 1095


def test_the_citizens_last_word_counts_like_being_settled() -> None:
    settled = date(2026, 1, 1)
    assert due_day(settled, None, 10) == date(2026, 1, 11)
    assert due_day(settled, settled + timedelta(days=5), 10) == date(2026, 1, 16)
    assert due_day(settled, settled - timedelta(days=5), 10) == date(2026, 1, 11)


def test_nothing_that_somebody_still_works_on_is_final() -> None:
    assert {COARSE[state] for state in FINAL} == {"closed", "in_review", "referred", "received"}
    working = {state for state in State if COARSE[state] in ("in_progress", "needs_info")}
    assert not FINAL & working
    assert not FINAL & {State.received, State.registered, State.screening, State.replied, State.delegated}


def test_every_name_of_a_term_is_one_of_the_products(tmp_path: Path) -> None:
    known = {"urgent", "ordinary", "sealed", *(state.value for state in FINAL), *RESULTS}
    assert set(KEPT_BY.split("|")) <= known
    settings = config.load({"MSX_DIR": str(tmp_path), "MSX_RETENTION_BY": "spam:90, verified:1825"})
    assert settings.retention_by == {"spam": 90, "verified": 1825}


@pytest.mark.parametrize("text", ["spam", "spam:", "spam:0", "spam:-1", "spam:x", "ham:3", "spam:１２", "spam:99999"])
def test_a_term_that_means_nothing_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(config.ConfigError):
        config.load({"MSX_DIR": str(tmp_path), "MSX_RETENTION_BY": text})
