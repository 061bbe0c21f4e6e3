"""A log's rows in order, whatever order they were written in; a run's rows on its path."""

import math
from collections.abc import Iterable
from pathlib import Path

import pytest

import assay
from assay.errors import AssayError
from store.database import Store
from store.errors import StoreError
from store.loading import load_spools
from store.loss_log import LossLog, in_order, read_log, read_run
from store.readers import Point
from store.refs import parse_ref


def ordered(*steps: int) -> LossLog:
    """The log of these steps, each with its place among them as its loss."""
    return in_order(Point(step, {"loss": float(place)}) for place, step in enumerate(steps))


def told(rows: Iterable[tuple[int, float]]) -> LossLog:
    return in_order(Point(step, {"loss": loss}) for step, loss in rows)


def losses(log: LossLog) -> dict[int, float]:
    return {step: values["loss"] for step, values in log.rows}


def test_a_repeated_step_has_its_later_value():
    assert losses(ordered(1, 2, 2, 3)) == {1: 0.0, 2: 2.0, 3: 3.0}


def test_steps_that_go_back_to_one_that_is_there_are_a_run_started_again():
    log = ordered(1, 2, 3, 4, 5, 3, 4)
    assert losses(log) == {1: 0.0, 2: 1.0, 3: 5.0, 4: 6.0}
    assert (log.replaced, log.restarts) == (2, 1)


def test_a_run_that_begins_anew_in_the_same_file_is_the_run():
    log = ordered(0, 1, 2, 3, 0, 1)
    assert (losses(log), log.replaced, log.restarts) == ({0: 4.0, 1: 5.0}, 3, 1)


@pytest.mark.parametrize("again", [150, 1, 399])
def test_a_row_that_is_there_twice_is_nothing_new(again: int):
    rows = [(step, math.nan if step == 150 else 1.0 * step) for step in range(1, 401)]
    log = told([*rows, (again, math.nan if again == 150 else 1.0 * again)])
    assert ([step for step, _ in log.rows], log.replaced, log.restarts) == (list(range(1, 401)), 0, 0)
    assert told([*rows, *rows]).restarts == 0


@pytest.mark.parametrize("behind", [[], [6, 7], [2]])
def test_a_lone_row_that_goes_back_replaces_only_its_own(behind: list[int]):
    log = ordered(1, 2, 3, 4, 5, 3, *behind)
    places = dict(zip([1, 2, 3, 4, 5, 3, *behind], range(9), strict=False))
    assert (losses(log), log.replaced, log.restarts) == (dict(sorted(places.items())), 0, 0)


def test_a_step_told_again_behind_its_neighbour_loses_neither():
    log = ordered(*range(301), 299, 301, 302)
    assert ([step for step, _ in log.rows], losses(log)[299], log.restarts) == (list(range(303)), 301.0, 0)


def test_every_epoch_that_counts_from_one_again_is_told():
    steps = [*range(1, 101)] * 3
    log = ordered(*steps)
    assert (losses(log), log.replaced, log.restarts) == ({step: 199.0 + step for step in range(1, 101)}, 198, 2)


def test_a_run_started_again_that_repeats_its_losses_at_first_goes_on_from_where_they_differ():
    first = [(step, 2.0 if step <= 5 else 9.0) for step in range(1, 11)]
    log = told([*first, *((step, 2.0) for step in range(4, 9))])
    assert (losses(log), log.replaced) == (dict.fromkeys(range(1, 9), 2.0), 4)


def test_a_run_started_again_keeps_all_the_rows_of_its_first_step():
    rows = [{"loss": 2.0}, {"grad_norm": 0.3}]
    points = [Point(step, values) for step in range(5) for values in rows]
    points += [Point(3, {"loss": 7.0}), Point(3, {"grad_norm": 0.3}), Point(4, {"loss": 8.0})]
    log = in_order(points)
    assert log.rows[3:] == [(3, {"loss": 7.0, "grad_norm": 0.3}), (4, {"loss": 8.0})]
    assert (len(log.rows), log.restarts) == (5, 1)


def test_evaluations_of_another_cadence_do_not_make_a_lone_row_a_restart():
    points = [Point(step, {"loss": 2.0}) for step in range(1, 11)]
    log = in_order([*points, Point(4, {"loss": 3.0}), Point(10, {"val_loss": 2.5})])
    assert (len(log.rows), log.restarts, log.rows[-1]) == (10, 0, (10, {"loss": 2.0, "val_loss": 2.5}))


def test_steps_that_are_only_out_of_order_are_put_in_order():
    assert losses(ordered(1, 2, 4, 3, 5)) == {1: 0.0, 2: 1.0, 3: 3.0, 4: 2.0, 5: 4.0}
    assert losses(ordered(5, 4, 3, 2, 1)) == {1: 4.0, 2: 3.0, 3: 2.0, 4: 1.0, 5: 0.0}
    assert [step for step, _ in ordered(3, 1, 2).rows] == [1, 2, 3]


def test_values_of_one_step_in_several_rows_come_together():
    points = [
        Point(1, {"loss": 2.0}),
        Point(2, {"loss": 1.9}),
        Point(1, {"grad_norm": 0.3}),
        Point(2, {"val_loss": 2.1}),
    ]
    log = in_order(points)
    assert log.rows == [(1, {"loss": 2.0, "grad_norm": 0.3}), (2, {"loss": 1.9, "val_loss": 2.1})]
    assert log.restarts == 0


def test_the_last_line_counts_though_its_line_end_is_not_there(tmp_path: Path):
    path = tmp_path / "log.csv"
    path.write_text("step,loss\n1,2.0\n2,1.5")
    assert losses(read_log(path)) == {1: 2.0, 2: 1.5}


def test_a_run_is_read_along_its_active_path_or_one_that_was_left(root: Path):
    with assay.run("r", store=root) as run:
        for step in range(1, 6):
            run.log(step, {"loss": 1.0 * step, "grad_norm": 0.5, "other": 3.0, "group/first/rms_t": 1.0})
        run.fork(2, "rollback")
        run.log(3, {"loss": 30.0})
    store = Store.at(root / "assay.duckdb")
    load_spools(store)
    assert losses(read_run(store, parse_ref("r"))) == {1: 1.0, 2: 2.0, 3: 30.0}
    assert losses(read_run(store, parse_ref("r/1"))) == {1: 1.0, 2: 2.0, 3: 3.0, 4: 4.0, 5: 5.0}
    assert read_run(store, parse_ref("r")).rows[0] == (1, {"loss": 1.0, "grad_norm": 0.5, "group/first/rms_t": 1.0})


def test_a_run_without_losses_or_that_is_not_there_says_so(root: Path):
    assay.run("empty", store=root).finish()
    store = Store.at(root / "assay.duckdb")
    load_spools(store)
    with pytest.raises(AssayError, match="run empty has no loss yet"):
        read_run(store, parse_ref("empty"))
    with pytest.raises(StoreError, match=r"there is no run emty .*did you mean empty"):
        read_run(store, parse_ref("emty"))
