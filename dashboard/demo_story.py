"""The story of a demo in ten steps: where each is seen, who takes it, and whether the store's rows say it is done.

steps = steps_of(queries.story.story(store), state)
lit = next_step(steps)
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from dashboard.release_states import State

__all__ = ["Step", "next_step", "steps_of"]

Row = dict[str, Any]


class Step(NamedTuple):
    """One step."""

    key: str
    """Which; `story.KEY` is its name, `story.KEY.do` what to do, in the table of texts."""

    is_done: bool
    """Whether it is."""

    page: str = ""
    """Page where it is seen; empty as long as there is nothing to see."""

    asked: dict[str, str] | None = None
    """What the page's address asks for."""

    persona: str = "engineer"
    """Who takes it, by the key of `store.personas.PEOPLE`."""

    words: dict[str, Any] | None = None
    """What is put into the sentence that says what to do."""


def steps_of(row: Row, state: State | None) -> list[Step]:
    """All steps, in order; `row` is that of `queries.story`, `state` how far the newest candidate has come."""
    return [*_training(row), *_releasing(row, state)]


def next_step(steps: Sequence[Step]) -> Step | None:
    """The first that is not done; None where all are."""
    return next((step for step in steps if not step.is_done), None)


def _training(row: Row) -> list[Step]:
    # Until the run that shows a step is there, the one that is trained now is what there is to see.
    return [
        _of_run(row, "train", row["trained"], row["triage"] or row["going"], "curves"),
        _of_run(row, "spike", row["spiked"], row["watched"] or row["going"], "spikes" if row["watched"] else "curves"),
        _of_run(row, "rollback", row["rolled_back"], row["guarded"], "spikes"),
        _of_run(row, "scores", row["scored"], row["triage"], "scores"),
        _of_run(row, "forgetting", row["asked"], row["alone"], "forgetting"),
    ]


def _of_run(row: Row, key: str, done: bool, run: str | None, view: str) -> Step:
    words = {"run": run or row["going"] or ""}
    return Step(key, bool(done), "run" if run else "", {"run": run or "", "view": view}, "engineer", words)


def _releasing(row: Row, state: State | None) -> list[Step]:
    is_open = row["campaign"] is not None
    place = {"run": row["run"], "at": f"{row['branch']}@{row['step']}"} if row["run"] else {}
    check = "release_check" if row["run"] else ""
    words = {
        "judged": row["judged"], "candidate": f"{row['run']}@{row['step']}" if row["run"] else "",
        "given": state.given if state else 0, "required": (state.required if state else 0) or 2,
    }  # fmt: skip
    is_signed = state is not None and state.word in ("signed", "live", "replaced")
    is_released = state is not None and state.word in ("live", "replaced")
    second = "zhao" if words["given"] else "li"
    return [
        Step("review", row["is_closed"], "review" if is_open else "", {}, "expert", words),
        Step("check", row["is_looked"], check, place, "li", words),
        Step("approve", is_signed, check, place, second, words),
        Step("release", is_released, check, place, "li", words),
        Step("restore", row["restored"], "releases" if is_released else "", {}, "zhao", words),
    ]  # fmt: skip
