"""Failed tries at a secret, counted by address and altogether, so that guessing is slow."""

import threading
import time
from collections import deque
from collections.abc import Callable

__all__ = ["Tries"]


class Tries:
    """Failures of the last minutes; kept in memory, so a restart forgets them."""

    def __init__(
        self, *, each: int = 10, overall: int = 100, window: float = 600.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Allow `each` failures of one address, and `overall` of all together, within `window` seconds."""
        self._each, self._overall, self._window, self._clock = each, overall, window, clock
        self._failures: deque[tuple[float, str]] = deque()
        self._lock = threading.Lock()

    def allowed(self, address: str) -> bool:
        """Whether this address may try now."""
        with self._lock:
            self._forget()
            own = sum(failed == address for _, failed in self._failures)
            return own < self._each and len(self._failures) < self._overall

    def failed(self, address: str) -> None:
        """Count a failure."""
        with self._lock:
            self._failures.append((self._clock(), address))

    def _forget(self) -> None:
        while self._failures and self._failures[0][0] <= self._clock() - self._window:
            self._failures.popleft()
