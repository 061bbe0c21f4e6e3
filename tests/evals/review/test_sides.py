"""Sides: balanced in every four, different for everyone, and the same again from the same secret."""

from collections import Counter

import pytest

from evals.review.sides import asks_guess, candidate_side, practice_side, shown_first

KEY, OTHER = b"k" * 32, b"o" * 32


@pytest.mark.parametrize("drawn", [candidate_side, shown_first])
@pytest.mark.parametrize("grader", range(1, 8))
def test_in_every_block_of_four_each_side_comes_twice(drawn, grader):
    for block in range(50):
        sides = [drawn(KEY, 3, grader, 4 * block + place) for place in range(4)]
        assert Counter(sides) == {"left": 2, "right": 2}


def test_all_six_arrangements_come_equally_often():
    blocks = Counter(tuple(candidate_side(KEY, 1, 1, 4 * block + place) for place in range(4)) for block in range(6000))
    assert len(blocks) == 6
    # 1000 of each are expected, with a standard deviation of 29.
    assert all(abs(count - 1000) < 120 for count in blocks.values())


def test_sides_depend_on_secret_campaign_and_grader_and_on_nothing_else():
    def sides(key, campaign, grader):
        return [candidate_side(key, campaign, grader, number) for number in range(64)]

    assert sides(KEY, 1, 1) == sides(KEY, 1, 1)
    assert len({tuple(sides(*which)) for which in ((KEY, 1, 1), (OTHER, 1, 1), (KEY, 2, 1), (KEY, 1, 2))}) == 4


def test_the_side_shown_first_tells_nothing_of_the_candidates_side():
    together = Counter(
        (candidate_side(KEY, 1, grader, number), shown_first(KEY, 1, grader, number))
        for grader in range(100)
        for number in range(40)
    )
    # 1000 of each are expected.
    assert all(abs(count - 1000) < 150 for count in together.values())
    assert len(together) == 4


def test_the_candidates_side_is_the_side_that_a_fixed_secret_gives():
    # A change of these would turn the sides of campaigns that are open.
    assert "".join(candidate_side(KEY, 1, 1, number)[0] for number in range(12)) == "rlrlrrllllrr"
    assert "".join(shown_first(KEY, 1, 1, number)[0] for number in range(12)) == "lrlrlrrlllrr"


def test_practice_pairs_have_sides_of_their_own():
    drawn = Counter(practice_side(KEY, 1, grader, "practice-0", "side") for grader in range(1000))
    assert abs(drawn["left"] - 500) < 80
    pairs = {
        (practice_side(KEY, 1, grader, "p", "side"), practice_side(KEY, 1, grader, "p", "shown"))
        for grader in range(50)
    }
    assert len(pairs) == 4


def test_one_pair_in_ten_asks_for_a_guess():
    asked = sum(asks_guess(KEY, 1, grader, number) for grader in range(100) for number in range(100))
    assert abs(asked - 1000) < 120
