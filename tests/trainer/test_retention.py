"""What is kept and what may go, as a pure function of manifests and history."""

from pathlib import Path

from trainer.history import History
from trainer.retention import doomed


def checkpoint(step, val_loss=None, branch=1):
    return Path(f"{step}-b{branch}"), {"step": step, "branch": branch, "val_loss": val_loss}


def gone(found, keep, history=None):
    return [str(folder) for folder, _ in doomed(found, history or History(), keep)]


def test_the_newest_are_kept_and_the_best_besides():
    found = [checkpoint(1, 3.0), checkpoint(2, 1.0), checkpoint(3, 2.0), checkpoint(4, 2.5)]
    assert gone(found, 2) == ["1-b1"]
    assert gone(found, 1) == ["1-b1", "3-b1"]
    assert gone(found, 9) == []


def test_a_loss_that_is_not_a_number_or_was_not_measured_is_never_the_best():
    assert gone([checkpoint(1, "nan"), checkpoint(2), checkpoint(3, "inf"), checkpoint(4)], 1) == ["1-b1", "2-b1"]


def test_a_loss_of_zero_is_the_best():
    assert gone([checkpoint(1, 0.0), checkpoint(2, 1.0), checkpoint(3, 2.0)], 1) == ["2-b1"]


def test_what_lies_on_an_abandoned_branch_does_not_count_among_the_newest():
    history = History(last_steps={1: 8}).forked(4)
    found = [checkpoint(2), checkpoint(4), checkpoint(6), checkpoint(8), checkpoint(6, branch=2)]
    assert gone(found, 2, history) == ["2-b1", "6-b1", "8-b1"]
