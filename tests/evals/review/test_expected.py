"""What a number of pairs can show at best, said before anyone judges one."""

import pytest

from evals.review.expected import expectations
from evals.review.policy import ReviewPolicy

FEW = "too few to show that critical errors are"


@pytest.mark.parametrize(
    ("pairs", "policy", "said"),
    [
        (59, {}, []),
        (300, {}, []),
        (9, {"critical_limit": 1.0}, ["9 pairs are too few for a decision: "]),
        (1, {}, ["1 pair is too few for a decision: "]),
        (11, {"critical_limit": 1.0}, []),
        (58, {}, [f"58 pairs are {FEW} 5 % at most, as a release asks: that takes 59 without one"]),
        (200, {"critical_limit": 0.01}, [f"200 pairs are {FEW} 1 % at most, as a release asks: that takes 299 "]),
        (200, {"critical_limit": 0.0}, [f"200 pairs are {FEW} 0 % at most, as a release asks: no campaign is long"]),
        (
            400, {"critical_limit": 0.009},
            ["the campaign ends after 300 pairs at the most, so 100 of the 400 will not be judged", "300 pairs are "],
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_shown_is_said_before_anyone_judges(pairs, policy, said):
    found = expectations(pairs, ReviewPolicy(**policy))
    assert len(found) == len(said)
    assert all(sentence.startswith(start) for sentence, start in zip(found, said, strict=True))


def test_no_pair_is_refused_elsewhere():
    assert expectations(0, ReviewPolicy()) == []
