"""Which pairs become tokens, and in which order."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from trainer.vocabulary.learning import learn_tokens


def learned(runs, most=10, least=2, is_new=lambda token: len(token) > 1):
    return [(item.token, item.parts, item.occurrences) for item in learn_tokens(runs, most, least, is_new=is_new)]


def test_the_most_frequent_pair_comes_first_and_counts_what_is_left_for_the_others():
    # Of the six "bc" three are taken by "ab", which is more frequent.
    runs = {("a", "b", "c"): 3, ("a", "b"): 4, ("b", "c"): 3}
    assert learned(runs) == [("ab", ("a", "b"), 7), ("abc", ("ab", "c"), 3), ("bc", ("b", "c"), 3)]


def test_what_is_too_rare_is_left_out():
    assert learned({("a", "b"): 3, ("c", "d"): 2}, least=3) == [("ab", ("a", "b"), 3)]
    assert learned({("a", "b"): 2}, least=3) == []


def test_no_more_are_learned_than_asked_for():
    assert [token for token, _, _ in learned({("a", "b", "c", "d"): 5}, most=2)] == ["ab", "abc"]


def test_a_spelling_that_may_not_be_added_is_not():
    assert learned({("a", "b"): 9, ("c", "d"): 3}, is_new=lambda token: token == "cd") == [("cd", ("c", "d"), 3)]


def test_a_spelling_is_added_once_however_it_is_put_together():
    found = learned({("a", "bc"): 5, ("ab", "c"): 4}, is_new=lambda token: len(token) > 2)
    assert found == [("abc", ("a", "bc"), 5)]


def test_a_character_without_a_token_comes_before_what_is_joined_with_it():
    found = learned({("药", "a"): 4, ("药",): 1}, is_new=lambda token: token in ("药", "药a"))
    assert found == [("药", ("药",), 5), ("药a", ("药", "a"), 4)]


def test_a_pair_within_itself_is_joined_from_the_left():
    assert learned({("a", "a", "a"): 4}) == [("aa", ("a", "a"), 8), ("aaa", ("aa", "a"), 4)]


def joined(run, found):
    """The run with the new tokens joined in their order."""
    for _, parts, _ in found:
        place = 0
        while place < len(run) - 1:
            if run[place : place + 2] == parts:
                run = (*run[:place], "".join(parts), *run[place + 2 :])
            place += 1
    return run


@given(st.lists(st.text("abc", min_size=1, max_size=9).map(tuple), max_size=12), st.integers(2, 4))
def test_a_token_occurs_as_often_as_it_says_when_it_is_made(runs, least):
    counted = Counter(runs)
    found = learned(counted, least=least)
    assert len({token for token, _, _ in found}) == len(found)
    for number, (_, parts, occurrences) in enumerate(found):
        before = [joined(run, found[:number]) for run in counted.elements()]
        pairs = sum(run[place : place + 2] == parts for run in before for place in range(len(run)))
        assert occurrences == pairs >= least
