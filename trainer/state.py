"""Where a run is: the few numbers that, with weights and optimizer, make it go on as if never stopped."""

from dataclasses import asdict, dataclass, replace
from typing import Any, Self

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
    """Newest steps in a row that were not stepped on."""

    val_loss: float | None = None
    """Newest validation loss."""

    val_step: int | None = None
    """Step it was measured after."""

    def after(self, step: int, *, committed: bool, tokens: int) -> Self:
        """The state after one more step."""
        return replace(
            self,
            step=step,
            update=self.update + committed,
            tokens=self.tokens + tokens,
            skipped_in_row=0 if committed else self.skipped_in_row + 1,
        )

    def with_validation(self, loss: float) -> Self:
        """The state after a measurement of the validation loss."""
        return replace(self, val_loss=loss, val_step=self.step)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)
