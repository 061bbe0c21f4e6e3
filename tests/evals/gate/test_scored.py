"""What the gate makes of scores: the interval of a difference is that of resamples drawn one after the other."""

import numpy as np
import pytest

from evals.gate import scored


@pytest.mark.parametrize("items", [1, 2, 9, 130])
@pytest.mark.parametrize("at_once", [1, 500, scored.AT_ONCE])
def test_however_many_are_drawn_at_once_the_interval_is_the_same_to_the_bit(monkeypatch, items, at_once):
    monkeypatch.setattr(scored, "AT_ONCE", at_once)
    gaps, draw = np.random.default_rng(7).normal(size=items), np.random.default_rng(0)
    means = [gaps[draw.integers(0, items, items)].mean() for _ in range(scored.RESAMPLES)]
    low, high = np.quantile(means, [0.025, 0.975])
    assert scored._resampled(list(gaps)) == {"value": gaps.mean(), "low": low, "high": high}
