"""A pair as the script of the Review page gets it: what the service says of it, rendered, and the words around it."""

from typing import Any

from dashboard.hostile import Rendered, render
from dashboard.language import current, t, words
from dashboard.views.review_words import FLAGS, REASONS, SKIPS, criterion, kinds_of_error, listed
from dashboard.words import duration
from evals.review.types import PairView, SittingView

__all__ = ["CHOICES", "SECONDS", "lasting", "page_data", "pair_page", "text_data"]

DEMO_SECONDS = 20.0
"""What a pair of a demo is taken to last: its answers are a line each."""

SECONDS = 120.0
"""What a pair is taken to last before there is a verdict of one's own."""

CHOICES = {"left": "a_better", "right": "b_better", "tie": "tie", "both_bad": "both_bad"}
"""Each verdict, and the word for it among those of the script."""


def pair_page(pair: PairView, *, demo: bool) -> dict[str, Any]:
    """A pair before its grader."""
    # Both sides go through the same lines, whatever stands on them.
    question, left, right = (text_data(render(text)) for text in (pair.question, pair.left, pair.right))
    shown = {
        "token": pair.token, "question": question, "left": left, "right": right, "shown_first": pair.shown_first,
        "criteria": [(name, criterion(name)) for name in pair.criteria], "answered": pair.answered,
        "asks_guess": pair.asks_guess, "known": pair.known, "draft": dict(pair.draft), "mark": _mark(pair),
    }  # fmt: skip
    return page_data(
        "pair", t("review"), pair=shown, progress=_progress(pair.sitting, demo=demo),
        reasons=listed("review.reason", REASONS),
        skips=listed("review.skip", SKIPS), flags=listed("review.flag", FLAGS), errors=kinds_of_error(),
    )  # fmt: skip


def page_data(name: str, title: str, **more: Any) -> dict[str, Any]:
    """What every page has: its name, title and the words of the script."""
    return {"stage": name, "language": current(), "words": words("review.desk."), "title": title, **more}


def text_data(found: Rendered) -> dict[str, Any]:
    """A rendered text as the script takes it."""
    return {"html": found.html, "raw": found.raw, "cut": found.cut}


def lasting(pace: float | None, *, demo: bool) -> float:
    """Seconds that a pair is taken to last."""
    return pace or (DEMO_SECONDS if demo else SECONDS)


def _mark(pair: PairView) -> str:
    if pair.answered:
        return t("review.changing")
    return t("review.practice", count=pair.sitting.practice_left) if pair.practice else ""


def _progress(view: SittingView, *, demo: bool) -> dict[str, Any]:
    done = view.judged + view.skipped
    left = duration(max(60.0, (view.planned - done) * lasting(view.median_seconds, demo=demo)), current())
    said = t("review.progress", done=done, planned=view.planned, time=left)
    return {"words": said, "share": min(1.0, done / view.planned)}
