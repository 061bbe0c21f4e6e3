"""Worlds that tests of releases begin with, each made once and copied for a test that changes it."""

import pytest

from tests.evals.gate.passing import passing_store
from tests.evals.release.world import again, release, signed, twice, world_of


@pytest.fixture(scope="session")
def _fresh(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fresh")
    return world_of(passing_store(folder / "runs"), folder)


@pytest.fixture(scope="session")
def _signed(_fresh, tmp_path_factory):
    return signed(again(_fresh, tmp_path_factory.mktemp("signed") / "world"))


@pytest.fixture(scope="session")
def once(_signed, tmp_path_factory):
    """`triage@400` is v1 of prod; not to be changed."""
    return release(again(_signed, tmp_path_factory.mktemp("once") / "world"))


@pytest.fixture(scope="session")
def both(once, tmp_path_factory):
    """`triage@600` is v2 of prod, in place of v1; not to be changed."""
    return twice(again(once, tmp_path_factory.mktemp("both") / "world"))


@pytest.fixture
def passing(_fresh, tmp_path):
    """A candidate that passes and that nobody has signed."""
    return again(_fresh, tmp_path / "passing")


@pytest.fixture
def approved(_signed, tmp_path):
    """A candidate that passes and that two leads have approved."""
    return again(_signed, tmp_path / "approved")


@pytest.fixture
def released(once, tmp_path):
    """`triage@400` is v1 of prod."""
    return again(once, tmp_path / "released")


@pytest.fixture
def superseded(both, tmp_path):
    """`triage@600` is v2 of prod, in place of v1."""
    return again(both, tmp_path / "superseded")
