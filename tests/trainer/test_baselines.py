"""What a run's guard knows of the usual loss where the run goes on is recorded there, and looked at by others."""

import json

import pytest

from store.database import Store
from store.loss_log import read_run
from store.refs import parse_ref
from tests.trainer.seen import dies_at, events
from tests.trainer.test_rollback import asked as _asked
from tests.trainer.test_rollback import back
from trainer.config import GuardConfig
from trainer.guard import Guard, baseline
from trainer.origin import find_origin, forked_config
from trainer.remedies import Remedies
from trainer.session import fork_run, resume_run, start_run
from trainer.step import Measured
from trainer.suspects import Suspects

asked = _asked

EVERY_TWO = {"checkpoint__every": 2, "checkpoint__keep": 9, "train__eval_every": 50, "train__steps": 6}


def known(store, kind, run="r"):
    return [row["data"]["baseline"] for row in events(store, kind, run)]


def of_branches(store):
    rows = store.rows("SELECT data FROM branch WHERE parent IS NOT NULL ORDER BY branch")
    return [json.loads(row["data"]).get("baseline") for row in rows]


def begun_anew(store, run="r"):
    """Steps before which `assay spikes detect` begins its baselines anew."""
    (stretch,) = read_run(Store.at(store.path), parse_ref(run)).stretches
    return [stretch.rows[place][0] for place in stretch.anew]


def test_a_run_that_goes_on_as_it_was_arms_as_if_it_had_never_stopped(config_for, store, monkeypatch):
    with dies_at(monkeypatch, 6):
        start_run(config_for(**EVERY_TWO), store)
    resume_run("r", (), store)
    assert known(store, "resume") == [{"arms_at": 32}]
    assert begun_anew(store) == []


def test_a_run_that_is_given_more_steps_begins_its_baselines_anew_and_others_know_where(config_for, store):
    start_run(config_for(**EVERY_TWO), store)
    resume_run("r", ("train.steps=8",), store)
    assert known(store, "resume") == [{"arms_at": 38, "reset": "train.steps was set anew"}]
    assert begun_anew(store) == [7]


def test_a_setting_changed_by_hand_begins_them_anew_too(config_for, store, monkeypatch):
    with dies_at(monkeypatch, 6):
        start_run(config_for(**EVERY_TWO), store)
    file = store.root / "r" / "config.toml"
    changed = file.read_text().replace("lr = 0.005", "lr = 0.001")
    assert changed != file.read_text()
    file.write_text(changed)
    resume_run("r", (), store)
    assert known(store, "resume") == [{"arms_at": 36, "reset": "optim.lr was set anew"}]
    assert begun_anew(store) == [5]


def test_a_fork_takes_its_parents_baseline_along_unless_it_is_another_task(config_for, store):
    start_run(config_for(**EVERY_TWO), store)
    origin = find_origin("r@4", store)
    for name, settings in (("same", []), ("other", ["optim.lr=1e-3"])):
        fork_run(forked_config(origin, [*settings, f"run.name={name}"]), origin, store)
    assert known(store, "fork", "same") == [{"arms_at": 32}]
    assert known(store, "fork", "other") == [{"arms_at": 36, "reset": "optim.lr was set anew"}]
    assert (begun_anew(store, "same"), begun_anew(store, "other")) == ([], [5])


def test_a_run_sent_back_while_it_trains_knows_what_it_knew_then(config_for, store, asked):
    asked(after_5=[back(2)])
    start_run(config_for(**EVERY_TWO), store)
    assert of_branches(store) == [{"arms_at": 32}]
    assert begun_anew(store) == []


def test_a_run_sent_back_to_before_a_setting_was_changed_begins_anew_there(config_for, store, asked):
    start_run(config_for(**EVERY_TWO), store)
    asked(after_1=[back(4)])
    resume_run("r", ("train.steps=8",), store)
    assert of_branches(store) == [{"arms_at": 36, "reset": "train.steps was set anew"}]
    # The boundary at step 7 was left behind with its branch.
    assert begun_anew(store) == [5]


def a_guard_after(steps):
    guard = Guard(GuardConfig(), lambda *_, **__: None, Suspects(str), clean=20)
    for step in range(1, steps + 1):
        found = Measured(loss=2.0, losses=[2.0], counts=[1], grad_norm=1.0, group_norms=[], tokens=1)
        guard.look(step, found, overflow=False, parameters_finite=True)
    return guard


@pytest.mark.parametrize(("steps", "arms_at"), [(0, 32), (31, 32), (32, None), (100, None)])
def test_a_baseline_arms_at_the_step_of_its_32nd_loss(steps, arms_at):
    assert baseline(a_guard_after(steps).state(), steps, Remedies()) == {"arms_at": arms_at}


@pytest.mark.parametrize(
    ("left_out", "arms_at"),
    [(((11, 20),), 42), (((1, 10),), 32), (((5, 12), (32, 40)), 43), (((33, 40),), 32), (((1, 10**15),), 10**15 + 22)],
)
def test_steps_that_are_left_out_put_that_off(left_out, arms_at):
    assert baseline(a_guard_after(10).state(), 10, Remedies(left_out=left_out)) == {"arms_at": arms_at}


def test_a_baseline_that_begins_anew_says_why():
    guard = a_guard_after(50)
    guard.reset("the learning rate rises again")
    said = {"arms_at": 82, "reset": "the learning rate rises again"}
    assert baseline(guard.state() | guard.opens(), 50, Remedies()) == said


def test_the_baseline_before_two_boundaries_in_a_row_keeps_its_say():
    guard = a_guard_after(50)
    guard.reset("optim.lr was set anew")
    guard.reset("the learning rate rises again")
    assert len(guard.state()["before"]["loss"]["window"]) == 50
