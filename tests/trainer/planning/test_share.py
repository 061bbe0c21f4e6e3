"""The table of general shares: whole, as the bench gives it, and what the default is by it."""

import json

from trainer.config import DataConfig
from trainer.planning.advice import share_of
from trainer.planning.share import MEASURED, Measured, default_of, in_words, measured

SHARES = [0.0, 0.1, 0.2, 0.5, 0.83, 0.91]


def row(share, supported):
    return Measured(share, 5, 99.0, (20.0, 15.0, 25.0), (0.1, -1.0, 1.2), -0.8, supported)


def test_every_share_was_measured_over_five_seeds():
    assert [one.share for one in measured()] == SHARES
    assert {one.seeds for one in measured()} == {5}
    runs = json.loads(MEASURED.read_text(encoding="utf-8"))["runs"]
    assert sorted((run["share"], run["seed"]) for run in runs) == [
        (share, seed) for share in SHARES for seed in range(5)
    ]


def test_a_share_is_supported_where_it_keeps_surely_more_and_costs_surely_little():
    for one in measured():
        assert one.supported == (one.share > 0 and one.kept_change[1] > 0 and one.chrf_change[1] >= -2.0)


def test_the_default_of_training_is_what_the_table_supports():
    assert default_of(measured()) == DataConfig.general_ratio
    assert default_of((row(0.1, supported=True), row(0.2, supported=True))) == 0.2
    assert default_of((row(0.83, supported=True), row(0.5, supported=True))) == 0.5
    assert default_of((row(0.5, supported=False),)) == 0.2


def test_the_advice_tells_the_table():
    _, reason = share_of(800)
    assert in_words(measured()) in reason.reason
    said = in_words((row(0.5, supported=False),))
    assert "more is surely kept at 50 % +20.0 points" in said
    assert said.endswith(
        "that the domain loses less than two chrF points is surely shown at none, so the usual share stays"
    )
