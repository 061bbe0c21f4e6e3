"""Rows of the formats people have become samples; what is broken is said with file and line."""

import json
from pathlib import Path

import pytest

from evals.text import Turn, read_samples
from evals.text.files import FILES
from evals.text.formats import FORMATS
from tests.evals.written import refusal, said, written

SFT = Path(__file__).parents[2] / ".." / "shared" / "data" / "sft"


@pytest.mark.parametrize(
    ("row", "turns"),
    [
        (
            {"messages": [said("system", "简短"), said("user", "问"), said("assistant", "答")]},
            [("system", "简短"), ("user", "问"), ("assistant", "答")],
        ),
        (
            {"conversations": [{"from": "human", "value": "q"}, {"from": "gpt", "value": "a"}], "system": "s"},
            [("system", "s"), ("user", "q"), ("assistant", "a")],
        ),
        ({"instruction": "q", "input": "", "output": "a"}, [("user", "q"), ("assistant", "a")]),
        ({"instruction": "q", "input": "more", "output": "a"}, [("user", "q\nmore"), ("assistant", "a")]),
        (
            {"instruction": "q2", "output": "a2", "system": "s", "history": [["q1", "a1"]]},
            [("system", "s"), ("user", "q1"), ("assistant", "a1"), ("user", "q2"), ("assistant", "a2")],
        ),
        ({"prompt": "q", "completion": "a"}, [("user", "q"), ("assistant", "a")]),
        (
            {"prompt": [{"role": "user", "content": "q"}], "completion": [{"role": "assistant", "content": "a"}]},
            [("user", "q"), ("assistant", "a")],
        ),
        ({"text": "plain"}, [("text", "plain")]),
    ],
)  # fmt: skip
def test_each_format_becomes_the_same_turns(tmp_path, row, turns):
    (sample,) = read_samples(written(tmp_path, row))
    assert sample.turns == tuple(Turn(*turn) for turn in turns)


def test_a_row_keeps_its_id_source_and_task_and_its_place(tmp_path):
    path = tmp_path / "data.jsonl"
    first = {"id": 7, "source": "ward", "department": "肝病科", "instruction": "q", "output": "a"}
    path.write_text(f"{json.dumps(first)}\n\n{json.dumps({'instruction': 'q', 'output': 'b'})}\n", encoding="utf-8")
    samples = read_samples(path)
    assert [(item.row, item.id, item.source, item.task) for item in samples] == [
        (0, "7", "ward", "肝病科"),
        (1, None, None, None),
    ]


def test_the_hash_is_of_the_words_and_not_of_the_format(tmp_path):
    alpaca = written(tmp_path, {"instruction": "q", "input": "", "output": "a"}, name="one.jsonl")
    pairs = written(tmp_path, {"prompt": "q", "completion": "a", "id": 3}, name="two.jsonl")
    other = written(tmp_path, {"prompt": "q", "completion": "b"}, name="three.jsonl")
    hashes = [read_samples(path)[0].hash for path in (alpaca, pairs, other)]
    assert hashes[0] == hashes[1] != hashes[2]
    assert len(hashes[0]) == 16


def test_a_json_file_holds_a_list_of_rows(tmp_path):
    path = tmp_path / "data.json"
    path.write_text('\ufeff[{"prompt": "q", "completion": "a"}, {"prompt": "r", "completion": "b"}]', encoding="utf-8")
    assert [item.turns[1].content for item in read_samples(path)] == ["a", "b"]


def test_a_missing_file_is_named(tmp_path):
    assert refusal(tmp_path / "no.jsonl") == f"there is no data file {tmp_path / 'no.jsonl'}"


def test_an_unknown_file_type_names_those_that_are_read(tmp_path):
    path = tmp_path / "data.xlsx"
    path.touch()
    assert refusal(path) == f"{path} is no data file Assay reads; it reads {', '.join(FILES)}"


@pytest.mark.parametrize(("name", "text"), [("a.jsonl", ""), ("b.jsonl", "\n \n"), ("c.json", ""), ("d.json", "[]")])
def test_an_empty_file_is_said_to_be_empty(tmp_path, name, text):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    assert refusal(path) == f"{path} is empty: it has no rows"


def test_a_broken_line_is_named_with_file_and_number(tmp_path):
    path = tmp_path / "data.jsonl"
    path.write_text('{"prompt": "q", "completion": "a"}\n\n{"prompt": "q", \n', encoding="utf-8")
    assert refusal(path).startswith(f"{path} line 3 is broken JSON: ")


def test_a_broken_json_file_is_named_with_its_line(tmp_path):
    path = tmp_path / "data.json"
    path.write_text('[{"prompt": "q"},\n nonsense]', encoding="utf-8")
    assert refusal(path) == f"{path} is broken JSON: Expecting value (line 2, column 2)"


def test_text_that_is_not_utf8_is_named(tmp_path):
    path = tmp_path / "data.jsonl"
    path.write_bytes('{"prompt": "问", "completion": "a"}\n'.encode("gbk"))
    assert refusal(path) == f"{path} line 1 is not UTF-8 (byte 13); save the file as UTF-8"


def test_wrong_columns_name_those_found_and_those_accepted(tmp_path):
    sentence = refusal(written(tmp_path, {"question": "q", "answer": "a"}))
    assert "line 1 has the columns question, answer; Assay reads " in sentence
    for item in FORMATS:
        assert f"{item.shown} ({item.name})" in sentence


def test_a_later_row_of_another_shape_is_named(tmp_path):
    path = written(tmp_path, {"prompt": "q", "completion": "a"}, {"prompt": "q", "answer": "a"})
    assert refusal(path) == (
        f"{path} line 2 lacks completion: the rows before it are pairs rows (prompt, completion), "
        f"this one has the columns prompt, answer"
    )


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ({"prompt": 5, "completion": "a"}, "prompt must be text, and is a number"),
        ({"prompt": "q", "completion": None}, "completion must be text, and is null"),
        ({"instruction": "q", "output": ["a"]}, "output must be text, and is a list"),
        (
            {"instruction": "q", "output": "a", "history": [["q"]]},
            "`history` must be a list of [question, answer] pairs",
        ),
        ({"messages": []}, "`messages` must be a list of turns"),
        ({"messages": [{"content": "q"}]}, "turn 1 of `messages` must have `role` or `from`, and `content` or `value`"),
        (
            {"messages": [{"role": "narrator", "content": "q"}]},
            "turn 1 of `messages` is by 'narrator'; known are system, user, human, assistant, gpt, chatgpt, bing, bard",
        ),
    ],
)
def test_a_row_that_is_not_what_its_format_says_is_named(tmp_path, row, sentence):
    path = written(tmp_path, row)
    assert refusal(path) == f"{path} line 1: {sentence}"


def test_a_line_that_is_no_object_is_named(tmp_path):
    path = tmp_path / "data.jsonl"
    path.write_text("[1, 2]\n", encoding="utf-8")
    assert refusal(path).startswith(f"{path} line 1 is no JSON object")


@pytest.mark.parametrize(
    ("name", "count", "first"),
    [
        ("medical_zh_1000.jsonl", 1000, ("toyhom_im/3455", "肝病科")),
        ("general_en_252.jsonl", 252, ("user_oriented_task_0", "Grammarly")),
    ],
)
def test_real_rows_are_read(name, count, first):
    path = SFT / name
    if not path.is_file():
        pytest.skip(f"needs the real rows {name}")
    samples = read_samples(path)
    assert len(samples) == count
    assert (samples[0].id, samples[0].task, samples[0].source) == (*first, None)
    assert {turn.role for sample in samples for turn in sample.turns} == {"user", "assistant"}
