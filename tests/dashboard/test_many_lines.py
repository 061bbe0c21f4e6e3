"""Charts of many lines: the axis shows the data alone, and what is drawn and sent does not grow with their number."""

import json
import math
from itertools import pairwise

import pytest

from dashboard.charts.bundle import FINEST
from dashboard.charts.overlay import Along, RunLine, overlay_chart
from dashboard.charts.recipe import written
from dashboard.charts.small import MOST, PLOT, ROOM, small_chart
from dashboard.colors import DARK, LIGHT
from dashboard.drawing import _sent
from dashboard.gaps import Stretch
from tests.dashboard.charted import SAID, layers, points, rows_of

WORDS = {**SAID, "median": "median of {count}", "lowest": "lowest", "highest": "highest"}
END = 99


def wave(line, step):
    return math.sin(step / 20 + line)


def lines(count, value=wave, steps=range(END + 1), branch=1, active=True):
    return [
        (f"layer/{line:03d}/norm", branch, active, step, value(line, step), value(line, step), value(line, step))
        for line in range(count)
        for step in steps
    ]


def drawn(rows, look=LIGHT, **options):
    labels = {name: name.split("/")[1] for name in sorted({row[0] for row in rows})}
    return small_chart(points(*rows), labels, WORDS, look, **options)


def on_axis(found):
    """Every value that a layer places on the y axis, which is what the axis reaches over."""
    fields = [(encoding[side]["field"], rows) for _, _, encoding, rows in found for side in ("y", "y2")
              if "field" in encoding.get(side, {})]  # fmt: skip
    return [row[field] for field, rows in fields for row in rows if row[field] is not None]


def names(found):
    [rows] = [rows for kind, _, encoding, rows in found if kind == "text" and encoding["text"]["field"] == "label"]
    return rows


def heights(found, low, high):
    """Where the names stand, in pixels from below."""
    return sorted(PLOT * (row["last"] - low) / (high - low) - row["away"] for row in names(found))


@pytest.mark.parametrize("count", [2, MOST, MOST + 1, 32, 300])
def test_the_axis_reaches_over_the_data_and_no_further_however_many_lines_there_are(count):
    rows = lines(count)
    _, found = layers(drawn(rows))
    logged = [row[-1] for row in rows]
    assert (min(on_axis(found)), max(on_axis(found))) == pytest.approx((min(logged), max(logged)))


def near(line, step):
    return 1 + line * 0.001 if step == END else 1 + line


@pytest.mark.parametrize("count", [3, MOST, MOST + 1])
def test_names_do_not_touch_and_stay_within_the_plot(count):
    _, found = layers(drawn(lines(count, near)))
    places = heights(found, min(on_axis(found)), max(on_axis(found)))
    assert all(after - before >= 12.9 for before, after in pairwise(places))
    assert -ROOM <= places[0] <= places[-1] <= PLOT + ROOM


@pytest.mark.parametrize("look", [LIGHT, DARK])
def test_each_line_that_is_drawn_has_a_colour_of_its_own(look):
    _, found = layers(drawn(lines(MOST), look))
    [scale] = [encoding["color"]["scale"] for kind, _, encoding, _ in found if kind == "text" and "scale" in
               encoding["color"]]  # fmt: skip
    assert len(set(scale["range"])) == len(scale["domain"]) == MOST


def flat(line, step):
    return 10.0 * line + step / 100


def test_many_lines_are_a_band_their_median_and_the_two_at_the_edges_with_their_names():
    _, found = layers(drawn(lines(12, flat, range(3))))
    [band] = rows_of(found, "area", "min")
    assert [(row["step"], row["min"], row["max"], row["last"]) for row in band] == [
        (step, *(pytest.approx(base + step / 100) for base in (0, 110, 55))) for step in range(3)
    ]
    assert [(row["label"], row["last"]) for row in names(found)] == [
        ("000", pytest.approx(0.02)), ("median of 12", pytest.approx(55.02)), ("011", pytest.approx(110.02)),
    ]  # fmt: skip
    edges = [rows for rows in rows_of(found, "line", "last") if rows and "tone" in rows[0]]
    assert [(row["tone"], row["label"]) for row in edges[0][::3]] == [("highest", "011"), ("lowest", "000")]


def test_a_step_says_the_median_and_which_line_is_lowest_and_highest_there():
    _, found = layers(drawn(lines(9, lambda line, step: line * (-1) ** step, range(2))))
    [(encoding, told)] = [(encoding, rows) for kind, _, encoding, rows in found if kind == "rule"]
    assert [item["title"] for item in encoding["tooltip"]] == ["word", "median of 9", "lowest", "highest"]
    assert [(row["last"], row["lowest"], row["highest"]) for row in told] == [
        (4, "0 · 000", "8 · 008"), (-4, "-8 · 008", "0 · 000")
    ]  # fmt: skip


def test_a_spike_within_a_point_is_in_the_band():
    rows = [*lines(10, flat, range(2)), ("layer/003/norm", 1, True, 2, 30.0, 900.0, 30.0)]
    _, found = layers(drawn(rows))
    assert rows_of(found, "area", "min")[0][-1]["max"] == 900


def test_a_line_without_a_value_is_where_it_was():
    rows = [*lines(9, flat, [0]), ("layer/000/norm", 1, True, 1, 5.0, 5.0, 5.0)]
    _, found = layers(drawn(rows))
    assert [(row["min"], row["max"]) for row in rows_of(found, "area", "min")[0]] == [(0, 80), (5, 80)]


def test_lines_that_are_logged_in_turn_are_taken_together():
    rows = [(f"m/{step % 100}/x", 1, True, step, 1.0, 1.0, 1.0) for step in range(10_000)]
    _, found = layers(drawn(rows))
    [band] = rows_of(found, "area", "min")
    assert len(band) <= FINEST
    assert [row["step"] for row in band[:2]] == [0, 128]


def test_what_is_made_and_sent_does_not_grow_with_the_number_of_lines():
    made = [written(drawn(lines(count))) for count in (32, 300)]
    assert len({len(json.loads(spec)["layer"]) for spec, _ in made}) == 1
    sent = [len(spec) + sum(len(_sent(table)) for table in tables.values()) for spec, tables in made]
    assert sent[1] < 1.01 * sent[0]


def test_of_abandoned_lines_the_median_of_each_branch_is_dashed():
    old = [*lines(9, flat, (3, 4), active=False), *lines(9, flat, (3,), branch=2, active=False)]
    _, found = layers(drawn([*lines(9, flat, range(3)), *lines(9, flat, range(3, 9), branch=3), *old]))
    [dashed] = [rows for _, mark, _, rows in found if "strokeDash" in mark]
    assert [(row["branch"], row["step"], row["last"]) for row in dashed] == [
        (1, 3, pytest.approx(40.03)), (1, 4, pytest.approx(40.04)), (2, 3, pytest.approx(40.03))
    ]  # fmt: skip


def test_many_lines_break_over_steps_that_were_left_out():
    _, found = layers(drawn(lines(9, flat, (1, 2, 3, 9, 10, 11)), left_out=[Stretch(4, 8)]))
    [band] = rows_of(found, "area", "min")
    assert [(row["min"], row["max"], row["last"]) for row in band if row["step"] == 6] == [(None, None, None)]
    gaps = [row["tone"] for rows in rows_of(found, "line", "last") for row in rows if "tone" in row and not row["last"]]
    assert gaps == ["highest", "lowest"]


def test_many_names_of_which_one_or_none_has_values_are_drawn():
    labels = {f"m{line}": f"m{line}" for line in range(20)}
    for rows, expected in (([], []), ([("m3", 1, True, 1, 2.0, 2.0, 2.0)], ["m3", "median of 1"])):
        _, found = layers(small_chart(points(*rows), labels, WORDS, LIGHT))
        assert sorted(row["label"] for row in names(found)) == expected


@pytest.mark.parametrize("log", [False, True])
def test_names_of_runs_laid_over_each_other_take_no_part_in_the_axis(log):
    rows = points(*(("a", 1, True, step, 1.0, 1.0, 1.0) for step in (1, 2)))
    line = rows.select(["step", "step_last", "min", "max", "last"]).append_column("x", rows["step"].cast("double"))
    marks = rows.select(["step"]).rename_columns(["x"]).append_column("kind", rows["metric"]).slice(0, 0)
    runs = [RunLine(f"run-{place}", "#000", line, marks) for place in range(8)]
    _, found = layers(overlay_chart(runs, Along("steps", "d"), SAID, LIGHT, log=log))
    assert set(on_axis(found)) == {1}
    away = next(rows for kind, _, encoding, rows in found if kind == "text" and encoding["text"]["field"] == "run")
    assert sorted(row["away"] for row in away) == [pytest.approx(13 * place) for place in range(8)]
