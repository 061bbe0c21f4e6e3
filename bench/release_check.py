"""Release check: how long a look at a candidate takes in a store of many long runs.

    python -m bench.release_check                 200 runs of 10,000 steps, 50 checkpoints each, three campaigns
    python -m bench.release_check --runs 20       a smaller store

All campaigns are of the candidate and judged to their last pair, so that none is spared: one counts, and what the
others found is told beside it. The first look of a person writes into the audit log; the others only read.
"""

import argparse
import time
from pathlib import Path
from typing import Any

from bench.common import Report, parser, seconds_of, spread, temp_folder
from bench.release_check_store import BENCH, Sizes, filled
from evals.gate.looking import look
from evals.review.results import results
from store.database import Store

__all__ = ["main"]

TARGET_SECONDS = 1.0
LOOKS = 10


def main() -> None:
    """Make the store, look, and print the times."""
    options = parser(__doc__ or "", peers=False)
    for name, value in (("runs", 200), ("steps", 10_000), ("checkpoints", 50), ("campaigns", 3), ("pairs", 300)):
        options.add_argument(f"--{name}", type=int, default=value)
    options.add_argument("--items", type=int, default=200, help="items of each suite")
    arguments = options.parse_args()
    report = Report(__doc__ or "", arguments)
    with temp_folder() as folder:
        _measure(report, Path(folder), arguments)
    report.finish()


def _measure(report: Report, folder: Path, arguments: argparse.Namespace) -> None:
    sizes = Sizes(**{name: getattr(arguments, name) for name in Sizes._fields})
    began = time.perf_counter()
    store, candidate = filled(folder, sizes)
    rows = store.rows("SELECT count(*) AS rows FROM metric")[0]["rows"]
    report.table("the store", [{
        **sizes._asdict(), "values": rows, "MiB": store.path.stat().st_size / 2**20,
        "made in s": time.perf_counter() - began,
    }])  # fmt: skip
    first = seconds_of(lambda: look(store, BENCH, candidate), 1)
    others = seconds_of(lambda: look(store, BENCH, candidate), LOOKS)
    found = look(store, BENCH, candidate)
    report.table("seconds of a look", [{"look": "first", **spread(first)}, {"look": "again", **spread(others)}])
    report.table("seconds of its parts", _parts(store, sizes))
    report.table("what it found", [{"decision": found.decision, "checks": len(found.checks)}])
    slowest = max(*first, *others)
    report.target("a look", f"under {TARGET_SECONDS:g} s", slowest, met=slowest < TARGET_SECONDS)


def _parts(store: Store, sizes: Sizes) -> list[dict[str, Any]]:
    return [
        {"part": f"campaign {number}", **spread(seconds_of(lambda number=number: results(store, BENCH, number), 3))}
        for number in range(1, sizes.campaigns + 1)
    ]


if __name__ == "__main__":
    main()
