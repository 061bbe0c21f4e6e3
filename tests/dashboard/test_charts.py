"""Charts, by what they say to the browser."""

from collections import defaultdict

import altair as alt
import pyarrow as pa
import pytest

from dashboard.charts.loss import ZOOM, LossData, loss_chart
from dashboard.charts.small import small_chart, spark
from dashboard.colors import DARK, LIGHT

WORDS = defaultdict(lambda: "word", training="training", validation="validation", abandoned="abandoned")
PLAIN = {**WORDS, **dict.fromkeys(("step", "lowest", "highest", "branch", "checkpoint", "state", "value"), "word")}


def points(*rows):
    names = ("metric", "branch", "active", "step", "min", "max", "last")
    schema = pa.schema(
        [("metric", pa.string()), ("branch", pa.int32()), ("active", pa.bool_()), ("step", pa.int64())]
        + [(name, pa.float64()) for name in names[4:]]
    )
    return pa.Table.from_pylist([dict(zip(names, row, strict=True)) for row in rows], schema=schema)


def data(*rows, marks=(), checkpoints=(), forks=()):
    def two(values, word):
        schema = pa.schema([("step", pa.int64()), (word, pa.string())])
        return pa.Table.from_pylist([{"step": step, word: said} for step, said in values], schema=schema)

    return LossData(points(*rows), two(marks, "kind"), two(checkpoints, "state"), two(forks, "label"))


ROWS = (
    ("loss", 1, True, 1, 2.0, 3.0, 2.5),
    ("loss", 1, True, 2, 1.0, 2.0, 1.5),
    ("loss", 1, False, 3, 8.0, 9.0, 8.5),
    ("loss", 2, True, 3, -1.0, 1.0, 0.5),
    ("val_loss", 2, True, 3, 1.2, 1.2, 1.2),
)


def layers(chart):
    with alt.data_transformers.enable("default"):
        spec = chart.to_dict()
    found = []
    for layer in spec["layer"]:
        rows = spec["datasets"][layer["data"]["name"]] if layer["data"].get("name") else []
        mark = layer["mark"] if isinstance(layer["mark"], dict) else {"type": layer["mark"]}
        found.append((mark["type"], mark, layer["encoding"], rows))
    return spec, found


def rows_of(found, kind, field):
    return [rows for name, _, encoding, rows in found if name == kind and encoding.get("y", {}).get("field") == field]


def test_the_loss_chart_draws_band_raw_line_and_mean_of_the_active_path():
    _, found = layers(loss_chart(data(*ROWS), WORDS, LIGHT))
    (band,) = rows_of(found, "area", "low")
    assert [(row["step"], row["low"], row["high"]) for row in band] == [(1, 2.0, 3.0), (2, 1.0, 2.0), (3, -1.0, 1.0)]
    (mean,) = rows_of(found, "line", "mean")
    assert [row["mean"] for row in mean] == [2.5, 1.5, 0.5]


def test_abandoned_steps_are_dashed_and_grey():
    _, found = layers(loss_chart(data(*ROWS), WORDS, LIGHT))
    dashed = [(mark["color"], rows) for kind, mark, _, rows in found if kind == "line" and "strokeDash" in mark]
    assert [(color, [(row["step"], row["value"]) for row in rows]) for color, rows in dashed] == [
        ("#9AA0A6", [(3, 8.5)])
    ]


def test_lines_are_named_at_their_ends_and_not_in_a_legend():
    spec, found = layers(loss_chart(data(*ROWS), WORDS, LIGHT))
    said = [
        row["label"]
        for kind, _, encoding, rows in found
        if kind == "text" and encoding["text"]["field"] == "label"
        for row in rows
    ]
    assert sorted(said) == ["abandoned", "training", "validation"]
    assert "legend" not in str(spec["layer"])


def test_what_is_no_number_is_a_mark_with_its_word():
    _, found = layers(loss_chart(data(*ROWS, marks=[(7, "nan")]), {**PLAIN, "mark.nan": "not a number"}, LIGHT))
    said = [rows for kind, _, encoding, rows in found if kind == "text" and encoding["text"]["field"] == "short"]
    assert said == [[{"step": 7, "kind": "nan", "word": "not a number", "short": "NaN"}]]


def test_checkpoints_are_triangles_and_branches_are_rules():
    chart = loss_chart(data(*ROWS, checkpoints=[(2, "stable")], forks=[(2, "rolled back to 2")]), WORDS, LIGHT)
    _, found = layers(chart)
    triangles = [rows for kind, mark, _, rows in found if mark.get("shape") == "triangle-up"]
    assert [[row["step"] for row in rows] for rows in triangles] == [[2]]
    assert [rows for kind, _, _, rows in found if kind == "rule"] == [[{"step": 2, "label": "rolled back to 2"}]]


def test_a_logarithmic_scale_leaves_out_what_it_cannot_show():
    _, found = layers(loss_chart(data(*ROWS), WORDS, LIGHT, log=True))
    (band,) = rows_of(found, "area", "low")
    assert [row["step"] for row in band] == [1, 2]
    scales = [encoding["y"]["scale"]["type"] for _, _, encoding, _ in found if "scale" in encoding.get("y", {})]
    assert set(scales) == {"log"}


def test_a_span_fixes_the_range_of_steps_and_a_drag_selects_one():
    spec, found = layers(loss_chart(data(*ROWS), WORDS, LIGHT, span=(1, 3)))
    assert {tuple(encoding["x"]["scale"]["domain"]) for _, _, encoding, _ in found} == {(1, 3)}
    zoom = next(param for param in spec["params"] if param["name"] == ZOOM)
    assert (zoom["select"]["type"], zoom["select"]["encodings"]) == ("interval", ["x"])


def test_layers_stay_the_same_while_data_come_in():
    empty, _ = layers(loss_chart(data(), WORDS, LIGHT))
    full, _ = layers(loss_chart(data(*ROWS, marks=[(7, "nan")], checkpoints=[(2, "sealed")]), WORDS, LIGHT))
    assert len(empty["layer"]) == len(full["layer"])


def test_a_state_the_table_of_words_does_not_know_is_shown_as_it_is():
    chart = loss_chart(
        data(*ROWS, checkpoints=[(2, "odd")]),
        {**WORDS, **dict.fromkeys(("step", "lowest", "highest", "branch", "checkpoint", "state", "value"), "w")},
        LIGHT,
    )
    _, found = layers(chart)
    assert [row["word"] for _, mark, _, rows in found if mark.get("shape") == "triangle-up" for row in rows] == ["odd"]


@pytest.mark.parametrize("look", [LIGHT, DARK])
def test_charts_take_their_colours_from_the_look(look):
    spec, _ = layers(loss_chart(data(*ROWS), WORDS, look))
    assert spec["config"]["axis"]["labelColor"] == look.quiet
    assert spec["config"]["background"] == "transparent"


def test_a_small_chart_of_one_metric_shows_its_range():
    _, found = layers(small_chart(points(*ROWS), {"loss": "loss"}, LIGHT))
    assert [kind for kind, _, _, _ in found] == ["line", "area", "line"]
    assert [row["max"] for row in found[1][3]] == [3.0, 2.0, 1.0]


def test_a_small_chart_of_several_metrics_names_each_line_once():
    rows = [("a", 1, True, 1, 1.0, 1.0, 1.0), ("a", 1, True, 2, 2.0, 2.0, 2.0), ("b", 1, True, 2, 2.0, 2.0, 2.0)]
    _, found = layers(small_chart(points(*rows), {"a": "first", "b": "second"}, LIGHT))
    kind, _, _, names = found[-1]
    assert kind == "text"
    assert sorted(row["label"] for row in names) == ["first", "second"]
    assert len({row["last"] for row in names}) == 2


def test_a_spark_draws_the_active_path_and_its_end():
    _, found = layers(spark(points(*ROWS[:4]), LIGHT))
    assert [[(row["step"], row["last"]) for row in rows] for _, _, _, rows in found] == [
        [(1, 2.5), (2, 1.5), (3, 0.5)],
        [(3, 0.5)],
    ]
