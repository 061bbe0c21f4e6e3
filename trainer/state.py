"""Where a run is: the few numbers that, with weights and optimizer, make it go on as if never stopped."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Self

from assay.spool import as_number
from trainer.remedies import Remedies

__all__ = ["TrainState"]


@dataclass(frozen=True)
class TrainState:
    """The cursor of a run."""

    step: int = 0
    """Last step of the data plan that was read."""

    update: int = 0
    """Optimizer updates committed."""

    tokens: int = 0
    """Tokens read so far, padding left out."""

    skipped_in_row: int = 0
    """Newest steps in a row that were not stepped on; those whose loss scale was too large do not count."""

    unclean_step: int = 0
    """Newest step that was not stepped on; 0 for none."""

    val_loss: float | None = None
    """Newest validation loss."""

    val_step: int | None = None
    """Step it was measured after."""

    best_loss: float | None = None
    """Lowest validation loss."""

    best_step: int | None = None
    """Step it was measured after."""

    worse_in_row: int = 0
    """Newest measurements in a row that were no new lowest."""

    micro_batch: int | None = None
    """Samples at once in memory, where memory did not suffice for as many as configured."""

    loss_scale: dict[str, Any] = field(default_factory=dict[str, Any])
    """State of the loss scale of fp16; empty for other precisions."""

    remedies: Remedies = field(default_factory=Remedies)
    """What is done differently from here on."""

    guard: dict[str, Any] = field(default_factory=dict[str, Any])
    """What the guard remembers; see trainer.guard."""

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> Self:
        """The state as a checkpoint keeps it."""
        fields = {**kept, "val_loss": as_number(kept["val_loss"])}
        return cls(**{**fields, "remedies": Remedies.of(kept.get("remedies", {}))})

    def after(self, step: int, *, committed: bool, tokens: int, overflow: bool = False) -> Self:
        """The state after one more step."""
        return self._with(
            step=step,
            update=self.update + committed,
            tokens=self.tokens + tokens,
            skipped_in_row=0 if committed else self.skipped_in_row + (not overflow),
            unclean_step=self.unclean_step if committed or overflow else step,
        )

    def at(self, step: int) -> Self:
        """The state after a step of which no more is known than that it was taken."""
        return self._with(step=step, update=step)

    def _with(self, **changes: Any) -> Self:
        """As `replace`, which looks at every field: too long for each step of a small model."""
        made = object.__new__(type(self))
        made.__dict__.update(self.__dict__, **changes)
        return made

    def with_validation(self, loss: float) -> Self:
        """The state after a measurement of the validation loss; one that is no number is never the lowest."""
        better = math.isfinite(loss) and (self.best_loss is None or loss < self.best_loss)
        return replace(
            self,
            val_loss=loss,
            val_step=self.step,
            best_loss=loss if better else self.best_loss,
            best_step=self.step if better else self.best_step,
            worse_in_row=0 if better else self.worse_in_row + 1,
        )

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {**asdict(self), "remedies": self.remedies.as_dict()}
