"""What Streamlit alone takes on this machine: its smallest app, with a line of words and one small chart, or a table.

Below this no page that Streamlit draws can come, whatever is in it; what a page of ours takes beyond it is ours.
"""

import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from bench.common import offline
from bench.live_page_processes import answering, free_port

__all__ = ["plain_app"]

_SCRIPT = """
import streamlit as st

st.html("<p>words</p>")
if "table" in st.query_params:
    st.dataframe({f"column {number}": list(range(200)) for number in range(12)})
    st.stop()
axes = {axis: {"field": axis, "type": "quantitative"} for axis in ("x", "y")}
st.vega_lite_chart({"x": [1, 2, 3], "y": [1, 4, 9]}, {"mark": "line", "encoding": axes})
"""


@contextmanager
def plain_app(folder: Path) -> Generator[str]:
    """Serve it the way Streamlit does; gives its address, at which it shows the chart, and with `?table=` the table."""
    script = folder / "plain.py"
    script.write_text(_SCRIPT, encoding="utf-8")
    port = free_port()
    options = {"server.port": port, "server.address": "127.0.0.1", "server.headless": "true"}
    quiet = {"server.fileWatcherType": "none", "browser.gatherUsageStats": "false"}
    words = [f"--{name}={value}" for name, value in {**options, **quiet}.items()]
    process = subprocess.Popen(
        [sys.executable, "-m", "streamlit", "run", str(script), *words],
        cwd=folder, env=offline(), stdout=subprocess.DEVNULL,
    )  # fmt: skip
    with answering(process, f"http://127.0.0.1:{port}/_stcore/health"):
        yield f"http://127.0.0.1:{port}"
