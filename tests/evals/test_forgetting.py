"""Two models' answers to the same questions: counts, intervals, p values and power."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize, stats

from assay.errors import AssayError
from evals.forgetting.interval import drop_interval, items_needed, mid_p, smallest_visible_drop, upper_bound
from evals.forgetting.paired import Answer, compare, holm

COUNTS = st.tuples(st.integers(0, 60), st.integers(0, 60), st.integers(1, 500)).map(
    lambda drawn: (drawn[0], drawn[1], drawn[0] + drawn[1] + drawn[2])
)


def answers(text, choices=4, category=""):
    """Answers a letter: r is right, others wrong."""
    return [Answer(f"q{place}", letter == "r", choices, category) for place, letter in enumerate(text)]


@given(st.integers(0, 400), st.integers(0, 400))
def test_mid_p_is_the_binomials(lost, gained):
    changed = stats.binom(lost + gained, 0.5)
    expected = changed.sf(lost) + changed.pmf(lost) / 2 if lost + gained else 1.0
    assert mid_p(lost, gained) == pytest.approx(expected, rel=1e-9, abs=1e-300)


@given(st.integers(0, 400), st.integers(1, 400))
def test_mid_ps_of_both_directions_make_one(lost, gained):
    assert mid_p(lost, gained) + mid_p(gained, lost) == pytest.approx(1)


def test_a_huge_count_of_changes_has_a_p():
    assert mid_p(6000, 6000) == 0.5
    assert mid_p(6300, 5700) == pytest.approx(stats.norm.sf(600 / math.sqrt(12000)), rel=0.01)


def test_the_interval_is_the_published_one():
    # Bentur et al. 2009 in Fagerland, Lydersen and Laake 2014: 1 and 7 of 21 pairs changed; Tango's interval.
    assert [round(end, 3) for end in drop_interval(1, 7, 21)] == [-0.517, -0.026]
    # Agresti's ratings of a prime minister, 150 and 86 of 1,600: 0.02 to 0.06.
    assert [round(end, 4) for end in drop_interval(150, 86, 1600)] == [0.0214, 0.059]


@given(COUNTS)
def test_the_interval_turns_round_with_the_models_and_holds_the_drop(counts):
    lost, gained, n = counts
    low, high = drop_interval(lost, gained, n)
    assert -1 <= low < (lost - gained) / n < high <= 1
    assert drop_interval(gained, lost, n) == (pytest.approx(-high), pytest.approx(-low))
    assert upper_bound(lost, gained, n) < high


@given(COUNTS)
def test_the_interval_leaves_0_out_where_mcnemars_test_rejects(counts):
    lost, gained, n = counts
    z = (lost - gained) / math.sqrt(lost + gained) if lost + gained else 0.0
    if abs(abs(z) - 1.959964) > 1e-4:
        low, high = drop_interval(lost, gained, n)
        assert (low > 0 or high < 0) == (abs(z) > 1.959964)


@pytest.mark.parametrize(("lost", "gained", "n"), [(9, 2, 60), (0, 3, 40), (30, 1, 45), (5, 5, 200)])
def test_the_bounds_are_where_the_likelihoods_score_test_is_z(lost, gained, n):
    def share_gained(drop):
        """The likeliest share gained under a drop, by search instead of by formula."""

        def unlikely(share):
            parts = (share + drop, share, 1 - 2 * share - drop)
            counts = (lost, gained, n - lost - gained)
            return -sum(count * math.log(max(part, 1e-300)) for count, part in zip(counts, parts, strict=True))

        ends = (max(0, -drop), (1 - drop) / 2)
        return optimize.minimize_scalar(unlikely, bounds=ends, method="bounded", options={"xatol": 1e-12}).x

    for drop, z in zip(drop_interval(lost, gained, n), (1.959964, -1.959964), strict=True):
        spread = math.sqrt((2 * share_gained(drop) + drop * (1 - drop)) / n)
        assert ((lost - gained) / n - drop) / spread == pytest.approx(z, abs=2e-3)


@pytest.mark.parametrize("n", [1, 10, 100, 500])
def test_where_nothing_changed_the_interval_still_has_a_width(n):
    squared = 1.959964**2
    assert drop_interval(0, 0, n) == (pytest.approx(-squared / (n + squared)), pytest.approx(squared / (n + squared)))


def test_the_interval_of_all_lost_ends_at_1():
    low, high = drop_interval(8, 0, 8)
    assert high == pytest.approx(1)
    assert low == pytest.approx((8 - 1.959964**2) / (8 + 1.959964**2))


def coverage(n, lost_share, gained_share):
    """How often the interval holds the true drop, exactly: over all counts there can be."""
    shares = (lost_share, gained_share, 1 - lost_share - gained_share)
    truth, held = lost_share - gained_share, 0.0
    for lost in range(n + 1):
        for gained in range(n + 1 - lost):
            low, high = drop_interval(lost, gained, n)
            if low <= truth <= high:
                held += stats.multinomial.pmf((lost, gained, n - lost - gained), n, shares)
    return held


@pytest.mark.parametrize("shares", [(0.05, 0.05), (0.2, 0.05), (0.1, 0.0)])
def test_the_interval_holds_the_truth_19_times_of_20_with_few_questions(shares):
    assert coverage(30, *shares) > 0.94


@pytest.mark.parametrize(
    ("changed", "n", "points"),
    [(0.03, 500, 1.9), (0.05, 500, 2.5), (0.08, 500, 3.1), (0.12, 500, 3.8), (0.03, 1000, 1.4), (0.12, 2000, 1.9)],
)
def test_the_smallest_visible_drop_is_the_tables(changed, n, points):
    assert round(100 * smallest_visible_drop(n, changed), 1) == points


@pytest.mark.parametrize(
    ("drop", "changed", "needed"),
    [(0.01, 0.05, 3089), (0.01, 0.08, 4944), (0.02, 0.05, 771), (0.03, 0.12, 822), (0.05, 0.12, 295)],
)
def test_the_questions_needed_are_the_tables(drop, changed, needed):
    assert items_needed(drop, changed) == pytest.approx(needed, abs=1)


@given(st.integers(3, 5000), st.floats(0, 1))
def test_the_smallest_visible_drop_needs_just_so_many_questions(n, changed):
    assert items_needed(smallest_visible_drop(n, changed), changed) == pytest.approx(n, rel=1e-6)


def test_no_drop_is_visible_in_two_questions():
    assert smallest_visible_drop(2, 0.0) is None


def test_a_comparison_counts_what_was_lost_and_gained():
    found = compare(answers("rrrrwwww"), list(reversed(answers("rwwrrwww"))))
    assert (found.n, found.base_acc, found.acc) == (8, 0.5, 0.375)
    assert (found.lost, found.gained, found.drop) == (("q1", "q2"), ("q4",), 0.125)
    assert (found.drop_low, found.drop_high) == drop_interval(2, 1, 8)
    assert (found.mid_p, found.bound) == (mid_p(2, 1), upper_bound(2, 1, 8))
    assert found.lost_known == 0.5
    assert found.retention == (3 - 2) / (4 - 2)
    assert found.categories == ()


def test_the_dictionary_is_what_probe_prints():
    words = json.loads(json.dumps(compare(answers("rrw"), answers("rwr")).as_dict("green")))
    assert set(words) >= {
        "acc", "lost", "gained", "drop", "drop_low", "drop_high", "mid_p", "mde", "retention", "lost_items", "light",
        "categories",
    }  # fmt: skip
    assert (words["acc"], words["lost"], words["gained"], words["lost_items"]) == (2 / 3, 1, 1, ["q1"])
    assert (words["light"], words["drop"], words["mid_p"]) == ("green", 0, 0.5)


def test_retention_allows_for_each_questions_own_chance():
    base = [Answer("a", True, 2), Answer("b", True, 4), Answer("c", True, None), Answer("d", False, 4)]
    tuned = [Answer(answer.id, answer.id in "ab") for answer in base]
    assert compare(base, tuned).retention == (2 - 1) / (3 - 1)


def test_a_base_that_guesses_has_nothing_to_retain():
    assert compare(answers("rww", choices=3), answers("www", choices=3)).retention is None
    assert compare(answers("www"), answers("rww")).lost_known is None


def test_categories_are_judged_with_their_number_allowed_for():
    base = [*answers("rrrrrr", category="b"), Answer("x", True, 4, "a"), Answer("y", False, 4, "a")]
    tuned = [*answers("wwwwwr"), Answer("x", True), Answer("y", True)]
    first, second = compare(base, tuned).categories
    assert (first.category, first.n, first.base_acc, first.acc, first.lost, first.gained) == ("a", 2, 0.5, 1, 0, 1)
    assert (second.category, second.n, second.lost, second.drop) == ("b", 6, 5, 5 / 6)
    assert (second.mid_p, second.holm_p, first.holm_p) == (0.5**6, 2 * 0.5**6, mid_p(0, 1))


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_never_makes_a_p_smaller_and_keeps_their_order(ps):
    adjusted = holm(ps)
    assert all(p <= after <= 1 for p, after in zip(ps, adjusted, strict=True))
    assert min(adjusted) == min(1, len(ps) * min(ps))
    order = sorted(range(len(ps)), key=lambda place: ps[place])
    assert sorted(adjusted) == [adjusted[place] for place in order]


@pytest.mark.parametrize(
    ("base", "tuned", "sentence"),
    [
        ("rrw", "rr", "there is no answer of the tuned model to question q2; let both models answer the same file"),
        ("r", "rrw", "there is no answer of the base to question q1; let both models answer the same file"),
        ("", "", "there are no answers to compare; give at least one question"),
    ],
)
def test_answers_to_other_questions_are_refused_by_the_first_id(base, tuned, sentence):
    with pytest.raises(AssayError) as caught:
        compare(answers(base), answers(tuned))
    assert str(caught.value) == sentence


def test_two_answers_to_one_question_are_refused():
    with pytest.raises(AssayError, match="the tuned model has two answers to question q0"):
        compare(answers("r"), [*answers("r"), *answers("w")])
