"""The window: exactly what the standard library says of the same values, whatever they are."""

import json
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.spikes.window import Window

numbers = st.floats(-1e6, 1e6) | st.sampled_from([0.0, 1.0, 1.5, 2.0])


def mad(values: list[float]) -> float:
    middle = statistics.median(values)
    return statistics.median(abs(value - middle) for value in values)


@given(st.lists(numbers, min_size=1, max_size=60), st.integers(1, 20))
def test_median_and_mad_equal_those_of_the_newest_values_exactly(values, size):
    window = Window(size)
    for count, value in enumerate(values, 1):
        window.push(value)
        newest = values[max(0, count - size) : count]
        assert window.values() == newest
        assert len(window) == len(newest)
        assert window.median() == statistics.median(newest)
        assert window.mad() == mad(newest)
        assert window.middle() == (statistics.median(newest), mad(newest))


@given(st.lists(numbers, min_size=1, max_size=300))
def test_so_they_do_for_the_size_that_is_used(values):
    window = Window(128, values)
    assert (window.median(), window.mad()) == (statistics.median(values[-128:]), mad(values[-128:]))


@given(st.lists(numbers, max_size=40), st.lists(numbers, max_size=40))
def test_a_window_made_of_what_another_held_goes_on_like_it(before, after):
    first = Window(16, before)
    second = Window(16, json.loads(json.dumps(first.values())))
    for value in after:
        first.push(value)
        second.push(value)
        assert (first.values(), first.middle()) == (second.values(), second.middle())


def test_an_empty_window_has_no_median():
    with pytest.raises(IndexError):
        Window(4).median()
