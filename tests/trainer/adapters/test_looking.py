"""What is looked at before a step is taken: its numbers, and where there is doubt the weights."""

import math
from types import SimpleNamespace

import pytest
import torch

from tests.trainer.adapters.hosts import Seen as SeenHost
from tests.trainer.adapters.hosts import recorded, shown
from tests.trainer.seen import metric
from trainer.adapters.acting import look
from trainer.adapters.seen import Seen
from trainer.remedies import Remedies

WATCHES = SimpleNamespace(acts=False, state=SimpleNamespace(remedies=Remedies()))


@pytest.mark.parametrize(
    ("loss", "norm", "scales", "is_overflow", "is_whole"),
    [
        (1.0, 2.0, False, False, True),
        (math.nan, 2.0, False, False, False),
        (1.0, math.inf, False, False, False),
        (1.0, math.inf, True, True, True),
        (math.nan, math.nan, True, False, False),
    ],
)
def test_weights_are_looked_at_only_where_a_number_is_none(loss, norm, scales, is_overflow, is_whole):
    """They are none here, so who says that they are whole has not looked."""
    optimizer = SimpleNamespace(param_groups=[{"lr": 0.5, "params": [torch.tensor([math.nan])]}])
    seen = Seen(1)
    seen.losses, seen.grad_norm = [torch.tensor(loss)], torch.tensor(norm)
    assert look(WATCHES, seen, optimizer, scales) == []
    assert (seen.lr, seen.is_overflow, seen.judged_by[2]) == (0.5, is_overflow, is_whole)
    assert seen.judged_by[:2] == pytest.approx((loss, norm), nan_ok=True)


def test_the_scale_of_a_loss_is_recorded_at_each_step(make, store):
    trainer = make(SeenHost, recorded(store), max_steps=3)
    trainer.accelerator.scaler = torch.amp.GradScaler("cpu", init_scale=4.0)
    trainer.train()
    shown(store)
    assert metric(store, "loss_scale") == {(1, 1): 4.0, (1, 2): 4.0, (1, 3): 4.0}
