"""A log's rows as stretches, whatever order they were written in, and what each goes on from."""

import math
import random
from collections.abc import Iterable, Sequence

import pytest

from assay.spikes import Stretch
from store.log_order import stretches_of
from store.readers import Point


def ordered(*steps: int) -> list[Stretch]:
    """The log of these steps, each with its place among them as its loss."""
    return stretches_of(Point(step, {"loss": float(place)}) for place, step in enumerate(steps))


def told(rows: Iterable[tuple[int, float]]) -> list[Stretch]:
    return stretches_of(Point(step, {"loss": loss}) for step, loss in rows)


def losses(stretch: Stretch) -> dict[int, float]:
    return {step: values["loss"] for step, values in stretch.rows}


def steps_of(stretches: Sequence[Stretch]) -> list[list[int]]:
    return [[step for step, _ in stretch.rows] for stretch in stretches]


def test_a_repeated_step_has_its_later_value():
    assert [losses(one) for one in ordered(1, 2, 2, 3)] == [{1: 0.0, 2: 2.0, 3: 3.0}]


def test_steps_that_go_back_to_one_that_is_there_are_a_stretch_that_goes_on_from_the_step_before():
    first, second = ordered(1, 2, 3, 4, 5, 3, 4)
    assert losses(first) == {1: 0.0, 2: 1.0, 3: 2.0, 4: 3.0, 5: 4.0}
    assert (losses(second), first.behind, second.behind) == ({3: 5.0, 4: 6.0}, None, (0, 2))


def test_a_run_that_begins_anew_in_the_same_file_goes_on_from_nothing():
    first, second = ordered(5, 6, 7, 8, 5, 6)
    assert (losses(first), losses(second)) == ({5: 0.0, 6: 1.0, 7: 2.0, 8: 3.0}, {5: 4.0, 6: 5.0})
    assert second.behind is None
    assert [stretch.behind for stretch in ordered(5, 6, 7, 8, 4, 5, 6, 7)] == [None, None]


def test_a_stretch_goes_on_from_the_path_that_led_to_it_and_not_from_what_was_left():
    stretches = ordered(*range(1, 11), *range(6, 13), *range(9, 11), *range(3, 6), *range(4, 6))
    assert steps_of(stretches) == [
        [*range(1, 11)],
        [*range(6, 13)],
        [9, 10],
        [3, 4, 5],
        [4, 5],
    ]
    # Steps 6 to 8 of the third one's past are the second stretch's; of the fourth one's nothing else is left.
    assert [stretch.behind for stretch in stretches] == [None, (0, 5), (1, 3), (0, 2), (3, 1)]


@pytest.mark.parametrize("again", [150, 1, 399])
def test_a_row_that_is_there_twice_is_nothing_new(again: int):
    rows = [(step, math.nan if step == 150 else 1.0 * step) for step in range(1, 401)]
    log = told([*rows, (again, math.nan if again == 150 else 1.0 * again)])
    assert steps_of(log) == [list(range(1, 401))]
    assert len(told([*rows, *rows])) == 1


@pytest.mark.parametrize("behind", [[], [6, 7], [2]])
def test_a_lone_row_that_goes_back_replaces_only_its_own(behind: list[int]):
    (log,) = ordered(1, 2, 3, 4, 5, 3, *behind)
    places = dict(zip([1, 2, 3, 4, 5, 3, *behind], range(9), strict=False))
    assert losses(log) == dict(sorted(places.items()))


def test_a_step_told_again_behind_its_neighbour_loses_neither():
    (log,) = ordered(*range(301), 299, 301, 302)
    assert (list(losses(log)), losses(log)[299]) == (list(range(303)), 301.0)


def test_every_epoch_that_counts_from_one_again_is_a_stretch_that_begins_anew():
    log = ordered(*[*range(1, 101)] * 3)
    assert steps_of(log) == [list(range(1, 101))] * 3
    assert [stretch.behind for stretch in log] == [None, None, None]
    assert losses(log[2])[1] == 200.0


def test_a_run_started_again_that_repeats_its_losses_at_first_goes_on_from_where_they_differ():
    first = [(step, 2.0 if step <= 5 else 9.0) for step in range(1, 11)]
    before, after = told([*first, *((step, 2.0) for step in range(4, 9))])
    assert losses(before) == dict(first)
    assert (losses(after), after.behind) == (dict.fromkeys(range(6, 9), 2.0), (0, 5))


def test_a_run_started_again_keeps_all_the_rows_of_its_first_step():
    rows = [{"loss": 2.0}, {"grad_norm": 0.3}]
    points = [Point(step, values) for step in range(5) for values in rows]
    points += [Point(3, {"loss": 7.0}), Point(3, {"grad_norm": 0.3}), Point(4, {"loss": 8.0})]
    first, second = stretches_of(points)
    assert first.rows == [(step, {"loss": 2.0, "grad_norm": 0.3}) for step in range(5)]
    assert second.rows == [(3, {"loss": 7.0, "grad_norm": 0.3}), (4, {"loss": 8.0})]


def test_evaluations_of_another_cadence_do_not_make_a_lone_row_a_restart():
    points = [Point(step, {"loss": 2.0}) for step in range(1, 11)]
    (log,) = stretches_of([*points, Point(4, {"loss": 3.0}), Point(10, {"val_loss": 2.5})])
    assert (len(log.rows), log.rows[-1]) == (10, (10, {"loss": 2.0, "val_loss": 2.5}))


def test_steps_that_are_only_out_of_order_are_put_in_order():
    assert [losses(one) for one in ordered(1, 2, 4, 3, 5)] == [{1: 0.0, 2: 1.0, 3: 3.0, 4: 2.0, 5: 4.0}]
    assert [losses(one) for one in ordered(5, 4, 3, 2, 1)] == [{1: 4.0, 2: 3.0, 3: 2.0, 4: 1.0, 5: 0.0}]
    assert steps_of(ordered(3, 1, 2)) == [[1, 2, 3]]
    assert steps_of(ordered(*range(10), *range(20, 30), *range(10, 20), 30)) == [list(range(31))]


def test_steps_sorted_as_text_are_put_in_order():
    assert steps_of(ordered(*sorted(range(1, 3001), key=str))) == [list(range(1, 3001))]


@pytest.mark.parametrize("seed", range(5))
def test_a_log_in_no_order_at_all_is_put_in_order(seed: int):
    steps = list(range(1, 2001))
    random.Random(seed).shuffle(steps)
    assert steps_of(ordered(*steps)) == [list(range(1, 2001))]


def test_a_run_started_again_that_logs_at_other_steps_is_a_stretch_too():
    first, second = ordered(*range(0, 400, 10), *range(205, 405, 10))
    assert losses(first) == {step: place for place, step in enumerate(range(0, 400, 10))}
    assert (list(losses(second)), second.behind) == (list(range(205, 405, 10)), (0, 21))
    first, second = ordered(*range(0, 400, 10), *range(205, 400, 3))
    assert (len(first.rows), list(losses(second)), second.behind) == (40, list(range(205, 400, 3)), (0, 21))


def test_a_run_before_the_first_step_of_another_is_a_stretch_that_begins_anew():
    first, second = ordered(*range(1000, 1100), *range(1, 101))
    assert (losses(first)[1000], losses(second)[1], second.behind) == (0.0, 100.0, None)


def test_values_of_one_step_in_several_rows_come_together():
    points = [
        Point(1, {"loss": 2.0}),
        Point(2, {"loss": 1.9}),
        Point(1, {"grad_norm": 0.3}),
        Point(2, {"val_loss": 2.1}),
    ]
    (log,) = stretches_of(points)
    assert log.rows == [(1, {"loss": 2.0, "grad_norm": 0.3}), (2, {"loss": 1.9, "val_loss": 2.1})]


def test_a_series_behind_another_comes_together_with_it():
    losses_first = [Point(step, {"loss": 2.0}) for step in range(100)]
    (log,) = stretches_of([*losses_first, *(Point(step, {"grad_norm": 0.3}) for step in range(0, 100, 3))])
    assert len(log.rows) == 100
    assert log.rows[3] == (3, {"loss": 2.0, "grad_norm": 0.3})
