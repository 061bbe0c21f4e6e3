"""trainer_state.json: overlapping histories, the closing row, a file torn while it is rewritten."""

import json
import math
from pathlib import Path
from typing import Any

import pytest

from assay import AssayError
from store.readers import Point, read_points
from store.readers.trainer_state import StateSource

STEP_1 = {"epoch": 0.5, "grad_norm": 1.5, "learning_rate": 5e-5, "loss": 2.5, "step": 1}
STEP_2 = {"epoch": 1.0, "grad_norm": 1.25, "learning_rate": 4e-5, "loss": 2.0, "step": 2}
EVAL_2 = {"epoch": 1.0, "eval_loss": 2.25, "eval_runtime": 0.5, "step": 2}
CLOSING = {"epoch": 1.0, "step": 2, "total_flos": 8.0, "train_loss": 2.25, "train_runtime": 60.0}


def state(path: Path, *history: Any, step: int, max_steps: int = 4) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {"global_step": step, "max_steps": max_steps, "num_train_epochs": 2, "log_history": list(history)}
    path.write_text(json.dumps(content, indent=2))
    return path


def polled(source: StateSource) -> list[Point]:
    return [point for batch in source.poll() for point in batch.points]


def test_a_history_is_read_under_our_names_and_its_closing_row_is_no_loss(tmp_path):
    source = StateSource(state(tmp_path / "trainer_state.json", STEP_1, STEP_2, EVAL_2, CLOSING, step=2))
    assert polled(source) == [
        Point(1, {"epoch": 0.5, "grad_norm": 1.5, "lr": 5e-5, "loss": 2.5}),
        Point(2, {"epoch": 1.0, "grad_norm": 1.25, "lr": 4e-5, "loss": 2.0}),
        Point(2, {"epoch": 1.0, "val_loss": 2.25, "eval_runtime": 0.5}),
    ]
    assert source.facts.summary == {"epoch": 1.0, "total_flos": 8.0, "train_loss": 2.25, "train_runtime": 60.0}
    assert source.facts.ended
    assert source.facts.total_steps == 4
    assert source.facts.config == {"num_train_epochs": 2}


def test_a_row_that_has_the_time_so_far_beside_its_loss_is_no_closing_one(tmp_path):
    rows = [
        {**row, "num_input_tokens_seen": 64, "train_runtime": 1.5, "train_tokens_per_second": 40.0}
        for row in (STEP_1, STEP_2)
    ]
    source = StateSource(state(tmp_path / "trainer_state.json", *rows, step=2))
    assert [(point.step, point.values["loss"]) for point in polled(source)] == [(1, 2.5), (2, 2.0)]
    assert (source.facts.ended, source.facts.summary) == (False, {})
    source = StateSource(state(tmp_path / "trainer_state.json", *rows, CLOSING, step=2))
    assert len(polled(source)) == 2
    assert source.facts.ended
    assert source.facts.summary["train_loss"] == 2.25


def test_of_overlapping_histories_the_newest_alone_is_read(tmp_path):
    state(tmp_path / "checkpoint-9" / "trainer_state.json", STEP_1, step=1)
    state(tmp_path / "checkpoint-10" / "trainer_state.json", STEP_1, STEP_2, step=2)
    assert [point.step for point in read_points(tmp_path)] == [1, 2]


def test_of_one_step_the_folders_own_state_is_read_for_it_has_the_closing_row(tmp_path):
    state(tmp_path / "checkpoint-2" / "trainer_state.json", STEP_1, STEP_2, step=2)
    state(tmp_path / "trainer_state.json", STEP_1, STEP_2, CLOSING, step=2)
    source = StateSource(tmp_path)
    assert len(polled(source)) == 2
    assert source.facts.ended


def test_it_has_ended_when_all_its_steps_are_done(tmp_path):
    source = StateSource(state(tmp_path / "trainer_state.json", STEP_1, step=3, max_steps=4))
    polled(source)
    assert not source.facts.ended
    state(tmp_path / "trainer_state.json", STEP_1, STEP_2, step=4, max_steps=4)
    polled(source)
    assert source.facts.ended


def test_the_whole_history_comes_again_when_a_newer_checkpoint_has_it(tmp_path):
    state(tmp_path / "checkpoint-1" / "trainer_state.json", STEP_1, step=1)
    source = StateSource(tmp_path)
    assert [batch.restart for batch in source.poll()] == [True]
    assert list(source.poll()) == []
    state(tmp_path / "checkpoint-2" / "trainer_state.json", STEP_1, STEP_2, step=2)
    [batch] = source.poll()
    assert batch.restart
    assert [point.step for point in batch.points] == [1, 2]


def test_when_the_newest_checkpoint_is_deleted_the_one_before_is_read(tmp_path):
    state(tmp_path / "checkpoint-1" / "trainer_state.json", STEP_1, step=1)
    newest = state(tmp_path / "checkpoint-2" / "trainer_state.json", STEP_1, STEP_2, step=2)
    source = StateSource(tmp_path)
    polled(source)
    newest.unlink()
    assert [point.step for point in polled(source)] == [1]


def test_a_history_of_thousands_comes_in_batches_of_which_one_is_the_first(tmp_path):
    rows = [{"step": step, "loss": 1.0} for step in range(1, 4502)]
    batches = list(StateSource(state(tmp_path / "trainer_state.json", *rows, step=4501)).poll())
    assert [(batch.restart, len(batch.points)) for batch in batches] == [(True, 2000), (False, 2000), (False, 501)]


def test_a_state_torn_while_it_is_rewritten_is_read_when_it_is_whole(tmp_path):
    path = state(tmp_path / "trainer_state.json", STEP_1, step=1)
    source = StateSource(tmp_path)
    polled(source)
    whole = state(path, STEP_1, STEP_2, step=2).read_text()
    path.write_text(whole[:150])
    assert polled(source) == []
    path.write_text(whole)
    assert [point.step for point in polled(source)] == [1, 2]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"log_history": 3}'])
def test_what_is_no_state_is_refused_in_a_sentence(tmp_path, text):
    (tmp_path / "trainer_state.json").write_text(text)
    with pytest.raises(AssayError, match=r"trainer_state\.json is no trainer state"):
        list(read_points(tmp_path))


def test_a_loss_that_is_not_a_number_is_kept(tmp_path):
    state(tmp_path / "trainer_state.json", {"step": 1, "loss": math.nan, "grad_norm": math.inf}, step=1)
    [point] = read_points(tmp_path)
    assert math.isnan(point.values["loss"])
    assert point.values["grad_norm"] == math.inf


def test_entries_that_are_no_objects_are_counted(tmp_path):
    source = StateSource(state(tmp_path / "trainer_state.json", STEP_1, "x", None, step=1))
    assert len(polled(source)) == 1
    assert source.facts.skipped == 2
    assert source.facts.first_skipped == "trainer_state.json entry 2: no step"
