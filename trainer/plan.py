"""The batch plan: which samples each step reads, as a pure function of the seed."""

import math
import random
from dataclasses import dataclass
from functools import lru_cache

__all__ = ["Plan", "held_out", "plan_for"]


@dataclass(frozen=True)
class Plan:
    """The order of the data: pass after pass, each in an order of its own, cut into steps."""

    samples: int
    """Samples to learn from."""

    batch_size: int
    """Samples a step."""

    steps: int
    """Steps in all."""

    seed: int
    """Decides the order."""

    last: int | None = None
    """Samples read in all, where the last step is not to be filled up from another pass."""

    def samples_at(self, step: int) -> list[int]:
        """Positions in the training data of the samples of a step; the first step is 1.

        >>> plan = Plan(samples=5, batch_size=2, steps=5, seed=0)
        >>> sorted(sum((plan.samples_at(step) for step in range(1, 6)), []))
        [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]
        """
        assert step >= 1, step
        return [self._sample(place) for place in range((step - 1) * self.batch_size, self._end(step))]

    def epoch_after(self, step: int) -> float:
        """Passes over the data done after a step."""
        return self._end(step) / self.samples

    def _end(self, step: int) -> int:
        return step * self.batch_size if self.last is None else min(step * self.batch_size, self.last)

    def _sample(self, place: int) -> int:
        number, within = divmod(place, self.samples)
        return _order(self.seed, number, self.samples)[within]


def plan_for(samples: int, batch_size: int, *, steps: int | None, epochs: float, seed: int) -> Plan:
    """Make the plan of a run: `steps` of them, or as many as `epochs` passes take."""
    if steps is not None:
        return Plan(samples, batch_size, steps, seed)
    last = max(1, math.ceil(samples * epochs))
    return Plan(samples, batch_size, math.ceil(last / batch_size), seed, last)


def held_out(samples: int, share: float, seed: int) -> frozenset[int]:
    """Which of `samples` rows are kept for the validation loss: `share` of them, one at least.

    >>> sorted(held_out(10, 0.2, seed=1)) == sorted(held_out(10, 0.2, seed=1))
    True
    """
    if share == 0 or samples < 2:
        return frozenset()
    count = min(samples - 1, max(1, round(samples * share)))
    return frozenset(random.Random(f"{seed}/validation").sample(range(samples), count))  # noqa: S311 - an order, no secret


@lru_cache(maxsize=2)
def _order(seed: int, number: int, samples: int) -> list[int]:
    order = list(range(samples))
    random.Random(f"{seed}/{number}").shuffle(order)  # noqa: S311 - an order, no secret
    return order
