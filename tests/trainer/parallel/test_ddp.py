"""Several processes with a copy of the model each learn what one process learns."""

import pytest

from tests.trainer.seen import active, batches
from trainer.session import start_run

NAMES = ("loss", "grad_norm", "val_loss", "lr", "tokens", "group/last/update_rms", "group/first/rms_t")


def same_curves(one, several, run="r"):
    for name in NAMES:
        assert active(several, name, run) == pytest.approx(active(one, name, run), rel=2e-4), name


@pytest.mark.slow
def test_a_weight_that_takes_no_part_holds_nobody_up(trained):
    several = trained(harm="has_a_spare_weight", train__method="full", train__micro_batch=1)
    assert sorted(active(several, "loss")) == [*range(1, 7)]


@pytest.mark.parametrize("settings", [
    {},
    {"train__method": "full", "train__batch_size": 3, "train__micro_batch": 1},
    pytest.param({"train__stage": "cpt", "train__batch_size": 5}, marks=pytest.mark.slow),
], ids=["lora", "full, uneven", "packed"])  # fmt: skip
def test_two_processes_learn_what_one_learns(config_for, trained, store, settings):
    settings = {"lora__dropout": 0.0, **settings}
    start_run(config_for(**settings), store)
    several = trained(**settings)
    same_curves(store, several)
    for one, two in zip(batches(store), batches(several), strict=True):
        assert two["losses"] == pytest.approx(one["losses"], rel=2e-4)
        assert [two[name] for name in ("step", "update", "verdict", "rows")] == [
            one[name] for name in ("step", "update", "verdict", "rows")
        ]
