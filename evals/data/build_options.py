"""How data is built."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from evals.data.alike import NEAR
from evals.data.balancing import TIMES
from evals.data.checks.history import BUDGET
from evals.data.cleaning import STEPS as CLEANING
from evals.data.output import Layout

__all__ = ["STEPS", "BuildOptions"]

STEPS = (*CLEANING, "dedupe", "balance", "split")
"""What a build does, in order; each can be skipped."""


@dataclass(frozen=True)
class BuildOptions:
    """How data is built."""

    columns: Mapping[str, str] = field(default_factory=dict[str, str])
    """The files' names of our columns, as `read_samples` takes them."""

    skip: tuple[str, ...] = ()
    """Steps that are not done, of STEPS."""

    layout: Layout = "chat"
    """The format of the rows that are written."""

    system: str | None = None
    """System turn of every conversation; "" takes those there are out, None leaves them."""

    near: float = NEAR
    """Jaccard similarity from which on a row is a copy of an earlier one, 0.7 to 1."""

    history: int = BUDGET
    """Characters of a conversation before its last question that are kept."""

    balance: float = TIMES
    """Rows of the largest subtask, as a multiple of those of the middle one."""

    validation: float = 0.05
    """Share of the rows that are written to a file of their own, to validate with."""

    seed: int = 0
    """Of the draws: which rows of a large subtask stay, which are to validate with."""

    processes: int | None = None
    """Processes that clean rows; None for one a processor, or one alone where rows are few."""
