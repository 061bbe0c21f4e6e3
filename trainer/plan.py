"""The batch plan: which samples each step reads, as a pure function of the seed.

Samples come from streams: one of all the data, or one a source where shares are given. Each stream is
read pass after pass, every pass in an order of its own; the next sample is taken from the stream that
is furthest behind its share of the tokens, so the shares hold at every moment of a run, to one sample.
"""

import random
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, NamedTuple

from trainer.errors import ConfigError

__all__ = ["Plan", "Stream", "held_out", "plan_for"]


class Stream(NamedTuple):
    """Samples that are read in one order."""

    name: str
    """What it is called."""

    share: float
    """Its share of the tokens."""

    members: Sequence[int]
    """Positions of its samples in the training data."""

    counts: bool = True
    """Whether passes over it are epochs; general data that is mixed in does not count."""


@dataclass
class Plan:
    """The order of the data, cut into steps."""

    streams: Sequence[Stream]
    """Where samples come from."""

    lengths: Sequence[int]
    """Tokens of each sample of the training data."""

    batch_size: int
    """Samples a step."""

    steps: int
    """Steps in all."""

    seed: int
    """Decides the order."""

    last: int | None = None
    """Samples read in all, where the last step is not to be filled up from another pass."""

    short: Sequence[tuple[int, int]] = ()
    """Steps that were the last ones once, and not filled up, each with the samples read by then: what was given
    more epochs goes on behind them, and leaves nothing out."""

    _order: "array[int]" = field(default_factory=lambda: array("q"), repr=False)
    _counted: "array[int]" = field(default_factory=lambda: array("q"), repr=False)
    _source: Iterator[tuple[int, bool]] | None = field(default=None, repr=False)

    def samples_at(self, step: int) -> list[int]:
        """Positions in the training data of the samples of a step; the first step is 1.

        >>> plan = Plan([Stream("all", 1.0, range(5))], lengths=[9] * 5, batch_size=2, steps=5, seed=0)
        >>> sorted(sum((plan.samples_at(step) for step in range(1, 6)), []))
        [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]
        """
        assert step >= 1, step
        end = self._end(step)
        self._read_to(end)
        return self._order[self._end(step - 1) : end].tolist()

    def epoch_after(self, step: int) -> float:
        """Passes over the data done after a step; general data that is mixed in does not count."""
        end = self._end(step)
        self._read_to(end)
        return self._counted[end - 1] / sum(len(stream.members) for stream in self.streams if stream.counts)

    def facts(self) -> dict[str, Any]:
        """What decides the order."""
        return {
            "samples": len(self.lengths), "batch_size": self.batch_size, "seed": self.seed,
            "shares": {stream.name: stream.share for stream in self.streams} if len(self.streams) > 1 else {},
        }  # fmt: skip

    def short_until(self, step: int) -> list[tuple[int, int]]:
        """What `short` is for a run that goes on after a step.

        >>> plan_for([Stream("all", 1.0, range(5))], [9] * 5, 2, steps=None, epochs=1.0, seed=0).short_until(3)
        [(3, 5)]
        """
        known = [item for item in self.short if item[0] <= step]
        is_short = step == self.steps and self._end(step) < self._filled(step)
        return [*known, (step, self._end(step))] if is_short else known

    def _end(self, step: int) -> int:
        """Samples read by the end of a step."""
        return self._filled(step) if self.last is None else min(self._filled(step), self.last)

    def _filled(self, step: int) -> int:
        begun, read = max((item for item in self.short if item[0] <= step), default=(0, 0))
        return read + (step - begun) * self.batch_size

    def _read_to(self, end: int) -> None:
        """Make the order known up to `end`; what is known stays, so going back costs nothing."""
        if self._source is None:
            self._source = _drawn(self.streams, self.lengths, self.seed)
        for place, counts in islice(self._source, max(0, end - len(self._order))):
            self._order.append(place)
            self._counted.append((self._counted[-1] if self._counted else 0) + counts)


def plan_for(
    streams: Sequence[Stream], lengths: Sequence[int], batch_size: int, *,
    steps: int | None, epochs: float, seed: int, short: Sequence[tuple[int, int]] = (),
) -> Plan:  # fmt: skip
    """Make the plan of a run: `steps` of them, or as many as `epochs` passes take; `short` is of what it goes on from.

    Raises ConfigError where a share is given to a stream without samples.
    """
    for stream in streams:
        if not stream.members:
            raise ConfigError(f"{stream.name} has no samples to mix in; name a file with rows, or leave it out")
    if steps is not None:
        return Plan(streams, lengths, batch_size, steps, seed, short=short)
    counted = sum(len(stream.members) for stream in streams if stream.counts)
    last = _samples_for(max(1, -int(-counted * epochs // 1)), streams, lengths, seed)
    begun, read = max(short, default=(0, 0))
    return Plan(streams, lengths, batch_size, begun - (read - last) // batch_size, seed, last, short)


def held_out(groups: Sequence[int], share: float, seed: int) -> frozenset[int]:
    """Which of the rows are kept for the validation loss: about `share` of them, one at least.

    Rows of one group (near-duplicates of each other) stay together, so that no row held out has its
    like among those that are learned. Empty where all rows are of one group, or each group is larger than
    the share: half of what there is to learn is no price for a validation loss.

    >>> sorted(held_out([0, 1, 1, 2, 3, 4, 5, 6, 7, 8], 0.2, seed=1))
    [0, 8]
    """
    members: dict[int, list[int]] = {}
    for place, group in enumerate(groups):
        members.setdefault(group, []).append(place)
    if share == 0 or len(members) < 2:
        return frozenset()
    wanted = min(len(groups) - 1, max(1, round(len(groups) * share)))
    order = list(members)
    random.Random(f"{seed}/validation").shuffle(order)  # noqa: S311 - an order, no secret
    # A group that would take far more than what is wanted belongs to the data that is learned.
    fitting = (group for group in order if len(members[group]) <= max(1, wanted))
    kept: list[int] = []
    while len(kept) < wanted and (group := next(fitting, None)) is not None:
        kept += members[group] if len(kept) + len(members[group]) < len(groups) else []
    return frozenset(kept)


def _drawn(streams: Sequence[Stream], lengths: Sequence[int], seed: int) -> Iterator[tuple[int, bool]]:
    """Positions without end, each with whether it counts towards an epoch."""
    sources = [_passes(stream, seed, alone=len(streams) == 1) for stream in streams]
    read = [0.0] * len(streams)
    while True:
        # The stream furthest behind; of equals the first.
        turn = min(range(len(streams)), key=lambda number: read[number] / streams[number].share)
        place = next(sources[turn])
        read[turn] += lengths[place]
        yield place, streams[turn].counts


def _passes(stream: Stream, seed: int, *, alone: bool) -> Iterator[int]:
    number = 0
    while True:
        order = list(stream.members)
        name = f"{seed}/{number}" if alone else f"{seed}/{stream.name}/{number}"
        random.Random(name).shuffle(order)  # noqa: S311 - an order, no secret
        yield from order
        number += 1


def _samples_for(counted: int, streams: Sequence[Stream], lengths: Sequence[int], seed: int) -> int:
    """How many samples are drawn until `counted` of them were of streams that count."""
    if all(stream.counts for stream in streams):
        return counted
    for number, (_, counts) in enumerate(_drawn(streams, lengths, seed), start=1):
        counted -= counts
        if counted == 0:
            return number
    raise AssertionError("a plan never ends")
