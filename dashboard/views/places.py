"""Checkpoints in words: the step, and the branch where that says more."""

from typing import Any

from dashboard.language import t
from dashboard.words import count

__all__ = ["BASE", "named", "place_key", "place_words"]

Row = dict[str, Any]

BASE = "base"
"""The base among places."""


def place_key(row: Row) -> str:
    """A checkpoint as requests and addresses name it: BRANCH@STEP, or base."""
    return BASE if row.get("is_base") else f"{row['branch']}@{row['step']}"


def place_words(row: Row) -> str:
    """A checkpoint of a row with branch, step and active; `is_base` for the base."""
    if row.get("is_base"):
        return t("scores.base")
    if not row["active"]:
        return t("scores.at.left", step=count(row["step"]), branch=row["branch"])
    return t("scores.at", step=count(row["step"]))


def named(place: str) -> str:
    """A place of a request in words; as it is where it is of another form."""
    branch, _, step = place.partition("@")
    if place == BASE:
        return t("scores.base")
    if not (branch.isdigit() and step.isdigit()):
        return place
    key = "scores.at" if branch == "1" else "scores.at.branch"
    return t(key, step=count(int(step)), branch=branch)
