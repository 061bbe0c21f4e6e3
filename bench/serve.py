"""A store for a team: many trainers deliver to one server while others read from it; and the server is killed.

    python -m bench.serve [--minutes 10] [--kills 50] [--writers 16] [--readers 8] [--json FILE]

First: 16 processes record a run each with `assay.run(..., store="quack://…")`, 20 steps a second of 20 values, and 8
others ask every 2 s what the page Run · Curves asks (the run's facts, figures, checkpoints and marks, and its curves),
going round the runs. One of the values is the time of the step, so that a reader sees how old the newest step is that
it was given: the lag. In the end every value must be there exactly once. The server's memory is looked at each second;
it is flat where the last fifth of the time takes at most 10 % more than the second fifth.

Then: as many writers again, and the server is killed (SIGKILL) and started anew, again and again. In the end, once
more, every value must be there exactly once.
"""

import json
import os
import random
import socket
import statistics
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from bench.common import ROOT, Report, parser, spread, temp_folder
from bench.crowd import NAMES
from bench.serve_crowd import ROLES, STARTING_SECONDS, ServerProcess
from store.database import Store
from store.serve.tokens import add_token

LAST_SECONDS = 120
LIFETIME = (2.0, 5.0)
"""Seconds that a server lives before it is killed, drawn evenly."""


def main() -> None:
    """Run both parts, print the tables."""
    made = parser(__doc__ or "", peers=False)
    made.add_argument("--minutes", type=float, default=10, help="how long writers and readers run (%(default)s)")
    made.add_argument("--kills", type=int, default=50, help="how often the server is killed (%(default)s)")
    made.add_argument("--writers", type=int, default=16, help="processes that record (%(default)s)")
    made.add_argument("--readers", type=int, default=8, help="processes that read (%(default)s)")
    made.add_argument("--child", nargs=5, metavar=("ROLE", "NUMBER", "FOLDER", "UNTIL", "ADDRESS"), help="be one")
    arguments = made.parse_args()
    if arguments.child:
        role, number, folder, until, address = arguments.child
        print(json.dumps(ROLES[role](Path(folder), int(number), float(until), address)))
        return
    report = Report(__doc__ or "", arguments)
    if arguments.minutes:
        _load(report, arguments)
    if arguments.kills:
        _kills(report, arguments)
    report.finish()


class _Team:
    """A server, its writers and its readers."""

    def __init__(self, folder: Path, writers: int, readers: int, seconds: float) -> None:
        self._folder = folder
        self.store = Store.at(folder / "runs" / "assay.duckdb")
        self.store.create()
        port = _free_port()
        self._address = f"quack://127.0.0.1:{port}"
        self.server = ServerProcess(folder / "runs", port)
        self.server.start()
        self.until = time.time() + STARTING_SECONDS + seconds
        self._children = [self._start("write", "inbox", number) for number in range(writers)]
        self._children += [self._start("read", "read", number) for number in range(readers)]

    def _start(self, role: str, kind: Any, number: int) -> subprocess.Popen[str]:
        token = add_token(self.store, f"{role}-{number}", kind)
        command = [sys.executable, "-m", "bench.serve", "--child", role, str(number), str(self._folder)]
        return subprocess.Popen(
            [*command, str(self.until), self._address], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True, env={**os.environ, "ASSAY_TOKEN": token, "OMP_NUM_THREADS": "1"},
        )  # fmt: skip

    def results(self) -> list[dict[str, Any]]:
        """What the children measured; what one said on stderr counts as an error."""
        found: list[dict[str, Any]] = []
        for child in self._children:
            out, said = child.communicate()
            result = json.loads(out) if child.returncode == 0 else {"errors": [f"exit {child.returncode}"]}
            result["errors"] += said.strip().splitlines()[-1:]
            found.append(result)
        return found

    def wrong(self, expected: int) -> tuple[int, int]:
        """Values missing, and values there more than once, when all deliveries have ended."""
        deadline = time.time() + LAST_SECONDS
        while True:
            found = self.store.rows(
                "SELECT count(*) AS n, count(DISTINCT (run_id, branch, metric_id, step)) AS different FROM metric"
            )[0]
            if found["different"] >= expected or time.time() > deadline:
                return expected - found["different"], found["n"] - found["different"]
            time.sleep(1)


def _free_port() -> int:
    # Below those that the system gives to clients: one that tries a dead server's port may be given that very port.
    while True:
        with suppress(OSError), socket.create_server(("127.0.0.1", random.randrange(10_000, 30_000))) as found:
            return found.getsockname()[1]


def _load(report: Report, arguments: Any) -> None:
    seconds = arguments.minutes * 60
    with temp_folder() as folder:
        team = _Team(Path(folder), arguments.writers, arguments.readers, seconds)
        time.sleep(STARTING_SECONDS)
        while time.time() < team.until:
            time.sleep(1)
            team.server.look()
        results = team.results()
        expected = len(NAMES) * sum(result.get("steps", 0) for result in results)
        lost, doubled = team.wrong(expected)
        status = team.server.stop()
    summary = _summary(results)
    memory = _memory(team.server.memory)
    row = {"values": expected, **{key: value for key, value in summary.items() if key != "said"}, **memory,
           "server cores": team.server.cores}  # fmt: skip
    report.table(f"{arguments.writers} trainers deliver, {arguments.readers} readers, {arguments.minutes:g} min", [row])
    for sentence in summary["said"]:
        print(f"  {sentence}")
    report.target("values lost", "0", lost, met=lost == 0)
    report.target("values doubled", "0", doubled, met=doubled == 0)
    report.target("lag p95, s", "< 2", summary["lag p95 s"] or 0, met=(summary["lag p95 s"] or 9) < 2)
    report.target("memory, last fifth / second fifth", "<= 1.1", memory["growth"], met=memory["growth"] <= 1.1)
    report.target("errors", "0", summary["errors"], met=summary["errors"] == 0 and status == 0)


def _kills(report: Report, arguments: Any) -> None:
    chance = random.Random(1)
    lifetimes = [chance.uniform(*LIFETIME) for _ in range(arguments.kills)]
    with temp_folder() as folder:
        team = _Team(Path(folder), arguments.writers, 0, sum(lifetimes) + 2 * arguments.kills)
        time.sleep(STARTING_SECONDS)
        downs: list[float] = []
        for lifetime in lifetimes:
            time.sleep(lifetime)
            team.server.kill()
            began = time.time()
            team.server.start()
            downs.append(time.time() - began)
        results = team.results()
        expected = len(NAMES) * sum(result.get("steps", 0) for result in results)
        lost, doubled = team.wrong(expected)
        team.server.stop()
    row = {"kills": arguments.kills, "values": expected, "down p50 s": statistics.median(downs), "lost": lost,
           "doubled": doubled}  # fmt: skip
    report.table(f"the server is killed under {arguments.writers} writers", [row])
    for sentence in sorted({error for result in results for error in result["errors"]}):
        print(f"  {sentence}")
    report.target(f"values lost in {arguments.kills} kills", "0", lost, met=lost == 0)
    report.target(f"values doubled in {arguments.kills} kills", "0", doubled, met=doubled == 0)


def _summary(results: list[dict[str, Any]]) -> dict[str, Any]:
    def all_of(key: str, factor: float = 1) -> list[float]:
        return [value * factor for result in results for value in result.get(key, ())]

    said = [sentence for result in results for sentence in result["errors"]]
    return {
        **{f"lag {name} s": value for name, value in spread(all_of("lags")).items()},
        **{f"look {name} ms": value for name, value in spread(all_of("reads", 1e3)).items()},
        "errors": len(said),
        "said": sorted(set(said)),
    }


def _memory(looks: list[int]) -> dict[str, float]:
    used = [size / (1 << 20) for size in looks]
    fifth = max(1, len(used) // 5)
    second, last = statistics.median(used[fifth : 2 * fifth] or used), statistics.median(used[-fifth:])
    return {"memory MiB": last, "most MiB": max(used), "growth": last / second}


if __name__ == "__main__":
    main()
