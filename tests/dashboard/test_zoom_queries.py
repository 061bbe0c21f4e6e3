"""What zoomed and small charts read: ranges on any axis, and marks in their places."""

import math

import pytest

import assay
from dashboard.gaps import Stretch, breaks
from dashboard.queries import compare, curves, run
from dashboard.queries.curves import Span
from dashboard.tables import only, values
from store.loading import load_spools
from tests.dashboard import spiky


def test_small_series_keep_their_marks(full_store):
    triage = run.run_facts(full_store, "triage")["id"]
    series = curves.small_series(full_store, triage, ("loss", "grad_norm"), Span(), 10)
    assert sorted((row["metric"], row["kind"]) for row in series.marks.to_pylist()) == [
        ("grad_norm", "inf"), ("loss", "nan"),
    ]  # fmt: skip
    assert series.width > 1


@pytest.fixture
def bumpy(store):
    """Fifty steps of 64 tokens; the fourth is no number, the thirtieth was rolled back to the twentieth."""
    with assay.run("bumpy", store=store.root) as bumped:
        for step in range(1, 31):
            bumped.log(step, loss=math.nan if step == 4 else float(step), tokens=step * 64)
        bumped.fork(after=20, reason="rollback")
        for step in range(21, 51):
            bumped.log(step, loss=float(step), tokens=step * 64)
    load_spools(store)
    return store


def test_a_line_lies_on_the_active_path_with_its_marks_in_place(bumpy):
    line = compare.line(bumpy, 1, "loss", "tokens", 240)
    assert [(row["step"], row["x"], row["last"]) for row in line.points.to_pylist()] == [
        (step, step * 64.0, float(step)) for step in range(1, 51) if step != 4
    ]
    assert [(row["x"], row["kind"]) for row in line.marks.to_pylist()] == [(256.0, "nan")]


@pytest.mark.parametrize(
    ("axis", "reach", "steps"),
    [
        ("step", (9.5, 12.0), [8, 9, 10, 11, 12, 13]),
        ("tokens", (640.0, 700.0), [9, 10, 11]),
        ("tokens", (3190.0, 9999.0), [49, 50]),
        ("tokens", (4000.0, 9999.0), []),
        ("epoch", (0.0, 1.0), []),
    ],
)
def test_a_range_on_an_axis_gives_the_steps_in_it_and_one_to_either_side(bumpy, axis, reach, steps):
    assert compare.line(bumpy, 1, "loss", axis, 240, reach).points["step"].to_pylist() == steps


def test_a_range_of_time_gives_every_step_where_few_lie_in_it(bumpy):
    created = bumpy.rows("SELECT created FROM run")[0]["created"]
    move = "UPDATE metric SET time = $created + INTERVAL 10 SECOND * step"
    bumpy.transaction(lambda tx: tx.execute(move, {"created": created}))
    assert compare.line(bumpy, 1, "loss", "time", 8).points.num_rows < 9
    near = compare.line(bumpy, 1, "loss", "time", 8, (30.0, 60.0))
    assert [(row["step"], row["x"]) for row in near.points.to_pylist()] == [
        (2, 20.0),
        (3, 30.0),
        (5, 50.0),
        (6, 60.0),
        (7, 70.0),
    ]
    assert near.marks.to_pylist() == [{"kind": "nan", "x": 40.0}]


def test_of_equally_low_validation_losses_the_first_is_the_lowest(store):
    with assay.run("flat", store=store.root) as flat:
        for step in range(1, 21):
            flat.log(step, val_loss=0.5 if step > 3 else 0.75)
    load_spools(store)
    [row] = run.figures(store, 1, run.Before()).to_pylist()
    assert (row["lowest"], row["lowest_step"]) == (0.5, 4)


@pytest.fixture
def full_of_holes(store):
    """4,000 steps, validated at every hundredth: of 200 and of 12 nothing was learned, one was skipped for its loss,
    and one is not recorded at all.
    """
    with assay.run("r", store=store.root) as made:
        for step in range(1, 4001):
            if 1001 <= step <= 1200 or 2001 <= step <= 2012:
                made.log_batch(step, {}, {"update": step, "rows": [1], "losses": [], "verdict": "left-out"})
            elif step == 3000:
                batch = {"update": step, "rows": [1], "losses": [], "verdict": "skip"}
                made.log_batch(step, {"loss": math.nan, "lr": 1.0}, batch)
            elif step != 3500:
                batch = {"update": step, "rows": [1], "losses": [2.0], "verdict": "commit"}
                made.log_batch(step, {"loss": 2.0, "lr": 1.0}, batch)
            if step % 100 == 0 and not 1001 <= step <= 1200:
                made.log(step, val_loss=2.0)
    load_spools(store)
    return store


def broken_at(read, metric):
    """Steps at which the line of a metric begins anew."""
    steps = values(only(read.points, "metric", metric), "step")
    return [steps[place] for place in breaks(steps, read.left_out)]


@pytest.mark.parametrize(
    ("span", "width", "loss", "val_loss"),
    [
        (Span(), 16, [1201], [1300]),
        (Span(1900, 2100), 1, [2013], []),
        (Span(2990, 3010), 1, [3001], []),
        (Span(3490, 3510), 1, [], []),
        (Span(1100, 1400), 1, [], []),
    ],
)
def test_a_line_breaks_where_nothing_was_learned_as_soon_as_that_can_be_seen(
    full_of_holes, span, width, loss, val_loss
):
    read = curves.curves(full_of_holes, 1, ("loss", "val_loss"), span, 400)
    assert (read.width, broken_at(read, "loss"), broken_at(read, "val_loss")) == (width, loss, val_loss)


def test_small_charts_and_lines_of_other_metrics_break_there_too(full_of_holes):
    read = curves.small_series(full_of_holes, 1, ("lr",), Span(), 120)
    assert (read.width, broken_at(read, "lr")) == (64, [1201])
    line = compare.line(full_of_holes, 1, "loss", "step", 240, (1900.0, 2100.0))
    assert line.left_out == (Stretch(2001, 2012),)
    assert compare.line(full_of_holes, 1, "val_loss", "step", 240).left_out == (Stretch(1001, 1200),)


def test_where_nothing_is_missing_nothing_is_looked_for(store, monkeypatch):
    with assay.run("r", store=store.root) as made:
        spiky.steps(made, 1, 200, verdicts={90: "skip"})
    load_spools(store)
    # Only series are read, in a snapshot; rows are what is looked for.
    monkeypatch.setattr(type(store), "rows", None)
    assert curves.curves(store, 1, ("loss",), Span(), 400).left_out == ()


def test_what_a_spike_was_gone_around_with_is_no_line(store):
    with assay.run("healed", store=store.root) as made:
        spiky.healed(made)
    load_spools(store)
    read = curves.curves(store, 1, ("loss",), Span(), 400)
    active = values(only(read.points, "active", True), "step")
    assert [(active[place - 1], active[place]) for place in breaks(sorted(active), read.left_out)] == [(140, 168)]
