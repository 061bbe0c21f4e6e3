"""Files are read as training reads them, and those in GB18030 as well."""

import json

import pytest

from evals.data.reading import read_data
from evals.text import read_samples
from evals.text.errors import DataError
from tests.evals.written import file_of, written
from trainer.sources import names_of

ROWS = [
    {"instruction": "发热三天怎么办？", "output": "多喝水，多休息，必要时到医院就诊。", "department": "内科"},
    {"instruction": "头痛怎么办？", "output": "注意休息，观察血压。", "department": "神经科"},
]
LINES = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in ROWS)


def read(*specs, **columns):
    return list(read_data([str(spec) for spec in specs], columns))


def test_rows_are_those_that_training_reads(tmp_path):
    path = written(tmp_path, *ROWS)
    (file,) = read(path)
    assert (file.name, file.encoding, file.format, file.samples) == (
        "data.jsonl",
        "UTF-8",
        "Alpaca",
        read_samples(path),
    )
    assert [row.place for row in file.rows] == ["data.jsonl:1", "data.jsonl:2"]


@pytest.mark.parametrize(("name", "text"), [
    ("a.jsonl", LINES),
    ("a.json", json.dumps(ROWS, ensure_ascii=False)),
    ("a.csv", "instruction,output,department\n" + "".join(",".join(row.values()) + "\n" for row in ROWS)),
])  # fmt: skip
@pytest.mark.parametrize("encoding", ["gb18030", "gbk", "gb2312"])
def test_a_file_in_gb18030_has_the_rows_of_the_same_in_utf8(tmp_path, name, text, encoding):
    utf8 = file_of(tmp_path, text, name)
    expected = read_samples(utf8)
    chinese = tmp_path / "gb" / name
    chinese.parent.mkdir()
    chinese.write_bytes(text.encode(encoding))
    (file,) = read(chinese)
    assert (file.encoding, file.format, file.samples) == ("GB18030", "Alpaca", expected)
    assert chinese.read_bytes() == text.encode(encoding)


def test_what_is_wrong_in_a_file_of_gb18030_is_said_of_that_file(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_bytes((LINES + "{broken\n").encode("gb18030"))
    with pytest.raises(DataError) as said:
        read(path)
    assert str(said.value).startswith(f"{path} line 3 is broken JSON")


def test_broken_utf8_is_not_taken_for_gb18030(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_bytes(LINES.encode() + b'{"instruction": "\xe5\x8f", "output": "x"}\n')
    with pytest.raises(DataError, match="line 3 is not UTF-8"):
        read(path)


@pytest.mark.parametrize("encoding", ["utf-16", "big5", "shift_jis"])
def test_other_encodings_are_refused_in_a_sentence(tmp_path, encoding):
    path = tmp_path / "a.jsonl"
    path.write_bytes('{"instruction": "這個問題", "output": "答案是這樣"}\n'.encode(encoding, "replace"))
    with pytest.raises(DataError, match="is not UTF-8"):
        read(path)


def test_files_of_one_name_are_told_apart_by_their_folders(tmp_path):
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    paths = [written(tmp_path / folder, *ROWS) for folder in ("one", "two")]
    third = written(tmp_path, *ROWS, name="more.jsonl")
    assert [file.name for file in read(*paths)] == ["one/data.jsonl", "two/data.jsonl"]
    assert [file.source for file in read(*paths, third)] == ["one/data", "two/data", "more"]


def test_sources_are_called_as_training_calls_them(tmp_path):
    (tmp_path / "one").mkdir()
    paths = [written(tmp_path / "one", *ROWS), written(tmp_path, *ROWS), written(tmp_path, ROWS[0], name="data.json")]
    assert [file.source for file in read(*paths)] == names_of(paths, [])


def test_a_file_is_named_once(tmp_path):
    path = written(tmp_path, *ROWS)
    with pytest.raises(DataError, match="is named twice"):
        read(path, tmp_path / "." / "data.jsonl")


def test_columns_and_described_data_sets_are_read(tmp_path):
    written(tmp_path, {"frage": "一", "antwort": "二"})
    file_of(
        tmp_path,
        json.dumps({"own": {"file_name": "data.jsonl", "columns": {"prompt": "frage", "response": "antwort"}}}),
        "dataset_info.json",
    )
    by_name = read(f"{tmp_path}/dataset_info.json:own")
    by_columns = read(tmp_path / "data.jsonl", instruction="frage", output="antwort")
    assert [turn.content for turn in by_name[0].samples[0].turns] == ["一", "二"]
    assert by_columns[0].samples == by_name[0].samples
    assert by_columns[0].format == "Alpaca"


def test_five_formats_in_one_file_are_refused_with_the_first_odd_row(tmp_path):
    path = written(
        tmp_path,
        {"messages": [{"role": "user", "content": "1"}, {"role": "assistant", "content": "2"}]},
        {"conversations": [{"from": "human", "value": "1"}, {"from": "gpt", "value": "2"}]},
        {"instruction": "1", "output": "2"},
        {"prompt": "1", "completion": "2"},
        {"text": "1"},
    )
    with pytest.raises(DataError, match="line 2 lacks messages: the rows before it are chat rows"):
        read(path)


def test_a_file_that_may_not_be_read_is_told_in_a_sentence(tmp_path, monkeypatch):
    path = written(tmp_path, *ROWS)

    def refused(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("evals.data.reading._is_utf8", refused)
    with pytest.raises(DataError, match=f"cannot read {path}: Permission denied"):
        read(path)
