"""What a whole run shares: its PostgreSQL server, which tests belong to it, Hypothesis' manners."""

import gc
import os
from pathlib import Path

import hypothesis
import pytest

from tests import database
from tests.postgres import Cluster

CLUSTER = pytest.StashKey[Cluster]()
_AT: dict[str, Path] = {}  # the file whose tests are running


# Two shared cores: a slow example is no failure. The same examples every time, so that a red run is about the
# change; `make prove` explores.
hypothesis.settings.register_profile("suite", deadline=None, derandomize=True, print_blob=True)
hypothesis.settings.register_profile("prove", deadline=None, max_examples=1_000, print_blob=True)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "suite"))


def pytest_configure(config: pytest.Config) -> None:
    """Start the server once a run: workers inherit its address."""
    if database.kind() != "postgresql" or database.SERVER in os.environ:
        return
    cluster = Cluster()
    cluster.__enter__()
    config.stash[CLUSTER] = cluster
    os.environ[database.SERVER] = cluster.url()


def pytest_unconfigure(config: pytest.Config) -> None:
    if CLUSTER in config.stash:
        del os.environ[database.SERVER]
        config.stash[CLUSTER].close()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """A test that only means something on the other database belongs to the other run."""
    other = "sqlite" if database.kind() == "postgresql" else "postgresql"
    left_out = [item for item in items if item.get_closest_marker(other)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """At each new file: what is alive by now stays for the whole run, and no later collection looks through it.

    Thousands of collected tests and all that Hypothesis and the applications keep: each full collection took two
    seconds, and the tests of uploads alone ask for seventy.
    """
    if item.path != _AT.get("path"):
        _AT["path"] = item.path
        gc.collect()
        gc.freeze()
