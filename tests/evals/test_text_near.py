"""Near-duplicates are grouped: exactly those that share enough, the same in every process."""

import random
from itertools import combinations
from pathlib import Path

import pytest

from evals.text import Sample, Turn, read_samples, words_of
from evals.text.near import GRAM, HASHES, RECALL, _Groups, _signatures, band_size, near_groups, normal_form

REPO = Path(__file__).parents[2]
SFT = REPO / ".." / "shared" / "data" / "sft"
LETTERS = "abcdefghijklmnopqrstuvwxyz"


def words(seed, length=200):
    return "".join(random.Random(seed).choices(LETTERS, k=length))


def jaccard(one, other):
    sets = [{text[start : start + GRAM] for start in range(len(text) - GRAM + 1)} for text in (one, other)]
    return len(sets[0] & sets[1]) / len(sets[0] | sets[1])


def groups_by_every_pair(texts, threshold):
    forms = [normal_form(text) for text in texts]
    group = list(range(len(texts)))
    for one, other in combinations(range(len(texts)), 2):
        long = min(len(forms[one]), len(forms[other])) >= GRAM
        if forms[one] == forms[other] or (long and jaccard(forms[one], forms[other]) >= threshold):
            group = [group[one] if number == group[other] else number for number in group]
    numbers = {}
    return [numbers.setdefault(number, len(numbers)) for number in group]


def test_no_texts_have_no_groups():
    assert near_groups([]) == []


def test_case_width_and_white_space_make_no_difference():
    assert near_groups(["Ａ fever,  Ｔoday", "a fever, today", " A FEVER,\ntoday ", "no fever at all"]) == [0, 0, 0, 1]


def test_short_texts_are_near_only_to_their_equals():
    assert near_groups(["yes", "yes.", "YES", "", " ", "abcd", "abcde", "是", "是"]) == [0, 1, 0, 2, 2, 3, 4, 5, 5]


def test_groups_are_numbered_by_first_appearance():
    assert near_groups([words(1), words(2), words(1), words(3), words(2)]) == [0, 1, 0, 2, 1]


@pytest.mark.parametrize(("threshold", "groups"), [(0.7, [0, 0, 1]), (0.95, [0, 1, 2]), (0.05, [0, 0, 1])])
def test_texts_are_near_from_the_threshold_on(threshold, groups):
    text = words(1)
    edited = text[:100] + "##" + text[102:]
    assert jaccard(text, edited) == 190 / 202
    assert near_groups([text, edited, words(2)], threshold) == groups


def test_a_pair_at_the_threshold_is_near_and_one_below_is_not():
    text = words(1)
    edited = text[:100] + "#" + text[101:]
    exact = jaccard(text, edited)
    assert near_groups([text, edited], exact) == [0, 0]
    assert near_groups([text, edited], exact + 1e-9) == [0, 1]


def test_at_the_highest_threshold_the_same_runs_of_characters_are_near():
    assert near_groups(["ababababab", "abababababab", "cdcdcdcdcd"], 1.0) == [0, 0, 1]


def test_texts_are_joined_by_way_of_others():
    text = words(1)
    chain = [text[shift : shift + 150] for shift in (0, 20, 40)]
    assert jaccard(chain[0], chain[2]) < 0.7 <= jaccard(chain[0], chain[1])
    assert near_groups([chain[0], chain[2]]) == [0, 1]
    assert near_groups([chain[0], words(2), chain[2], chain[1]]) == [0, 1, 0, 0]


def test_texts_of_one_bucket_are_joined_by_way_of_others():
    text = words(1)
    groups = _Groups([text[shift : shift + 150] for shift in (0, 40, 20)] + [words(2)], 0.7)
    groups.join_near([0, 1, 2, 3])
    assert len({groups.root(place) for place in (0, 1, 2)}) == 1
    assert groups.root(3) == 3


def test_a_text_of_five_characters_is_compared():
    assert near_groups(["abcde", "abcdef", "abcdx"], 0.5) == [0, 0, 1]


def test_many_edits_of_many_texts_are_grouped_as_by_comparing_every_pair():
    rng = random.Random(5)
    texts = []
    for seed in range(12):
        for _ in range(8):
            letters = list(words(seed, 120))
            for place in rng.sample(range(len(letters)), rng.randint(0, 8)):
                letters[place] = "#"
            texts.append("".join(letters))
    rng.shuffle(texts)
    expected = groups_by_every_pair(texts, 0.7)
    assert 12 < len(set(expected)) < len(texts)
    assert near_groups(texts) == expected


def test_texts_of_one_template_are_not_joined_below_the_threshold():
    template = words(0, 150)
    texts = [template + words(seed, 50) for seed in range(1, 41)]
    assert 0.55 < jaccard(texts[0], texts[1]) < 0.7
    assert near_groups(texts) == list(range(40))


def test_half_a_character_from_broken_json_does_no_harm():
    assert near_groups(["\ud800 and more words", "\ud800 and more words", "others altogether"]) == [0, 0, 1]


def test_hashes_are_the_same_in_every_process():
    assert _signatures(["abcdef and more"])[0, :4].tolist() == [498551226, 283802064, 1436526582, 22893209]


@pytest.mark.parametrize("threshold", [0.3, 0.5, 0.7, 0.8, 0.95])
def test_the_band_is_the_longest_that_finds_enough(threshold):
    def found(size):
        return 1 - (1 - threshold**size) ** (HASHES // size)

    size = band_size(threshold)
    assert found(size) >= RECALL > max(found(longer) for longer in range(size + 1, HASHES + 1))


def test_what_is_compared_is_what_is_asked_and_answered():
    turns = (Turn("system", "s"), Turn("user", "q"), Turn("assistant", "a"), Turn("user", "r"))
    assert words_of(Sample(0, turns)) == "q\na\nr"
    assert words_of(Sample(0, (Turn("text", "t"),))) == "t"


def test_real_rows_are_grouped_as_by_comparing_every_pair():
    path = SFT / "medical_zh_1000.jsonl"
    if not path.is_file():
        pytest.skip("needs the real rows medical_zh_1000.jsonl")
    texts = [words_of(sample) for sample in read_samples(path)]
    groups = near_groups(texts)
    assert len(texts) == 1000
    assert len(set(groups)) == 999
    (twice,) = [[place for place, number in enumerate(groups) if number == group] for group in set(groups)
                if groups.count(group) > 1]  # fmt: skip
    assert jaccard(*(normal_form(texts[place]) for place in twice)) >= 0.7
