"""Bootstrap intervals: seeded, around the score, and paired where two systems are compared."""

import numpy as np
import pytest
import sacrebleu
from hypothesis import given, settings
from hypothesis import strategies as st

from evals.metrics.measured import _resampled as resampled
from evals.metrics.measured import mean_of, paired_difference, scored
from evals.metrics.ngrams import bleu, chrf
from evals.metrics.scores import compare_texts, score_texts

GOOD = [f"第{number}位患者发热三天，建议复查血常规，多饮水。" for number in range(12)]
BAD = [f"第{number}位患者头痛{'两' if number % 3 else '三'}天，建议休息，多饮水。" for number in range(12)]
WANTED = [f"第{number}位患者发热{'三' if number % 2 else '两'}天，建议复查血常规，多喝水。" for number in range(12)]


def test_the_interval_holds_the_score_and_is_wider_than_a_point():
    for name, score in score_texts(GOOD, WANTED, "zh").scores.items():
        assert score.low <= score.score <= score.high
        assert (score.low < score.high) == (name != "exact_match")


def test_the_same_seed_gives_the_same_interval_and_another_one_another():
    first, again, other = (score_texts(BAD, WANTED, "zh", seed=seed) for seed in (1, 1, 2))
    assert first == again
    assert first.scores["bleu"].score == other.scores["bleu"].score
    assert first.scores["chrf"] != other.scores["chrf"]


def test_a_mean_of_halves_has_the_interval_of_the_binomial():
    found = scored(mean_of(np.array([0.0, 100.0] * 200)), resamples=4000)
    # 50 ± 1.96 · 50 / sqrt(400)
    assert (found.low, found.score, found.high) == (pytest.approx(45.1, abs=0.5), 50.0, pytest.approx(54.9, abs=0.5))


@pytest.mark.parametrize("texts", [1, 7, 300])
@pytest.mark.parametrize("at_once", [1, 500, 20_000])
def test_resamples_drawn_together_are_those_drawn_one_by_one(texts, at_once, monkeypatch):
    monkeypatch.setattr("evals.metrics.measured.DRAWS_AT_ONCE", at_once)
    metric = mean_of(np.random.default_rng(1).normal(50, 20, texts))
    draw = np.random.default_rng(3)
    drawn = [np.bincount(draw.integers(texts, size=texts), minlength=texts).astype(float) for _ in range(50)]
    expected = np.array([times @ metric.statistics for times in drawn])
    assert np.array_equal(resampled(metric, 3, 50), expected)


@settings(deadline=None, max_examples=25)
@given(st.lists(st.integers(0, 11), min_size=12, max_size=12))
def test_a_resample_scores_as_sacrebleu_scores_the_drawn_texts(drawn):
    times = np.bincount(drawn, minlength=12).astype(float)
    for found, corpus in (
        (bleu(BAD, WANTED, "zh"), lambda *sides: sacrebleu.corpus_bleu(*sides, tokenize="zh")),
        (chrf(BAD, WANTED), sacrebleu.corpus_chrf),
    ):
        score = corpus([BAD[place] for place in drawn], [[WANTED[place] for place in drawn]]).score
        assert found.of_sums((times @ found.statistics)[None])[0] == pytest.approx(score)


def test_identical_systems_differ_by_nothing_at_all():
    for found in compare_texts(GOOD, list(GOOD), WANTED, "zh").values():
        assert (found.difference, found.low, found.high) == (0.0, 0.0, 0.0)


def test_the_better_system_is_better_by_every_metric_that_can_tell():
    forth, back = compare_texts(GOOD, BAD, WANTED, "zh"), compare_texts(BAD, GOOD, WANTED, "zh")
    for name, found in forth.items():
        assert found.difference == -back[name].difference
        assert found.low <= found.difference <= found.high
        if name != "exact_match":
            assert found.low > 0


def test_pairing_cancels_what_is_hard_for_both():
    hard = np.linspace(0, 90, 50)
    found = paired_difference(mean_of(hard + 5), mean_of(hard))
    assert (found.low, found.high) == (pytest.approx(5), pytest.approx(5))
    assert scored(mean_of(hard)).high - scored(mean_of(hard)).low > 10


def test_one_text_has_a_point_for_an_interval():
    for score in score_texts(GOOD[:1], WANTED[:1], "zh").scores.values():
        assert score.high - score.low == pytest.approx(0, abs=1e-9)


def test_mostly_short_texts_with_a_long_one_keep_100_in_every_resample():
    wanted = ["是", "否", "患者发热三天"]
    found = score_texts(wanted, wanted, "zh").scores["bleu"]
    assert (found.score, found.low, found.high) == (100.0, 100.0, 100.0)
