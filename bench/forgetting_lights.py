"""The light of forgetting: how often is it red, with nothing forgotten and with a drop of five points.

    python -m bench.forgetting_lights [--runs 4000] [--json FILE]

By simulation: 500 questions at 20 checkpoints, of which 8 % changed against the base: 4 % lost and 4 % gained where
nothing is forgotten, 6.5 % and 1.5 % with the drop. At the next checkpoint a question keeps its state with the
probability `persistence`, else it is drawn anew. A run is red where one of its checkpoints is. Targets: red in less
than 5 % of runs that forgot nothing, in more than 95 % of those with the drop, for each persistence, at the default
margin.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bench.common import Report, parser
from evals.forgetting.interval import mid_p
from evals.forgetting.light import Check, light

__all__ = ["DROP", "NOTHING", "PERSISTENCES", "Rates", "rates"]

QUESTIONS, CHECKPOINTS = 500, 20
NOTHING, DROP = (0.04, 0.04), (0.065, 0.015)
"""Shares lost and gained."""
PERSISTENCES = (0.0, 0.5, 0.8, 0.9, 0.95, 1.0)
CHUNK = 500

Counts = NDArray[np.int64]


class Rates(NamedTuple):
    """Shares of runs with at least one such checkpoint."""

    red: float
    yellow: float


def main() -> None:
    """Simulate and print the table."""
    made = parser(__doc__ or "", peers=False)
    made.add_argument("--runs", type=int, default=4000, help="runs of each kind (%(default)s)")
    arguments = made.parse_args()
    report = Report(__doc__ or "", arguments)
    rows: list[dict[str, Any]] = []
    for persistence in PERSISTENCES:
        nothing, drop = (rates(shares, persistence, arguments.runs) for shares in (NOTHING, DROP))
        rows.append(
            {
                "persistence": persistence, "red, nothing forgotten": nothing.red, "red, drop of 5 points": drop.red,
                "yellow or red, nothing forgotten": nothing.yellow,
            }
        )  # fmt: skip
        report.target(f"red, nothing forgotten, {persistence}", "less than 0.05", nothing.red, met=nothing.red < 0.05)
        report.target(f"red, drop of 5 points, {persistence}", "more than 0.95", drop.red, met=drop.red > 0.95)
    report.table(f"share of {arguments.runs:,} runs", rows)
    report.finish()


def rates(shares: tuple[float, float], persistence: float, runs: int, seed: int = 0) -> Rates:
    """Simulate runs with these shares lost and gained; a whole number of chunks is drawn, at least `runs`."""
    chance = np.random.default_rng([seed, round(1000 * persistence), round(1000 * shares[0])])
    colours = [
        _colours(counts)
        for _ in range(0, runs, CHUNK)
        for counts in _runs(chance, shares, persistence)
    ]  # fmt: skip
    total = len(colours)
    return Rates(
        sum("red" in seen for seen in colours) / total, sum(bool(seen - {"green"}) for seen in colours) / total
    )


def _runs(chance: np.random.Generator, shares: tuple[float, float], persistence: float) -> Iterator[Counts]:
    """`CHUNK` runs, each a row of lost and gained a checkpoint."""
    counts = np.empty((CHUNK, CHECKPOINTS, 2), np.int64)
    state = _drawn(chance, shares)
    for checkpoint in range(CHECKPOINTS):
        if checkpoint:
            kept = chance.random(state.shape) < persistence
            state = np.where(kept, state, _drawn(chance, shares))
        counts[:, checkpoint, 0] = (state == 1).sum(axis=1)
        counts[:, checkpoint, 1] = (state == 2).sum(axis=1)
    yield from counts


def _drawn(chance: np.random.Generator, shares: tuple[float, float]) -> NDArray[np.int8]:
    """The state of every question: 0 as the base, 1 lost, 2 gained."""
    lot = chance.random((CHUNK, QUESTIONS))
    return np.where(lot < shares[0], 1, np.where(lot < sum(shares), 2, 0)).astype(np.int8)


def _colours(counts: Counts) -> set[str]:
    checks = [Check(mid_p(lost, gained), (lost - gained) / QUESTIONS) for lost, gained in counts.tolist()]
    return {light(checks[: number + 1]).colour for number in range(len(checks))}


if __name__ == "__main__":
    main()
