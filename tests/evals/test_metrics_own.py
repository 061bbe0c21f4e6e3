"""Metrics of your own: a function by its file, a field by a pattern."""

import re

import pytest

from evals.metrics.own import field_accuracy, load_function, own_metric
from evals.text.errors import DataError

ROWS = [{"tag": "a"}, {"tag": "b"}]


@pytest.fixture
def function(tmp_path):
    def write(body, name="near"):
        (tmp_path / "own.py").write_text(f"def near(prediction, reference, row):\n    {body}\n", encoding="utf-8")
        return f"{tmp_path / 'own.py'}:{name}"

    return write


def refusal(*arguments):
    with pytest.raises(DataError) as caught:
        own_metric(*arguments)
    return str(caught.value)


def test_a_function_is_asked_about_each_text_with_its_row(function):
    found = own_metric(
        function("return 0.5 if row['tag'] == 'a' else prediction == reference"), ["x", "y"], ["x", "y"], ROWS
    )
    assert (found.score, found.items.tolist()) == (75.0, [50.0, 100.0])


def test_numbers_of_numpy_are_numbers(function):
    named = function("import numpy; return numpy.float32(1) if row['tag'] == 'a' else numpy.bool_(False)")
    assert own_metric(named, ["", ""], ["", ""], ROWS).items.tolist() == [100.0, 0.0]


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("return 1 / (row['tag'] == 'a')", "raises ZeroDivisionError"),
        ("return 0 if row['tag'] == 'a' else 1.5", "gives 1.5; it must give a bool or a number from 0 to 1"),
        ("return 0 if row['tag'] == 'a' else float('nan')", "gives nan; it must give a bool or a number from 0 to 1"),
        ("return 0 if row['tag'] == 'a' else None", "gives None; it must give a bool or a number from 0 to 1"),
        ("return 0 if row['tag'] == 'a' else 'yes'", "gives 'yes'; it must give a bool or a number from 0 to 1"),
    ],
)
def test_a_bad_value_is_named_with_its_row(function, body, sentence):
    named = function(body)
    assert refusal(named, ["", ""], ["", ""], ROWS) == f"row 2: {named} {sentence}"


def test_what_cannot_be_loaded_is_one_sentence(function, tmp_path):
    named = function("return 1", name="far")
    file = tmp_path / "own.py"
    assert refusal(named, [], [], []) == f"{named}: {file} has no function far"
    for wrong in ("own.py", "own:near", "own.txt:near", "own.py:"):
        assert refusal(wrong, [], [], []) == f"{wrong} names no function; write file.py:function"
    missing = f"{tmp_path / 'no.py'}:near"
    assert refusal(missing, [], [], []) == f"{missing}: there is no file {tmp_path / 'no.py'}"
    file.write_text("import nothing_of_this_name\n", encoding="utf-8")
    assert "cannot be loaded: it raises ModuleNotFoundError" in refusal(f"{file}:near", [], [], [])


def test_two_files_of_one_name_do_not_meet(tmp_path):
    for folder, value in (("one", 1), ("two", 0)):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "m.py").write_text(f"def f(p, r, row):\n    return {value}\n", encoding="utf-8")
    values = [load_function(f"{tmp_path / folder / 'm.py'}:f")("", "", {}) for folder in ("one", "two")]
    assert values == [1, 0]


def test_a_field_is_right_where_it_is_the_references():
    found = field_accuracy(
        r"科室：(\S*)", ["科室：内科", "科室：外科 ", "不详", "不详"], ["科室：内科", "科室：内科", "科室：内科", "无"]
    )
    assert found.items.tolist() == [100.0, 0.0, 0.0, 100.0]


@pytest.mark.parametrize(
    ("pattern", "sentence"),
    [
        ("(", "the pattern ( is broken: missing ), unterminated subpattern"),
        ("a", "the pattern a has 0 groups; put what is compared into one (…)"),
        ("(a)(b)", "the pattern (a)(b) has 2 groups"),
        ("(x)", "the pattern (x) finds nothing in any reference"),
    ],
)
def test_a_pattern_that_compares_nothing_is_refused(pattern, sentence):
    with pytest.raises(DataError, match=re.escape(sentence)):
        field_accuracy(pattern, ["x"], ["a"])
