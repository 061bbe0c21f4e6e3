"""T3: a sum of how far the newest losses lie above their baseline (CUSUM, E. S. Page 1954, one side)."""

from typing import Any

from assay.spikes.baseline import Reading
from assay.spikes.settings import SIGMA, Settings

__all__ = ["Drift"]


class Drift:
    """Adds up what each loss lies above the baseline's median, and tells once when the sum is large."""

    def __init__(self, settings: Settings) -> None:
        """Begin at zero."""
        self._settings = settings
        self._sum = 0.0
        self._told = False

    def sees(self, found: Reading) -> bool:
        """Take in a reading; whether the drift is to be told now. It is told again only once the sum
        was back at zero. A loss too near to zero to be high adds nothing.
        """
        if not found.is_armed or (self._sum == 0.0 and found.scaled <= found.median):
            return False
        settings = self._settings
        far = (found.scaled - found.median) / (SIGMA * found.mad)
        far = min(far, settings.drift_most if found.value > settings.loss_floor else 0.0)
        # Not beyond twice the limit: a long drift that has ended is to be forgotten in as long.
        self._sum = min(max(0.0, self._sum + far - settings.drift_slack), 2 * settings.drift_limit)
        was, self._told = self._told, self._sum >= settings.drift_limit or (self._told and self._sum > 0)
        return self._told and not was

    def restart(self) -> None:
        """Begin at zero."""
        self._sum, self._told = 0.0, False

    def state(self) -> dict[str, Any]:
        """All it remembers, for JSON."""
        return {"sum": self._sum, "told": self._told}

    def restore(self, kept: dict[str, Any]) -> None:
        """Become what `state` said."""
        self._sum, self._told = kept["sum"], kept["told"]
