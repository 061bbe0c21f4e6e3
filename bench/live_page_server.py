"""The dashboard's server as `assay dash` runs it, with a watch on every run of a page's script.

    python -m bench.live_page_server STORE PORT TIMES

One JSON line goes to TIMES for each run of the script, whole or of its live part alone: its session, when it began,
its milliseconds, and how many of them went into reading the store and into making charts (in these is what
Streamlit does to a chart before it is sent). `cpu_ms` is what all threads of the server used meanwhile: on a busy
machine it says more than the milliseconds on the clock.
"""

import json
import sys
import threading
import time
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import IO, Any

import streamlit as st
from streamlit.runtime.scriptrunner.script_runner import ScriptRunner

from dashboard import drawing
from dashboard.server import bind, serve
from store.database import Store

_spent = threading.local()


def main() -> None:
    """Serve until SIGTERM."""
    store, port, times = sys.argv[1:]
    with Path(times).open("a", encoding="utf-8") as file:
        _watch(file)
        serve(Store.at(store), bind("127.0.0.1", int(port)), "127.0.0.1")


def _watch(file: IO[str]) -> None:
    Store.snapshot = _summed(Store.snapshot, "reads")  # type: ignore[method-assign] - that is what watching is
    drawing.written = _summed(drawing.written, "charts")
    st.vega_lite_chart = _summed(st.vega_lite_chart, "charts")
    ScriptRunner._run_script = _told(ScriptRunner._run_script, file)  # type: ignore[method-assign]  # noqa: SLF001 - see above


def _summed(work: Callable[..., Any], name: str) -> Callable[..., Any]:
    @wraps(work)
    def timed(*arguments: Any, **options: Any) -> Any:
        began = time.perf_counter()
        try:
            return work(*arguments, **options)
        finally:
            _add(name, time.perf_counter() - began)

    return timed


def _add(name: str, seconds: float) -> None:
    setattr(_spent, name, getattr(_spent, name, 0) + 1)
    setattr(_spent, f"{name}_ms", getattr(_spent, f"{name}_ms", 0.0) + seconds * 1e3)


def _told(run: Callable[..., None], file: IO[str]) -> Callable[..., None]:
    @wraps(run)
    def timed(runner: Any, rerun: Any) -> None:
        vars(_spent).clear()
        began, wall, cpu = time.time(), time.perf_counter(), time.process_time()
        run(runner, rerun)
        line = {
            "session": runner._session_id, "began": began, "live": bool(rerun.fragment_id_queue),  # noqa: SLF001 - whose run it is stands nowhere else
            "ms": (time.perf_counter() - wall) * 1e3, "cpu_ms": (time.process_time() - cpu) * 1e3, **vars(_spent),
        }  # fmt: skip
        file.write(json.dumps(line) + "\n")
        file.flush()

    return timed


if __name__ == "__main__":
    main()
