"""The learning rate of each step, in closed form."""

import math

import pytest

from store.runs import show_run
from tests.trainer.seen import metric
from trainer.config import OptimConfig
from trainer.optim import lr_at
from trainer.session import start_run

STEPS, PEAK = 110, 2e-4
COSINE = OptimConfig(warmup=10 / STEPS, schedule="cosine", min_lr_ratio=0.1)


@pytest.mark.parametrize(
    ("step", "share"),
    [
        (1, 0.1), (5, 0.5), (10, 1.0),  # up in a line: ten steps to the highest
        (11, 1.0),  # cos(0)
        (36, 0.1 + 0.9 * (1 + math.sqrt(0.5)) / 2),  # a quarter of the way down: cos(45 degrees)
        (61, 0.55),  # half of the way: the mean of highest and lowest
        (86, 0.1 + 0.9 * (1 - math.sqrt(0.5)) / 2),  # three quarters
        (110, 0.1 + 0.9 * (1 + math.cos(0.99 * math.pi)) / 2),  # the last step is one before the end
        (111, 0.1),  # the end
    ],
)  # fmt: skip
def test_the_cosine_is_that_of_the_closed_form(step, share):
    assert lr_at(step, STEPS, COSINE, PEAK) == pytest.approx(share * PEAK, rel=1e-12)


def test_the_line_and_the_level_begin_where_the_warm_up_ends():
    line = OptimConfig(warmup=0.0, schedule="linear", min_lr_ratio=0.5)
    assert [lr_at(step, 4, line, 8.0) for step in (1, 2, 3, 4, 5)] == [8.0, 7.0, 6.0, 5.0, 4.0]
    level = OptimConfig(warmup=0.5, schedule="constant")
    assert [lr_at(step, 4, level, 8.0) for step in (1, 2, 3, 4)] == [4.0, 8.0, 8.0, 8.0]


def test_a_run_trains_at_the_rate_of_its_schedule(config_for, store):
    settings = {"warmup": 0.5, "schedule": "cosine", "min_lr_ratio": 0.25}
    start_run(config_for(train__steps=4, **{f"optim__{key}": value for key, value in settings.items()}), store)
    # Two steps up to 0.005; then 1 and (1 + cos(90 degrees)) / 2 of the way from a quarter of it.
    expected = [0.0025, 0.005, 0.005, 0.005 * (0.25 + 0.75 * 0.5)]
    assert list(metric(store, "lr").values()) == pytest.approx(expected, rel=1e-12)
    assert show_run(store, "r")["config"]["optim"]["schedule"] == "cosine"
