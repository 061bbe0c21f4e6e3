"""The bench over a big store: what it measures however few times it is asked to."""

import pytest

from bench.big_store import COLD_TIMES, _Taken, _timed
from bench.big_store_charts import Chart
from dashboard.queries.curves import Span


@pytest.mark.parametrize("times", [1, COLD_TIMES - 1, COLD_TIMES, 2 * COLD_TIMES])
def test_each_chart_is_timed_however_few_times_are_asked_for(monkeypatch, times):
    turns = []
    monkeypatch.setattr("bench.big_store.shown", lambda *_: turns.append("ours") or (3, []))
    monkeypatch.setattr("bench.big_store.read_all", lambda *_: turns.append("theirs") or (900, []))
    row = _timed(None, Chart("loss", None, ("loss",), Span()), _Taken([1.0], [1.0]), times)
    assert (row["points"], row["values"]) == (3, 900)
    each = max(1, times // COLD_TIMES)
    assert turns == ["ours", "theirs", *["ours"] * each, "theirs"] + (["ours"] * each + ["theirs"]) * (COLD_TIMES - 1)
