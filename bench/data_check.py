"""Checking training data: how long `assay data check` takes, part by part and whole.

    python -m bench.data_check [--rows 100000] [--clauses 20] [--processes N] [--json FILE]

The rows are made: Chinese questions and answers of 350 characters on average, two in a hundred copies with a
change, two in a hundred with a fault. The parts are timed in one process, on the first rows, in processor time; the
whole by the clock, in `--processes` (one a processor), with the time of their starting.
"""

import resource
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from bench.common import Report, parser, temp_folder
from bench.data_rows import write_rows
from evals.data.check import BATCH, LOCAL, CheckOptions, check_data
from evals.data.facts import facts_of, forms_of
from evals.data.pool import cores
from evals.data.reading import read_data
from evals.data.row import DataRow
from evals.data.signatures import sign

SHOWN = 5000
"""Rows on which the parts are timed."""


def main() -> None:
    """Make the rows, check them, print the times."""
    made = parser(__doc__ or "", peers=False)
    made.add_argument("--rows", type=int, default=100_000, help="rows (%(default)s)")
    made.add_argument("--clauses", type=int, default=20, help="clauses of an answer (%(default)s)")
    made.add_argument("--processes", type=int, default=cores(), help="processes (%(default)s)")
    arguments = made.parse_args()
    report = Report(__doc__ or "", arguments)
    with temp_folder() as folder:
        path = Path(folder) / "rows.jsonl"
        write_rows(path, arguments.rows, arguments.clauses)
        begin, used = time.perf_counter(), _used()
        checked = check_data([str(path)], CheckOptions(processes=arguments.processes))
        seconds = time.perf_counter() - begin
        report.table(
            "whole",
            [{"rows": checked.rows, "bytes": path.stat().st_size, "seconds": seconds, "processor s": _used() - used}],
        )
        report.table(
            "found", [{"check": one.check, "severity": one.severity, "count": one.count} for one in checked.findings]
        )
        rows = next(read_data([str(path)])).rows[:SHOWN]
        report.table("parts, one process", list(_parts(rows)))
    report.target(f"{arguments.rows:,} rows, seconds", "< 30", seconds, met=seconds < 30)
    peak = sum(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) / 2**20
    report.table("memory", [{"largest process of each kind, GiB": peak}])
    report.finish()


def _parts(rows: Sequence[DataRow]) -> list[dict[str, Any]]:
    batches = [rows[start : start + BATCH] for start in range(0, len(rows), BATCH)]
    forms = {id(batch): forms_of(batch) for batch in batches}
    work: dict[str, Callable[[Sequence[DataRow]], Any]] = {check.__name__: check for check in LOCAL}
    work |= {
        "normal forms": forms_of,
        "facts": lambda batch: facts_of(batch, forms[id(batch)]),
        "signatures": lambda batch: sign(forms[id(batch)]),
    }
    return [{"part": name, "microseconds a row": _each(of, batches) / len(rows) * 1e6} for name, of in work.items()]


def _each(work: Callable[[Sequence[DataRow]], Any], batches: Sequence[Sequence[DataRow]]) -> float:
    begin = time.process_time()
    for batch in batches:
        work(batch)
    return time.process_time() - begin


def _used() -> float:
    """Processor seconds of this process and of those it has ended."""
    return sum(
        usage.ru_utime + usage.ru_stime
        for usage in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )


if __name__ == "__main__":
    main()
