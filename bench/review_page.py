"""Blind review: from a verdict to the next pair on screen with ten experts at work, and what stands behind it.

    python -m bench.review_page [--experts 10] [--seconds 150] [--pause 8] [--json FILE]

The server is that of `assay dash`, over a campaign of 300 pairs of some 60 words an answer. Each expert is a page of
Chromium with an invite of its own, 1440 x 900, and judges by keys: a pause (exponential, at least a second), a digit
and a key a criterion, 0.3 to 1.5 s later Enter. A draft goes out in between where that is longer than 0.4 s, as it does
for people. The time is taken in the page, from Enter until another question has been drawn; turns in which a guess was
asked for are left out. Browser and server share the machine.

- Next pair: one expert alone, without a crowd (the floor), then all of them. Target: p95 below 700 ms.
- Inside the server: milliseconds of the page's script, a draft's or a verdict's, and its processor time a pair.
- A call: processor time of `next_pair` and `submit`, by what it is spent on.
- At once: 200 submits by 20 threads and by 4 processes, without a pause. Target: none lost, none doubled.
- On a phone, 390 x 844 by touch: from the link to the first verdict, which is on a pair of practice (target: below
  90 s), and to the first that counts, after practice on three pairs. Machine time has nobody reading; a person's is
  worked out beside it: 230 words a minute, 10 s for the PIN, 3 s a verdict.

Each figure is of a machine that may be busy with other things; the load average stands beside it.
"""

import os
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser

from bench.common import Report, parser, spread, temp_folder
from bench.live_page_browser import chromium
from bench.live_page_processes import Served, served
from bench.review_page_browser import at_work, opened_by_invite
from bench.review_page_phone import BEFORE_PAIRS, Walk, walked
from bench.review_page_service import measure_calls, measure_together
from bench.review_page_store import filled, invited
from store.database import Store

PAIRS = 300
PRACTICE = 3
WORDS_A_MINUTE = 230
PIN_SECONDS = 10.0
VERDICT_SECONDS = 3.0


def main() -> None:
    """Measure, print the tables."""
    made = parser(__doc__ or "", peers=False)
    made.add_argument("--experts", type=int, default=10, help="pages at once (%(default)s)")
    made.add_argument("--seconds", type=float, default=150, help="of their work; 0: leave out (%(default)s)")
    made.add_argument("--pause", type=float, default=8, help="mean seconds before a verdict (%(default)s)")
    made.add_argument("--phones", type=int, default=3, help="walks on a phone; 0: leave out (%(default)s)")
    made.add_argument("--no-service", action="store_true", help="leave out what needs no browser")
    arguments = made.parse_args()
    report = Report(__doc__ or "", arguments)
    if arguments.seconds:
        _next_pair(report, arguments.experts, arguments.pause, arguments.seconds)
    if arguments.phones:
        _phone(report, arguments.phones)
    if not arguments.no_service:
        measure_together(report)
        measure_calls(report)
    report.finish()


def _next_pair(report: Report, experts: int, pause: float, seconds: float) -> None:
    with temp_folder() as folder:
        store = filled(Path(folder), PAIRS, 0)
        with served(store, Path(folder) / "times.jsonl") as server, chromium() as browser:
            rows = [
                _crowd(store, server, browser, 1, 3.0, min(45.0, seconds)),
                _crowd(store, server, browser, experts, pause, seconds),
            ]
    report.table("Next pair on screen after Enter, and inside the server", rows)
    for row in rows:
        report.target(f"{row['experts']}: next pair p95, ms", "< 700", row["p95 ms"], met=row["p95 ms"] < 700)


def _crowd(
    store: Store, server: Served, browser: Browser, experts: int, pause: float, seconds: float
) -> dict[str, Any]:
    invites = [invited(store, 100 * experts + number, seated=True) for number in range(experts)]
    with opened_by_invite(browser, server.url, invites) as pages:
        began, cpu = time.time(), _cpu_seconds(server.pid)
        turns = at_work(pages, pause, seconds)
        load, cpu = os.getloadavg()[0], _cpu_seconds(server.pid) - cpu
        runs = server.script_runs(began, time.time())
    seen = spread([turn.ms for turn in turns if not turn.asked])
    inside = spread([run["ms"] for run in runs])
    return {
        "experts": experts, "pause s": pause, "pairs": len(turns), "with a guess": sum(turn.asked for turn in turns),
        **{f"{name} ms": value for name, value in seen.items()}, "messages": len(runs),
        "server p50 ms": inside["p50"], "server p95 ms": inside["p95"],
        "CPU ms a pair": 1e3 * cpu / max(1, len(turns)), "load": load,
    }  # fmt: skip


def _cpu_seconds(pid: int) -> float:
    """Processor seconds of a process so far, its own and the kernel's for it."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _phone(report: Report, times: int) -> None:
    with temp_folder() as folder:
        store = filled(Path(folder), PAIRS, PRACTICE)
        with served(store, Path(folder) / "times.jsonl") as server, chromium() as browser:
            invites = [invited(store, number, seated=False) for number in range(times)]
            walks = [walked(browser, server.url, made, PRACTICE) for made in invites]
    # The middle one of all walks, so that its parts add up.
    walk = sorted(walks, key=lambda one: sum(one.seconds.values()))[len(walks) // 2]
    rows = [{"part": name, "machine s": value} for name, value in walk.seconds.items()]
    report.table("From the link to the first verdict that counts, on a phone", rows)
    whole = [_a_person("the first", walk, 1), _a_person("the first that counts", walk, PRACTICE + 1)]
    report.table("From the link to a verdict", whole)
    first = whole[0]["a person s"]
    report.target("link to first verdict, a person, s", "< 90", first, met=first < 90)


def _a_person(verdict: str, walk: Walk, pairs: int) -> dict[str, Any]:
    """What it takes someone who reads everything, up to the verdict on the last of these pairs."""
    machine = sum(list(walk.seconds.values())[: BEFORE_PAIRS + pairs])
    words = sum(list(walk.words.values())[: 1 + pairs])
    reading, hands = 60 * words / WORDS_A_MINUTE, PIN_SECONDS + VERDICT_SECONDS * pairs
    return {
        "verdict": verdict, "machine s": machine, "words": words, "reading s": reading, "PIN and verdicts s": hands,
        "a person s": machine + reading + hands, "load": os.getloadavg()[0],
    }  # fmt: skip


if __name__ == "__main__":
    main()
