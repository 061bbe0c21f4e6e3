"""How much general data to mix in: the guide's two ranges, and what was measured on the demo's models.

The guide says 10 to 20 % in one place and domain : general 1:5 to 1:10 in another, which is 83 to 91 %. The table
beside this module is that of `python -m bench.general_share`: six shares, five seeds, the domain read as often in each.
"""

import json
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

from trainer.config import DataConfig

__all__ = ["GUIDE_RANGES", "MEASURED", "Measured", "default_of", "in_words", "measured"]

GUIDE_RANGES = ((0.1, 0.2), (5 / 6, 10 / 11))

MEASURED = Path(__file__).parent / "general_share.json"
"""The table, with the figures of each run."""


@dataclass(frozen=True)
class Measured:
    """What a share of general tokens came to."""

    share: float
    """Share of the training tokens that were general."""

    seeds: int
    """Over how many seeds."""

    kept: float
    """Percent of the questions answered rightly on what is never mixed in."""

    kept_change: tuple[float, float, float]
    """That against none mixed in, in points, with its 95 % interval over the seeds."""

    chrf_change: tuple[float, float, float]
    """ChrF on the domain against none mixed in, likewise."""

    chrf_at_least: float
    """The same change's lower bound as the project's gates take one: 95 %, one-sided."""

    supported: bool
    """Whether more was kept, surely, and the domain learned not more than two points worse, surely."""

    def as_dict(self) -> dict[str, Any]:
        """The row as JSON."""
        return {**asdict(self), "kept_change": list(self.kept_change), "chrf_change": list(self.chrf_change)}


@cache
def measured() -> tuple[Measured, ...]:
    """The table, by share."""
    rows = json.loads(MEASURED.read_text(encoding="utf-8"))["rows"]
    return tuple(
        Measured(
            row["share"], row["seeds"], row["kept"], tuple(row["kept_change"]), tuple(row["chrf_change"]),
            row["chrf_at_least"], row["supported"],
        )
        for row in rows
    )  # fmt: skip


def default_of(rows: tuple[Measured, ...]) -> float:
    """The share that a table supports: ours where it is among them or none is, else the smallest.

    >>> row = Measured(0.5, 5, 99.0, (20.0, 15.0, 25.0), (0.1, -1.0, 1.2), -0.8, True)
    >>> default_of((row,)), default_of(())
    (0.5, 0.2)
    """
    held = [row.share for row in rows if row.supported]
    return DataConfig.general_ratio if not held or DataConfig.general_ratio in held else min(held)


def in_words(rows: tuple[Measured, ...]) -> str:
    """What a table says, in a sentence.

    >>> in_words((Measured(0.5, 5, 99.0, (20.0, 15.0, 25.0), (0.1, -1.0, 1.2), -0.8, True),))
    'measured on small models over 5 seeds: 50 % keeps 20.0 points more (15.0 to 25.0) at +0.1 chrF (-1.0 to +1.2)'
    """
    told = ", ".join(
        "{:.0f} % keeps {:.1f} points more ({:.1f} to {:.1f}) at {:+.1f} chrF ({:+.1f} to {:+.1f})".format(
            100 * row.share, *row.kept_change, *row.chrf_change
        )
        for row in rows
        if row.supported
    )
    seeds = min((row.seeds for row in rows), default=0)
    if not told:
        surely = [row for row in rows if row.kept_change[1] > 0]
        kept = ", ".join(f"{100 * row.share:.0f} % {row.kept_change[0]:+.1f} points" for row in surely)
        return (
            f"measured on small models over {seeds} seeds, more is surely kept at {kept or 'no share'}, and that the "
            f"domain loses less than two chrF points is surely shown at none, so the usual share stays"
        )
    return f"measured on small models over {seeds} seeds: {told}"
