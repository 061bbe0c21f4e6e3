"""The light's rules, and how often they are wrong."""

import pytest

from bench.forgetting_lights import DROP, NOTHING, rates
from evals.forgetting.light import Check, light, within_margin


def said(*checks, **more):
    found = light([Check(p, drop) for p, drop in checks], **more)
    return found.colour, found.reason


@pytest.mark.parametrize(
    ("checks", "expected"),
    [
        ([(0.5, 0.0)], ("green", "nothing")),
        ([(0.05, 0.02)], ("green", "nothing")),
        ([(0.049, 0.02)], ("yellow", "once")),
        ([(0.0099, 0.02)], ("yellow", "once")),
        ([(0.0099, 0.02), (0.0099, 0.02)], ("red", "twice")),
        ([(0.0099, 0.02), (0.01, 0.02)], ("yellow", "once")),
        ([(0.0099, 0.02), (0.3, 0.01), (0.0099, 0.02)], ("yellow", "once")),
        ([(0.0009, 0.015)], ("red", "severe")),
        ([(0.0009, 0.0149)], ("yellow", "once")),
        ([(0.001, 0.05)], ("yellow", "once")),
        ([(0.0001, 0.05), (0.2, 0.01)], ("green", "nothing")),
    ],
)
def test_each_rule_has_its_edge(checks, expected):
    assert said(*checks) == expected


def test_half_of_another_margin_counts():
    assert said((0.0009, 0.03), margin=0.08) == ("yellow", "once")
    assert said((0.0009, 0.04), margin=0.08) == ("red", "severe")


def test_drift_alone_is_yellow_and_never_red():
    assert said((0.5, 0.0), drifted=True) == ("yellow", "drift")
    assert said((0.02, 0.02), drifted=True) == ("yellow", "once")


def test_the_light_says_why():
    assert light([Check(0.0004, 0.041)]).why == (
        "accuracy fell by 4.1 points against the base, p is below 0.0005, at least half the margin of 3 points"
    )
    assert light([Check(0.004, 0.01)]).why == (
        "accuracy fell by 1 point against the base, p is 0.004; one checkpoint alone can be chance"
    )


def test_a_gate_asks_for_a_bound_below_the_margin():
    assert within_margin(0.0299)
    assert not within_margin(0.0299, margin=0.02)


@pytest.mark.parametrize("persistence", [0, 0.95, 1])
def test_red_is_rare_where_nothing_is_forgotten_and_usual_with_a_drop(persistence):
    # Enough runs for these bounds, not for the targets: those are bench/forgetting_lights.py's.
    assert rates(NOTHING, persistence, runs=500).red < 0.08
    assert rates(DROP, persistence, runs=500).red > 0.93
