"""P: what may come before a spike and is seen behind a step only. A person looks; nothing is undone for it.

RMS_t and its threshold are StableAdamW's (arXiv 2304.13013); updates of lower layers that double came
before the spikes of Marin 32B, a loss scale that fell for thirty steps before one of GLM-130B.
"""

import math
from collections import deque
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from assay.spikes import saying
from assay.spikes.settings import Settings
from assay.spikes.verdict import Alarm
from assay.spikes.window import Window

__all__ = ["Precursors"]


@lru_cache(maxsize=4096)
def _kind(name: str) -> str | None:
    """What a signal is, where it is looked at.

    >>> [_kind(name) for name in ("group/head/rms_t", "group/first/update_rms", "group/head/update_rms", "lr")]
    ['rms_t', 'update_rms', None, None]
    """
    if name.startswith("group/") and name.endswith("/rms_t"):
        return "rms_t"
    return "update_rms" if name in ("group/embed/update_rms", "group/first/update_rms") else None


class Precursors:
    """Watches the signals of groups of layers, and the loss scale."""

    def __init__(self, settings: Settings) -> None:
        """Begin with nothing seen."""
        self._settings = settings
        self._scale: float | None = None
        self._overflows: deque[int] = deque()
        self._halvings: deque[int] = deque()
        self._windows: dict[str, Window] = {}
        self._high: set[str] = set()

    def overflow(self, step: int, *, is_armed: bool) -> Alarm | None:
        """Count an overflow, which halves the loss scale. Those of the first steps, where the scale is
        still being found, do not count.
        """
        if not is_armed:
            return None
        self._overflows.append(step)
        return self._falling(step, self._overflows, self._scale)

    def see(self, step: int, values: Mapping[str, float], *, is_armed: bool) -> list[Alarm]:
        """Look at the values of a step by name."""
        alarms: list[Alarm] = []
        scale = values.get("loss_scale")
        if scale is not None and (alarm := self._scaled(step, scale, is_armed=is_armed)):
            alarms.append(alarm)
        rate = values.get("lr") or 1.0
        for name, value in values.items():
            kind = _kind(name)
            if kind is None:
                continue
            # By the learning rate, for its own rise in a warm-up is no sign of trouble.
            unit, least = (rate, 0.0) if kind == "update_rms" else (1.0, self._settings.rms_t)
            if alarm := self._signal(step, name, value / unit, unit, least=least):
                alarms.append(alarm)
        return alarms

    def _signal(self, step: int, name: str, value: float, unit: float, *, least: float) -> Alarm | None:
        if not math.isfinite(value):
            return None
        settings = self._settings
        window = self._windows.get(name) or self._windows.setdefault(name, Window(settings.window))
        usual = window.median() if len(window) >= settings.arms_at else None
        window.push(value)
        if usual is None or value <= max(settings.signal_ratio * usual, least):
            self._high.discard(name)
            return None
        if name in self._high:
            return None
        self._high.add(name)
        limit = max(settings.signal_ratio * usual, least) * unit
        says = saying.signal(name, value * unit, usual * unit, len(window) - 1)
        return Alarm(step, name, "P", "amber", value * unit, limit, says)

    def _scaled(self, step: int, scale: float, *, is_armed: bool) -> Alarm | None:
        before, self._scale = self._scale, scale
        if not is_armed or not before or not 0 < scale < before:
            return None
        self._halvings.extend([step] * round(math.log2(before / scale)))
        return self._falling(step, self._halvings, scale)

    def _falling(self, step: int, halvings: deque[int], scale: float | None) -> Alarm | None:
        while halvings and halvings[0] <= step - self._settings.halvings_in:
            halvings.popleft()
        if len(halvings) < self._settings.halvings:
            self._high.discard("loss_scale")
            return None
        if "loss_scale" in self._high:
            return None
        self._high.add("loss_scale")
        says = saying.halvings(len(halvings), self._settings.halvings_in)
        return Alarm(step, "loss_scale", "P", "amber", math.nan if scale is None else scale, None, says)

    def restart(self) -> None:
        """Forget what signals usually are; the loss scale stays what it is."""
        self._windows.clear()
        self._high.clear()

    def state(self) -> dict[str, Any]:
        """All it remembers, for JSON."""
        return {
            "scale": self._scale, "overflows": list(self._overflows), "halvings": list(self._halvings),
            "windows": {name: window.values() for name, window in self._windows.items()}, "high": sorted(self._high),
        }  # fmt: skip

    def restore(self, kept: dict[str, Any]) -> None:
        """Become what `state` said."""
        self._scale = kept["scale"]
        self._overflows, self._halvings = deque(kept["overflows"]), deque(kept["halvings"])
        size = self._settings.window
        self._windows = {name: Window(size, values) for name, values in kept["windows"].items()}
        self._high = set(kept["high"])
