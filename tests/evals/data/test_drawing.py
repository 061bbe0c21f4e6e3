"""Rows are drawn to the tokens wanted: nearest, by seed, none twice before all are, of each file the same part."""

from collections import Counter

import numpy as np
import pytest

from evals.data.drawing import drawn, spread, supported, wanted


@pytest.mark.parametrize(("share", "tokens"), [(0.0, 0), (0.1, 100), (0.5, 900), (0.9, 8100), (0.0001, 1)])
def test_general_tokens_grow_with_the_share(share, tokens):
    assert wanted(share, 900) == tokens


@pytest.mark.parametrize("general", [1, 7, 99, 1000, 123_457])
@pytest.mark.parametrize("domain", [1, 10, 3333, 1_000_003])
def test_the_share_that_is_named_as_supported_is_supported(general, domain):
    share = supported(general, domain)
    assert share == 0 or wanted(share, domain) <= general
    assert share + 0.0001 >= 1 or wanted(share + 0.0001, domain) >= general


def test_no_tokens_support_nothing():
    assert (supported(0, 10), supported(0, 0)) == (0.0, 0.0)


def test_each_beginning_of_the_order_has_the_same_part_of_each_file():
    files = [0] * 70 + [1] * 20 + [2] * 10
    order = spread(files, "seed")
    assert sorted(order) == list(range(100))
    for count in range(101):
        of = Counter(files[place] for place in order[:count])
        assert all(abs(of[file] - count * size / 100) < 2 for file, size in ((0, 70), (1, 20), (2, 10)))


def test_the_order_hangs_on_the_seed_alone_also_where_each_file_has_one_row():
    orders = {tuple(spread(range(12), seed)) for seed in "abcdef"}
    assert len(orders) == 6
    assert spread(range(12), "a") == spread(range(12), "a")


@pytest.mark.parametrize(("least", "rows"), [(0, 0), (1, 1), (14, 1), (16, 2), (95, 9), (96, 10), (100, 10)])
def test_the_number_of_rows_is_the_nearest_and_one_at_least(least, rows):
    chosen = drawn(np.full(10, 10), [0] * 10, least, seed=0)
    assert len(chosen) == len(set(chosen)) == rows


def test_rows_without_words_do_not_count_for_the_first_row():
    tokens = np.array([0] * 50 + [9])
    assert 50 in drawn(tokens, [0] * 51, 1, seed=0)


def test_rows_are_taken_again_only_after_all_were_in_another_order():
    chosen = drawn(np.full(8, 10), [0] * 8, 200, seed=1)
    assert sorted(Counter(chosen).values()) == [2] * 4 + [3] * 4
    assert sorted(chosen[:8]) == sorted(chosen[8:16]) == list(range(8))
    assert chosen[:8] != chosen[8:16]


def test_another_seed_draws_other_rows():
    draws = [drawn(np.full(100, 1), [0] * 100, 10, seed=seed) for seed in (0, 0, 1)]
    assert draws[0] == draws[1] != draws[2]
