"""Building training data: how long `assay data build` takes for very many short rows, and how much memory.

    python -m bench.data_build [--rows 1000000] [--clauses 4] [--processes N] [--json FILE]

The rows are made: Chinese questions and answers of 90 characters on average, five in a hundred copies with a change,
two in a hundred with a fault. Memory is the sum over all processes of what is their own (USS), looked at four times a
second; files that are mapped are the system's to give back. The build is done a second time with one process where
`--twice` is given, and has to give the same bytes.
"""

import hashlib
import resource
import threading
import time
from pathlib import Path

import psutil

from bench.common import Report, parser, temp_folder
from bench.data_rows import write_rows
from evals.data.build import Built, build_data
from evals.data.build_options import BuildOptions
from evals.data.pool import cores

LOOKS = 0.25
"""Seconds between two looks at the memory."""


def main() -> None:
    """Make the rows, build data from them, print time and memory."""
    made = parser(__doc__ or "", peers=False)
    made.add_argument("--rows", type=int, default=1_000_000, help="rows (%(default)s)")
    made.add_argument("--clauses", type=int, default=4, help="clauses of an answer (%(default)s)")
    made.add_argument("--processes", type=int, default=cores(), help="processes (%(default)s)")
    made.add_argument("--twice", action="store_true", help="build again with one process, and compare")
    arguments = made.parse_args()
    report = Report(__doc__ or "", arguments)
    with temp_folder() as folder:
        path = Path(folder) / "rows.jsonl"
        write_rows(path, arguments.rows, arguments.clauses, copies=0.05)
        stages, memory = _Stages(), _Memory()
        used = _used()
        with memory:
            begin = time.perf_counter()
            built = build_data(
                [str(path)], Path(folder) / "built.jsonl", BuildOptions(processes=arguments.processes), stages
            )
            seconds = time.perf_counter() - begin
        report.table("whole", [{
            "rows": arguments.rows, "bytes": path.stat().st_size, "seconds": seconds, "processor s": _used() - used,
            "GiB": memory.most / 2**30,
        }])  # fmt: skip
        report.table("stages", stages.rows())
        report.table("kept", [*built.account.outputs])
        report.table("dropped", [{"why": why, "rows": len(rows)} for why, rows in built.account.dropped.items()])
        report.target(f"{arguments.rows:,} rows, minutes", "<= 5", seconds / 60, met=seconds <= 300)
        report.target("memory, GiB", "<= 4", memory.most / 2**30, met=memory.most <= 4 * 2**30)
        if arguments.twice:
            again = build_data([str(path)], Path(folder) / "again.jsonl", BuildOptions(processes=1))
            same = _digest(built) == _digest(again)
            report.target("the same bytes with one process", "equal", float(same), met=same)
    report.finish()


class _Stages:
    """When each stage began."""

    def __init__(self) -> None:
        self._begun: list[tuple[str, float, float]] = [("reading", time.perf_counter(), time.process_time())]

    def __call__(self, what: str, *_: int) -> None:
        if what != self._begun[-1][0]:
            self._begun.append((what, time.perf_counter(), time.process_time()))

    def rows(self) -> list[dict[str, object]]:
        """Seconds of each stage, by the clock and of the first process."""
        ends = [*self._begun[1:], ("", time.perf_counter(), time.process_time())]
        return [
            {"stage": name, "seconds": end[1] - clock, "processor s of the first process": end[2] - used}
            for (name, clock, used), end in zip(self._begun, ends, strict=True)
        ]


class _Memory:
    """The most memory that this process and its children have had together."""

    def __init__(self) -> None:
        self.most = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        me = psutil.Process()
        while not self._over.wait(LOOKS):
            self.most = max(self.most, sum(map(_own, [me, *me.children(recursive=True)])))


def _own(process: psutil.Process) -> int:
    try:
        return process.memory_full_info().uss
    except psutil.Error:  # it has ended
        return 0


def _digest(built: Built) -> list[str]:
    paths = [path for path in (built.train, built.validation) if path]
    return [hashlib.sha256(path.read_bytes()).hexdigest() for path in paths]


def _used() -> float:
    return sum(
        usage.ru_utime + usage.ru_stime
        for usage in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )


if __name__ == "__main__":
    main()
