"""Near-duplicates from bands and files are those of the exact comparison, in whatever parts they come."""

import random
from collections import Counter

import numpy as np
import pytest

from evals.data import alike as module
from evals.data import grams as grams_module
from evals.data.alike import Alike, first_of
from evals.data.facts import digest
from evals.data.marks import Marks
from evals.data.signatures import BAND_SIZE, BANDS, sign
from evals.text.near import GRAM, near_groups, normal_form

LETTERS = "天地玄黄宇宙洪荒日月盈昃辰宿列张寒来暑往秋收冬藏"


def texts_with_copies(count, seed=1, size=60):
    draw = random.Random(seed)
    made = []
    for _ in range(count):
        if made and draw.random() < 0.4:
            old = draw.choice(made)
            place, length = draw.randrange(len(old) + 1), draw.choice([0, 1, 3, 8, 20])
            made.append(old[:place] + "".join(draw.choices(LETTERS, k=length)) + old[place + length :])
        else:
            made.append("".join(draw.choices(LETTERS, k=draw.randint(0, size))))
    return made


def grams(text):
    return {text[start : start + GRAM] for start in range(len(text) - GRAM + 1)}


def common_grams(texts):
    counts = Counter(gram for text in texts for gram in grams(text))
    return {gram for gram, count in counts.items() if count > max(10, 0.005 * sum(len(text) >= GRAM for text in texts))}


def jaccard(one, other, without=frozenset()):
    sets = [grams(text) - without for text in (one, other)]
    return len(sets[0] & sets[1]) / len(sets[0] | sets[1])


@pytest.fixture
def looked_at(tmp_path):
    """What is said of some texts, which come in parts of so many."""

    def look(texts, ask, part=7, folder="x"):
        forms = [normal_form(text) for text in texts]
        (tmp_path / folder).mkdir()
        with Alike(tmp_path / folder) as alike:
            for start in range(0, len(forms), part):
                alike.add(sign(forms[start : start + part]))
            return ask(alike, np.array([digest(form) for form in forms], np.uint64)).tolist()

    return look


def numbered(groups):
    numbers = {}
    return [numbers.setdefault(group, len(numbers)) for group in groups]


def test_groups_are_those_of_the_comparison_in_memory(looked_at):
    texts = texts_with_copies(400)
    groups = looked_at(texts, lambda alike, forms: alike.groups(forms))
    assert numbered(groups) == near_groups(texts, 0.7)
    assert len(set(groups)) == 334


def test_it_makes_no_difference_in_which_parts_they_come(looked_at):
    texts = texts_with_copies(60)
    ask = lambda alike, forms: alike.copies_of(forms)  # noqa: E731 - asked twice
    assert looked_at(texts, ask, 1, "a") == looked_at(texts, ask, 60, "b")


def test_where_many_share_a_band_groups_and_copies_are_the_same(looked_at, monkeypatch):
    common = "甲乙丙丁戊己庚辛壬癸" * 6
    texts = [common + text for text in texts_with_copies(150, size=40)]
    ask = lambda alike, forms: np.stack((alike.groups(forms), alike.copies_of(forms)))  # noqa: E731 - asked twice
    expected = looked_at(texts, ask, folder="few")
    monkeypatch.setattr(module, "MANY", 3)
    assert looked_at(texts, ask, folder="many") == expected
    assert numbered(expected[0]) == near_groups(texts, 0.7)
    assert 5 < sum(copy >= 0 for copy in expected[1]) < 145


def test_a_copy_is_near_to_the_row_that_is_kept_and_no_kept_rows_are_near(looked_at):
    texts = texts_with_copies(300, seed=2)
    copies = looked_at(texts, lambda alike, forms: alike.copies_of(forms))
    forms = [normal_form(text) for text in texts]
    kept = [place for place, copy in enumerate(copies) if copy < 0]
    for place, copy in enumerate(copies):
        if copy >= 0:
            assert copy < place
            assert copies[copy] < 0
            assert forms[place] == forms[copy] or jaccard(forms[place], forms[copy]) >= 0.7
    common = common_grams([forms[place] for place in dict.fromkeys(map(forms.index, forms))])
    long = [forms[place] for place in kept if grams(forms[place]) - common]
    assert all(
        min(jaccard(one, other), jaccard(one, other, common)) < 0.7
        for number, one in enumerate(long)
        for other in long[:number]
    )


def test_a_chain_is_cut_where_its_ends_are_not_near(looked_at):
    text = "".join(random.Random(3).sample([chr(0x4E00 + place) for place in range(500)], 200))
    chain = [text[start : start + 100] for start in (0, 9, 18, 27)]
    assert jaccard(chain[0], chain[1]) > 0.7 > jaccard(chain[0], chain[2])
    assert looked_at(chain, lambda alike, forms: alike.groups(forms), folder="g") == [0, 0, 0, 0]
    assert looked_at(chain, lambda alike, forms: alike.copies_of(forms), folder="c") == [-1, 0, -1, 2]


def test_rows_of_one_template_are_copies_only_where_they_are_near_without_it(looked_at):
    template = (
        "请根据下面的病情描述判断应当挂哪个科室的号，只回答科室的名称，不要解释原因，"
        "也不要补充任何其他的内容，更不要给出治疗的建议。病情："
    )
    draw = random.Random(8)
    texts = [template + "".join(draw.choices(LETTERS, k=8)) for _ in range(60)]
    texts.append(texts[7] + "了吗")
    assert jaccard(texts[0], texts[1]) > 0.7
    forms = [normal_form(text) for text in texts]
    copies = looked_at(texts, lambda alike, digests: alike.copies_of(digests), folder="all")
    assert [place for place, copy in enumerate(copies) if copy >= 0] == [60]
    assert copies[60] == 7
    # Ten texts may be copies of one, so of so few the template is not told apart.
    few = looked_at(texts[:10], lambda alike, digests: alike.copies_of(digests), folder="few")
    assert sum(copy >= 0 for copy in few) == sum(
        any(jaccard(forms[place], forms[kept]) >= 0.7 for kept in range(place) if few[kept] < 0) for place in range(10)
    )


def test_common_5_grams_are_left_out_in_whatever_parts_they_are_read(looked_at, monkeypatch):
    texts = ["甲乙丙丁戊己庚辛壬癸" + text for text in texts_with_copies(150, size=40)]
    ask = lambda alike, forms: alike.copies_of(forms)  # noqa: E731 - asked twice
    expected = looked_at(texts, ask, folder="whole")
    monkeypatch.setattr(grams_module, "CHUNK", 64)
    assert looked_at(texts, ask, folder="parts") == expected
    assert sum(copy >= 0 for copy in expected) == 20


def test_texts_that_are_told_apart_are_no_copies(looked_at):
    text = "".join(random.Random(9).choices(LETTERS, k=80))
    texts = [text, text + "好", text + "地", text + "天"]
    marks = Marks(np.array([1, 2, 1, 1], np.uint64), np.array([1, 0, 0, -1], np.int8))
    found = looked_at(texts, lambda alike, forms: alike.copies_of(forms, marks=marks))
    assert found == [-1, -1, 0, -1]


def test_a_template_of_very_many_texts_is_one_group_without_comparing_them(looked_at, monkeypatch):
    common = "甲乙丙丁戊己庚辛壬癸" * 6
    texts = [common + text for text in texts_with_copies(60, size=40)]
    monkeypatch.setattr(module, "MANY", 3)
    monkeypatch.setattr(module, "LARGEST", 4)
    verified = near_groups(texts, 0.7)
    joined = numbered(looked_at(texts, lambda alike, forms: alike.groups(forms)))
    assert all(
        joined[one] == joined[other] for one in range(60) for other in range(60) if verified[one] == verified[other]
    )
    assert len(set(joined)) < len(set(verified))


def test_short_texts_are_copies_of_their_equals_only(looked_at):
    assert looked_at(["是", "否", "是", "", "", "是 "], lambda alike, forms: alike.copies_of(forms)) == [
        -1,
        -1,
        0,
        -1,
        3,
        0,
    ]


def test_no_texts_have_no_copies(looked_at):
    assert looked_at([], lambda alike, forms: alike.copies_of(forms)) == []


def test_a_higher_likeness_asks_for_more(looked_at):
    text = "".join(LETTERS[place % 24] + LETTERS[place // 24] for place in range(100))
    edited = text[:100] + "##" + text[102:]
    assert 0.7 < jaccard(text, edited) < 0.97
    ask = {
        near: looked_at([text, edited], lambda alike, forms, near=near: alike.copies_of(forms, near), folder=str(near))
        for near in (0.7, 0.99)
    }
    assert ask == {0.7: [-1, 0], 0.99: [-1, -1]}


def test_signatures_are_the_same_in_every_process_and_part():
    texts = texts_with_copies(20)
    whole, one = sign(texts), [sign([text]) for text in texts]
    assert whole.bands.shape == (20, BANDS)
    for name in ("sizes", "grams", "bands"):
        assert np.array_equal(getattr(whole, name), np.concatenate([getattr(part, name) for part in one]))
    assert sign(["the fever began"]).bands[0, :2].tolist() == [FIRST, SECOND]


FIRST, SECOND = 8673219062679350276, 13985018914501832718


def test_5_grams_are_counted_once_and_in_order():
    signed = sign(["ababababab", "abcd", ""])
    assert signed.sizes.tolist() == [2, 0, 0]
    assert signed.grams.tolist() == sorted(signed.grams.tolist())
    assert not signed.bands[1:].any()


def test_a_band_is_shared_as_often_as_the_formula_says():
    draw = random.Random(5)
    pairs = []
    while len(pairs) < 300:
        text = "".join(draw.choices(LETTERS, k=200))
        edited = text[:60] + "".join(draw.choices(LETTERS, k=31)) + text[91:]
        pairs.append((text, edited))
    likeness = sum(jaccard(*pair) for pair in pairs) / len(pairs)
    bands = sign([text for pair in pairs for text in pair]).bands
    shared = sum(bool((bands[place] == bands[place + 1]).any()) for place in range(0, 600, 2)) / 300
    assert abs(likeness - 0.70) < 0.01
    assert shared > 1 - (1 - 0.69**BAND_SIZE) ** BANDS - 0.03


def test_the_first_of_equal_numbers():
    assert first_of(np.array([3, 3, 1, 3, 1])).tolist() == [0, 0, 2, 0, 2]


@pytest.mark.parametrize("many", [24, 3])
def test_what_is_in_the_first_texts_is_near_one_of_them_whether_that_is_a_copy_or_not(looked_at, monkeypatch, many):
    monkeypatch.setattr(module, "MANY", many)
    texts = texts_with_copies(300, seed=6)
    forms = [normal_form(text) for text in texts]
    count = 150
    found = looked_at(texts, lambda alike, digests: alike.in_first(digests, count))
    likeness = [[_likeness(forms[text], form) for form in forms[:count]] for text in range(count, 300)]
    assert found[:count] == [-1] * count
    assert [place >= 0 for place in found[count:]] == [max(alike) >= 0.7 for alike in likeness]
    assert all(alike[place] >= 0.7 for place, alike in zip(found[count:], likeness, strict=True) if place >= 0)
    assert 10 < sum(place >= 0 for place in found) < 140


def _likeness(one, other):
    return float(one == other) if min(len(one), len(other)) < GRAM else jaccard(one, other)
