"""What is followed in a folder, in which order, and what is said where there is nothing."""

import json
import os
from pathlib import Path

import pytest

from assay import AssayError
from store.readers import find_source

TRAINER_LOG = '{"current_steps": 1, "total_steps": 2, "loss": 1.0}\n'
STATE = json.dumps({"global_step": 1, "max_steps": 2, "log_history": [{"step": 1, "loss": 1.0}]})
EVENTS = "runs/Nov20/events.out.tfevents.1700000000.host.1.0"
TABLE = "step,loss\n1,2.0\n"

IN_ORDER = {
    "trainer_log.jsonl": TRAINER_LOG,
    "checkpoint-1/trainer_state.json": STATE,
    EVENTS: "",
    "log.csv": TABLE,
}


def put(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


@pytest.mark.parametrize("first", range(4))
def test_a_folder_that_holds_several_is_followed_by_the_first_in_order(tmp_path, first):
    put(tmp_path, dict(list(IN_ORDER.items())[first:]))
    found = find_source(tmp_path)
    formats = ["trainer-log", "trainer-state", "tensorboard", "table"]
    assert found.format == formats[first]
    assert len(found.others) == 3 - first


def test_what_else_lies_there_is_named_so_that_it_can_be_followed(tmp_path):
    found = find_source(put(tmp_path, IN_ORDER))
    assert found.path == tmp_path / "trainer_log.jsonl"
    state, events, table = found.others
    assert (state, events, table) == (
        tmp_path / "checkpoint-1" / "trainer_state.json", tmp_path / "runs" / "Nov20", tmp_path / "log.csv",
    )  # fmt: skip
    assert [find_source(path).format for path in found.others] == ["trainer-state", "tensorboard", "table"]


@pytest.mark.parametrize(
    ("name", "text", "format_"),
    [
        ("trainer_log.jsonl", "", "trainer-log"),
        ("trainer_state.json", STATE, "trainer-state"),
        ("events.out.tfevents.1.host", "", "tensorboard"),
        ("log.csv", TABLE, "table"),
        ("log.tsv", "step\tloss\n", "table"),
        ("metrics.jsonl", '{"step": 1, "loss": 2}\n', "jsonl"),
        ("train.log", '{"step": 1, "loss": 2}\n', "jsonl"),
        ("train.txt", "step;loss\n1;2\n", "table"),
        ("empty.csv", "", "table"),
    ],
)
def test_a_file_is_known_by_its_name_or_by_what_is_in_it(tmp_path, name, text, format_):
    put(tmp_path, {name: text})
    assert find_source(tmp_path / name).format == format_


def test_of_several_tables_the_one_written_last_is_followed_and_data_is_no_log(tmp_path):
    put(tmp_path, {"old.csv": TABLE, "new.csv": TABLE, "train.jsonl": '{"instruction": "a", "output": "b"}\n'})
    os.utime(tmp_path / "old.csv", (1, 1))
    found = find_source(tmp_path)
    assert found.path == tmp_path / "new.csv"
    assert found.others == (tmp_path / "old.csv",)


@pytest.mark.parametrize("files", [{}, {"data.csv": "question,answer\na,b\n"}, {"README.md": "# hello\n"}])
def test_where_there_is_nothing_the_names_looked_for_are_said(tmp_path, files):
    put(tmp_path, files)
    with pytest.raises(
        AssayError, match=r"nothing to follow in .*trainer_log\.jsonl, trainer_state\.json, TensorBoard"
    ):
        find_source(tmp_path)


def test_a_missing_folder_is_said_to_be_missing(tmp_path):
    with pytest.raises(AssayError, match="does not exist"):
        find_source(tmp_path / "away")


@pytest.mark.parametrize(
    ("name", "text"), [("data.csv", "question,answer\na,b\n"), ("data.jsonl", '{"question": "a", "answer": "b"}\n')]
)
def test_a_file_without_steps_is_refused_with_the_columns_it_has(tmp_path, name, text):
    put(tmp_path, {name: text})
    with pytest.raises(AssayError, match=r"no step column: its columns are question, answer; one of step, global_step"):
        find_source(tmp_path / name)
