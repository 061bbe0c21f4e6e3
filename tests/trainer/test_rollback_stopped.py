"""A stopped run that was sent back goes on from exactly the checkpoint it was sent back to."""

import json
import shutil

import pytest

from store.database import Store
from store.errors import StoreError
from store.loading import load_spools
from store.rollback import roll_back_stopped
from tests.trainer.seen import active, checkpoints, dies_at, events, learned, metric, said, state_of, wait_for
from trainer.resume import find_resume_point
from trainer.session import resume_run, start_run
from trainer.train import Training

SETTINGS = {"checkpoint__every": 2, "checkpoint__keep": 9, "lora__dropout": 0.2, "train__eval_every": 2}


@pytest.fixture
def twin(store, tmp_path):
    """Another store with the same runs."""

    def make():
        shutil.copytree(store.root, tmp_path / "twin")
        return Store.at(tmp_path / "twin" / store.path.name)

    return make


def by_name(store):
    return {folder.name: learned(folder) for folder in checkpoints(store)}


def shown_steps(store):
    return sorted(metric(store, "loss"))


@pytest.mark.parametrize(
    "settings", [{}, {"train__method": "full"}, {"train__precision": "fp16"}], ids=["lora", "full", "fp16"]
)
def test_it_comes_to_the_bits_of_a_resume_at_that_step(config_for, store, twin, settings):
    start_run(config_for(**SETTINGS, **settings), store)
    other = twin()
    roll_back_stopped(store, "r", 2, "lin")
    resume_run("r", (), store)
    resume_run("r@2", (), other)
    assert by_name(store) == by_name(other)
    assert "00000006-b2" in by_name(store)
    assert metric(store, "loss") == metric(other, "loss")
    assert shown_steps(store) == [(1, step) for step in range(1, 7)] + [(2, step) for step in range(3, 7)]
    assert state_of(checkpoints(store)[-1])["step"] == 6


def test_a_finished_run_that_was_sent_back_comes_to_the_same_end_again(config_for, store):
    start_run(config_for(**SETTINGS), store)
    before = active(store, "loss")
    roll_back_stopped(store, "r", 4, "lin")
    assert find_resume_point(store.root / "r").step == 4
    resume_run("r", (), store)
    assert active(store, "loss") == before
    assert said(store, "resume") == ["goes on from the checkpoint at step 4"]


def test_no_second_branch_is_opened_for_going_on(config_for, store):
    start_run(config_for(**SETTINGS), store)
    roll_back_stopped(store, "r", 2, "lin")
    resume_run("r", (), store)
    rows = store.rows("SELECT branch, parent, fork_step, reason FROM branch ORDER BY branch")
    assert [tuple(row.values()) for row in rows] == [(1, None, -1, "start"), (2, 1, 2, "rollback")]


def test_a_run_that_died_is_sent_back_further_than_it_would_go_by_itself(config_for, store, monkeypatch):
    with dies_at(monkeypatch, 6):
        start_run(config_for(**SETTINGS), store)
    roll_back_stopped(store, "r", 2, "lin")
    resume_run("r", (), store)
    assert state_of(checkpoints(store)[-1])["step"] == 6
    (forked,) = store.rows("SELECT fork_step, data FROM branch WHERE branch = 2")
    assert (forked["fork_step"], json.loads(forked["data"])["abandoned_to"]) == (2, 5)


def test_one_sealed_after_a_spike_began_is_gone_on_from_where_a_person_wanted_it(config_for, store, monkeypatch):
    def end(training, *, stopped):
        training.shelf.suspect(4, training.history, "after the spike that began at step 3")

    with monkeypatch.context() as patch:
        patch.setattr(Training, "end", end)
        start_run(config_for(**SETTINGS), store)
    assert find_resume_point(store.root / "r").step == 2
    roll_back_stopped(store, "r", 4, "lin")
    assert find_resume_point(store.root / "r").step == 4
    resume_run("r", (), store)
    assert events(store, "resume")[-1]["step"] == 4
    assert shown_steps(store)[-2:] == [(2, 5), (2, 6)]


def test_a_run_cannot_be_sent_back_while_it_trains(config_for, store, monkeypatch):
    validate, refused = Training.validate, []

    def meanwhile(training):
        if training.state.step == 4:
            wait_for(lambda: load_spools(store) and store.rows("SELECT name FROM run"))
            with pytest.raises(StoreError, match="run r is being trained by another process") as caught:
                roll_back_stopped(store, "r", 2, "lin")
            refused.append(caught.value)
        validate(training)

    monkeypatch.setattr(Training, "validate", meanwhile)
    start_run(config_for(**SETTINGS), store)
    assert len(refused) == 1
    assert shown_steps(store) == [(1, step) for step in range(1, 7)]
