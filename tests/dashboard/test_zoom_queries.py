"""What zoomed and small charts read: ranges on any axis, and marks in their places."""

import math

import pytest

import assay
from dashboard.queries import compare, curves, run
from dashboard.queries.curves import Span
from store.loading import load_spools


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
