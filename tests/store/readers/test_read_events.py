"""TensorBoard's event files, written by tensorboard itself."""

import json
import math
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.compat.proto.tensor_pb2 import TensorProto
from tensorboard.summary.writer.record_writer import RecordWriter
from tensorboard.util.tensor_util import make_tensor_proto

from assay import AssayError
from store.readers import Point, find_source, read_points
from store.readers.events import EventsSource, event_folders


class Writer:
    """One event file."""

    def __init__(self, folder: Path, started: int = 1700000000) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / f"events.out.tfevents.{started}.host.1.0"
        self.event(file_version="brain.Event:2")

    def event(self, **fields: Any) -> None:
        with self.path.open("ab") as file:
            RecordWriter(file).write(Event(wall_time=1700000000.5, **fields).SerializeToString())

    def record(self, data: bytes) -> None:
        with self.path.open("ab") as file:
            RecordWriter(file).write(data)

    def scalars(self, step: int, **values: float) -> None:
        for tag, number in values.items():
            value = Summary.Value(tag=tag.replace("__", "/"), simple_value=number)
            self.event(step=step, summary=Summary(value=[value]))

    def tensor(self, step: int, tag: str, content: Any) -> None:
        value = Summary.Value(tag=tag, tensor=make_tensor_proto(content))
        self.event(step=step, summary=Summary(value=[value]))


def polled(source: EventsSource) -> list[Point]:
    return [point for batch in source.poll() for point in batch.points]


def test_hugging_faces_tags_get_our_names(tmp_path):
    writer = Writer(tmp_path)
    writer.scalars(10, train__loss=2.5, train__grad_norm=1.5, train__learning_rate=0.5, train__epoch=0.25)
    writer.scalars(10, eval__loss=2.25, eval__runtime=3.0)
    at = 1700000000.5
    assert list(read_points(tmp_path)) == [
        Point(10, {"loss": 2.5}, at), Point(10, {"grad_norm": 1.5}, at), Point(10, {"lr": 0.5}, at),
        Point(10, {"epoch": 0.25}, at), Point(10, {"val_loss": 2.25}, at), Point(10, {"eval/runtime": 3.0}, at),
    ]  # fmt: skip


def test_the_trainers_closing_values_and_settings_are_facts(tmp_path):
    writer = Writer(tmp_path)
    writer.tensor(0, "args/text_summary", [json.dumps({"max_steps": 40, "learning_rate": 1e-4})])
    writer.scalars(40, train__loss=2.5)
    writer.scalars(40, train__train_runtime=60.0, train__train_loss=3.0)
    source = EventsSource(tmp_path)
    assert [point.values for point in polled(source)] == [{"loss": 2.5}]
    assert source.facts.summary == {"train_runtime": 60.0, "train_loss": 3.0}
    assert source.facts.config == {"max_steps": 40, "learning_rate": 1e-4}
    assert source.facts.total_steps == 40
    assert source.facts.ended


def test_the_time_so_far_beside_each_loss_closes_nothing(tmp_path):
    writer = Writer(tmp_path)
    writer.scalars(10, train__loss=2.5, train__train_runtime=1.5)
    source = EventsSource(tmp_path)
    assert [point.values for point in polled(source)] == [{"loss": 2.5}]
    assert (source.facts.ended, source.facts.summary) == (False, {})
    writer.scalars(10, train__train_runtime=2.0, train__train_loss=3.0)
    assert polled(source) == []
    assert (source.facts.ended, source.facts.summary) == (True, {"train_runtime": 2.0, "train_loss": 3.0})


def test_a_record_that_is_no_event_is_one_sentence(tmp_path):
    writer = Writer(tmp_path)
    writer.record(b"this is no event \xff\xff")
    with pytest.raises(AssayError, match=r"tfevents.* is no TensorBoard log: record 2 in it is no event"):
        list(read_points(writer.path))


def test_a_tensor_of_an_unknown_type_and_a_time_or_step_that_is_none_are_left_out(tmp_path):
    writer = Writer(tmp_path)
    writer.event(step=1, summary=Summary(value=[Summary.Value(tag="x", tensor=TensorProto(dtype=0))]))
    loss = Summary(value=[Summary.Value(tag="loss", simple_value=2.5)])
    for step, at in ((2, math.inf), (2**63 - 1, 1700000000.5), (3, 1700000000.5)):
        writer.record(Event(step=step, wall_time=at, summary=loss).SerializeToString())
    assert list(read_points(writer.path)) == [Point(2, {"loss": 2.5}), Point(3, {"loss": 2.5}, 1700000000.5)]


def test_both_kinds_of_scalar_are_read_and_other_summaries_are_not(tmp_path):
    writer = Writer(tmp_path)
    writer.tensor(1, "loss", 2.5)
    writer.tensor(1, "note", ["a text"])
    writer.tensor(1, "weights", [1.0, 2.0])
    writer.scalars(2, loss=math.nan)
    first, second = read_points(tmp_path)
    assert first.values == {"loss": 2.5}
    assert math.isnan(second.values["loss"])


def test_megatrons_series_over_samples_are_left_out(tmp_path):
    writer = Writer(tmp_path)
    writer.scalars(7, **{"lm loss": 2.5, "lm loss vs samples": 2.5, "grad-norm": 1.5})
    assert [(point.step, point.values) for point in read_points(tmp_path)] == [
        (7, {"loss": 2.5}),
        (7, {"grad_norm": 1.5}),
    ]


def test_two_tags_that_claim_one_name_are_both_kept(tmp_path):
    Writer(tmp_path).scalars(1, loss=2.5, train__loss=3.5)
    assert [point.values for point in read_points(tmp_path)] == [{"loss": 2.5}, {"train/loss": 3.5}]


def test_a_record_being_written_is_read_when_it_is_whole(tmp_path):
    writer = Writer(tmp_path)
    writer.scalars(1, loss=2.5)
    writer.scalars(2, loss=2.0)
    whole = writer.path.read_bytes()
    writer.path.write_bytes(whole[:-5])
    source = EventsSource(tmp_path)
    assert [point.step for point in polled(source)] == [1]
    with writer.path.open("ab") as file:
        file.write(whole[-5:])
    assert [point.step for point in polled(source)] == [2]
    assert polled(source) == []


def test_a_file_that_begins_anew_is_read_from_its_beginning(tmp_path):
    writer = Writer(tmp_path)
    writer.scalars(1, loss=2.5)
    writer.scalars(2, loss=2.0)
    source = EventsSource(tmp_path)
    assert [batch.restart for batch in source.poll()] == [True]
    writer.path.unlink()
    assert list(source.poll()) == []
    Writer(tmp_path).scalars(1, loss=9.0)
    [batch] = source.poll()
    assert batch.restart
    assert [point.values for point in batch.points] == [{"loss": 9.0}]


def test_files_of_a_run_are_streams_read_in_the_order_they_were_begun(tmp_path):
    Writer(tmp_path, started=1700000900).scalars(2, loss=1.0)
    Writer(tmp_path, started=1700000100).scalars(1, loss=2.0)
    batches = list(EventsSource(tmp_path).poll())
    assert [(batch.stream, batch.points[0].step) for batch in batches] == [
        ("events.out.tfevents.1700000100.host.1.0", 1),
        ("events.out.tfevents.1700000900.host.1.0", 2),
    ]


def test_kerass_parts_of_a_run_are_told_apart(tmp_path):
    Writer(tmp_path / "logs" / "train").scalars(1, loss=2.0)
    Writer(tmp_path / "logs" / "validation").scalars(1, loss=3.0)
    assert find_source(tmp_path).path == tmp_path / "logs"
    assert [point.values for point in read_points(tmp_path)] == [{"loss": 2.0}, {"val_loss": 3.0}]


def test_of_several_runs_the_newest_is_followed_and_the_others_are_named(tmp_path):
    for started, name in ((1700000100, "a"), (1700000300, "b"), (1700000200, "c")):
        Writer(tmp_path / name, started).scalars(1, loss=2.0)
    found = find_source(tmp_path)
    assert found.path == tmp_path / "b"
    assert found.others == (tmp_path / "c", tmp_path / "a")


def test_in_a_trainers_output_folder_all_runs_are_one_history(tmp_path):
    (tmp_path / "checkpoint-10").mkdir()
    Writer(tmp_path / "runs" / "Nov21", 1700000300).scalars(11, train__loss=1.0)
    Writer(tmp_path / "runs" / "Nov20", 1700000100).scalars(10, train__loss=2.0)
    Writer(tmp_path / "runs" / "Nov20" / "1700.5", 1700000101).scalars(10, extra=2.0)
    assert event_folders(tmp_path) == [tmp_path / "runs" / "Nov21", tmp_path / "runs" / "Nov20"]
    assert [(point.step, point.values) for point in read_points(tmp_path)] == [
        (10, {"loss": 2.0}),
        (10, {"1700.5/extra": 2.0}),
        (11, {"loss": 1.0}),
    ]


def test_without_tensorboard_the_command_that_brings_it_is_said(tmp_path, monkeypatch):
    Writer(tmp_path).scalars(1, loss=2.0)
    monkeypatch.setitem(sys.modules, "tensorboard.backend.event_processing.event_file_loader", None)
    with pytest.raises(AssayError, match=r"pip install 'assay-llm\[import\]'"):
        list(read_points(tmp_path))


def test_one_event_file_can_be_read_alone(tmp_path):
    writer = Writer(tmp_path)
    writer.scalars(1, loss=2.0)
    shutil.copy(writer.path, tmp_path / "events.out.tfevents.1.other")
    assert [point.step for point in read_points(writer.path)] == [1]
