"""What the guard takes for a spike while preferences are learned, and what it does about one."""

import json
import math
import random

import pytest

from store.runs import show_run
from tests.trainer import test_guard
from tests.trainer.seen import said
from trainer.config import GuardConfig
from trainer.guard import Guard
from trainer.objective import rules_of
from trainer.session import start_run
from trainer.step import Measured
from trainer.suspects import Suspects


class Scripted(test_guard.Scripted):
    """A detector that goes back twice from step 5: to do it again unchanged, and around it."""

    script, begins = {}, 4

    def __init__(self, _rules):
        super().__init__()

    @classmethod
    def restored(cls, kept, rules):
        found = cls(rules)
        found.onset = found.first_alarm = kept["onset"]
        return found


@pytest.mark.parametrize("method", ["lora", "full"])
@pytest.mark.parametrize("every", [2, 50])
def test_the_guard_goes_around_a_spike_and_back_to_the_beginning_too(dpo, store, monkeypatch, method, every):
    monkeypatch.setattr(Scripted, "script", {5: ["rollback", "rollback"]})
    monkeypatch.setattr("trainer.guard.Detector", Scripted)
    settings = {"train__steps": 12, "checkpoint__every": every, "checkpoint__stable_after": 2, "guard__skip_after": 1}
    start_run(dpo(train__method=method, data__validation=0.0, **settings), store)
    back_to = 2 if every == 2 else 0
    assert test_guard.branches(store) == [
        (1, None, -1, "start"), (2, 1, back_to, "replay"), (3, 2, back_to, "rollback"),
    ]  # fmt: skip
    (proof, *_) = said(store, "replay")
    assert proof == f"steps {back_to + 1} to 4, done again, came to the same numbers, bit for bit"
    assert show_run(store, "r")["step"] == 12


def alarms(losses, rules):
    guard = Guard(GuardConfig(), lambda *_, **__: None, Suspects(str), clean=20, rules=rules)
    found = []
    for step, loss in enumerate(losses, 1):
        one = Measured(loss=loss, losses=[loss], counts=[1], grad_norm=1.0, group_norms=[], tokens=1)
        verdict = guard.look(step, one, overflow=False, parameters_finite=True)
        found += [(step, verdict.action)] if verdict.action != "commit" else []
        if step == 60:
            guard.forget(json.loads(json.dumps(guard.state())))
    return found


def test_a_pair_the_other_way_round_is_no_spike_and_a_loss_above_all_of_them_is(dpo):
    """Most pairs near 0, of eight one that costs 4 nats in each seventh batch; then the run is lost."""
    chance = random.Random(0)
    healthy = [0.03 + 0.02 * chance.random() + (0.5 if step % 7 == 0 else 0.0) for step in range(1, 120)]
    rules = rules_of(dpo(train__batch_size=8))
    assert rules.loss_floor == pytest.approx(math.log(2) + 5 / 8)
    assert rules_of(dpo(train__stage="cpt")) is None
    assert alarms(healthy, rules) == []
    assert "rollback" in dict(alarms(healthy, None)).values()
    lost = alarms([*healthy, *[2.0] * 12], rules)
    assert lost[0] == (120, "skip")
    assert lost[-1][1] == "rollback"
