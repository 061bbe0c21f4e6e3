"""JSON lines: LLaMA-Factory's log, ms-swift's, anyone's, and what happens to a file being written."""

import json
import math
from pathlib import Path

import pytest

from store.readers import Batch, Point, read_points
from store.readers.jsonl import JsonlSource


def llama_factory(step: int, total: int = 100, **values: float) -> str:
    progress = {"percentage": step / total * 100, "elapsed_time": "0:00:07", "remaining_time": "0:01:00"}
    return json.dumps({"current_steps": step, "total_steps": total, **values, **progress}) + "\n"


def write(folder: Path, text: str | bytes, name: str = "trainer_log.jsonl") -> Path:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def polled(source: JsonlSource) -> list[Point]:
    return [point for batch in source.poll() for point in batch.points]


def test_llama_factorys_log_is_read_under_our_names(tmp_path):
    path = write(
        tmp_path,
        llama_factory(10, loss=2.5, lr=1e-4, epoch=0.1, throughput=812.5, total_tokens=8125)
        + llama_factory(10, eval_loss=2.25, epoch=0.1)
        + llama_factory(20, loss=2.0, lr=9e-5, epoch=0.2, accuracy=0.5, reward=-1.0),
    )
    source = JsonlSource(path)
    assert polled(source) == [
        Point(10, {"loss": 2.5, "lr": 1e-4, "epoch": 0.1, "tokens_per_s": 812.5, "total_tokens": 8125.0}),
        Point(10, {"val_loss": 2.25, "epoch": 0.1}),
        Point(20, {"loss": 2.0, "lr": 9e-5, "epoch": 0.2, "accuracy": 0.5, "reward": -1.0}),
    ]
    assert source.facts.total_steps == 100
    assert not source.facts.ended
    assert source.facts.skipped == 0


def test_llama_factorys_lines_without_a_measurement_are_no_points_and_no_end(tmp_path):
    closing, predicting = llama_factory(100, epoch=1.0), llama_factory(5, 7)
    source = JsonlSource(write(tmp_path, llama_factory(100, loss=1.0) + closing + predicting))
    assert polled(source) == [Point(100, {"loss": 1.0})]
    assert source.facts.total_steps == 100
    assert source.facts.ended


def test_an_evaluation_of_the_finished_model_is_no_step_zero(tmp_path):
    path = write(tmp_path, llama_factory(100, loss=1.0) + llama_factory(0, 25, eval_loss=1.2))
    assert list(read_points(path)) == [Point(100, {"loss": 1.0})]


def test_ms_swifts_step_of_total_is_read(tmp_path):
    text = '{"loss": 0.5, "grad_norm": 25.9, "learning_rate": 1e-06, "memory(GiB)": 69.19, "epoch": 0.26, '
    text += '"global_step/max_steps": "12/94", "percentage": "12.77%", "elapsed_time": "18m 26s"}\n'
    source = JsonlSource(write(tmp_path, text, "logging.jsonl"))
    values = {"loss": 0.5, "grad_norm": 25.9, "lr": 1e-6, "memory(GiB)": 69.19, "epoch": 0.26}
    assert polled(source) == [Point(12, values)]
    assert source.facts.total_steps == 94


def test_numbers_that_are_none_stay_what_they_are(tmp_path):
    path = write(tmp_path, '{"step": 1, "loss": NaN, "a": "Infinity", "b": -Infinity, "c": "nan"}\n')
    [point] = read_points(path)
    assert math.isnan(point.values["loss"])
    assert math.isnan(point.values["c"])
    assert (point.values["a"], point.values["b"]) == (math.inf, -math.inf)


def test_texts_flags_nothing_and_unknown_columns_do_no_harm(tmp_path):
    path = write(
        tmp_path, '{"step": 3, "loss": 1.5, "note": "损失正常", "ok": true, "x": null, "y": [1], "my/own": 7}\n'
    )
    assert list(read_points(path)) == [Point(3, {"loss": 1.5, "my/own": 7.0})]


@pytest.mark.parametrize(
    ("cell", "time"),
    [("1700000000.5", 1700000000.5), ("1700000000500", 1700000000.5), ('"2026-01-02T00:00:00Z"', 1767312000.0)],
)
def test_a_rows_time_is_known_where_the_row_says_it(tmp_path, cell, time):
    path = write(tmp_path, f'{{"step": 3, "loss": 1.5, "timestamp": {cell}}}\n')
    assert list(read_points(path)) == [Point(3, {"loss": 1.5}, time)]


def test_a_duration_called_time_is_a_measurement(tmp_path):
    path = write(tmp_path, '{"step": 3, "time": 0.25}\n')
    assert list(read_points(path)) == [Point(3, {"time": 0.25})]


def test_a_mark_at_the_beginning_and_line_ends_of_windows_are_no_part_of_the_text(tmp_path):
    path = write(tmp_path, b'\xef\xbb\xbf{"step": 1, "loss": 2.0}\r\n{"step": 2, "loss": 1.0}\r\n')
    assert list(read_points(path)) == [Point(1, {"loss": 2.0}), Point(2, {"loss": 1.0})]


def test_broken_lines_are_skipped_counted_and_the_first_one_is_named(tmp_path):
    path = write(
        tmp_path, '{"step": 1, "loss": 2.0}\n\n{"step": 2, "lo\n[1]\n{"loss": 1.0}\n{"step": 3, "loss": 1.0}\n'
    )
    source = JsonlSource(path)
    assert [point.step for point in polled(source)] == [1, 3]
    assert source.facts.skipped == 3
    assert source.facts.first_skipped == "trainer_log.jsonl line 3: no JSON object"


def test_a_line_being_written_is_read_when_it_is_whole_and_only_once(tmp_path):
    path = write(tmp_path, '{"step": 1, "loss": 2.0}\n{"step": 2, "lo')
    source = JsonlSource(path)
    assert [point.step for point in polled(source)] == [1]
    with path.open("a") as file:
        file.write('ss": 1.5}')
    assert polled(source) == [Point(2, {"loss": 1.5})]
    assert polled(source) == []
    with path.open("a") as file:
        file.write('\n{"step": 3, "loss": 1.0}\n{"bad\n')
    assert polled(source) == [Point(3, {"loss": 1.0})]
    assert source.facts.first_skipped == "trainer_log.jsonl line 4: no JSON object"


@pytest.mark.parametrize("replace", [True, False])
def test_a_log_that_begins_anew_is_read_from_its_beginning(tmp_path, replace):
    path = write(tmp_path, llama_factory(10, loss=2.0) + llama_factory(20, loss=1.0))
    source = JsonlSource(path)
    assert [batch.restart for batch in source.poll()] == [True]
    if replace:
        path.unlink()
        assert list(source.poll()) == []
    write(tmp_path, llama_factory(10, loss=9.0))
    assert list(source.poll()) == [Batch("", True, [Point(10, {"loss": 9.0})])]
    with path.open("a") as file:
        file.write(llama_factory(20, loss=8.0))
    assert list(source.poll()) == [Batch("", False, [Point(20, {"loss": 8.0})])]


def test_a_longer_log_in_its_place_is_read_from_its_beginning(tmp_path):
    path = write(tmp_path, llama_factory(10, loss=2.0))
    source = JsonlSource(path)
    polled(source)
    write(tmp_path, llama_factory(10, loss=9.0) + llama_factory(20, loss=8.0))
    assert [batch.restart for batch in source.poll()] == [True]


def test_a_closing_row_ends_the_run_and_is_no_loss(tmp_path):
    rows = '{"step": 9, "loss": 1.0}\n{"step": 9, "train_runtime": 60.0, "train_loss": 1.75, "epoch": 3.0}\n'
    source = JsonlSource(write(tmp_path, rows))
    assert polled(source) == [Point(9, {"loss": 1.0})]
    assert source.facts.summary == {"train_runtime": 60.0, "train_loss": 1.75, "epoch": 3.0}
    assert source.facts.ended
    with source.path.open("a") as file:
        file.write('{"step": 7, "loss": 1.1}\n')
    assert polled(source) == [Point(7, {"loss": 1.1})]
    assert not source.facts.ended


def test_nothing_is_written_where_the_log_is(tmp_path):
    path = write(tmp_path, llama_factory(10, loss=2.0))
    before = (path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_ino)
    list(read_points(path))
    assert (path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_ino) == before
    assert list(tmp_path.iterdir()) == [path]
