"""Data sets described for LLaMA-Factory are found and read; what is not read here is said."""

import json

import pytest

from evals.text import Located, locate
from tests.evals.written import refusal, said, turns_of, written

ANSWERED = [("user", "q"), ("assistant", "a")]
ALPACA = {"instruction": "q", "output": "a"}


def described(folder, **entries):
    """A description of data sets; the spec of the first."""
    info = folder / "dataset_info.json"
    info.write_text(json.dumps(entries), encoding="utf-8")
    return f"{info}:{next(iter(entries))}"


def test_a_plain_path_is_itself(tmp_path):
    path = written(tmp_path, ALPACA, name="rows:1.jsonl")
    assert locate(path) == locate(str(path)) == Located(path, {})
    assert locate(str(path), {"output": "answer"}) == Located(path, {"output": "answer"})


def test_an_alpaca_set_is_read_from_beside_its_description(tmp_path):
    written(tmp_path, {"q": "q", "more": "m", "a": "a", "turns": [["q0", "a0"]], "sys": "s", "input": "unused"})
    columns = {"prompt": "q", "query": "more", "response": "a", "history": "turns", "system": "sys"}
    spec = described(tmp_path, one={"file_name": "data.jsonl", "columns": columns})
    assert locate(spec) == Located(
        tmp_path / "data.jsonl",
        {"instruction": "q", "input": "more", "output": "a", "history": "turns", "system": "sys"},
    )
    assert turns_of(spec) == [
        [("system", "s"), ("user", "q0"), ("assistant", "a0"), ("user", "q\nm"), ("assistant", "a")]
    ]


@pytest.mark.parametrize("columns", [None, {}, {"prompt": "instruction", "response": "output"}])
def test_columns_that_no_description_names_are_not_read(tmp_path, columns):
    written(tmp_path, {**ALPACA, "history": [["q0", "a0"]], "system": "s", "messages": []})
    assert turns_of(described(tmp_path, one={"file_name": "data.jsonl", "columns": columns})) == [ANSWERED]


def test_the_input_is_read_where_the_columns_are_not_described_and_left_where_they_are(tmp_path):
    written(tmp_path, {**ALPACA, "input": "m"})
    assert turns_of(described(tmp_path, one={"file_name": "data.jsonl"})) == [[("user", "q\nm"), ("assistant", "a")]]
    columns = {"prompt": "instruction", "response": "output"}
    assert turns_of(described(tmp_path, one={"file_name": "data.jsonl", "columns": columns})) == [ANSWERED]


def test_a_query_alone_is_the_question(tmp_path):
    written(tmp_path, ALPACA)
    columns = {"query": "instruction", "response": "output"}
    assert turns_of(described(tmp_path, one={"file_name": "data.jsonl", "columns": columns})) == [ANSWERED]


def test_a_prompt_alone_is_plain_text(tmp_path):
    written(tmp_path, {"text": "t", **ALPACA})
    spec = described(tmp_path, one={"file_name": "data.jsonl", "columns": {"prompt": "text"}})
    assert turns_of(spec) == [[("text", "t")]]


@pytest.mark.parametrize("formatting", ["sharegpt", "openai"])
def test_a_conversation_set_is_read_with_its_tags(tmp_path, formatting):
    turns = [{"who": "P", "says": "q"}, {"who": "D", "says": "a"}]
    written(tmp_path, {"dialog": turns, "sys": "s", "system": "unused"})
    tags = {
        "role_tag": "who", "content_tag": "says", "user_tag": "P", "assistant_tag": "D", "system_tag": None,
        "observation_tag": "T", "function_tag": "F",
    }  # fmt: skip
    columns = {"messages": "dialog", "system": "sys"}
    entry = {"file_name": "data.jsonl", "formatting": formatting, "columns": columns, "tags": tags}
    assert turns_of(described(tmp_path, one=entry)) == [[("system", "s"), *ANSWERED]]


def test_a_conversation_set_without_columns_has_them_in_conversations(tmp_path):
    written(tmp_path, {"conversations": [said("user", "q"), said("assistant", "a")], "system": "unused", **ALPACA})
    assert turns_of(described(tmp_path, one={"file_name": "data.jsonl", "formatting": "sharegpt"})) == [ANSWERED]


def test_columns_given_go_before_those_described(tmp_path):
    path = written(tmp_path, {"q": "q", "a": "bad", "better": "a"})
    columns = {"prompt": "q", "response": "a"}
    spec = described(tmp_path, one={"file_name": "data.jsonl", "columns": columns})
    assert turns_of(spec, {"output": "better"}) == [ANSWERED]
    found = locate(spec, {"output": "better", "id": "q"})
    assert found.path == path
    assert turns_of(found.path, found.columns) == [ANSWERED]


def test_what_is_said_of_a_file_behind_a_description_names_the_file(tmp_path):
    spec = described(tmp_path, one={"file_name": "no.jsonl"})
    assert refusal(spec) == f"there is no data file {tmp_path / 'no.jsonl'}"


def test_an_unknown_name_gets_the_nearest(tmp_path):
    spec = described(tmp_path, medical={"file_name": "a.jsonl"}, general={"file_name": "b.jsonl"})
    info = tmp_path / "dataset_info.json"
    assert refusal(f"{spec}_zh") == f"{info} describes no data set medical_zh; did you mean medical?"
    assert refusal(f"{info}:x") == f"{info} describes no data set x; known are medical, general"


@pytest.mark.parametrize("colon", ["", ":"])
def test_without_a_name_all_are_listed(tmp_path, colon):
    described(tmp_path, medical={"file_name": "a.jsonl"}, general={"file_name": "b.jsonl"})
    info = tmp_path / "dataset_info.json"
    assert refusal(f"{info}{colon}") == f"{info} describes medical, general; name one of them, as in {info}:medical"


def test_a_description_that_is_not_there_is_named(tmp_path):
    info = tmp_path / "dataset_info.json"
    assert refusal(f"{info}:one") == refusal(info) == f"there is no data file {info}"


@pytest.mark.parametrize("text", ["[]", "{}"])
def test_a_description_of_nothing_says_what_one_looks_like(tmp_path, text):
    info = tmp_path / "dataset_info.json"
    info.write_text(text, encoding="utf-8")
    assert refusal(f"{info}:one") == (
        f'{info} describes no data sets; it looks like {{"name": {{"file_name": "rows.jsonl"}}}}'
    )


def test_a_broken_description_is_named(tmp_path):
    info = tmp_path / "dataset_info.json"
    info.write_text("{", encoding="utf-8")
    assert refusal(f"{info}:one").startswith(f"{info} is broken JSON: ")


def test_a_description_that_cannot_be_read_is_named(tmp_path):
    info = tmp_path / "dataset_info.json"
    info.mkdir()
    assert refusal(f"{info}:one") == f"cannot read {info}: Is a directory"


FILE = {"file_name": "data.jsonl"}


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        (7, 'is no JSON object; write {"file_name": "rows.jsonl"}'),
        ({}, "has no file_name; give the name of the file with its rows, from the folder of dataset_info.json"),
        (
            {"hf_hub_url": "x/y"},
            "is elsewhere (hf_hub_url), and Assay reads local files; download it and give its file_name",
        ),
        (
            {"ms_hub_url": "x/y"},
            "is elsewhere (ms_hub_url), and Assay reads local files; download it and give its file_name",
        ),
        (
            {"script_url": "x"},
            "is elsewhere (script_url), and Assay reads local files; download it and give its file_name",
        ),
        (
            {**FILE, "ranking": True},
            "asks for ranking, which Assay does not read; take it out, or make a file without",
        ),
        (
            {**FILE, "num_samples": 5},
            "asks for num_samples, which Assay does not read; take it out, or make a file without",
        ),
        (
            {**FILE, "split": "train[:5]"},
            "asks for split, which Assay does not read; take it out, or make a file without",
        ),
        (
            {**FILE, "columns": {"prompt": "q", "response": "a", "images": "images"}},
            "has a column for images, which Assay does not read; it learns answers from text",
        ),
        (
            {**FILE, "formatting": "parquet"},
            "has the formatting 'parquet'; Assay reads alpaca, sharegpt and openai",
        ),
    ],
)
def test_what_is_not_read_is_said(tmp_path, entry, sentence):
    assert refusal(described(tmp_path, one=entry)) == f"the data set one in {tmp_path / 'dataset_info.json'} {sentence}"


@pytest.mark.parametrize(
    ("entry", "part", "sentence"),
    [
        ({"columns": ["q"]}, "columns", " must be an object"),
        ({"columns": {"reponse": "a"}}, "columns", " names reponse, which is unknown; did you mean response?"),
        ({"tags": {"role_tag": 5}}, "tags", " must name role_tag as text, and says 5"),
        (
            {"columns": {"messages": "m"}},
            "columns",
            ' names no prompt; name it, or say "formatting": "sharegpt"',
        ),
        (
            {"columns": {"prompt": "q", "query": "m"}},
            "columns",
            " names no response; name the column with the answers",
        ),
    ],
)
def test_a_part_that_makes_no_sense_is_named(tmp_path, entry, part, sentence):
    spec = described(tmp_path, one={**FILE, **entry})
    assert refusal(spec) == f"`{part}` of the data set one in {tmp_path / 'dataset_info.json'}{sentence}"


@pytest.mark.parametrize("entry", [{"ranking": False}, {"split": "train"}, {"subset": None}, {"file_sha1": "0"}])
def test_what_changes_nothing_is_passed_over(tmp_path, entry):
    written(tmp_path, ALPACA)
    assert turns_of(described(tmp_path, one={**FILE, **entry})) == [ANSWERED]
