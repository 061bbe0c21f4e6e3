"""What Streamlit alone takes on this machine: its smallest app, with a line of words and one small chart, no more.

Below this no page that Streamlit draws can come, whatever is in it; what a page of ours takes beyond it is ours.
"""

import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from bench.common import offline

__all__ = ["WORDS", "plain_app"]

WORDS = "#here"
"""What is seen first of it, as of ours the head of the run."""

STARTING_SECONDS = 60

_SCRIPT = """
import streamlit as st

st.html("<p id=here>words</p>")
axes = {axis: {"field": axis, "type": "quantitative"} for axis in ("x", "y")}
st.vega_lite_chart({"x": [1, 2, 3], "y": [1, 4, 9]}, {"mark": "line", "encoding": axes})
"""


@contextmanager
def plain_app(folder: Path) -> Generator[str]:
    """Serve it the way Streamlit does; gives its address."""
    script = folder / "plain.py"
    script.write_text(_SCRIPT, encoding="utf-8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = {"server.port": port, "server.address": "127.0.0.1", "server.headless": "true"}
    quiet = {"server.fileWatcherType": "none", "browser.gatherUsageStats": "false"}
    words = [f"--{name}={value}" for name, value in {**options, **quiet}.items()]
    process = subprocess.Popen(
        [sys.executable, "-m", "streamlit", "run", str(script), *words],
        cwd=folder, env=offline(), stdout=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        _wait_for(f"http://127.0.0.1:{port}/_stcore/health")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=30)


def _wait_for(url: str) -> None:
    deadline = time.monotonic() + STARTING_SECONDS
    while True:
        try:
            urllib.request.urlopen(url, timeout=10).close()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
