"""The newest and the lowest value, found among few rows, are those that all rows give."""

import math
import random

import pytest

import assay
from store.database import Statement, Store
from store.loading import load_spools
from store.spans import open_spans, rows_not_closed
from store.telling import telling

SHIFT = 3


@pytest.fixture(autouse=True)
def short_spans(monkeypatch):
    """Spans of eight steps, so that a few hundred values fill many."""
    monkeypatch.setattr("store.spans.SHIFT", SHIFT)


def value(chance):
    # Few different ones, so that the lowest comes more than once.
    return math.nan if chance.random() < 0.05 else float(chance.randint(0, 40))


def record(root, name, chance):
    """A run that goes back now and then, with a metric a step and a rare one."""
    with assay.run(name, store=root) as run:
        step = 0
        for _ in range(chance.randint(1, 4)):
            for _ in range(chance.randint(2, 120)):
                step += 1
                run.log(step, often=value(chance))
                if step % chance.choice([3, 20]) == 0:
                    run.log(step, rare=value(chance))
            step = max(0, step - chance.randint(0, 50))
            run.fork(after=step, reason="rollback")
        run.log(step + 1, often=1.0)


EVERYTHING = """
SELECT m.run_id, m.metric_id, m.branch, m.step, m.value, m.time
FROM metric m JOIN active_path p ON p.run_id = m.run_id AND p.branch = m.branch AND m.step <= p.last_step
"""

FIGURES = """
SELECT run_id, metric_id, max(step) AS newest, arg_max(value, step) AS value,
       min(value) FILTER (isfinite(value)) AS lowest,
       arg_min(step, row(value, step)) FILTER (isfinite(value)) AS lowest_step
FROM ({rows}) GROUP BY run_id, metric_id ORDER BY run_id, metric_id
"""


GOES_ON = "UPDATE run SET status = 'running', ended = NULL"


def figures(snapshot, rows):
    return [repr(row) for row in snapshot.rows(FIGURES.format(rows=rows))]


@pytest.fixture(params=[0, 1000], ids=["in one pass", "range by range"])
def most_ranges(request, monkeypatch):
    """Ranges up to which each is looked for by itself."""
    monkeypatch.setattr("store.telling.MOST_RANGES", request.param)


@pytest.mark.parametrize("going_on", [False, True], ids=["ended", "taken up again"])
@pytest.mark.parametrize("seed", range(8))
def test_newest_and_lowest_are_those_of_the_whole_active_path(root, seed, going_on, most_ranges):
    chance = random.Random(seed)
    for number in range(3):
        record(root, f"run-{number}", chance)
    store = Store.at(root / "assay.duckdb")
    load_spools(store)
    if going_on:
        store.transact([Statement(GOES_ON)])
    ids = [row["id"] for row in store.rows("SELECT id FROM metric_name ORDER BY id")]

    def both(snapshot):
        return figures(snapshot, telling(snapshot, [1, 2, 3], ids, lowest=ids)), figures(snapshot, EVERYTHING)

    found, expected = store.snapshot(both)
    assert found == expected
    assert len(found) >= 3


def long_run(root) -> Store:
    with assay.run("long", store=root) as run:
        for step in range(1, 1001):
            run.log(step, loss=abs(step - 500.0), other=1.0)
            if step % 20 == 0:
                run.log(step, val_loss=2000.0 - step)
    store = Store.at(root / "assay.duckdb")
    load_spools(store)
    return store


@pytest.mark.parametrize("going_on", [False, True])
def test_few_rows_are_read_and_none_twice(root, going_on, most_ranges):
    store = long_run(root)
    if going_on:
        store.transact([Statement(GOES_ON)])
    names = {row["name"]: row["id"] for row in store.rows("SELECT name, id FROM metric_name")}
    asked = [names["loss"], names["val_loss"]]
    rows = store.snapshot(lambda snapshot: snapshot.rows(telling(snapshot, [1], asked, lowest=asked)))
    places = [(row["metric_id"], row["step"]) for row in rows]
    assert len(places) == len(set(places))
    # The span of the lowest loss, and the newest values; of a run that goes on, all of its last steps too.
    newest = {991, *range(992, 1001)} if going_on else {1000}
    assert {step for metric, step in places if metric == names["loss"]} == {*range(496, 504), *newest}
    lowest = {500, 1000}
    assert {step for metric, step in places if metric == names["val_loss"]} == lowest | ({980} if going_on else set())


def test_of_no_run_and_of_no_metric_nothing_is_read(root, most_ranges):
    store = long_run(root)
    assert store.snapshot(lambda snapshot: snapshot.rows(telling(snapshot, [], [1]))) == []
    assert store.snapshot(lambda snapshot: snapshot.rows(telling(snapshot, [1], []))) == []


def test_rows_that_no_span_stands_for_are_told_once_each(root):
    record(root, "run", random.Random(3))
    store = Store.at(root / "assay.duckdb")
    load_spools(store)

    def counted(snapshot):
        raw = rows_not_closed(open_spans(snapshot, 1))
        return sum(snapshot.rows(f"SELECT count(*) AS n FROM metric WHERE {one}")[0]["n"] for one in raw)

    closed = store.rows("SELECT sum(n + odd) AS n FROM metric_span")[0]["n"]
    assert store.snapshot(counted) + closed == store.rows("SELECT count(*) AS n FROM metric")[0]["n"]
