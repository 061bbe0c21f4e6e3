"""What is kept and what may go, as a pure function of the checkpoints and the history."""

from pathlib import Path

from trainer.config import CheckpointConfig
from trainer.history import History
from trainer.shelf import Kept, _kept, doomed


def checkpoint(step, val_loss=None, branch=1, state="suspect"):
    return Kept(Path(f"{step}-b{branch}"), step, branch, val_loss, state)


def gone(found, keep, history=None, keep_every=None):
    config = CheckpointConfig(keep=keep, keep_every=keep_every)
    return [str(item.folder) for item in doomed(found, history or History(), config)]


def test_the_newest_are_kept_and_the_best_besides():
    found = [checkpoint(1, 3.0), checkpoint(2, 1.0), checkpoint(3, 2.0), checkpoint(4, 2.5)]
    assert gone(found, 2) == ["1-b1"]
    assert gone(found, 1) == ["1-b1", "3-b1"]
    assert gone(found, 9) == []


def test_a_loss_that_is_not_a_number_or_was_not_measured_is_never_the_best():
    read = [_kept(Path("x"), {"step": 1, "branch": 1, "val_loss": loss}, "sealed").val_loss for loss in ("nan", None)]
    assert read == [None, None]
    assert _kept(Path("x"), {"step": 1, "branch": 1, "val_loss": 2}, "sealed").val_loss == 2.0
    found = [checkpoint(1), checkpoint(2), checkpoint(3, float("inf")), checkpoint(4)]
    assert gone(found, 1) == ["1-b1", "2-b1"]


def test_a_loss_of_zero_is_the_best():
    assert gone([checkpoint(1, 0.0), checkpoint(2, 1.0), checkpoint(3, 2.0)], 1) == ["2-b1"]


def test_the_newest_stable_one_is_kept_however_old():
    found = [
        checkpoint(1, state="stable"), checkpoint(2, state="stable"), checkpoint(3, state="suspect"),
        checkpoint(4), checkpoint(5),
    ]  # fmt: skip
    assert gone(found, 2) == ["1-b1", "3-b1"]


def test_the_one_that_will_be_stable_next_is_kept_until_it_is():
    found = [checkpoint(step, state="sealed") for step in (1, 2, 3, 4)]
    assert gone(found, 2) == ["2-b1"]
    assert gone([checkpoint(1, state="stable"), *found[1:]], 1) == ["3-b1"]


def test_those_of_every_so_many_steps_are_kept_for_good():
    assert gone([checkpoint(step) for step in range(10, 100, 10)], 1, keep_every=30) == [
        "10-b1", "20-b1", "40-b1", "50-b1", "70-b1", "80-b1",
    ]  # fmt: skip


def test_what_lies_on_an_abandoned_branch_does_not_count_among_the_newest():
    history = History(last_steps={1: 8}).forked(4)
    found = [checkpoint(2), checkpoint(4), checkpoint(6), checkpoint(8), checkpoint(6, branch=2)]
    assert gone(found, 2, history) == ["2-b1", "6-b1", "8-b1"]
