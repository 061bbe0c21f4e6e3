"""The words of samples: read only where they are still what the run recorded."""

import json

import pytest

from dashboard import sample_text
from dashboard.sample_text import columns_of, read_texts
from evals.text import Turn, read_samples


def read(path, _changed, columns):
    return read_samples(path, dict(columns))


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text('{"q": "1 + 1?", "a": "2"}\n{"q": "2 + 2?", "a": "4"}\n')
    return path


def origin(file, **data):
    return {"config": {"data": {"train": str(file), **data}}, "provenance": {"folder": "/home/ann"}}


COLUMNS = {"instruction": "q", "output": "a"}


def rows_of(file, *places):
    samples = read_samples(file, COLUMNS)
    return [{"path": str(file), "row": place, "hash": samples[place].hash} for place in places]


def test_words_come_with_the_columns_the_run_named(file):
    found = read_texts(rows_of(file, 1), origin(file, columns=COLUMNS), read)
    assert found.turns == {(str(file), 1): (Turn("user", "2 + 2?"), Turn("assistant", "4"))}
    assert found.problems == {}


def test_a_row_that_was_changed_has_no_words_and_the_others_have(file):
    rows = rows_of(file, 0, 1)
    file.write_text(file.read_text().replace('"2"', '"3"'))
    found = read_texts(rows, origin(file, columns=COLUMNS), read)
    assert list(found.turns) == [(str(file), 1)]
    assert found.problems == {str(file): "changed"}


@pytest.mark.parametrize("content", ["", '{"q": "1 + 1?", "a": "2"}\n', "no json\n", '{"other": 1}\n'])
def test_a_file_that_is_shorter_or_no_data_any_more_has_changed(file, content):
    rows = rows_of(file, 1)
    file.write_text(content)
    assert read_texts(rows, origin(file, columns=COLUMNS), read) == ({}, {str(file): "changed"})


def test_a_file_that_is_gone_or_too_large_is_not_read(file, monkeypatch):
    rows = rows_of(file, 0)
    monkeypatch.setattr(sample_text, "LARGEST", 10)
    assert read_texts(rows, origin(file), read).problems == {str(file): "large"}
    file.unlink()
    assert read_texts(rows, origin(file), read) == ({}, {str(file): "gone"})


def test_a_row_of_no_recorded_file_or_hash_has_no_words(file):
    assert read_texts([{"path": None, "row": None, "hash": None}], {}, read) == ({}, {})
    unknown = [{"path": str(file), "row": 0, "hash": None}]
    assert read_texts(unknown, origin(file, columns=COLUMNS), read) == ({}, {str(file): "changed"})


def test_a_described_data_set_is_read_with_its_description(tmp_path, file):
    described = {"quiz": {"file_name": "rows.jsonl", "columns": {"prompt": "q", "response": "a"}}}
    (tmp_path / "dataset_info.json").write_text(json.dumps(described))
    spec = f"{tmp_path}/dataset_info.json:quiz"
    assert dict(columns_of(str(file), {"config": {"data": {"general": ["nowhere.jsonl", spec]}}}))["output"] == "a"


def test_a_relative_path_counts_from_the_folder_of_the_command(file):
    here = {"config": {"data": {"train": file.name, "columns": COLUMNS}}, "provenance": {"folder": str(file.parent)}}
    assert dict(columns_of(str(file), here)) == COLUMNS


@pytest.mark.parametrize("odd", [{}, {"config": None, "provenance": None}, {"config": {"data": {"train": 7}}}])
def test_a_run_that_says_nothing_of_its_columns_has_none(file, odd):
    assert columns_of(str(file), odd) == ()
