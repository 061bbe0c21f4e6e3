"""Decisions: the threshold of each, which comes first, criteria, and a campaign from its first look to its end."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.review_stats import drawn, ends, let_through, let_through_at_end
from evals.stats.course import Course, Judged, follow
from evals.stats.critical import clean_needed
from evals.stats.decision import Evidence, Rules, decide, is_over, summarise, weigh
from evals.stats.evidence import e_value
from evals.stats.items import counted, mirrored
from evals.stats.proportion import exact_upper

RULES = Rules()
NEEDED, FUTILE = math.log(20), math.log(10)
COUNTS = st.tuples(st.integers(0, 120), st.integers(0, 60), st.integers(0, 120)).filter(any)


def evidence(superior=0.0, not_worse=0.0, harm=0.0, futile=0.0):
    return Evidence(superior, not_worse, harm, futile)


def test_the_four_questions_have_their_nulls():
    tally = counted(12, 5, 20)
    found = [math.exp(log) for log in weigh(tally, RULES)]
    assert found == pytest.approx([
        e_value(tally, 0.5), e_value(tally, 0.425), e_value(mirrored(tally), 0.575), e_value(mirrored(tally), 0.4),
    ])  # fmt: skip


@pytest.mark.parametrize(
    ("found", "capped", "decision"),
    [
        (evidence(NEEDED, NEEDED), False, "superior"),
        (evidence(NEEDED - 1e-9, NEEDED), False, "not_worse"),
        (evidence(0, NEEDED - 1e-9), False, "continue"),
        (evidence(0, NEEDED - 1e-9), True, "inconclusive"),
        (evidence(0, NEEDED, 0, FUTILE), True, "not_worse"),
        (evidence(0, 0, 0, FUTILE), True, "futile"),
        (evidence(0, 0, 0, FUTILE - 1e-9), False, "continue"),
        (evidence(0, 0, NEEDED, FUTILE), False, "harm"),
        (evidence(0, 0, NEEDED - 1e-9, FUTILE), False, "futile"),
    ],
)
def test_each_decision_has_its_edge(found, capped, decision):
    assert decide(found, RULES, capped=capped) == decision


def test_every_criterion_must_not_be_worse_and_none_may_harm():
    good = evidence(NEEDED, NEEDED)
    assert decide(good, RULES, capped=False, criteria=[evidence(0, NEEDED)] * 3) == "superior"
    assert decide(good, RULES, capped=False, criteria=[evidence(0, NEEDED), evidence(0, 1.0)]) == "continue"
    assert decide(good, RULES, capped=False, criteria=[evidence(0, NEEDED), evidence(0, 0, NEEDED)]) == "harm"


def test_critical_errors_come_before_any_good_news():
    assert decide(evidence(NEEDED, NEEDED), RULES, capped=False, critical=True) == "harm"


@pytest.mark.parametrize(
    ("decision", "found", "capped", "over"),
    [
        ("superior", evidence(), False, True),
        ("harm", evidence(), False, True),
        ("futile", evidence(), False, True),
        ("inconclusive", evidence(), True, True),
        ("continue", evidence(), False, False),
        ("not_worse", evidence(), False, False),
        ("not_worse", evidence(), True, True),
        ("not_worse", evidence(futile=FUTILE), False, True),
    ],
)
def test_not_worse_alone_ends_no_campaign(decision, found, capped, over):
    assert is_over(decision, found, RULES, n=RULES.cap if capped else RULES.cap - 1) is over


@pytest.mark.parametrize(
    ("decision", "found", "early", "late"),
    [
        ("superior", evidence(), False, True),
        ("not_worse", evidence(), False, False),
        ("not_worse", evidence(futile=FUTILE), False, True),
        ("harm", evidence(), True, True),
        ("futile", evidence(), True, True),
        ("continue", evidence(), False, False),
    ],
)
def test_good_news_ends_nothing_before_the_least_items_and_bad_news_does(decision, found, early, late):
    rules = Rules(cap=80, least=59)
    assert is_over(decision, found, rules, n=58) is early
    assert is_over(decision, found, rules, n=59) is late
    assert is_over(decision, found, Rules(cap=58, least=59), n=58) is True


@pytest.mark.parametrize(
    ("counts", "decision"),
    [
        ((30, 10, 10), "superior"),
        ((14, 0, 1), "superior"),
        ((10, 0, 0), "not_worse"),
        ((100, 100, 100), "not_worse"),
        ((5, 5, 40), "harm"),
        ((30, 10, 40), "futile"),
        ((3, 1, 2), "continue"),
    ],
)
def test_counts_decide(counts, decision):
    assert summarise(counted(*counts), RULES).decision == decision


def test_the_cap_ends_what_nothing_else_does():
    tally = counted(30, 10, 28)
    assert summarise(tally, Rules(cap=69)).decision == "continue"
    assert summarise(tally, Rules(cap=68)).decision == "inconclusive"


@settings(max_examples=30)
@given(COUNTS)
def test_a_summary_says_the_same_by_evidence_and_by_bounds(counts):
    found = summarise(counted(*counts), Rules(cap=10**6))
    assert (found.bounds.lower > 0.5) == (found.e_superior >= 20)
    assert found.e_noninferior >= found.e_superior
    if found.decision == "superior":
        assert found.bounds.lower > 0.5 - 1e-9
    if found.decision == "harm":
        assert found.bounds.upper < 0.425 + 1e-9


def test_a_summary_prints_just_its_six_fields():
    said = summarise(counted(30, 10, 10), RULES).as_dict()
    assert list(said) == ["e_superior", "e_noninferior", "lower", "upper", "win_difference", "decision"]
    assert (said["win_difference"], said["decision"]) == (0.4, "superior")
    assert said["e_noninferior"] == e_value(counted(30, 10, 10), 0.425)


def test_a_campaign_ends_at_its_first_look_that_decides_and_stays_ended():
    found = follow([Judged(1.0)] * 11 + [Judged(0.0)] * 200, RULES)
    assert (found.decision, found.ended.n, len(found.looks)) == ("superior", 11, 211)
    assert found.looks[9].decision == "not_worse"
    assert found.looks[-1].evidence.superior < 0 < found.looks[10].evidence.superior


def test_a_campaign_that_goes_well_ends_at_the_least_items_by_what_was_shown_before():
    rules = Rules(least=59)
    found = follow([Judged(1.0)] * 11 + [Judged(0.5), Judged(0.0)] * 40, rules)
    assert (found.decision, found.ended.n) == ("superior", 59)
    assert found.looks[10].decision == "superior"
    assert found.ended.evidence.superior < NEEDED
    assert follow([Judged(1.0)] * 58, rules).ended is None
    assert follow([Judged(1.0)] * 58, rules).decision == "superior"


def test_not_worse_and_futile_waits_for_the_least_items_as_well():
    scores = [1.0] * 9 + [0.0] * 16 + [0.5] * 60
    apart = follow([Judged(score) for score in scores], RULES)
    assert (apart.decision, apart.ended.n) == ("not_worse", 25)
    late = follow([Judged(score) for score in scores], Rules(least=59))
    assert (late.decision, late.ended.n) == ("not_worse", 59)


def test_harm_after_good_news_ends_it_at_once():
    rules = Rules(least=59)
    items = [Judged(1.0, critical=place in range(12, 17)) for place in range(1, 60)]
    found = follow(items, rules, critical_limit=0.05)
    assert (found.decision, found.ended.n) == ("harm", 16)
    worse = [Judged(1.0, {"accurate": 1.0})] * 11 + [Judged(1.0, {"accurate": 0.0})] * 40
    found = follow(worse, rules, criteria=["accurate"])
    assert [look.decision for look in found.looks[10:12]] == ["superior", "superior"]
    assert found.decision == "harm"
    assert 11 < found.ended.n < 59


@pytest.mark.parametrize(
    ("limit", "alpha", "most", "needed"),
    [
        (0.05, 0.05, 300, 59), (0.05, 0.05, 59, 59), (0.05, 0.05, 58, None), (0.05, 0.01, 300, 90),
        (0.1, 0.05, 300, 29), (0.3, 0.05, 300, 9), (0.96, 0.05, 300, 1), (1.0, 0.05, 300, 0), (0.0, 0.05, 10**5, None),
        (1e-300, 0.05, 10**5, None), (0.05, 0.05, 0, None),
    ],
)  # fmt: skip
def test_so_many_items_without_an_error_show_that_errors_are_few(limit, alpha, most, needed):
    assert clean_needed(limit, alpha, most=most) == needed
    if needed:
        assert exact_upper(0, needed, alpha) <= limit
        assert needed == 1 or exact_upper(0, needed - 1, alpha) > limit


def test_going_on_until_the_bound_fits_lets_more_candidates_at_the_limit_through_than_one_look_does():
    once, on, anytime = let_through(0.05, 0.05, Rules(least=59), runs=2000)
    assert [one.clean for one in (once, on, anytime)] == [59, 59, 158]
    assert once.share < 0.06
    assert on.share > 0.12
    assert anytime.share < 0.01
    assert let_through(0.05, 0.05, Rules(least=59), runs=2000)[1] == on


def test_a_candidate_that_loses_each_pair_with_an_error_gets_through_no_more_often():
    rules = Rules(cap=80, least=59)
    found = let_through_at_end(0.7, 0.2, 0.05, rules, 500)
    assert 0.02 < found < 0.08
    assert let_through_at_end(0.4, 0.2, 0.05, rules, 100) == 0


def test_what_was_shown_once_stays_shown():
    found = follow([Judged(1.0)] * 9 + [Judged(0.0)] * 3, RULES)
    assert [look.decision for look in found.looks[-4:]] == ["not_worse"] * 4
    assert found.looks[-1].evidence.not_worse < NEEDED
    assert summarise(counted(9, 0, 3), RULES).decision == "continue"


def test_a_campaign_that_was_not_begun_goes_on():
    assert follow([], RULES) == Course((), None)
    assert follow([], RULES).decision == "continue"


def test_a_criterion_holds_a_campaign_up_until_it_is_not_worse():
    def judged(accurate):
        return [Judged(1.0, {"accurate": score}) for score in accurate]

    assert follow(judged([1.0] * 12), RULES, criteria=["accurate"]).ended.n == 11
    assert follow(judged([0.4, 0.45] * 30), RULES, criteria=["accurate"]).decision == "continue"
    assert follow(judged([0.0] * 60), RULES, criteria=["accurate"]).decision == "harm"
    nobody = follow([Judged(1.0)] * 60, RULES, criteria=["accurate"])
    assert (nobody.decision, nobody.ended) == ("continue", None)


def test_a_campaign_ends_when_critical_errors_are_shown_to_be_too_many():
    items = [Judged(1.0, critical=place in (5, 7, 9)) for place in range(1, 13)]
    found = follow(items, RULES, critical_limit=0.02)
    assert (found.decision, found.ended.n) == ("harm", 9)
    assert follow(items, RULES).decision == "superior"


@pytest.mark.parametrize("least", [0, 59])
@pytest.mark.parametrize(("truth", "ties"), [(0.5, 0.2), (0.65, 0.0), (0.35, 0.3)])
def test_a_campaign_goes_as_the_simulation_says(truth, ties, least):
    [scores] = drawn(truth, ties, runs=12, looks=80)
    rules = Rules(cap=80, least=least)
    expected = [(ended.decision, ended.pairs) for ended in ends(scores, rules)]
    courses = [follow([Judged(score) for score in row], rules) for row in np.asarray(scores).tolist()]
    assert [(course.decision, course.ended.n) for course in courses] == expected


def test_a_clear_difference_is_found_soon_and_none_seldom():
    [scores] = drawn(0.65, 0.2, runs=400, looks=300)
    found = ends(scores, RULES)
    assert sum(ended.pairs for ended in found) / 400 < 75
    assert sum(ended.decision == "superior" for ended in found) > 380
    [scores] = drawn(0.5, 0.2, runs=400, looks=300)
    assert sum(ended.decision == "superior" for ended in ends(scores, RULES)) <= 20
