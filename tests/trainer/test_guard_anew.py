"""Baselines that begin anew do not make a spike that comes back the new level."""

import json
import random

import pytest

from trainer.config import GuardConfig
from trainer.guard import Guard
from trainer.step import Measured
from trainer.suspects import Suspects

USUAL = [1.0 + random.Random(step).uniform(-0.01, 0.01) for step in range(100)]


def a_guard():
    return Guard(GuardConfig(), lambda *_, **__: None, Suspects(str), clean=20)


def look(guard, step, loss):
    found = Measured(loss=loss, losses=[loss], counts=[1], grad_norm=1.0, group_norms=[], tokens=1)
    return guard.look(step, found, overflow=False, parameters_finite=True)


def after_a_reset():
    guard = a_guard()
    for step, loss in enumerate(USUAL[:50]):
        assert look(guard, step, loss).action == "commit"
    guard.reset("the learning rate rises again")
    return guard


def kept(guard):
    return json.loads(json.dumps(guard.state()))


def test_a_loss_that_stays_high_by_the_baseline_before_goes_back():
    guard = after_a_reset()
    actions = [look(guard, step, 6.0).action for step in range(50, 60)]
    assert actions == ["commit"] * 7 + ["rollback"] * 3
    assert guard.onset == 50


def test_a_single_jump_is_not_skipped_by_the_baseline_before():
    guard = after_a_reset()
    assert [look(guard, step, loss).action for step, loss in enumerate([1.0, 1.5, 1.0], start=50)] == ["commit"] * 3


def test_the_baseline_before_is_given_up_once_the_new_one_can_judge():
    guard = after_a_reset()
    for step in range(50, 82):
        assert look(guard, step, USUAL[step]).action == "commit"
    assert "before" not in guard.state()


def test_a_spike_is_not_over_while_the_baseline_before_has_it():
    guard = after_a_reset()
    for step in range(50, 53):
        look(guard, step, 6.0)
    assert guard.onset == 50
    for step in range(53, 63):
        look(guard, step, 1.0)
    assert guard.onset is None


def test_a_guard_that_goes_on_from_a_checkpoint_gives_the_same_verdicts():
    guard, other = after_a_reset(), a_guard()
    for step in range(50, 55):
        look(guard, step, 6.0)
    other.restore(kept(guard))
    for step in range(55, 100):
        loss = 6.0 if step < 60 else USUAL[step]
        assert look(other, step, loss) == look(guard, step, loss)
        assert kept(other) == kept(guard)


def test_a_branch_on_which_the_baselines_begin_anew_says_so_and_whoever_resumes_it_begins_them_anew():
    guard, plain = a_guard(), a_guard()
    for step, loss in enumerate(USUAL[:50]):
        look(guard, step, loss)
    checkpoint = kept(guard)
    assert "reset" not in guard.opens()
    guard.reset("the learning rate rises again")
    plain.restore(checkpoint | guard.opens())
    assert kept(plain) == kept(guard)
    plain.restore(kept(guard))
    assert kept(plain) == kept(guard)
    guard.forget(checkpoint)
    assert "reset" not in guard.opens()


@pytest.mark.parametrize("loss", [float("nan"), float("inf")])
def test_what_is_no_number_is_never_stepped_on_while_a_baseline_is_new(loss):
    guard = after_a_reset()
    assert look(guard, 50, loss).action == "skip"
