"""Made-up loss curves with known spikes, and healthy ones, for measuring the detectors.

None of them was looked at when the rules were chosen; they show what kinds of noise the rules bear. A
log is what a trainer would have logged: loss and gradient norm, step by step, from a seed.
"""

import math
import random
from collections.abc import Callable
from typing import NamedTuple

__all__ = ["HEALTHY", "SPIKES", "Log", "Row", "Spiked", "healthy", "put_spike", "with_spike"]

Row = tuple[int, dict[str, float]]


class Log(NamedTuple):
    """A made-up log."""

    rows: list[Row]
    """Step and values."""

    onset: int | None = None
    """Step at which its spike begins; None for a healthy one."""

    end: int | None = None
    """First step behind the spike; None where it does not end."""


def _falling(step: int, steps: int) -> float:
    """A pre-training loss: 10.9 at first, a fast fall, then a power law down to about 3."""
    return 2.6 + 8.3 * (1 + step / 30) ** -0.75 + 0.2 * (1 - step / steps)


def _epochs(step: int, steps: int) -> float:
    """Fine-tuning over four epochs: flat within each, a step down between them."""
    return (1.3, 0.85, 0.5, 0.28)[min(4 * step // steps, 3)] * (1 + 0.25 * math.exp(-step / 25))


def _to_zero(step: int, steps: int) -> float:
    """Over-fitting: down to a thousandth of a nat."""
    return 2.0 * math.exp(-6 * step / steps) + 0.001


def _plateau(step: int, steps: int) -> float:  # noqa: ARG001 - one signature for all shapes
    """A fine-tune that has settled."""
    return 1.1 + 0.4 * math.exp(-step / 40)


def _restarts(step: int, steps: int) -> float:
    """A learning rate that rises again four times: the loss swells slowly by 3 % and falls again."""
    return _falling(step, steps) * (1 + 0.015 * (1 - math.cos(8 * math.pi * step / steps)))


def _normal(chance: random.Random) -> float:
    return chance.gauss(0, 1)


def _student(chance: random.Random) -> float:
    """Student's t with three degrees of freedom, of unit variance: heavy tails."""
    square = sum(chance.gauss(0, 1) ** 2 for _ in range(3)) / 3
    return chance.gauss(0, 1) / math.sqrt(3 * square)


def _skewed(chance: random.Random) -> float:
    """Exponential, of unit variance: batches are harder than usual more often than easier."""
    return chance.expovariate(1) - 1


class Kind(NamedTuple):
    """A kind of healthy log."""

    level: Callable[[int, int], float]
    """Loss at a step of so many, without noise."""

    noise: float
    """Standard deviation of the noise on the log scale."""

    draw: Callable[[random.Random], float] = _normal
    """Noise of unit variance."""

    steps: int = 2000
    """Lines of the log."""

    every: int = 1
    """Steps a line is the mean of."""

    memory: float = 0.0
    """Share of a line's noise that is left in the next one."""


HEALTHY: dict[str, Kind] = {
    "large batch, noise 0.3 %": Kind(_falling, 0.003),
    "pre-training, noise 1 %": Kind(_falling, 0.01),
    "pre-training, noise 3 %": Kind(_falling, 0.03),
    "small batch, noise 10 %": Kind(_falling, 0.1),
    "tiny batch, noise 30 %": Kind(_plateau, 0.3),
    "heavy tails (Student's t, 3), 3 %": Kind(_falling, 0.03, _student),
    "heavy tails (Student's t, 3), 10 %": Kind(_plateau, 0.1, _student),
    "skewed, 10 %": Kind(_plateau, 0.1, _skewed),
    "four epochs, noise 5 %": Kind(_epochs, 0.05),
    "four epochs, noise 20 %": Kind(_epochs, 0.2),
    "over-fitting to 0.001, noise 30 %": Kind(_to_zero, 0.3),
    "over-fitting to 0.001, heavy tails, 50 %": Kind(_to_zero, 0.5, _student),
    "learning rate rises again, noise 2 %": Kind(_restarts, 0.02),
    "noise with memory 0.5, 2 %": Kind(_falling, 0.02, memory=0.5),
    "smoothed: memory 0.97, 5 %": Kind(_plateau, 0.05, memory=0.97),
    "logged every 10 steps, noise 10 %": Kind(_falling, 0.1, steps=400, every=10),
    "logged every 100 steps, noise 10 %": Kind(_falling, 0.1, steps=200, every=100),
    "short: 40 lines, noise 5 %": Kind(_plateau, 0.05, steps=40),
}
"""Kinds of healthy logs by name."""


def healthy(kind: Kind, seed: int) -> Log:
    """A healthy log of a kind."""
    chance = random.Random(seed)
    rows: list[Row] = []
    noise = 0.0
    for line in range(kind.steps):
        fresh = sum(kind.draw(chance) for _ in range(kind.every)) / kind.every
        noise = kind.memory * noise + math.sqrt(1 - kind.memory**2) * fresh
        loss = kind.level(line, kind.steps) * math.exp(kind.noise * noise)
        # Gradients are noisier than losses, have heavier tails, and grow slowly while the loss falls.
        norm = 0.3 * (1 + line / kind.steps) * (1 + 5 * math.exp(-line / 30)) * math.exp(0.15 * _student(chance))
        rows.append(((line + 1) * kind.every, {"loss": round(loss, 4), "grad_norm": round(norm, 4)}))
    return Log(rows)


class Spiked(NamedTuple):
    """A kind of spike: factor of the loss over lines since its onset."""

    height: float
    """Rise at the top, on the log scale, in standard deviations of the noise; at least 5 % in all."""

    ramp: int
    """Lines until the top."""

    lasts: int | None
    """Lines until it is over; None where it never is."""


SPIKES: dict[str, Spiked] = {
    "sudden, 10 σ, over after 60 lines": Spiked(10, 1, 60),
    "sudden, 30 σ, over after 60 lines": Spiked(30, 1, 60),
    "within 5 lines, 10 σ, over after 100": Spiked(10, 5, 100),
    "within 5 lines, 30 σ, stays": Spiked(30, 5, None),
    "within 30 lines, 15 σ, over after 200": Spiked(15, 30, 200),
    "slow divergence: 20 σ within 300 lines": Spiked(20, 300, None),
}
"""Kinds of sustained spikes by name."""


def with_spike(kind: Kind, spike: Spiked, seed: int) -> Log:
    """A log of a kind, of per-line noise, with a spike somewhere behind its first quarter."""
    rows = healthy(kind, seed).rows
    begin = random.Random(seed + 1).randrange(len(rows) // 4, len(rows) // 2)
    top = max(spike.height * kind.noise / math.sqrt(kind.every), 0.05)
    return put_spike(rows, spike, begin, top)


def put_spike(rows: list[Row], spike: Spiked, begin: int, top: float) -> Log:
    """Rows with a spike of `top` on the log scale at row `begin`, in loss and gradient norm alike."""
    made = rows[:begin]
    for number, (step, values) in enumerate(rows[begin:]):
        if spike.lasts is not None and number >= spike.lasts:
            made.append((step, values))
            continue
        rise = top * min(1.0, (number + 1) / spike.ramp)
        if spike.lasts is not None:
            rise *= 1 - number / spike.lasts
        made.append((step, {name: value * math.exp(rise) for name, value in values.items()}))
    end = None if spike.lasts is None else rows[min(begin + spike.lasts, len(rows) - 1)][0]
    return Log(made, rows[begin][0], end)
