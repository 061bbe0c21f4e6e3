"""Short made-up series for the tests of the detectors."""

import random
from collections.abc import Iterable, Iterator

from assay.spikes import Detector, Verdict


def noisy(count: int, level: float = 2.0, noise: float = 0.01, seed: int = 0) -> list[float]:
    """Values around a level, with noise relative to it."""
    chance = random.Random(seed)
    return [level * (1 + noise * chance.gauss(0, 1)) for _ in range(count)]


def run(
    detector: Detector, losses: Iterable[float], norms: Iterable[float] | None = None, begin: int = 1
) -> list[Verdict]:
    """The verdicts on a series, step by step."""
    pairs: Iterator[tuple[float, float | None]] = ((loss, None) for loss in losses)
    if norms is not None:
        pairs = zip(losses, norms, strict=True)
    return [detector.see(step, loss, norm) for step, (loss, norm) in enumerate(pairs, begin)]


def alarms(verdicts: Iterable[Verdict]) -> list[tuple[int, str, str, str]]:
    """Step, series, rule and action of all alarms."""
    return [(one.step, one.series, one.rule, one.action) for verdict in verdicts for one in verdict.alarms]
