"""What the benchmarks share: quantiles, tables, targets, the machine, and the `--json` report."""

import argparse
import importlib.util
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeAlias

import assay

__all__ = ["ROOT", "Report", "machine_in_words", "offline", "parser", "quantile", "seconds_of", "spread", "temp_folder"]

ROOT = Path(__file__).resolve().parents[1]
"""The repository: children run in it, so that `-m bench.…` finds itself."""

PEERS = ("wandb", "trackio", "tensorboard")

Row: TypeAlias = dict[str, Any]

_OFFLINE = {
    "HF_HUB_OFFLINE": "1",
    "WANDB_MODE": "offline",
    "WANDB_SILENT": "true",
    "WANDB_ERROR_REPORTING": "false",
    "TF_CPP_MIN_LOG_LEVEL": "3",
}


class Report:
    """Tables and targets of one benchmark, printed as they come and written to a file at the end."""

    def __init__(self, doc: str, arguments: argparse.Namespace) -> None:
        """`doc` is the script's docstring; its first line is the title."""
        self._file: Path | None = arguments.json
        self._data: Row = {
            "benchmark": doc.strip().splitlines()[0],
            "started": datetime.now(UTC).isoformat(timespec="seconds"),
            "arguments": {key: value for key, value in vars(arguments).items() if key != "json"},
            "machine": _machine(),
            "versions": _versions(),
            "tables": {},
            "targets": [],
        }
        print(self._data["benchmark"])
        print(machine_in_words(self._data["machine"]))
        print(", ".join(f"{name} {number}" for name, number in self._data["versions"].items()))

    def table(self, title: str, rows: Sequence[Row]) -> None:
        """Print rows of the same keys under a title; None is shown as a dash."""
        self._data["tables"][title] = list(rows)
        columns = list(rows[0])
        cells = [columns, *([_cell(row[column]) for column in columns] for row in rows)]
        widths = [max(len(line[index]) for line in cells) for index in range(len(columns))]
        print(f"\n{title}")
        for line in cells:
            first, *others = zip(line, widths, strict=True)
            text = [first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)]
            print("  " + "  ".join(text), flush=True)

    def target(self, what: str, limit: str, measured: float, *, met: bool) -> None:
        """Say whether a target of the design was met."""
        self._data["targets"].append({"what": what, "limit": limit, "measured": measured, "met": met})

    def finish(self) -> None:
        """Print the targets and write the file."""
        self._data["load_at_end"] = _load()
        print()
        for row in self._data["targets"]:
            print(f"  {'met   ' if row['met'] else 'MISSED'}  {row['what']}: {_cell(row['measured'])} ({row['limit']})")
        print(f"  load average at the end: {self._data['load_at_end']}")
        if self._file is not None:
            self._file.write_text(json.dumps(self._data, indent=1, default=str) + "\n", encoding="utf-8")


def parser(doc: str, *, peers: bool) -> argparse.ArgumentParser:
    """An argument parser with `--json`; exits 2 with one sentence where the peers are not installed."""
    missing = [name for name in PEERS if peers and importlib.util.find_spec(name) is None]
    if missing:
        print(f"the benchmark needs {', '.join(missing)}: pip install -e '.[bench]'", file=sys.stderr)
        raise SystemExit(2)
    made = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--json", type=Path, metavar="FILE", help="write everything measured to FILE as well")
    return made


def offline(**more: str) -> dict[str, str]:
    """The environment of a child in which no tracker looks for a network."""
    return {**os.environ, **_OFFLINE, **more}


def temp_folder() -> tempfile.TemporaryDirectory[str]:
    """A folder that is removed again; wandb's own process may still be writing into it then."""
    return tempfile.TemporaryDirectory(prefix="assay-bench-", ignore_cleanup_errors=True)


def quantile(values: Iterable[float], share: float) -> float:
    """The smallest value that at least `share` of the values do not exceed.

    >>> quantile([3, 1, 2, 4], 0.5), quantile([1, 2, 3], 1.0)
    (2, 3)
    """
    ordered = sorted(values)
    return ordered[max(0, -(-int(share * 1e9) * len(ordered) // 10**9) - 1)]


def spread(values: Sequence[float], shares: Sequence[float] = (0.5, 0.95)) -> Row:
    """Quantiles by their usual names, and the maximum; None for no values at all.

    >>> spread([1.0, 2.0, 3.0])
    {'p50': 2.0, 'p95': 3.0, 'max': 3.0}
    """
    names = {f"p{share * 100:g}": quantile(values, share) if values else None for share in shares}
    return {**names, "max": max(values, default=None)}


def seconds_of(work: Any, times: int) -> list[float]:
    """How long each of `times` calls of `work` takes."""
    taken: list[float] = []
    for _ in range(times):
        begin = time.perf_counter()
        work()
        taken.append(time.perf_counter() - begin)
    return taken


def machine_in_words(machine: Row) -> str:
    """One line about the machine and how busy it is."""
    return f"{machine['cores']} cores of {machine['cpu']}, {machine['system']}, load average {machine['load']}"


def _machine() -> Row:
    return {"cores": len(os.sched_getaffinity(0)), "cpu": _cpu(), "system": platform.platform(), "load": _load()}


def _load() -> str:
    return " ".join(f"{number:.1f}" for number in os.getloadavg())


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def _versions() -> dict[str, str]:
    installed = [name for name in ("duckdb", "pyarrow", *PEERS) if importlib.util.find_spec(name) is not None]
    return {"python": platform.python_version(), "assay": _assay(), **{name: version(name) for name in installed}}


def _assay() -> str:
    described = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return f"{assay.__version__} ({described.stdout.strip() or 'no git'})"


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    if isinstance(value, int) or abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) < 10 else f"{value:.1f}"
