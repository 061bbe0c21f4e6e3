"""Files of questions with choices are read whole, or refused in a sentence that says where."""

import json

import pytest

from assay.errors import AssayError
from evals.choice_items import ChoiceItem, read_items

ROW = {"id": "q1", "lang": "zh", "category": "史", "question": "问？", "choices": ["甲", "乙", "丙"], "answer": 2}


def written(folder, *rows, name="probe.jsonl"):
    path = folder / name
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def refusal(path):
    with pytest.raises(AssayError) as caught:
        read_items(path)
    return str(caught.value)


def test_a_row_becomes_an_item_and_other_columns_are_left_alone(tmp_path):
    other = {"id": 7, "lang": "en", "category": "c", "question": "q?", "choices": ["a", "b"], "answer": 0, "note": "x"}
    assert read_items(written(tmp_path, ROW, other)) == [
        ChoiceItem("q1", "zh", "史", "问？", ("甲", "乙", "丙"), 2),
        ChoiceItem("7", "en", "c", "q?", ("a", "b"), 0),
    ]


def test_a_json_file_holds_a_list_of_rows(tmp_path):
    path = tmp_path / "probe.json"
    path.write_text(json.dumps([ROW, {**ROW, "id": "q2"}]), encoding="utf-8")
    assert [item.id for item in read_items(path)] == ["q1", "q2"]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"id": None}, "id must be text and not blank"),
        ({"id": True}, "id must be text and not blank"),
        ({"lang": 5}, "lang must be text and not blank"),
        ({"category": ""}, "category must be text and not blank"),
        ({"question": " \n"}, "question must be text and not blank"),
        ({"choices": "甲乙"}, "choices must be a list of texts"),
        ({"choices": ["甲", 2]}, "choice 1 must be text and not blank"),
        ({"choices": ["", "乙"]}, "choice 0 must be text and not blank"),
        ({"choices": ["甲"]}, "a question needs two choices or more, this one has 1"),
        ({"choices": []}, "a question needs two choices or more, this one has 0"),
        ({"answer": 3}, "answer must be the place of a choice, 0 to 2, and is 3"),
        ({"answer": -1}, "answer must be the place of a choice, 0 to 2, and is -1"),
        ({"answer": "A"}, "answer must be the place of a choice, 0 to 2, and is 'A'"),
        ({"answer": True}, "answer must be the place of a choice, 0 to 2, and is True"),
        ({"answer": 1.0}, "answer must be the place of a choice, 0 to 2, and is 1.0"),
    ],
)
def test_a_row_that_is_no_question_is_named_with_file_and_line(tmp_path, change, sentence):
    path = written(tmp_path, {**ROW, "id": "before"}, {**ROW, **change})
    assert refusal(path) == f"{path} line 2: {sentence}"


def test_missing_columns_are_named_with_those_needed(tmp_path):
    row = {key: value for key, value in ROW.items() if key not in ("lang", "answer")}
    path = written(tmp_path, row)
    assert refusal(path) == (
        f"{path} line 1 lacks lang, answer; a question has id, lang, category, question, choices, answer"
    )


def test_an_id_twice_is_named_with_both_lines(tmp_path):
    path = written(tmp_path, {**ROW, "id": 7}, ROW, {**ROW, "id": "7"})
    assert refusal(path) == f"{path} line 3 has the id 7 of {path} line 1; give each question its own"


def test_an_empty_file_is_said_to_be_empty(tmp_path):
    path = written(tmp_path)
    assert refusal(path) == f"{path} is empty: it has no rows"


def test_a_missing_file_is_named(tmp_path):
    assert refusal(tmp_path / "no.jsonl") == f"there is no data file {tmp_path / 'no.jsonl'}"
