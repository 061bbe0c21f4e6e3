"""One process that records a run at a steady rate, as the page of `bench.live_page` follows it.

    python -m bench.live_page_writer FOLDER RUN FIRST_STEP STEPS_A_SECOND SECONDS

Ends early when its standard input does. Prints when each step was logged, a JSON list: [step, seconds] each.
"""

import json
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

import assay
from bench.live_page_store import STEP_NAMES, values_of


def main() -> None:
    """Record the run, then print the times."""
    folder, name, first, rate, seconds = sys.argv[1:]
    ended = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
    logged: list[tuple[int, float]] = []
    begun = (Path(folder) / name / "spool").is_dir()
    with assay.run(name, store=Path(folder), total_steps=2 * int(first), resume=begun) as run:
        run.facts(provenance={"program": "bench.live_page"})
        for step in _paced(int(first), float(rate), float(seconds), ended):
            values = dict(zip(STEP_NAMES, values_of(np.arange(step, step + 1), int(first))[0].tolist(), strict=True))
            batch = {"update": step, "verdict": "commit", "rows": [step % 900], "losses": [values["loss"]]}
            if step % 100 == 0:
                values["val_loss"] = values["loss"] + 0.05
            logged.append((step, time.time()))
            run.log_batch(step, values, batch)
    print(json.dumps(logged))


def _paced(step: int, rate: float, seconds: float, ended: threading.Event) -> Iterator[int]:
    """Steps at their times; where a machine is too slow for the rate, as fast as it goes."""
    due = time.monotonic()
    until = due + seconds
    while due < until and not ended.is_set():
        yield step
        step, due = step + 1, due + 1 / rate
        ended.wait(max(0.0, due - time.monotonic()))


if __name__ == "__main__":
    main()
