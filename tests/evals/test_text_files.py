"""Tables and other file types become records that know their line; a damaged file is said to be one."""

import csv

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from evals.text.files import FILES, read_records
from tests.evals.written import file_of, refusal, said, turns_of

PAIR = {"prompt": "q", "completion": "a"}


def places(path):
    return [record.place.removeprefix(f"{path} ") for record in read_records(path)]


@pytest.fixture
def damaged(tmp_path):
    """A Parquet file of many rows with a hole in it."""
    path = tmp_path / "data.parquet"
    pq.write_table(pa.table({"prompt": ["q" * 50] * 5000, "completion": [str(row) for row in range(5000)]}), path)
    whole = path.read_bytes()
    path.write_bytes(whole[:100] + bytes(200) + whole[300:])
    return path


@pytest.mark.parametrize("bom", ["", "\ufeff"])
@pytest.mark.parametrize(("name", "separator"), [("a.csv", ","), ("a.tsv", "\t"), ("a.CSV", ",")])
def test_a_table_becomes_rows_named_by_its_header(tmp_path, bom, name, separator):
    lines = [["instruction", "input", "output"], ["问", "", "答"], ["q", "more", "a"]]
    path = file_of(tmp_path, bom + "".join(separator.join(cells) + "\r\n" for cells in lines), name)
    assert turns_of(path) == [[("user", "问"), ("assistant", "答")], [("user", "q\nmore"), ("assistant", "a")]]


def test_a_cell_holds_line_breaks_quotes_and_separators_and_places_stay_true(tmp_path):
    text = 'prompt,completion\n"one,\r\ntwo ""three""",a\n\nq,"b\n\nc"\nr,d\n'
    path = file_of(tmp_path, text, "data.csv")
    assert [record.fields["prompt"] for record in read_records(path)] == ['one,\r\ntwo "three"', "q", "r"]
    assert places(path) == ["line 2", "line 5", "line 8"]


@pytest.mark.parametrize(("cells", "count"), [("q", 1), ("q,a,b", 3)])
def test_a_row_with_more_or_fewer_cells_than_the_header_is_named(tmp_path, cells, count):
    path = file_of(tmp_path, f'prompt,completion\n"q\nr",a\n{cells}\n', "data.csv")
    assert refusal(path) == (
        f"{path} line 4 has {count} cells where the header has 2; "
        "put cells that hold a comma or a line break in double quotes"
    )


def test_a_row_of_tabs_with_more_cells_says_tab(tmp_path):
    path = file_of(tmp_path, "prompt\tcompletion\nq\ta\tb\n", "data.tsv")
    assert refusal(path) == (
        f"{path} line 2 has 3 cells where the header has 2; put cells that hold a tab or a line break in double quotes"
    )


def test_an_unclosed_cell_is_named_by_the_line_where_its_row_begins(tmp_path):
    path = file_of(tmp_path, 'prompt,completion\nq,a\nq,"b\nr,c\n', "data.csv")
    assert refusal(path) == (
        f"{path} line 3 is broken: unexpected end of data; close each quoted cell, and write a quote in one twice"
    )


def test_a_column_named_twice_is_refused(tmp_path):
    path = file_of(tmp_path, "\nprompt, prompt\nq,a\n", "data.csv")
    assert refusal(path) == f"{path} line 2 names the column `prompt` twice; rename one of them"


@pytest.mark.parametrize("text", ["", "\n\n", "prompt,completion\n"])
def test_a_table_without_rows_is_said_to_be_empty(tmp_path, text):
    path = file_of(tmp_path, text, "data.csv")
    assert refusal(path) == f"{path} is empty: it has no rows"


def test_a_table_that_is_not_utf8_is_named_with_its_line(tmp_path):
    path = tmp_path / "data.csv"
    path.write_bytes("prompt,completion\nq,答\n".encode("gbk"))
    assert refusal(path) == f"{path} line 2 is not UTF-8 (byte 3); save the file as UTF-8"


def test_a_cell_may_be_longer_than_csv_allows_by_itself(tmp_path):
    csv.field_size_limit(131_072)
    words = "x" * 200_000
    path = file_of(tmp_path, f"prompt,completion\nq,{words}\n", "data.csv")
    assert turns_of(path) == [[("user", "q"), ("assistant", words)]]


def test_a_list_in_a_cell_is_read_as_json(tmp_path):
    path = tmp_path / "data.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(
            [["instruction", "output", "history"], ["q", "[1]", '[["q1", "a1"]]'], ["r", "b", ""]]
        )
    assert turns_of(path) == [
        [("user", "q1"), ("assistant", "a1"), ("user", "q"), ("assistant", "[1]")],
        [("user", "r"), ("assistant", "b")],
    ]


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        ("messages", '[{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]'),
        ("conversations", '[{"from": "human", "value": "q"}, {"from": "gpt", "value": "a"}]'),
    ],
)
def test_a_conversation_in_a_cell_is_read_as_json(tmp_path, column, cell):
    path = tmp_path / "data.tsv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter="\t").writerows([[column], [cell]])
    assert turns_of(path) == [[("user", "q"), ("assistant", "a")]]


def test_a_broken_list_in_a_cell_is_named(tmp_path):
    path = file_of(tmp_path, "messages\n[{'role': 1}]\n", "data.csv")
    assert refusal(path) == (
        f"{path} line 2: `messages` is broken JSON: "
        "Expecting property name enclosed in double quotes: line 1 column 3 (char 2)"
    )


def test_nested_columns_of_parquet_become_lists_and_dicts(tmp_path):
    path = tmp_path / "data.parquet"
    rows = [
        {"messages": [said("user", "问"), said("assistant", "答")], "id": 1},
        {"messages": [said("user", "q"), said("assistant", "a")], "id": None},
    ]
    pq.write_table(pa.Table.from_pylist(rows), path, row_group_size=1)
    assert [record.fields for record in read_records(path)] == rows
    assert places(path) == ["row 1", "row 2"]
    assert turns_of(path)[0] == [("user", "问"), ("assistant", "答")]


def test_a_row_of_parquet_is_named(tmp_path):
    path = tmp_path / "data.parquet"
    pq.write_table(pa.Table.from_pylist([PAIR, {"prompt": "q", "completion": None}]), path)
    assert refusal(path) == f"{path} row 2: completion must be text, and is null"


@pytest.mark.parametrize("raw", [b"", b"PAR1", b"no table at all"])
def test_what_is_no_parquet_file_is_said_to_be_damaged(tmp_path, raw):
    path = tmp_path / "data.parquet"
    path.write_bytes(raw)
    sentence = refusal(path)
    assert sentence.startswith(f"{path} is a damaged Parquet file: Parquet ")
    assert sentence.endswith("; write or download it again")
    assert "\n" not in sentence


def test_a_parquet_file_with_a_hole_is_said_to_be_damaged(damaged):
    assert refusal(damaged) == (
        f"{damaged} is a damaged Parquet file: Corrupt snappy compressed data; write or download it again"
    )


def test_a_parquet_file_without_rows_is_said_to_be_empty(tmp_path):
    path = tmp_path / "data.parquet"
    pq.write_table(pa.table({"text": pa.array([], pa.string())}), path)
    assert refusal(path) == f"{path} is empty: it has no rows"


@pytest.mark.parametrize("text", ['{"text": "a"}\n{"text": "b"}\n', '\ufeff\n{"text": "a"}\r\n\r\n{"text": "b"}'])
def test_a_json_file_with_an_object_a_line_is_read_as_lines(tmp_path, text):
    assert turns_of(file_of(tmp_path, text, "data.json")) == [[("text", "a")], [("text", "b")]]


def test_a_broken_line_of_such_a_json_file_is_named(tmp_path):
    path = file_of(tmp_path, '{"text": "a"}\n{"text": \n', "data.json")
    assert refusal(path) == f"{path} line 2 is broken JSON: Expecting value (column 9)"


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ("[" * 100_000, "is broken JSON: nested too deep"),
        ("9" * 5000, "holds a number too long to read; write it as text"),
    ],
)
@pytest.mark.parametrize("name", ["data.jsonl", "data.json"])
def test_what_json_allows_and_python_does_not_is_said(tmp_path, name, value, sentence):
    path = file_of(tmp_path, f'{{"text": {value}}}', name)
    assert refusal(path) == f"{path}{' line 1' if name == 'data.jsonl' else ''} {sentence}"


def test_a_json_file_with_something_else_says_what_to_write(tmp_path):
    path = file_of(tmp_path, '{\n"text": "a"}', "data.json")
    assert refusal(path) == f"{path} holds no list of rows; write [{{…}}, {{…}}], or one row a line"


@pytest.mark.parametrize("suffix", FILES)
def test_a_folder_is_no_data_file(tmp_path, suffix):
    path = tmp_path / f"data{suffix}"
    path.mkdir()
    assert refusal(path) == f"{path} is no data file Assay reads; it reads .jsonl, .json, .csv, .tsv, .parquet"
