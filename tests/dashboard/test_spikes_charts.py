"""The charts of Run · Spikes, by their specifications."""

import pyarrow as pa
import pytest

from dashboard.charts.heat import heat_chart
from dashboard.charts.marks import MARKS
from dashboard.charts.recipe import parted
from dashboard.charts.spike_lanes import Happening, spike_lanes
from dashboard.charts.spike_line import spike_line
from dashboard.charts.spike_tree import Limb, spike_tree
from dashboard.colors import DARK, LIGHT
from dashboard.queries.spikes_around import ratios

SAID = {
    name: name
    for name in (
        "step", "training", "highest", "abandoned", "branch", "value", "alarm", "what", "why", "group", "usual",
        "ratio", "same", "onset",
    )
}  # fmt: skip
REACH = (0, 100)


def rows(chart):
    """The rows of all its tables that are told apart by a column, and the specification."""
    spec, tables = parted(chart)
    return spec, [row for table in tables.values() for row in table.to_pylist()]


def points(*given):
    names = ("metric", "branch", "active", "step", "min", "max", "last")
    return pa.Table.from_pylist([dict(zip(names, row, strict=True)) for row in given])


LOSS = points(
    ("loss", 1, True, 1, 1.0, 2.0, 1.5), ("loss", 1, False, 3, 4.0, 4.0, 4.0), ("loss", 2, True, 3, 1.0, 1.0, 1.0)
)


@pytest.mark.parametrize("look", [LIGHT, DARK])
@pytest.mark.parametrize("span", [None, (10, 50)])
def test_the_line_has_the_same_layers_whatever_it_holds(look, span):
    empty = LOSS.slice(0, 0)
    begins = [{"step": 20, "label": "jump", "amber": False}]
    full = spike_line(LOSS, MARKS.empty_table(), begins, SAID, look, reach=REACH, span=span)
    bare = spike_line(empty, MARKS.empty_table(), [], SAID, look, reach=REACH, span=span)
    assert len(parted(full)[0]["layer"]) == len(parted(bare)[0]["layer"])


def test_abandoned_steps_are_dashed_and_apart_from_the_line():
    spec, tables = parted(spike_line(LOSS, MARKS.empty_table(), [], SAID, LIGHT, reach=REACH))
    dashed = [layer for layer in spec["layer"] if "strokeDash" in layer["mark"]]
    assert [tables[layer["data"]["name"]]["step"].to_pylist() for layer in dashed] == [[3]]
    assert dashed[0]["mark"]["color"] == LIGHT.abandoned


def test_every_chart_of_the_time_line_shows_the_same_steps():
    charts = [
        spike_line(LOSS, MARKS.empty_table(), [], SAID, LIGHT, reach=REACH),
        spike_lanes([], ["jump"], SAID, LIGHT, reach=REACH),
        spike_tree([Limb("b1", None, 0, 9, 9, "")], SAID, LIGHT, reach=REACH),
    ]
    for chart in charts:
        spec, tables = parted(chart)
        edges = [layer for layer in spec["layer"] if layer["mark"].get("opacity") == 0]
        assert tables[edges[0]["data"]["name"]]["step"].to_pylist() == [0, 100]
        assert spec["config"]["axisY"]["minExtent"] == spec["config"]["axisY"]["maxExtent"] == 88


def test_a_lane_holds_what_lies_in_the_range_and_cuts_what_reaches_beyond():
    happened = [
        Happening("jump", "alarm", "bad", 20, 20, "a"), Happening("jump", "alarm", "bad", 90, 90, "b"),
        Happening("out", "stretch", "quiet", 40, 70, "c"), Happening("back", "back", "accent", 60, 5, "d", False),
    ]  # fmt: skip
    spec, found = rows(spike_lanes(happened, ["jump", "out", "back"], SAID, LIGHT, reach=REACH, span=(10, 50)))
    shown = [(row["words"], row["step"], row["until"], row["active"]) for row in found if "words" in row]
    assert sorted(shown) == [("a", 20, 20, True), ("c", 40, 50, True), ("d", 50, 10, False)]
    lanes = [layer["encoding"]["y"]["scale"]["domain"] for layer in spec["layer"][2:]]
    assert lanes
    assert all(domain == ["jump", "out", "back"] for domain in lanes)


def test_a_limb_is_strong_up_to_where_it_is_active_and_hangs_on_its_parent():
    limbs = [
        Limb("b1", None, 0, 90, 60, "start"),
        Limb("b2", "b1", 61, 70, None, "x"),
        Limb("b3", "b1", 61, 95, 95, "y"),
    ]
    _, found = rows(spike_tree(limbs, SAID, LIGHT, reach=REACH))
    lines = [(row["name"], row["step"], row["until"], row["active"]) for row in found if "until" in row]
    assert lines == [("b1", 0, 60, True), ("b1", 61, 90, False), ("b2", 61, 70, False), ("b3", 61, 95, True)]
    joints = [(row["name"], row["parent"], row["step"], row["active"]) for row in found if "parent" in row]
    assert joints == [("b2", "b1", 61, False), ("b3", "b1", 61, True)]


def test_the_heat_is_a_logarithm_with_its_middle_at_as_before_and_says_it_in_words():
    values = (1.0, 1.0, 2.0, float("nan"))
    cells = ratios([{"group": "embed", "step": step, "value": value} for step, value in enumerate(values, 1)], 3)
    named = cells.append_column("name", pa.array(["embeddings"] * cells.num_rows))
    spec, tables = parted(heat_chart(named, 3, ["embeddings"], {**SAID, "same": "as before"}, LIGHT))
    rect, odd = spec["layer"][:2]
    assert rect["encoding"]["color"]["scale"]["domain"] == [-3, 0, 3]
    assert "datum.value == 0 ? 'as before'" in rect["encoding"]["color"]["legend"]["labelExpr"]
    assert tables[rect["data"]["name"]]["power"].to_pylist() == [0.0, 0.0, 1.0]
    assert tables[odd["data"]["name"]]["step"].to_pylist() == [4]
