"""How general data is mixed in."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from evals.data.output import Layout

__all__ = ["SHARE", "MixOptions"]

SHARE = 0.2
"""Share of the tokens that are general data where nothing else is asked for, as in training."""


@dataclass(frozen=True)
class MixOptions:
    """How general data is mixed in."""

    share: float = SHARE
    """Share of all tokens that are general data, 0 or above and below 1."""

    repeat: bool = False
    """Whether rows of the general data are taken again where all of them are too few."""

    tokenizer: str | None = None
    """A model's folder, or its tokenizer.json, by which tokens are counted; None to estimate them."""

    columns: Mapping[str, str] = field(default_factory=dict[str, str])
    """The domain files' names of our columns, as `read_samples` takes them."""

    layout: Layout = "chat"
    """The format of the rows that are written."""

    seed: int = 0
    """Of the draws: which general rows are taken, and the order of all."""

    processes: int | None = None
    """Processes that count tokens; None for one a processor, or one alone where rows are few."""
