"""Blindness in time: whether a pair comes faster with the candidate on the left or on the right.

    python -m bench.blind_timing [--swaps 50] [--json FILE]

One expert judges two pairs a swap; in every four the candidate stands on the left twice, and each left one is compared
with a right one of the same four. First by the service alone: milliseconds of `next_pair` and of `submit`. Then in
Chromium, from Enter until the next pair has been drawn, as in `bench.review_page`; turns in which a guess was asked for
are left out. Target: the median difference of a swap is below 20 ms either way. Beside it stands what the same
differences give with their signs drawn at random, and the share of such draws that are as large: chance alone, on this
machine.
"""

import random
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

from playwright.sync_api import Page

from bench.common import Report, parser, temp_folder
from bench.live_page_browser import chromium
from bench.live_page_processes import served
from bench.review_page_browser import opened_by_invite, until
from bench.review_page_store import entered, filled, invited
from evals.review.service import next_pair, submit
from evals.review.types import Answer, PairView
from store.database import Store

__all__ = ["Timed", "compared", "in_chromium", "in_the_service"]

LIMIT_MS = 20.0
FLIPS = 2000


class Timed(NamedTuple):
    """How long one pair took."""

    number: int
    """Of the grader's pairs, from 0."""

    ms: float
    """Milliseconds."""


def main() -> None:
    """Measure, print the table."""
    made = parser(__doc__ or "", peers=False)
    made.add_argument("--swaps", type=int, default=50, help="pairs with the candidate on each side (%(default)s)")
    arguments = made.parse_args()
    report = Report(__doc__ or "", arguments)
    pairs = 2 * arguments.swaps
    rows = []
    with temp_folder() as folder:
        store = filled(Path(folder) / "service", pairs, practice=0)
        next_ones, submits = in_the_service(store, pairs)
        rows += [compared("next_pair", next_ones, store), compared("submit", submits, store)]
        # As many more as are left out for their guesses, and one, since the first is on screen before any turn.
        turns = pairs + pairs // 4
        store = filled(Path(folder) / "page", turns + 1, practice=0)
        rows.append(compared("Enter to next pair on screen", in_chromium(store, turns), store))
    report.table("Candidate on the left or on the right, median ms; left minus right of a swap", rows)
    for row in rows:
        report.target(
            f"{row['what']}: median difference", f"below {LIMIT_MS:g} ms", row["differ"], met=row["differ"] < LIMIT_MS
        )
    report.finish()


def in_the_service(store: Store, pairs: int) -> tuple[list[Timed], list[Timed]]:
    """Judge all pairs by the service; times of asking for each, and of each submit."""
    actor = entered(store, invited(store, 1, seated=True))
    asked: list[Timed] = []
    submitted: list[Timed] = []
    for number in range(pairs):
        begin = time.perf_counter()
        pair = next_pair(store, actor, 1)
        asked.append(Timed(number, 1000 * (time.perf_counter() - begin)))
        if not isinstance(pair, PairView):
            raise TypeError(f"no pair is left: {pair.reason}")
        begin = time.perf_counter()
        submit(store, actor, pair.token, Answer("tie", dict.fromkeys(pair.criteria, "tie")))
        submitted.append(Timed(number, 1000 * (time.perf_counter() - begin)))
    return asked, submitted


def in_chromium(store: Store, pairs: int) -> list[Timed]:
    """Judge in the page; times until each pair was on screen, of those after a turn without a guess."""
    made = invited(store, 1, seated=True)
    with (
        served(store, store.root / "times.jsonl") as server, chromium() as browser,
        opened_by_invite(browser, server.url, [made]) as pages,
    ):  # fmt: skip
        return [timed for number in range(pairs) if (timed := _turn(pages[0], number)) is not None]


def _turn(page: Page, number: int) -> Timed | None:
    # A person does not choose and send within one frame either.
    for key in ("q", "w", "e", "1"):
        page.keyboard.press(key)
    page.wait_for_timeout(100)
    page.keyboard.press("Enter")
    until(page, "number => window.turns.length > number || document.querySelector('dialog.rv-dialog') !== null", number)
    if page.locator("dialog.rv-dialog").count():
        page.keyboard.press("3")
    until(page, "number => window.turns.length > number", number, 60)
    turn = page.evaluate("number => window.turns[number]", number)
    return None if turn["asked"] else Timed(number + 1, turn["ms"])


def compared(what: str, times: Sequence[Timed], store: Store) -> dict[str, float | str]:
    """Medians by the candidate's side, and the median difference of swaps, with what chance makes of it."""
    sides = {row["number"]: row["side"] for row in store.rows(_SIDES)}
    differences = _swaps(times, sides)
    chance = random.Random(1)
    flipped = [abs(median(chance.choice((-1, 1)) * one for one in differences)) for _ in range(FLIPS)]
    differ = abs(median(differences))
    return {
        "what": what,
        **{side: median(timed.ms for timed in times if sides[timed.number] == side) for side in ("left", "right")},
        "swaps": float(len(differences)), "differ": differ, "by chance": median(flipped),
        "p": sum(one >= differ for one in flipped) / FLIPS,
    }  # fmt: skip


def _swaps(times: Sequence[Timed], sides: Mapping[int, str]) -> list[float]:
    """Left minus right of pairs in the same block of four: close together in time, on a machine that is ever
    differently busy.
    """
    blocks: defaultdict[int, dict[str, list[float]]] = defaultdict(lambda: {"left": [], "right": []})
    for timed in times:
        blocks[timed.number // 4][sides[timed.number]].append(timed.ms)
    return [
        left - right for block in blocks.values() for left, right in zip(block["left"], block["right"], strict=False)
    ]


_SIDES = """
SELECT l.number, CASE WHEN l."left" = m.candidate THEN 'left' ELSE 'right' END AS side
FROM lease l JOIN mapping m ON m.campaign_id = l.campaign_id AND m.item = l.item WHERE l.number IS NOT NULL
"""


if __name__ == "__main__":
    main()
