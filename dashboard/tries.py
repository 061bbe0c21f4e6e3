"""Tries at codes that are none, counted by address, so that guessing is slow.

Whoever asks can only use up their own tries: nobody shuts the door for others.
"""

import ipaddress
import threading
import time
from collections import Counter, deque
from collections.abc import Callable

__all__ = ["Tries"]

_OWN_PREFIX = 64
"""Bits of an IPv6 address that a network is given; whoever has one has all addresses in it."""


class Tries:
    """Failures of the last minutes; kept in memory, so a restart forgets them."""

    def __init__(self, *, each: int = 10, window: float = 600.0, clock: Callable[[], float] = time.monotonic) -> None:
        """Allow `each` failures of one address within `window` seconds; for IPv6 of one /64."""
        self._each, self._window, self._clock = each, window, clock
        self._failures: deque[tuple[float, str]] = deque()
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()

    def allowed(self, address: str) -> bool:
        """Whether this address may try now."""
        with self._lock:
            self._forget()
            return self._counts[_network(address)] < self._each

    def failed(self, address: str) -> None:
        """Count a failure."""
        with self._lock:
            self._forget()
            self._failures.append((self._clock(), _network(address)))
            self._counts[_network(address)] += 1

    def _forget(self) -> None:
        while self._failures and self._failures[0][0] <= self._clock() - self._window:
            _, network = self._failures.popleft()
            self._counts[network] -= 1
            if not self._counts[network]:
                del self._counts[network]


def _network(address: str) -> str:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        # A socket without one.
        return address
    if isinstance(found, ipaddress.IPv4Address):
        return address
    if found.ipv4_mapped:
        return str(found.ipv4_mapped)
    return str(ipaddress.IPv6Network((int(found), _OWN_PREFIX), strict=False))
