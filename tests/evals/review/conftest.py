"""What tests of the review service share."""

import pytest

from tests.evals.review.clock import Clock


@pytest.fixture
def clock(monkeypatch) -> Clock:
    """A clock that stands still."""
    return Clock(monkeypatch)
