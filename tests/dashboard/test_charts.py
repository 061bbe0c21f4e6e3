"""Charts, by what they say to the browser."""

import pyarrow as pa
import pytest

from dashboard.charts.brush import WHOLE, ZOOM
from dashboard.charts.loss import loss_chart
from dashboard.charts.overlay import Along, RunLine, overlay_chart
from dashboard.charts.small import small_chart, spark
from dashboard.colors import DARK, LIGHT
from dashboard.gaps import Stretch
from tests.dashboard.charted import PLAIN, ROWS, SAID, WORDS, data, layers, marked, points, rows_of


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


def crosses(found):
    [rows] = [rows for _, mark, _, rows in found if mark.get("shape") == "cross"]
    return [tuple(row.values()) for row in rows]


def test_what_is_no_number_is_a_mark_with_its_word_and_the_name_of_whose_it_is():
    marks = [
        ("loss", True, 7, "nan"),
        ("val_loss", True, 7, "inf"),
        ("loss", False, 8, "inf"),
        ("loss", True, 9, "nan"),
    ]
    _, found = layers(loss_chart(data(*ROWS, marks=marks), SAID, LIGHT))
    assert crosses(found) == [
        (7, True, "loss: not a number, val_loss: infinite", "NaN, Inf"),
        (8, False, "loss: infinite", "Inf"),
        (9, True, "loss: not a number", "NaN"),
    ]


def test_marks_too_near_to_be_told_apart_are_one_and_those_outside_the_range_are_none():
    marks = [("loss", True, step, "nan") for step in (1, 500, 503, 520, 2000)]
    shown = [("loss", 1, True, step, 1.0, 1.0, 1.0) for step in (1, 1000)]
    _, found = layers(loss_chart(data(*shown, marks=marks), SAID, LIGHT, span=(1, 1000)))
    assert [(step, short) for step, _, _, short in crosses(found)] == [(1, "NaN"), (500, ""), (520, "")]


def test_the_lowest_validation_loss_has_a_ring_and_words_that_stay_inside():
    for step, side in ((1, "left"), (2, "center"), (3, "right")):
        _, found = layers(loss_chart(data(*ROWS, lowest=[(step, 1.2, "lowest")]), WORDS, LIGHT))
        [ring] = [rows for _, mark, _, rows in found if mark.get("size") == 110]
        assert [(row["step"], row["label"], row["side"]) for row in ring] == [(step, "lowest", side)]


def test_a_line_of_one_value_is_a_dot():
    for chart in (
        loss_chart(data(ROWS[0]), WORDS, LIGHT),
        small_chart(points(ROWS[0]), {"loss": "loss"}, SAID, LIGHT),
        small_chart(points(ROWS[0]), {"loss": "a", "lost": "b"}, SAID, LIGHT),
    ):
        _, found = layers(chart)
        dots = [rows for kind, mark, _, rows in found if kind == "point" and mark.get("size") == 22]
        assert [[row["step"] for row in rows] for rows in dots] == [[1]]


def test_checkpoints_are_triangles_and_branches_are_rules():
    chart = loss_chart(data(*ROWS, checkpoints=[(2, "stable")], forks=[(2, "rolled back to 2")]), WORDS, LIGHT)
    _, found = layers(chart)
    triangles = [rows for kind, mark, _, rows in found if mark.get("shape") == "triangle-up"]
    assert [[row["step"] for row in rows] for rows in triangles] == [[2]]
    assert [rows for kind, _, _, rows in found if kind == "rule"] == [
        [{"step": 2, "label": "rolled back to 2", "side": "right"}]
    ]


def test_a_logarithmic_scale_leaves_out_what_it_cannot_show():
    _, found = layers(loss_chart(data(*ROWS), WORDS, LIGHT, log=True))
    (band,) = rows_of(found, "area", "low")
    assert [row["step"] for row in band] == [1, 2]
    scales = [encoding["y"]["scale"]["type"] for _, _, encoding, _ in found if "scale" in encoding.get("y", {})]
    assert set(scales) == {"log"}


def test_a_span_fixes_the_range_of_steps_and_a_drag_selects_one():
    spec, found = layers(loss_chart(data(*ROWS), WORDS, LIGHT, span=(1, 3)))
    assert {tuple(encoding["x"]["scale"]["domain"]) for _, _, encoding, _ in found[1:]} == {(1, 3)}
    zoom = next(param for param in spec["params"] if param["name"] == ZOOM)
    assert (zoom["select"]["type"], zoom["select"]["encodings"]) == ("interval", ["x"])


def selections(chart):
    spec, _ = layers(chart)
    return {param["name"]: param["select"]["on"] if param["name"] == WHOLE else "" for param in spec.get("params", [])}


def run_line(name, steps, marks=(), width=1):
    schema = pa.schema([(part, pa.int64()) for part in ("step", "step_last", "n")])
    schema = pa.schema([*schema, *((part, pa.float64()) for part in ("x", "min", "max", "last", "total"))])
    ends = [{"step": step, "step_last": step + width - 1, "n": width, "x": step * 64.0} for step in steps]
    rows = [{**row, "min": 1.0, "max": 1.0, "last": 1.0, "total": width} for row in ends]
    kinds = pa.schema([("x", pa.float64()), ("kind", pa.string())])
    places = [dict(zip(kinds.names, mark, strict=True)) for mark in marks]
    return RunLine(name, "#000", pa.Table.from_pylist(rows, schema=schema), pa.Table.from_pylist(places, schema=kinds))


def overlaid(*lines, **options):
    return overlay_chart(lines, Along("tokens", "~s", 64.0), SAID, LIGHT, **options)


@pytest.mark.parametrize(
    "draw",
    [
        lambda span: loss_chart(data(*ROWS), WORDS, LIGHT, span=span),
        lambda span: small_chart(points(*ROWS), {"loss": "loss"}, SAID, LIGHT, span=span, brushed=True),
        lambda span: small_chart(points(*ROWS), {"loss": "a", "val_loss": "b"}, SAID, LIGHT, span=span, brushed=True),
        lambda span: overlaid(run_line("a", [1, 2]), reach=span),
    ],
)
def test_every_chart_can_be_zoomed_and_a_zoomed_one_takes_a_double_click(draw):
    assert {ZOOM: "", WHOLE: "dblclick"}.items() <= selections(draw((1, 3))).items()
    assert WHOLE not in selections(draw(None))


def test_a_finger_scrolls_the_page_and_selects_nothing():
    spec, _ = layers(loss_chart(data(*ROWS), WORDS, LIGHT))
    [zoom] = [param["select"] for param in spec["params"] if param["name"] == ZOOM]
    assert "pointerType !== 'touch'" in zoom["on"]


def test_words_near_an_edge_are_turned_inside():
    rows = [
        ("loss", 1, True, 1, 1.0, 1.0, 1.0),
        ("loss", 1, False, 99, 1.0, 1.0, 1.0),
        ("loss", 2, True, 100, 1.0, 1.0, 1.0),
    ]
    _, found = layers(loss_chart(data(*rows, forks=[(2, "a"), (60, "b")]), WORDS, LIGHT))
    said = [row for kind, _, _, told in found if kind == "text" for row in told if "side" in row]
    assert {(row["label"], row["side"]) for row in said} == {("abandoned", "right"), ("a", "left"), ("b", "right")}


def test_a_chart_that_is_not_brushed_takes_no_drag():
    assert selections(small_chart(points(*ROWS), {"loss": "loss"}, SAID, LIGHT)) == {}


def test_runs_laid_over_each_other_have_a_row_of_marks_each():
    lines = [
        run_line("a", [1, 100], [(64.0, "nan"), (6400.0, "inf")]),
        run_line("b", [1, 100]),
        run_line("c", [], [(128.0, "nan")]),
    ]
    _, found = layers(overlaid(*lines))
    assert crosses(found) == [
        ("a", 1.0, 6, "not a number", "NaN"),
        ("a", 100.0, 6, "infinite", "Inf"),
        ("c", 2.0, 18, "not a number", "NaN"),
    ]


def test_a_range_of_the_overlay_fixes_its_axis_and_names_stand_at_its_edge():
    _, found = layers(overlaid(run_line("a", [1, 2, 3], [(64.0, "nan"), (128.0, "nan")]), reach=(96.0, 160.0)))
    assert {tuple(encoding["x"]["scale"]["domain"]) for _, _, encoding, _ in found[1:]} == {(1.5, 2.5)}
    [[name]] = [rows for kind, _, encoding, rows in found if kind == "text" and encoding["text"]["field"] == "run"]
    assert (name["run"], name["x"], name["last"]) == ("a", 2.5, None)
    assert [cross[1] for cross in crosses(found)] == [2.0]


@pytest.mark.parametrize(
    ("width", "smooth", "unit", "told"),
    [
        (1, 0, 1.0, ["x", "value"]),
        (1, 9, 1.0, ["x", "value", "mean"]),
        (64, 9, 1.0, ["x", "reach", "value", "mean", "low", "high"]),
        (64, 9, 64.0, ["reach", "value", "mean", "low", "high"]),
    ],
)
def test_a_point_of_the_overlay_says_what_stands_there(width, smooth, unit, told):
    said = {**SAID, "value": "value", "value_last": "value, last step"}
    line, along = run_line("a", [1, 65], width=width), Along("tokens", "~s", unit)
    chart = overlay_chart([line], along, said, LIGHT, smooth=smooth)
    _, found = layers(chart)
    [tooltip] = [encoding["tooltip"] for kind, mark, encoding, _ in found if kind == "point" and mark["size"] == 36]
    assert [item["field"] for item in tooltip] == ["run", *told]
    assert ("value, last step" in [item["title"] for item in tooltip]) is (width > 1)


def test_layers_stay_the_same_while_data_come_in():
    empty, _ = layers(loss_chart(data(), WORDS, LIGHT))
    marks = [("loss", True, 7, "nan")]
    full, _ = layers(loss_chart(data(*ROWS, marks=marks, checkpoints=[(2, "sealed")]), WORDS, LIGHT))
    assert len(empty["layer"]) == len(full["layer"])


def test_a_state_the_table_of_words_does_not_know_is_shown_as_it_is():
    chart = loss_chart(data(*ROWS, checkpoints=[(2, "odd")]), PLAIN, LIGHT)
    _, found = layers(chart)
    assert [row["word"] for _, mark, _, rows in found if mark.get("shape") == "triangle-up" for row in rows] == ["odd"]


@pytest.mark.parametrize("look", [LIGHT, DARK])
def test_charts_take_their_colours_from_the_look(look):
    spec, _ = layers(loss_chart(data(*ROWS), WORDS, look))
    assert spec["config"]["axis"]["labelColor"] == look.quiet
    assert spec["config"]["background"] == "transparent"


def test_a_small_chart_of_one_metric_shows_its_range():
    _, found = layers(small_chart(points(*ROWS), {"loss": "loss"}, SAID, LIGHT))
    assert [kind for kind, _, _, _ in found] == ["line", "area", "line", "point", "rule", "point", "text"]
    assert [row["max"] for row in found[1][3]] == [3.0, 2.0, 1.0]


def test_a_small_chart_of_several_metrics_names_each_line_once():
    rows = [("a", 1, True, 1, 1.0, 1.0, 1.0), ("a", 1, True, 2, 2.0, 2.0, 2.0), ("b", 1, True, 2, 2.0, 2.0, 2.0)]
    _, found = layers(small_chart(points(*rows), {"a": "first", "b": "second"}, SAID, LIGHT))
    [names] = [rows for kind, _, encoding, rows in found if kind == "text" and encoding["text"]["field"] == "label"]
    assert sorted(row["label"] for row in names) == ["first", "second"]
    assert [row["away"] for row in names] == [13, 0]


def test_a_small_chart_says_all_its_figures_at_a_step_and_shows_its_marks():
    rows = [("a", 1, True, 1, 1.0, 1.0, 1.0), ("b", 1, True, 2, 5.0, 5.0, 5.0), ("a", 1, True, 3, 2.0, 2.0, 2.0)]
    marks = marked(("a", True, 2, "nan"))
    _, found = layers(small_chart(points(*rows), {"a": "first", "b": "second"}, SAID, LIGHT, marks=marks))
    [(encoding, told)] = [(encoding, rows) for kind, _, encoding, rows in found if kind == "rule"]
    assert [item["title"] for item in encoding["tooltip"]] == ["word", "first", "second"]
    assert [tuple(row.values()) for row in told] == [(1, 1.0, None), (2, 1.0, 5.0), (3, 2.0, 5.0)]
    assert crosses(found) == [(2, True, "a: not a number", "NaN")]


@pytest.mark.parametrize(("width", "told"), [(1, ["step", "value"]), (8, ["from step", "value, last step"])])
def test_a_small_chart_says_of_wide_points_where_they_begin_and_which_value_it_is(width, told):
    said = {**SAID, "step": "step", "from_step": "from step", "value": "value", "value_last": "value, last step"}
    rows = [("loss", 1, True, 8, 1.0, 2.0, 1.5), ("loss", 1, True, 16, 1.0, 2.0, 1.5)]
    marks = marked(("loss", True, 9, "nan"))
    _, found = layers(small_chart(points(*rows, width=width), {"loss": "loss"}, said, LIGHT, marks=marks))
    [tooltip] = [encoding["tooltip"] for kind, _, encoding, _ in found if kind == "rule"]
    assert [item["title"] for item in tooltip] == [*told, "word", "word"]


def test_a_spark_draws_the_active_path_and_its_end():
    _, found = layers(spark(points(*ROWS[:4]), LIGHT))
    assert [[(row["step"], row["last"]) for row in rows] for _, _, _, rows in found] == [
        [(1, 2.5), (2, 1.5), (3, 0.5)],
        [(3, 0.5)],
    ]


LEFT_OUT = [Stretch(4, 8)]
BROKEN = [
    *(("loss", 1, True, step, 1.0, 3.0, 2.0) for step in (1, 2, 3)),
    *(("loss", 1, False, step, 8.0, 9.0, 8.5) for step in (4, 5, 9, 10)),
    *(("loss", 2, True, step, 1.0, 3.0, 2.0) for step in (9, 10, 11)),
]
SPARSE = [("val_loss", 2 if step else 1, True, step, 1.5, 1.5, 1.5) for step in (0, 10, 20)]


def drawn(found, kind, field):
    """Step and value of what the layers of a kind draw of a field, each line once."""
    return [[(row["step"], row[field]) for row in rows] for rows in rows_of(found, kind, field)]


def test_lines_break_over_steps_that_were_left_out_and_nowhere_else():
    _, found = layers(loss_chart(data(*BROKEN, *SPARSE)._replace(left_out=LEFT_OUT), WORDS, LIGHT))
    whole = [(step, 2.0) for step in (1, 2, 3)], [(step, 2.0) for step in (9, 10, 11)]
    assert drawn(found, "line", "mean") == [[*whole[0], (6, None), *whole[1]]]
    assert drawn(found, "area", "low") == [[(1, 1.0), (2, 1.0), (3, 1.0), (6, None), (9, 1.0), (10, 1.0), (11, 1.0)]]
    abandoned, raw, validation = drawn(found, "line", "value")
    assert raw == [*whole[0], (6, None), *whole[1]]
    assert abandoned == [(4, 8.5), (5, 8.5), (7, None), (9, 8.5), (10, 8.5)]
    assert validation == [(0, 1.5), (10, 1.5), (20, 1.5)]


def test_a_hole_in_which_nothing_was_left_out_does_not_break_a_line():
    _, found = layers(loss_chart(data(*BROKEN), WORDS, LIGHT))
    assert drawn(found, "line", "mean") == [[(step, 2.0) for step in (1, 2, 3, 9, 10, 11)]]


def test_a_logged_tenth_of_the_steps_is_a_line_though_steps_between_were_left_out():
    rows = [("loss", 1, True, step, 2.0, 2.0, 2.0) for step in range(0, 60, 10)]
    _, found = layers(loss_chart(data(*rows)._replace(left_out=[Stretch(22, 28)]), WORDS, LIGHT))
    assert [value for _, value in drawn(found, "line", "mean")[0]] == [2.0] * 6


def test_small_charts_break_their_lines_too_and_say_nothing_between():
    _, found = layers(small_chart(points(*BROKEN), {"loss": "loss"}, SAID, LIGHT, left_out=LEFT_OUT))
    abandoned, line = drawn(found, "line", "last")
    assert [step for step, value in line if value is None] == [6]
    assert [step for step, value in abandoned if value is None] == [7]
    [readings] = [rows for kind, _, _, rows in found if kind == "rule"]
    assert [row["step"] for row in readings] == [1, 2, 3, 9, 10, 11]
    two = {"loss": "a", "val_loss": "b"}
    _, found = layers(small_chart(points(*BROKEN, *SPARSE), two, SAID, LIGHT, left_out=LEFT_OUT))
    _, lines = rows_of(found, "line", "last")
    assert [(row["label"], row["step"]) for row in lines if row["last"] is None] == [("a", 6)]
    _, found = layers(spark(points(*BROKEN), LIGHT, LEFT_OUT))
    assert [row["last"] for row in found[0][3]] == [2.0, 2.0, 2.0, None, 2.0, 2.0, 2.0]


def test_a_run_laid_over_others_breaks_where_it_left_steps_out():
    lines = run_line("one", (1, 2, 3, 9, 10, 11))._replace(left_out=LEFT_OUT), run_line("two", (1, 2, 3, 9, 10, 11))
    _, found = layers(overlaid(*lines))
    assert [(row["run"], row["x"]) for row in rows_of(found, "line", "mean")[0] if row["mean"] is None] == [("one", 6)]
