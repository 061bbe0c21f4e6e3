"""Long series as few points: every spike stays, zooming ends at the raw values."""

import math
import random

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import assay
from store.database import Store
from store.loading import load_spools
from store.series import bucketed, width_shift


def recorded(root, steps, **more) -> Store:
    """A run named mine with loss = step, plus what `more` does with it."""
    with assay.run("mine", store=root) as run:
        for step in steps:
            run.log(step, loss=float(step))
        for work in more.values():
            work(run)
    store = Store.at(root / "assay.duckdb")
    load_spools(store)
    return store


def points(table: pa.Table, metric: str = "loss") -> list[tuple]:
    return [
        (row["branch"], row["active"], row["step"], row["step_last"], row["n"], row["min"], row["max"], row["last"])
        for row in table.to_pylist()
        if row["metric"] == metric
    ]


def test_a_short_series_is_given_raw(root):
    store = recorded(root, range(1, 5))
    series = bucketed(store, 1, ["loss"])
    assert points(series.points) == [(1, True, s, s, 1, float(s), float(s), float(s)) for s in range(1, 5)]
    assert (series.width, series.marks.num_rows) == (1, 0)


def test_a_long_series_keeps_minimum_maximum_and_last_of_each_bucket(root):
    store = recorded(root, range(8, 24))
    series = bucketed(store, 1, ["loss"], buckets=4)
    assert series.width == 4
    # 16 points are few enough to be given raw; a denser one is not.
    assert len(points(series.points)) == 16


def test_buckets_begin_at_multiples_of_their_width(root, monkeypatch):
    monkeypatch.setattr("store.series.SPARSE", 0)
    store = recorded(root, range(6, 24))
    assert points(bucketed(store, 1, ["loss"], buckets=5).points) == [
        (1, True, 6, 7, 2, 6.0, 7.0, 7.0),
        (1, True, 8, 11, 4, 8.0, 11.0, 11.0),
        (1, True, 12, 15, 4, 12.0, 15.0, 15.0),
        (1, True, 16, 19, 4, 16.0, 19.0, 19.0),
        (1, True, 20, 23, 4, 20.0, 23.0, 23.0),
    ]


def test_every_one_step_spike_is_visible_and_zooming_finds_its_step(root, monkeypatch):
    monkeypatch.setattr("store.series.SPARSE", 0)
    spikes = sorted(random.Random(3).sample(range(1, 5000), 20))
    with assay.run("mine", store=root) as run:
        for step in range(1, 5001):
            run.log(step, loss=100.0 if step in spikes else 1.0)
    store = Store.at(root / "assay.duckdb")
    load_spools(store)
    found = points(bucketed(store, 1, ["loss"], buckets=100).points)
    assert len(found) <= 100
    for spike in spikes:
        [bucket] = [row for row in found if row[2] <= spike <= row[3]]
        assert bucket[6] == 100.0
        zoomed = bucketed(store, 1, ["loss"], bucket[2], bucket[3], buckets=100)
        assert zoomed.width == 1
        assert [row[2] for row in points(zoomed.points) if row[6] == 100.0 and row[2] == spike] == [spike]


def test_values_that_are_not_finite_become_marks_and_hide_nothing(root):
    def odd(run):
        for step, value in ((5, math.nan), (6, math.inf), (7, -math.inf), (8, 8.0)):
            run.log(step, loss=value)

    series = bucketed(recorded(root, range(1, 5), odd=odd), 1, ["loss"])
    assert [row[2] for row in points(series.points)] == [1, 2, 3, 4, 8]
    assert [(row["step"], row["n"], row["kind"]) for row in series.marks.to_pylist()] == [
        (5, 1, "nan"), (6, 1, "inf"), (7, 1, "-inf"),
    ]  # fmt: skip


def test_abandoned_steps_are_told_from_the_active_path(root):
    def roll_back(run):
        run.fork(2, "rollback")
        run.log(3, loss=30.0)
        run.fork(1, "rollback")
        run.log(2, loss=20.0)

    series = bucketed(recorded(root, range(1, 5), back=roll_back), 1, ["loss"])
    assert [(branch, active, step) for branch, active, step, *_ in points(series.points)] == [
        (1, True, 1), (1, False, 2), (1, False, 3), (1, False, 4), (2, False, 3), (3, True, 2),
    ]  # fmt: skip


def test_a_sparse_series_beside_a_dense_one_is_given_raw(root, monkeypatch):
    monkeypatch.setattr("store.series.SPARSE", 10)

    def validate(run):
        for step in (10, 20, 30):
            run.log(step, val_loss=float(step))

    series = bucketed(recorded(root, range(1, 101), validate=validate), 1, ["loss", "val_loss"], buckets=10)
    assert len(points(series.points)) <= 10
    assert [row[2] for row in points(series.points, "val_loss")] == [10, 20, 30]


def test_a_run_without_such_a_metric_gives_no_points(root, store):
    assert bucketed(store, 1, ["loss"]).points.num_rows == 0
    store = recorded(root, range(1, 3))
    assert bucketed(store, 1, ["nothing"]).points.num_rows == 0
    assert bucketed(store, 1, []).points.num_rows == 0


@given(st.integers(0, 10**9), st.integers(0, 10**9), st.integers(1, 3000))
def test_the_width_is_the_smallest_power_of_two_that_fits(first, length, buckets):
    shift, last = width_shift(first, first + length, buckets), first + length
    assert (last >> shift) - (first >> shift) < buckets
    assert shift == 0 or (last >> (shift - 1)) - (first >> (shift - 1)) >= buckets


@pytest.mark.parametrize("seed", range(3))
def test_buckets_hold_what_a_plain_loop_finds(root, monkeypatch, seed):
    monkeypatch.setattr("store.series.SPARSE", 0)
    chance = random.Random(seed)
    values = {step: chance.gauss(0, 1) for step in sorted(chance.sample(range(20_000), 3000))}
    with assay.run("mine", store=root) as run:
        for step, value in values.items():
            run.log(step, loss=value)
    store = Store.at(root / "assay.duckdb")
    load_spools(store)
    series = bucketed(store, 1, ["loss"], buckets=64)
    expected = []
    for start in range(0, 20_000, series.width):
        inside = [(step, value) for step, value in values.items() if start <= step < start + series.width]
        if inside:
            numbers = [value for _, value in inside]
            expected.append(
                (1, True, inside[0][0], inside[-1][0], len(inside), min(numbers), max(numbers), numbers[-1])
            )
    assert points(series.points) == expected
