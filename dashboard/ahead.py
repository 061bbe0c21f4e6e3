"""What a page begins with is read while its browser still loads Streamlit's scripts, which takes the better part of a
second: by the time the page asks for it, it is there.

Only on a server for this machine alone, where whoever asks may see it. Nothing is told to the browser that the page
itself would not tell.
"""

import threading
from collections.abc import Mapping
from contextlib import suppress
from time import monotonic, sleep

from dashboard import cached
from dashboard.entrance import entrance
from dashboard.identity import local_number
from dashboard.queries.curves import Span
from store.errors import StoreError

__all__ = ["read_ahead"]

TIMES, AGAIN = 3, cached.LIVE + 0.02
"""How often it is read, and the seconds until what is live is read again: it is kept for less than some browsers take
to ask for it.
"""

SOON = 0.1
"""Seconds of reading charts after which what is live is read again at once, so that it is kept from then on."""

_reading = threading.Lock()


def read_ahead(page: str, asked: Mapping[str, str]) -> None:
    """Read what one of `PAGES` begins with; `asked` is what stands in its address. One at a time, whoever asks how
    often; of a store in trouble the page tells.
    """
    if entrance().public is not None or not _reading.acquire(blocking=False):
        return
    try:
        for look in range(TIMES):
            due = _read(cached.store_path(), page, asked)
            sleep(max(0.0, due - monotonic()) if look < TIMES - 1 else 0.0)
    except StoreError:
        return
    finally:
        _reading.release()


def _read(path: str, page: str, asked: Mapping[str, str]) -> float:
    """When what is live in it is out of date. Charts may take half as long to read as that is kept, and longer."""
    # A store that cannot be written, or lies on a server, may not know; what is shown is read all the same.
    with suppress(StoreError):
        local_number(path)
    run = _run(path, asked) if page == "run" else None
    read = monotonic()
    if page in ("home", "runs"):
        cached.runs(path, archived=page == "runs")
    if run is not None and asked.get("view", "curves") == "curves":
        cached.names_shown(path, run, Span.named(asked.get("first", ""), asked.get("last", "")))
        if monotonic() - read > SOON:
            cached.run_now.clear(path, run["name"])
            _run(path, asked)
    return monotonic() + AGAIN


def _run(path: str, asked: Mapping[str, str]) -> cached.Run | None:
    name = asked.get("run") or next(iter(cached.run_names(path)), None)
    return cached.run_facts(path, name) if name else None
