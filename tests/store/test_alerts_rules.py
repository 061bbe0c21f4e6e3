"""What deserves a message: once an episode, and not for what is usual."""

import math

import pytest

from store.alerts.rules import LowDisk, Rising, Stall, Thinner


def stepped(seconds: float = 1.0, steps: int = 10, at_least: float = 5.0) -> Stall:
    """A run whose steps took so long, the last of which ended at `steps * seconds`."""
    stall = Stall(0.0, 10.0, at_least)
    for step in range(1, steps + 1):
        assert stall.step(step * seconds, seconds) is None
    return stall


def test_a_run_is_stalled_after_ten_times_its_median_step_and_that_is_said_once():
    stall = stepped()
    assert stall.look(20.0) is None
    assert stall.look(20.1) == pytest.approx(10.1)
    assert stall.look(500.0) is None


def test_the_next_step_ends_a_stall_and_another_one_is_said_again():
    stall = stepped()
    assert stall.look(30.0) == 20.0
    assert stall.step(40.0, 1.0) == 30.0
    assert stall.step(41.0, 1.0) is None
    assert stall.look(52.0) == 11.0


def test_a_stall_takes_its_least_seconds_too():
    stall = stepped(0.01, 10, at_least=120.0)
    assert stall.look(0.1 + 120.0) is None
    assert stall.look(0.1 + 120.1) is not None


def test_the_median_is_that_of_the_last_steps_and_one_slow_step_moves_it_little():
    stall = stepped(1.0, 100)
    stall.step(103.0, 3.0)
    assert stall.limit == 10.0
    for step in range(200):
        stall.step(103.0 + 2 * (step + 1), 2.0)
    assert stall.limit == 20.0


def test_a_pause_as_long_as_one_that_was_seen_is_no_stall():
    stall = stepped()
    assert stall.alive(40.0) is None  # a validation of 30 seconds
    assert stall.step(41.0, 1.0) is None
    assert stall.look(41.0 + 60.0) is None
    assert stall.look(41.0 + 60.1) is not None


def test_a_stall_does_not_become_what_is_usual():
    stall = stepped()
    assert stall.look(1000.0) is not None
    stall.step(1001.0, 1.0)
    assert stall.limit == 10.0


def test_before_there_are_steps_to_compare_a_run_has_half_an_hour():
    stall = Stall(0.0, 10.0, 5.0)
    assert stall.look(1800.0) is None
    assert stall.look(1800.1) == pytest.approx(1800.1)
    few = stepped(1.0, 2)
    assert few.look(1802.0) is None


def test_steps_without_a_length_take_all_since_the_last_one():
    stall = Stall(0.0, 10.0, 1.0)
    for now in (4.0, 8.0, 12.0):
        stall.step(now, None)
    assert stall.limit == 40.0


def test_a_run_that_was_paused_is_not_stalled():
    stall = stepped()
    stall.hold(10.0, True)
    assert stall.look(9999.0) is None
    stall.hold(9999.0, False)
    assert stall.look(10_009.0) is None
    assert stall.look(10_010.0) == 11.0


def measured(rising: Rising, *losses: float, first: int = 1) -> list[int]:
    """The positions at which something was said."""
    return [place for place, loss in enumerate(losses) if rising.measure(first + place, loss) is not None]


def test_a_validation_loss_above_its_lowest_three_times_in_a_row_is_said_once():
    assert measured(Rising(3), 3.0, 2.0, 2.1, 2.2, 2.3, 2.4, 2.5) == [4]


def test_a_new_lowest_ends_the_episode():
    assert measured(Rising(2), 2.0, 2.1, 2.2, 1.9, 2.0, 2.1) == [2, 5]


def test_as_low_as_the_lowest_is_not_above():
    assert measured(Rising(2), 2.0, 2.1, 2.0, 2.1, 2.0) == []


def test_what_is_said_names_the_lowest_and_where_it_was():
    rising = Rising(2)
    assert measured(rising, 2.5, 1.25, 1.5) == []
    assert rising.measure(400, 1.75) == (
        "the validation loss is 1.75 at step 400 and has been above its lowest, 1.25 at step 2, "
        "for 2 measurements in a row"
    )


def test_not_a_number_is_above():
    assert measured(Rising(2), 2.0, math.nan, math.inf) == [2]
    rising = Rising(2)
    assert rising.measure(1, math.nan) is None
    assert rising.measure(2, math.nan) == "the validation loss is nan at step 2 and has never been a number"
    assert measured(rising, 2.0, math.inf, math.nan, first=3) == [2]


def test_after_a_rollback_what_was_measured_behind_it_does_not_count():
    rising = Rising(2)
    assert measured(rising, 3.0, 2.0, 2.5) == []
    assert rising.measure(2, 2.9) is None  # back to step 2: the lowest is now this one
    assert rising.measure(3, 2.95) is None
    assert rising.measure(4, 2.95) is not None


def test_little_room_is_said_once_until_there_is_more():
    disk = LowDisk(5e9)
    assert disk.look(5e9) is None
    assert disk.look(4.96e9) == (
        "5.0 GB are left on the disk of the run; below 5 GB this is told, and checkpoints need room"
    )
    assert disk.look(1e9) is None
    assert disk.look(5.1e9) is None
    assert disk.look(4e9) is None
    assert disk.look(5.5e9) is None
    assert disk.look(4e9) is not None


def test_no_limit_is_no_message():
    assert LowDisk(0).look(0.0) is None


def test_one_of_a_kind_is_let_through_in_a_while_and_the_next_says_how_many_were_held_back():
    thinner = Thinner(100.0)
    assert thinner.admit("spike", 0.0) == 0
    assert thinner.admit("spike", 50.0) is None
    assert thinner.admit("rollback", 50.0) == 0
    assert thinner.admit("spike", 99.9) is None
    assert thinner.admit("spike", 100.0) == 2
    assert thinner.admit("spike", 300.0) == 0
    assert thinner.admit("spike", 301.0) is None
    assert thinner.rest() == {"spike": 1}
    assert thinner.rest() == {}


def test_what_is_worse_than_the_last_of_its_kind_is_let_through_at_once_and_begins_a_while_of_its_own():
    thinner = Thinner(100.0)
    assert thinner.admit("spike", 0.0, 1) == 0
    assert thinner.admit("spike", 10.0, 1) is None
    assert thinner.admit("rollback", 10.0) == 0
    assert thinner.admit("spike", 20.0, 3) == 1
    assert [thinner.admit("spike", now, severity) for now, severity in ((30.0, 2), (40.0, 3), (119.9, 1))] == [None] * 3
    assert thinner.admit("spike", 120.0, 1) == 3
    assert thinner.admit("spike", 130.0, 2) == 0


def test_without_a_while_everything_is_let_through():
    thinner = Thinner(0.0)
    assert [thinner.admit("spike", 1.0) for _ in range(3)] == [0, 0, 0]
