"""Charts noted down: what they say is what Altair would have said, and it is made once."""

import json
import re

import altair as alt
import pyarrow as pa
import pytest

from dashboard import drawing
from dashboard.charts import recipe
from dashboard.charts.small import spark
from dashboard.charts.theme import styled, x_steps, y_values
from dashboard.colors import DARK, LIGHT


@pytest.fixture(autouse=True)
def made(monkeypatch):
    """Every step of a chart that is done with Altair; nothing is known to begin with."""
    monkeypatch.setattr(recipe, "_specs", type(recipe._specs)())
    monkeypatch.setattr(drawing, "_kept", type(drawing._kept)())
    steps, step = [], recipe._step
    monkeypatch.setattr(recipe, "_step", lambda kind, parts: steps.append(kind) or step(kind, parts))
    return steps


def curve(*values):
    columns = {"metric": ["loss"] * len(values), "branch": [1] * len(values), "active": [True] * len(values)}
    numbers = pa.array(values, pa.float64())
    return pa.table({**columns, "step": pa.array(range(len(values)), pa.int64()), "last": numbers})


def drawn(lib, table, width=1.5):
    near = lib.selection_point(name="near", nearest=True)
    y = lib.Y("last:Q", title=None)
    twin = y.copy()
    twin.shorthand = "step:Q"
    base = lib.Chart(table).encode(x=lib.X("step:Q", scale=lib.Scale(domain=[0, 9])))
    color = lib.condition(lib.datum.last == 2, lib.value("red"), lib.value("blue"))
    layers = [
        base.mark_line(strokeWidth=width).encode(y=y).add_params(near),
        base.mark_point().encode(y=twin, color=color, opacity=lib.condition(near, lib.value(1), lib.value(0))),
        lib.Chart(table.slice(0, 1)).mark_rule().encode(x="step:Q"),
    ]
    return lib.LayerChart(layer=layers, height=100)


def unnamed(spec):
    """Altair names layers by what is in them, data included."""
    return re.sub(r"view_\w+", "view", json.dumps(spec, sort_keys=True))


def test_a_chart_says_what_altair_says():
    table = curve(1.0, 2.0, 3.0)
    with alt.data_transformers.enable("default"):
        assert drawn(recipe.alt, table).to_dict() == drawn(alt, table).to_dict()


def test_taken_apart_and_put_together_it_says_the_same():
    table = curve(1.0, 2.0, 3.0)
    spec, tables = recipe.parted(drawn(recipe.alt, table))
    assert {name: part.num_rows for name, part in tables.items()} == {"table0": 3, "table1": 1}
    with alt.data_transformers.enable("default"):
        expected = drawn(alt, table).to_dict()
    rows = [tables[layer["data"]["name"]].to_pylist() for layer in spec["layer"] if "data" in layer]
    assert rows == [expected["datasets"][layer["data"]["name"]] for layer in expected["layer"] if "data" in layer]
    for layer in (*spec["layer"], *expected["layer"]):
        layer.pop("data", None)
    expected.pop("datasets")
    assert unnamed(spec) == unnamed(expected)


def test_other_data_are_no_reason_to_make_it_again(made):
    first, _ = recipe.parted(spark(curve(1.0, 2.0), LIGHT))
    count = len(made)
    second, tables = recipe.parted(spark(curve(5.0, 6.0, 7.0), LIGHT))
    assert first == second
    assert len(made) == count > 0
    assert [table["last"].to_pylist() for table in tables.values()] == [[5.0, 6.0, 7.0], [7.0]]


def test_whatever_else_differs_is_another_chart():
    specs = [
        recipe.parted(chart)[0]
        for chart in (
            spark(curve(1.0), LIGHT), spark(curve(1.0), DARK),
            drawn(recipe.alt, curve(1.0)), drawn(recipe.alt, curve(1.0), width=2),
            styled([recipe.alt.Chart(curve(1.0)).mark_line().encode(x=x_steps(0, 1), y=y_values())], LIGHT, 10),
            styled([recipe.alt.Chart(curve(1.0)).mark_line().encode(x=x_steps(0, 2), y=y_values())], LIGHT, 10),
            styled([recipe.alt.Chart(curve(1.0)).mark_line().encode(x=x_steps(0, 2), y=y_values(log=True))], LIGHT, 10),
        )
    ]  # fmt: skip
    assert all(one != other for place, one in enumerate(specs) for other in specs[:place])


def test_one_and_true_are_not_the_same():
    charts = [recipe.alt.Chart(curve(1.0)).mark_line(clip=clip) for clip in (True, 1)]
    assert len({"\n".join(recipe._Notes(chart).lines) for chart in charts}) == 2


def test_what_was_made_is_not_changed_by_who_got_it():
    spec, _ = recipe.parted(spark(curve(1.0), LIGHT))
    spec["layer"].clear()
    assert len(recipe.parted(spark(curve(1.0), LIGHT))[0]["layer"]) == 2


def test_few_are_kept(monkeypatch):
    monkeypatch.setattr(recipe, "KEPT", 2)
    for width in range(1, 6):
        recipe.parted(drawn(recipe.alt, curve(1.0), width))
    assert len(recipe._specs) == 2


def test_a_chart_of_altairs_own_is_refused():
    with pytest.raises(TypeError, match="only a chart made with"):
        recipe.parted(alt.LayerChart(layer=[]))


def test_a_kept_chart_is_made_once_and_shown_with_a_specification_of_its_own(monkeypatch):
    shown, made = [], []
    monkeypatch.setattr(drawing.st, "vega_lite_chart", lambda _data, spec, **options: shown.append((spec, options)))

    def make():
        made.append(1)
        return spark(curve(1.0, 2.0), LIGHT)

    for same in ("a", "a", "b"):
        drawing.draw_kept(("kept", same), make, key=same)
        shown[-1][0]["layer"].clear()
    assert len(made) == 2
    assert [options["key"] for _, options in shown] == ["a", "a", "b"]
    drawing.draw_kept(("kept", "a"), make, key="a")
    assert len(shown[-1][0]["layer"]) == 2
    # As it is sent, so that Streamlit need not make it anew.
    line = pa.ipc.open_stream(next(iter(shown[-1][0]["datasets"].values()))).read_all()
    assert line.column("last").to_pylist() == [1.0, 2.0]


def test_kept_charts_are_not_more_than_so_many(monkeypatch):
    monkeypatch.setattr(drawing.st, "vega_lite_chart", lambda *_, **__: None)
    monkeypatch.setattr(drawing, "KEPT", 3)
    for number in range(9):
        drawing.draw_kept(("many", number), lambda: spark(curve(1.0), LIGHT))
    assert list(drawing._kept) == [("many", 6), ("many", 7), ("many", 8)]
