"""Subsets of questions: nested, with all categories, the same whatever the file's order."""

from collections import Counter, namedtuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.forgetting.subsets import SIZES, next_size, subset

Question = namedtuple("Question", "id category")
ITEMS = [Question(f"q{number}", "abcde"[min(number % 10, 4)]) for number in range(800)]


def ids(items):
    return {item.id for item in items}


def test_each_subset_lies_within_the_next_and_has_its_size():
    small, middle, large = (subset(ITEMS, size) for size in SIZES)
    assert [len(small), len(middle), len(large)] == [100, 250, 500]
    assert ids(small) < ids(middle) < ids(large) < ids(ITEMS)


@given(st.permutations(ITEMS[:60]), st.integers(1, 59))
def test_another_order_of_the_file_changes_nothing(items, size):
    assert ids(subset(items, size)) == ids(subset(ITEMS[:60], size))
    assert subset(items, size) == [item for item in items if item.id in ids(subset(items, size))]


@pytest.mark.parametrize("size", [10, 100, 250, 333])
def test_categories_keep_their_shares_to_less_than_two_questions(size):
    all_of_them, chosen = (Counter(item.category for item in items) for items in (ITEMS, subset(ITEMS, size)))
    assert all(abs(chosen[name] - size * count / 800) < 2 for name, count in all_of_them.items())


def test_another_seed_chooses_others():
    assert ids(subset(ITEMS, 100, seed=1)) != ids(subset(ITEMS, 100, seed=2))


def test_no_more_questions_than_there_are():
    assert subset(ITEMS[:7], 100) == ITEMS[:7]


@pytest.mark.parametrize(
    ("size", "total", "colour", "expected"),
    [
        (100, 800, "yellow", 250), (250, 800, "yellow", 500), (500, 800, "yellow", 800), (800, 800, "yellow", 800),
        (100, 180, "yellow", 180), (50, 800, "yellow", 100), (100, 800, "green", 100), (100, 800, "red", 100),
        (500, 300, "green", 300),
    ],
)  # fmt: skip
def test_a_yellow_light_asks_for_more(size, total, colour, expected):
    assert next_size(size, total, colour) == expected
