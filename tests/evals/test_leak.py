"""What of a suite stands in the training data, in Chinese and English."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.leak import Leak, Probe, Split, TrainingText, check_leaks, comparable, split, training_texts, unchecked
from tests.evals.written import written

ZH = "患者三天前受凉后出现发热，最高体温三十八度五，伴咳嗽咳痰。"
EN = "The bridge over the Mersey was opened in 1897 and rebuilt after the flood."


def rows(*texts):
    return [TrainingText("train.jsonl", row, text) for row, text in enumerate(texts)]


def found(probes, *texts):
    return [(leak.id, round(leak.coverage, 3), leak.row) for leak in check_leaks(probes, rows(*texts)).leaked]


def test_a_copy_is_found_whatever_its_width_case_and_signs():
    wide = "".join(chr(ord(letter) + 0xFEE0) if letter.isalnum() else "… " for letter in EN.upper())
    probes = [Probe("zh", ZH), Probe("en", EN), Probe("other", "Nothing of this was ever read by it.")]
    assert found(probes, "x", f"问：{ZH.replace('，', ' , ')}答：多喝水。", f"So: {wide}") == [
        ("zh", 1.0, 1),
        ("en", 1.0, 2),
    ]


@pytest.mark.parametrize(("copied", "leaked"), [(20, False), (21, True)])
def test_more_than_half_of_the_characters_is_leaked(copied, leaked):
    text = "".join(chr(0x4E00 + place) for place in range(40))
    assert found([Probe("q", text)], text[:copied]) == ([("q", 0.525, 0)] if leaked else [])


def test_a_run_of_twelve_is_nothing_and_of_thirteen_counts_whole():
    text = "abcdefghijklmnopqrstuvwx"
    assert found([Probe("q", text)], text[:12], text[12:]) == []
    assert found([Probe("q", text)], text[5:18]) == [("q", round(13 / 24, 3), 0)]


@pytest.mark.parametrize(
    ("text", "leaked"), [("今天发热了吗", True), ("发 热", True), ("头疼", False), ("？！", False), ("", False)]
)
def test_a_short_item_is_leaked_where_it_stands_whole(text, leaked):
    assert bool(found([Probe("q", text)], "医生问：今天发热了吗？")) == leaked


def test_the_row_named_is_the_one_that_covers_most():
    assert found([Probe("q", EN)], EN[:40], EN[:60], EN[20:]) == [("q", 1.0, 1)]


def test_rows_together_cover_what_none_does():
    text = "".join(chr(0x4E00 + place) for place in range(60))
    assert found([Probe("q", text)], text[:20], text[40:]) == [("q", round(40 / 60, 3), 0)]


def test_items_of_one_template_name_the_row_that_has_the_template():
    probes = [Probe(f"q{number}", f"Which town is the seat of the county council? {number}") for number in range(60)]
    leaked = check_leaks(probes, rows("no", "Which town is the seat of the county council?")).leaked
    assert [leak.id for leak in leaked] == [probe.id for probe in probes]
    assert {leak.row for leak in leaked} == {1}


def by_hand(text, training):
    """Coverage straight from its definition."""
    item, there = comparable(text), comparable(training)
    covered = {
        place
        for start in range(len(item) - 12)
        if item[start : start + 13] in there
        for place in range(start, start + 13)
    }
    return len(covered) / len(item)


@given(st.text("ab", min_size=13, max_size=60), st.text("ab", max_size=400))
def test_coverage_is_what_its_definition_says(text, training):
    expected = by_hand(text, training)
    leaked = check_leaks([Probe("q", text)], rows(training)).leaked
    assert [leak.coverage for leak in leaked] == ([pytest.approx(expected)] if expected > 0.5 else [])


def test_planted_leaks_are_found_among_many_rows():
    chance = random.Random(5)
    letters = "".join(chr(0x4E00 + place) for place in range(3000))
    probes = [Probe(f"q{number}", "".join(chance.choices(letters, k=40))) for number in range(200)]
    texts = ["".join(chance.choices(letters, k=120)) for _ in range(2000)]
    planted = sorted(chance.sample(range(200), 30))
    for place, number in enumerate(planted):
        texts[50 * place] = texts[50 * place][:30] + probes[number].text + texts[50 * place][30:]
    assert found(probes, *texts) == [(f"q{number}", 1.0, 50 * place) for place, number in enumerate(planted)]


def test_the_report_says_what_was_looked_at():
    report = check_leaks([Probe("a", EN), Probe("b", ZH)], rows(EN, "x"))
    assert (report.status, report.ids, report.leaked) == ("leaked", {"a"}, (Leak("a", 1.0, "train.jsonl", 0),))
    assert report.words == "1 of 2 items found in the training data (2 rows)"
    clean = check_leaks([Probe("a", EN)], rows("x"))
    assert (clean.status, clean.words) == ("clean", "none of 1 items found in the training data (1 rows)")
    assert unchecked(3).status == "unchecked"


def test_training_files_are_read_row_by_row(tmp_path):
    path = written(
        tmp_path, {"instruction": "Hello?", "output": EN, "system": "Be brief."}, {"instruction": "a", "output": "b"}
    )
    assert list(training_texts([path])) == [
        TrainingText(str(path), 0, f"Hello?\n{EN}"),
        TrainingText(str(path), 1, "a\nb"),
    ]


def test_scores_are_split_by_leaked_items():
    assert split({"a": 1, "b": 0, "c": 1}, {"a"}) == Split(pytest.approx(2 / 3), 3, 0.5, 2)
    assert split({"a": 1}, {"a"}) == Split(1, 1, None, 0)
