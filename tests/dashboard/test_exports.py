"""Files taken along from the curves hold what is on screen."""

import math

import pytest

from dashboard.charts.loss import LOWEST, LossData, loss_chart
from dashboard.charts.marks import named_marks
from dashboard.charts.picture import png
from dashboard.colors import DARK, LIGHT
from dashboard.queries.curves import Span, curves
from dashboard.queries.raw import raw_values
from dashboard.queries.run import checkpoints, run_facts
from dashboard.tables import table_of
from dashboard.texts import TEXTS
from dashboard.views.exports import _csv


def run_id(store):
    return run_facts(store, "triage")["id"]


def test_the_values_of_a_range_are_all_there_branch_by_branch(full_store):
    rows = raw_values(full_store, run_id(full_store), ("loss", "grad_norm"), Span(79, 100)).to_pylist()
    assert [(row["metric"], row["branch"], row["step"], row["active"]) for row in rows] == [
        (metric, *place)
        for metric in ("grad_norm", "loss")
        for place in [(1, 79, False), (1, 80, False), *((2, step, True) for step in range(79, 101))]
    ]
    assert math.isnan(rows[-1]["value"])
    assert rows[0]["value"] == 3.5


def test_a_csv_begins_with_its_columns_and_keeps_what_is_no_number(full_store):
    lines = _csv(str(full_store.path), run_id(full_store), ("loss",), Span(100, 101)).decode().splitlines()
    assert lines[0] == '"metric","branch","active","step","value","time"'
    assert [line.split(",")[:5] for line in lines[1:]] == [
        ['"loss"', "2", "true", "100", "nan"], ['"loss"', "2", "true", "101", "1.25"],
    ]  # fmt: skip


@pytest.mark.parametrize("look", [LIGHT, DARK])
def test_a_picture_is_a_png_of_the_chart(full_store, look):
    number = run_id(full_store)
    series = curves(full_store, number, ("loss", "val_loss"), Span(), 400)
    forks = table_of({"step": [60], "label": ["回滚到第 60 步"]})
    words = {key.rpartition(".")[2] if key.startswith("curves.") else key: item["zh"] for key, item in TEXTS.items()}
    words |= {"step": "步", "branch": "分支"}
    data = LossData(
        series.points,
        named_marks(series.marks, {"loss": "训练"}),
        checkpoints(full_store, number).select(["step", "state"]),
        forks,
        LOWEST.empty_table(),
    )
    found = png(loss_chart(data, words, look), look)
    assert found.startswith(b"\x89PNG\r\n")
    assert int.from_bytes(found[16:20], "big") > 2000
