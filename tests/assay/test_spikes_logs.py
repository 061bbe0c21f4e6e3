"""The rules on real logs, and on made-up ones of every kind of noise."""

import csv
from pathlib import Path

import pytest

from assay.spikes import Scan, scan
from bench.spike_logs import HEALTHY, SPIKES, healthy, with_spike

LOGS = Path(__file__).parents[2] / ".." / "shared" / "data" / "loss_logs"

# Jumps of single batches are what these are made of: they are skipped, as they should be.
ROUGH = {name for name in HEALTHY if "heavy tails" in name or "skewed" in name}


def real(name: str) -> Scan:
    path = LOGS / name
    if not path.is_file():
        pytest.skip(f"needs the real loss log {name}")
    with path.open() as file:
        rows = [
            (int(row.pop("step")), {key: float(value) for key, value in row.items()}) for row in csv.DictReader(file)
        ]
    return scan(sorted(rows, key=lambda row: row[0]))


def test_a_healthy_real_run_of_19_073_steps_is_never_rolled_back_and_skips_one_step():
    found = real("gpt2_124m_one_epoch.csv")
    assert found.points == 19_073
    actions = [spike.action for spike in found.spikes]
    assert (actions.count("rollback"), actions.count("skip")) == (0, 1)
    assert actions.count("amber") < 2e-3 * found.points


def test_a_real_run_that_was_no_number_from_the_first_step_is_told_at_once():
    (spike,) = real("gpt2_nan_from_start.csv").spikes
    assert (spike.onset, spike.first_alarm, spike.rule, spike.action) == (1, 1, "T0", "rollback")
    assert [alarm.action for alarm in spike.alarms if alarm.series == "loss"][:4] == [
        "skip",
        "skip",
        "rollback",
        "rollback",
    ]


def test_the_gradient_of_bloom_176b_is_told_before_its_loss_peaks():
    (spike,) = real("bloom_176b_precursor.csv").spikes
    assert (spike.first_alarm, spike.action) == (31_217, "amber")
    assert spike.first_alarm < 31_219


def test_of_a_few_lines_of_a_run_that_diverged_its_gradient_is_told():
    (spike,) = real("bigscience_104b_divergence.csv").spikes
    assert (spike.first_alarm, spike.peak_step, spike.series) == (8740, 8741, "grad_norm")


# docs/design/0008-spike-rules.md gives the rates of these two, which the rules do not suit.
UNSUITED = {"skewed, 10 %", "smoothed: memory 0.97, 5 %"}


@pytest.mark.parametrize("name", sorted(HEALTHY.keys() - UNSUITED))
def test_made_up_healthy_runs_are_never_rolled_back(name):
    actions = [spike.action for seed in (0, 1) for spike in scan(healthy(HEALTHY[name], seed).rows).spikes]
    assert actions.count("rollback") == 0
    assert actions.count("skip") == 0 or name in ROUGH


@pytest.mark.parametrize("name", [name for name in SPIKES if "slow" not in name])
@pytest.mark.parametrize("noise", ["pre-training, noise 3 %", "tiny batch, noise 30 %", "four epochs, noise 20 %"])
def test_made_up_spikes_are_found(name, noise):
    for seed in (0, 1):
        log = with_spike(HEALTHY[noise], SPIKES[name], seed)
        alarms = [alarm for spike in scan(log.rows).spikes for alarm in spike.alarms if alarm.action != "amber"]
        assert log.onset is not None
        first = min(alarm.step for alarm in alarms)
        assert log.onset <= first < (log.end or log.rows[-1][0])
