"""What a longer vocabulary has brought, and whether that is worth it."""

from dataclasses import dataclass
from typing import Any

__all__ = ["WORTH", "Report", "Shown"]

WORTH = 0.05
"""Share of the tokens that a vocabulary has to save; below it, what its new rows cost to learn is not worth it."""


@dataclass(frozen=True)
class Shown:
    """What was measured with one vocabulary, on the same held-out characters as with the other."""

    tokens: int
    """Tokens of its own that the vocabulary has."""

    tokens_a_character: float
    """Tokens a character of the held-out text."""

    characters_a_second: float
    """Decoding speed."""

    loss: float
    """Loss in nats a character, before any training."""

    loss_after: float | None
    """The same after the short pre-training; None without one."""

    def as_dict(self) -> dict[str, Any]:
        """The figures as JSON."""
        return {
            "tokens": self.tokens, "tokens_a_character": self.tokens_a_character,
            "characters_a_second": self.characters_a_second, "nats_a_character": self.loss,
            "nats_a_character_after_training": self.loss_after,
        }  # fmt: skip


@dataclass(frozen=True)
class Report:
    """The old vocabulary beside the new one."""

    before: Shown
    """The old vocabulary."""

    after: Shown
    """The new one."""

    faster: tuple[float, float, float]
    """How many times as fast the new one decodes: in the middle of the rounds, in the worst and in the best."""

    uses: list[int]
    """How often each new token stands in the text that they were learned from; never, where it is only a part."""

    steps: int
    """Steps of the short pre-training, the same for both."""

    trained_on: int
    """Characters that those read, the same for both."""

    measured_on: int
    """Characters that the losses are measured on."""

    @property
    def used(self) -> int:
        """How many of the new tokens stand in that text."""
        return sum(count > 0 for count in self.uses)

    @property
    def saved(self) -> float:
        """Share of the tokens that the new vocabulary saves."""
        return 1 - self.after.tokens_a_character / self.before.tokens_a_character

    @property
    def doubts(self) -> list[str]:
        """Why it is not worth it, a sentence each; empty where nothing speaks against it."""
        return [*self._saves_little(), *self._is_no_faster(), *self._learns_worse()]

    def as_dict(self) -> dict[str, Any]:
        """The report as JSON."""
        return {
            "before": self.before.as_dict(), "after": self.after.as_dict(), "saved": self.saved,
            "times_as_fast": dict(zip(("median", "least", "most"), self.faster, strict=True)),
            "new_tokens_used": self.used, "steps": self.steps, "characters_trained_on": self.trained_on,
            "characters_measured_on": self.measured_on, "worth_it": not self.doubts, "doubts": self.doubts,
        }  # fmt: skip

    def _saves_little(self) -> list[str]:
        if self.saved >= WORTH:
            return []
        said = (
            f"it saves {100 * self.saved:.1f} % of the tokens ({self.before.tokens_a_character:.3f} a character "
            f"before, {self.after.tokens_a_character:.3f} after); {100 * WORTH:.0f} % are the least that is worth it"
        )
        return [said]

    def _is_no_faster(self) -> list[str]:
        middle, least, most = self.faster
        if middle > 1:
            return []
        rounds = f"{middle:.2f} times as fast in the middle of the rounds ({least:.2f} to {most:.2f})"
        return [f"it decodes no faster: {rounds}"]

    def _learns_worse(self) -> list[str]:
        before, after = self.before.loss_after, self.after.loss_after
        if before is None or after is None or after <= before:
            return []
        said = (
            f"after {self.steps:,} steps on the same text the loss is {after:.4f} nats a character with it and "
            f"{before:.4f} without; more steps may turn that round, --steps shows it"
        )
        return [said]
