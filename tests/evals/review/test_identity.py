"""Words that name a model, and texts that give one away."""

import random

import pytest

from evals.review.findings import StoredPair, look
from evals.review.identity_words import find_names, names_in
from evals.review.telling_apart import LEAST, _swapped, telling_apart

WORDS = (
    "rest",
    "warm",
    "water",
    "fever",
    "cough",
    "doctor",
    "today",
    "lungs",
    "check",
    "tea",
    "sleep",
    "blood",
    "pain",
)


def text(chance, length=14):
    return " ".join(chance.choice(WORDS) for _ in range(length))


def pairs(count, seed=0, mark=""):
    chance = random.Random(seed)
    return [(mark + text(chance), text(chance)) for _ in range(count)]


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("I am Qwen2.5, made by Alibaba Cloud.", ["Qwen", "Alibaba Cloud"]),
        ("我是通义千问，由阿里云开发的语言模型。", ["通义千问", "语言模型", "由阿里云开发的"]),
        ("我是ＧＰＴ", ["GPT"]),
        ("As an AI language model, I cannot say.", ["as an ai", "language model"]),
        ("作为一个人工智能助手，我不能诊断。", ["作为一个人工智能", "人工智能助手"]),
        ("文心一言 or DeepSeek-R1 or gpt-4o or claude", ["GPT", "Claude", "DeepSeek", "文心一言"]),
        ("ＣＰＲ first; the egptian pyramids; llamas graze.", []),
        ("Take two tablets. 每天两次。", []),
    ],
)
def test_models_and_vendors_are_found_by_name(said, found):
    assert names_in(said) == found


def test_runs_and_folders_are_names_as_well_but_not_short_ones():
    own = ["sft-triage-7b", "r", "r@6"]
    assert names_in("This is SFT-Triage-7B, r@6.", own) == ["sft-triage-7b"]


def test_a_word_is_counted_by_whose_answers_have_it():
    answers = [("a", "I am Kimi.", "Rest."), ("b", "Kimi says so.", "kimi too"), ("c", "Tea.", "Water by GLM.")]
    found = find_names(answers)
    assert [(one.word, one.candidate, one.baseline, one.items) for one in found] == [
        ("Kimi", 2, 1, ("a", "b")), ("GLM", 0, 1, ("c",)),
    ]  # fmt: skip


def test_a_habit_of_one_model_is_found_and_shown():
    found = telling_apart(pairs(40, mark="Certainly! "))
    assert found.auc > 0.95
    assert (found.is_told, found.p) == (True, 0.001)
    first = found.telltales[0]
    assert (first.says, first.candidate, first.baseline) == ("candidate", 40, 0)
    assert first.text in "Certainly! "
    assert len(first.text) == 5


def test_the_same_style_is_not_told_apart_and_twice_gives_the_same():
    found = telling_apart(pairs(60, seed=2), seed=3)
    assert found.p > 0.05
    assert not found.is_told
    assert telling_apart(pairs(60, seed=2), seed=3) == found


def test_where_nothing_is_to_be_found_something_is_rarely_found():
    chances = [_swapped([one for pair in pairs(20, seed) for one in pair], seed) for seed in range(60)]
    assert sum(p <= 0.05 for p in chances) <= 7
    assert 0.3 < sum(chances) / len(chances) < 0.7


def test_what_a_question_is_about_helps_nobody():
    # Each item has a word of its own in both answers: it tells items, not models.
    answers = [
        (f"item{n} " * 5 + text(random.Random(n)), f"item{n} " * 5 + text(random.Random(-n - 1))) for n in range(60)
    ]
    assert not telling_apart(answers).is_told


def test_few_pairs_or_no_words_tell_nothing():
    assert telling_apart(pairs(LEAST - 1)) is None
    assert telling_apart([("", "")] * 40) is None
    assert telling_apart([("", "a")] * 40) is None
    assert telling_apart([]) is None


def test_lengths_are_compared():
    answers = [("word " * 20, "word " * 5) for _ in range(12)]
    found = telling_apart(answers)
    assert (found.candidate_length, found.baseline_length) == (100, 25)


def stored(answers):
    return [StoredPair(f"q{n}", f"What of {n}?", one, other) for n, (one, other) in enumerate(answers)]


def test_warnings_never_tell_which_model_is_which():
    answers = pairs(30, mark="I am Qwen. ")
    swapped = [(other, one) for one, other in answers]
    found, other = look(stored(answers)), look(stored(swapped))
    assert found.warnings == other.warnings
    assert found.warnings[0] == (
        '"Qwen" may name a model, in answers to q0, q1, q2, q3, q4 …: 30 of one model, 0 of the other'
    )
    assert found.warnings[1].startswith("the texts alone tell the models apart: AUC ")
    assert found.as_dict()["identity_words"][0]["candidate"] == 30


def test_same_and_empty_answers_are_told():
    found = look(stored([("", "a b"), ("same", "same"), ("", ""), ("x y", "z")]))
    assert (found.pairs, found.identical, found.empty) == (2, ("q1", "q2"), (2, 1))
    assert found.warnings == [
        "2 of 4 pairs have the same answer twice: set aside as ties",
        "answers without a word: 2 of one model, 1 of the other",
        "whether the texts alone tell the models apart cannot be said of 2 pairs; it takes 10 with words",
    ]
