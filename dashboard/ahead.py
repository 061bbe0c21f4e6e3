"""What a page begins with is read while its browser still loads Streamlit's scripts, which takes the better part of a
second: by the time the page asks for it, it is there.

Only on a server for this machine alone, where whoever asks may see it. Nothing is told to the browser that the page
itself would not tell.
"""

import threading
import time
from collections.abc import Mapping

from dashboard import cached
from dashboard.entrance import entrance
from dashboard.queries.curves import Span
from store.errors import StoreError

__all__ = ["read_ahead"]

TIMES, AGAIN = 3, cached.LIVE + 0.05
"""How often it is read, and the seconds between: what is live is kept for less than a browser takes to ask for it."""

_reading = threading.Lock()


def read_ahead(page: str, asked: Mapping[str, str]) -> None:
    """Read what one of `PAGES` begins with; `asked` is what stands in its address. One at a time, whoever asks how
    often; of a store in trouble the page tells.
    """
    if entrance().public is not None or not _reading.acquire(blocking=False):
        return
    try:
        for look in range(TIMES):
            time.sleep(AGAIN if look else 0.0)
            _read(cached.store_path(), page, asked)
    except StoreError:
        return
    finally:
        _reading.release()


def _read(path: str, page: str, asked: Mapping[str, str]) -> None:
    if page == "run":
        _read_run(path, asked)
    elif page in ("home", "runs"):
        cached.runs(path, archived=page == "runs")


def _read_run(path: str, asked: Mapping[str, str]) -> None:
    name = asked.get("run") or next(iter(cached.run_names(path)), None)
    run = cached.run_facts(path, name) if name else None
    if run is not None and asked.get("view", "curves") == "curves":
        cached.names_shown(path, run, Span.named(asked.get("first", ""), asked.get("last", "")))
