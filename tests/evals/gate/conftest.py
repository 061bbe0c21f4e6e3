"""One store that passes, made once; each test gets a copy of its own."""

from pathlib import Path

import pytest

from tests.evals.gate.passing import Passing, copied, passing_store


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Passing:
    """The store, not to be changed."""
    return passing_store(tmp_path_factory.mktemp("passing") / "runs")


@pytest.fixture
def made(whole: Passing, tmp_path: Path) -> Passing:
    """A copy of it."""
    return copied(whole, tmp_path / "runs")
