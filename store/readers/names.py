"""Other programs' names for what Assay charts; names not listed here are kept as they are."""

from collections.abc import Iterable
from functools import lru_cache

__all__ = ["HELPERS", "PART_NAMES", "STEP_NAMES", "VALIDATION", "find_column", "metric_name", "plain"]

STEP_NAMES = (
    "step", "global_step", "current_steps", "global_step/max_steps", "iteration", "iter", "iterations", "steps",
    "train_step", "train/global_step", "trainer/global_step", "_step",
)  # fmt: skip
"""Columns that hold the step, the first one found wins."""

TOTAL_NAMES = ("total_steps", "max_steps", "global_step/max_steps")
"""Columns that hold the number of steps planned."""

TIME_NAMES = ("timestamp", "_timestamp", "wall_time", "time", "ts", "datetime")
"""Columns that hold the time of a row, where what they hold is one."""

PROGRESS_NAMES = ("percentage", "elapsed_time", "remaining_time")
"""Columns that follow from the step and the clock; they are no measurements."""

PART_NAMES = ("split", "subset", "phase", "mode", "stage", "type")
"""Columns that may say whether a row is of training or of validation."""

VALIDATION = frozenset({"val", "valid", "validation", "eval", "evaluation", "test", "dev"})
"""What they say then."""

HELPERS = frozenset({"epoch", "lr"})
"""Values that go with a step whatever is measured there."""

_SYNONYMS = {
    "loss": (
        "loss", "train_loss", "training_loss", "loss/train", "train_loss_step", "lm_loss", "train/lm_loss",
        "training/loss", "train/loss", "train/train_loss", "train/loss_step",
    ),
    "val_loss": (
        "val_loss", "eval_loss", "valid_loss", "validation_loss", "loss/val", "loss/valid", "loss/validation",
        "loss/eval", "eval/loss", "val/loss", "valid/loss", "validation/loss", "lm_loss_validation", "eval/eval_loss",
    ),
    "lr": ("lr", "learning_rate", "train/learning_rate", "train/lr"),
    "grad_norm": ("grad_norm", "gradient_norm", "gnorm", "train/grad_norm", "train/gradient_norm"),
    "epoch": ("epoch", "train/epoch"),
    "loss_scale": ("loss_scale", "train/loss_scale"),
    "tokens_per_s": (
        "tokens_per_s", "throughput", "tokens_per_second", "train_tokens_per_second", "train/tokens_per_second",
    ),
}  # fmt: skip

_METRICS = {synonym: name for name, synonyms in _SYNONYMS.items() for synonym in synonyms}


def plain(raw: str) -> str:
    """The form names are compared in.

    >>> plain(" Learning-Rate ")
    'learning_rate'
    """
    return raw.strip().lower().replace("-", "_").replace(" ", "_")


@lru_cache(maxsize=4096)
def metric_name(raw: str) -> str:
    """Assay's name for a column or tag.

    >>> [metric_name(raw) for raw in ("eval_loss", "train/loss", "lm loss", "rewards/Margins")]
    ['val_loss', 'loss', 'loss', 'rewards/Margins']
    """
    return _METRICS.get(plain(raw), raw.strip())


def find_column(columns: Iterable[str], names: tuple[str, ...]) -> str | None:
    """The column that goes by the first of `names` there is.

    >>> find_column(["loss", "Iteration", "epoch"], STEP_NAMES)
    'Iteration'
    """
    known = {plain(column): column for column in reversed(list(columns))}
    return next((known[name] for name in names if name in known), None)
