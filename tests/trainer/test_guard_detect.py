"""What `assay spikes detect RUN` says of a run is what the guard said while it trained."""

import random

import assay
from assay.spikes import scan_stretches
from store.database import Store
from store.loading import load_spools
from store.loss_log import read_run
from store.refs import parse_ref
from trainer.config import GuardConfig
from trainer.guard import Guard
from trainer.step import Measured
from trainer.suspects import Suspects

CHANCE = random.Random(0)
USUAL = [1.0 + CHANCE.uniform(-0.01, 0.01) for _ in range(50)]
ON_THE_BRANCH = [
    # A jump and a level that only the old baseline would find high, then ones that the new one does.
    *[0.9] * 9, 1.2, *[0.9 + CHANCE.uniform(-0.01, 0.01) for _ in range(40)], 1.5, *[0.9] * 20, *[6.0] * 12,
]  # fmt: skip


def test_the_alarms_of_a_branch_whose_learning_rate_rises_again_are_those_of_the_guard(store):
    guard = Guard(GuardConfig(), lambda *_, **__: None, Suspects(str), clean=20)
    told = []

    def trains(run, losses, begin):
        for step, loss in enumerate(losses, begin):
            found = Measured(loss=loss, losses=[loss], counts=[1], grad_norm=1.0, group_norms=[], tokens=1)
            verdict = guard.look(step, found, overflow=False, parameters_finite=True)
            told.extend((alarm.step, alarm.series, alarm.rule, alarm.action) for alarm in verdict.alarms)
            run.log(step, {"loss": loss, "grad_norm": 1.0})

    with assay.run("r", store=store.root) as run:
        trains(run, USUAL, 1)
        checkpoint = guard.state()
        trains(run, [3.0] * 5, 51)
        told.clear()
        guard.forget(checkpoint)
        guard.reset("the learning rate rises again")
        run.fork(50, "rollback", data={"guard": guard.opens()})
        trains(run, ON_THE_BRANCH, 51)
    load_spools(store)
    log = read_run(Store.at(store.path), parse_ref("r"))
    found = [alarm for spike in scan_stretches(log.stretches).spikes for alarm in spike.alarms]
    assert [(alarm.step, alarm.series, alarm.rule, alarm.action) for alarm in found] == told
    assert {(51 + 50, "T1", "skip"), (122 + 7, "T2", "rollback")} <= {(step, *said) for step, _, *said in told}
    # By the old baseline the jump at step 60 would be one.
    assert (60, "loss", "T1", "skip") not in told
