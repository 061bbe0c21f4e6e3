"""Points into branches, each of them once."""

import pytest

from store.readers import Point
from store.watch_history import History, mark_of


def taken(history: History, *points: tuple[int, dict[str, float]], stream: str = "") -> list[tuple]:
    """What a log of these points adds, read from its beginning: steps as (branch, step, values)."""
    history.restart(stream)
    lines = [line for step, values in points for line in history.take(stream, Point(step, values))]
    return [
        (line["b"], line["s"], line["v"])
        if line["k"] == "step"
        else ("branch", line["b"], line["parent"], line["fork"])
        for line in lines
    ]


def loss(*steps: int, value: float = 1.0) -> list[tuple[int, dict[str, float]]]:
    return [(step, {"loss": value}) for step in steps]


def test_a_log_read_again_adds_nothing_but_what_is_new():
    history = History()
    assert len(taken(history, *loss(1, 2))) == 2
    assert taken(history, *loss(1, 2)) == []
    assert taken(history, *loss(1, 2, 3)) == [(1, 3, {"loss": 1.0})]
    assert history.points == 3


def test_steps_that_go_back_begin_a_branch_before_them():
    history = History()
    assert taken(history, *loss(10, 20, 30, 20, 30, 40, 5)) == [
        (1, 10, {"loss": 1.0}), (1, 20, {"loss": 1.0}), (1, 30, {"loss": 1.0}),
        ("branch", 2, 1, 19), (2, 20, {"loss": 1.0}), (2, 30, {"loss": 1.0}), (2, 40, {"loss": 1.0}),
        ("branch", 3, 2, 4), (3, 5, {"loss": 1.0}),
    ]  # fmt: skip
    assert (history.branch, history.last_step) == (3, 5)


def test_an_evaluation_of_the_same_step_belongs_to_it():
    history = History()
    added = taken(history, (5, {"loss": 2.0, "epoch": 0.5}), (5, {"val_loss": 3.0, "epoch": 0.5}))
    assert added == [(1, 5, {"loss": 2.0, "epoch": 0.5}), (1, 5, {"val_loss": 3.0})]
    assert history.repeated == 0


def test_of_values_that_repeat_a_step_the_first_is_kept_and_the_others_are_counted():
    history = History()
    again = [(5, {"loss": 2.0}), (5, {"loss": 9.0}), (6, {"loss": 1.0})]
    assert taken(history, *again) == [(1, 5, {"loss": 2.0}), (1, 5, {}), (1, 6, {"loss": 1.0})]
    assert history.repeated == 1
    assert taken(history, *again) == []


def test_a_late_evaluation_goes_to_the_branch_that_holds_its_step():
    history = History()
    added = taken(
        history, *loss(10, 20, 30), (10, {"val_loss": 4.0}), *loss(20), (10, {"accuracy": 0.5}), (20, {"val_loss": 3.0})
    )
    assert added[3:] == [
        (1, 10, {"val_loss": 4.0}),
        ("branch", 2, 1, 19),
        (2, 20, {"loss": 1.0}),
        (1, 10, {"accuracy": 0.5}),
        (2, 20, {"val_loss": 3.0}),
    ]


def test_epoch_and_learning_rate_alone_do_not_make_a_branch_of_a_late_value():
    history = History()
    added = taken(history, (10, {"loss": 1.0, "epoch": 2.0}), (5, {"val_loss": 3.0, "epoch": 1.0}))
    assert added == [(1, 10, {"loss": 1.0, "epoch": 2.0}), (1, 5, {"val_loss": 3.0})]
    assert taken(History(), (5, {"lr": 0.1}), (4, {"lr": 0.1}))[1] == ("branch", 2, 1, 3)


def test_a_log_that_begins_anew_and_differs_is_a_branch():
    history = History()
    taken(history, *loss(1, 2, 3))
    assert taken(history, *loss(1, 2, value=7.0)) == [("branch", 2, 1, 0), (2, 1, {"loss": 7.0}), (2, 2, {"loss": 7.0})]
    assert taken(history, *loss(1, 2, value=7.0)) == []


def test_a_log_rewritten_with_another_ending_branches_where_it_differs():
    history = History()
    taken(history, *loss(1, 2, 3, 4))
    assert taken(history, *loss(1, 2), (3, {"loss": 5.0})) == [("branch", 2, 1, 2), (2, 3, {"loss": 5.0})]


def test_a_log_that_lost_its_beginning_adds_only_what_is_new():
    history = History()
    taken(history, *loss(1, 2, 3, 4))
    assert taken(history, *loss(3, 4, 5)) == [(1, 5, {"loss": 1.0})]
    assert taken(history, *loss(4, 5, 6)) == [(1, 6, {"loss": 1.0})]
    assert taken(history, *loss(1, 2, 3, 4, 5, 6)) == []


def test_a_log_that_went_back_to_an_older_state_adds_nothing():
    history = History()
    taken(history, *loss(1, 2, 3, 4))
    assert taken(history, *loss(1, 2)) == []
    assert taken(history, *loss(1, 2, 3, 4, 5)) == [(1, 5, {"loss": 1.0})]


def test_streams_are_told_apart():
    history = History()
    taken(history, *loss(1, 2), stream="train")
    assert taken(history, (1, {"val_loss": 3.0}), (2, {"val_loss": 2.0}), stream="validation") == [
        (1, 1, {"val_loss": 3.0}),
        (1, 2, {"val_loss": 2.0}),
    ]
    assert taken(history, *loss(1, 2), stream="train") == []


@pytest.mark.parametrize("cut", range(12))
def test_what_is_learned_from_any_beginning_of_the_lines_goes_on_as_if_nothing_had_happened(cut):
    log = [*loss(3, 4, 5), (5, {"val_loss": 2.0}), *loss(4, 5), (4, {"val_loss": 1.0}), *loss(6, 1)]
    whole = History()
    lines = [line for step, values in log for line in whole.take("", Point(step, values))]
    assert len(lines) == 11
    again = History()
    for line in lines[:cut]:
        again.learn(line)
    rest = [line for step, values in log for line in again.take("", Point(step, values))]
    without_time = [{**line, "t": 0} for line in lines[:cut] + rest]
    assert without_time == [{**line, "t": 0} for line in lines]
    assert again.branch == whole.branch


def test_a_mark_tells_values_apart_but_not_their_order():
    assert mark_of(Point(1, {"a": 1.0, "b": 2.0})) == mark_of(Point(1, {"b": 2.0, "a": 1.0}, 5.0))
    assert mark_of(Point(1, {"a": 1.0})) != mark_of(Point(2, {"a": 1.0}))
    assert mark_of(Point(1, {"a": float("nan")})) == mark_of(Point(1, {"a": float("nan")}))
