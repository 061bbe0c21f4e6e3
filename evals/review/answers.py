"""A grader's answer checked, and turned from left and right into first and second and back."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from typing import Any, cast

from evals.review import sentences
from evals.review.types import Answer, Choice, ReviewError

__all__ = ["COMMENT_LENGTH", "ERROR_TYPES", "checked", "choice_shown", "fields_shown", "folded", "whole_text"]

COMMENT_LENGTH = 500
"""Characters of a comment, and of a reason for a skip or a flag, at most."""

ERROR_TYPES = ("wrong-fact", "dangerous-advice", "missed-emergency", "made-up-source", "other")
"""Kinds of critical errors."""

_MOST_REASONS = 20
_MOST_ERRORS = 20
_REASON = re.compile(r"[a-z][a-z0-9_-]{0,39}")
# Marks of Markdown are not on the screen that a sentence is copied from.
_MARKS = re.compile(r"[\s*_`~#>|\\-]+")


def checked(
    answer: Answer, lease: Mapping[str, Any], criteria: tuple[str, ...], shown: Callable[[str], str] = str
) -> dict[str, Any]:
    """The answer as columns of `verdict`, in terms of the first and the second text of the pair.

    `lease` has `left`, `first`, `second` and `number`, which practice has none of; `shown` makes of an answer the text
    that a screen shows of it. Raises ReviewError for what the page does not offer, and for a criterion left open: only
    both unacceptable, and practice, do without.
    """
    _check_choice(answer, criteria)
    _check_words(answer)
    stored = {"left": lease["left"], "right": _other(lease["left"])}
    errors = [_error(error.type, stored.get(error.side), error.quote, lease, shown) for error in answer.errors]
    if lease["number"] is not None:
        _require_criteria(answer, criteria)
    return {
        "choice": stored.get(answer.choice, answer.choice),
        "criteria": {name: stored.get(said, said) for name, said in sorted(answer.criteria.items())},
        "reasons": sorted(set(answer.reasons)),
        "comment": whole_text(answer.comment).strip(),
        "errors": errors,
    }


def fields_shown(said: Mapping[str, Any], left: str) -> dict[str, Any]:
    """A stored answer as the fields of a page: choice, criteria, reasons, comment, errors, by left and right."""
    shown = {left: "left", _other(left): "right"}
    errors = [
        {"side": shown[error["answer"]], "type": error["type"], "quote": error["quote"]} for error in said["errors"]
    ]
    return {
        "choice": choice_shown(said["choice"], left),
        "criteria": {name: shown.get(value, value) for name, value in said["criteria"].items()},
        "reasons": list(said["reasons"]),
        "comment": said["comment"],
        "errors": errors,
    }


def choice_shown(choice: str, left: str) -> Choice:
    """A stored choice by left and right."""
    return cast("Choice", {left: "left", _other(left): "right"}.get(choice, choice))


def folded(text: str) -> str:
    """A text without what differs between its source and the screen: spaces, invisible characters, marks, widths."""
    seen = "".join(
        mark for mark in unicodedata.normalize("NFKC", text) if unicodedata.category(mark) not in ("Cf", "Cc")
    )
    return _MARKS.sub("", seen)


def whole_text(text: str) -> str:
    r"""A text without halves of characters, which a script makes by cutting one in two and no store keeps.

    >>> whole_text("fever \ud83d")
    'fever '
    """
    return text.encode("utf-8", "ignore").decode("utf-8")


def _check_choice(answer: Answer, criteria: tuple[str, ...]) -> None:
    if answer.choice not in ("left", "right", "tie", "both_bad"):
        raise ReviewError(sentences.BAD_ANSWER)
    if any(name not in criteria or said not in ("left", "right", "tie") for name, said in answer.criteria.items()):
        raise ReviewError(sentences.BAD_CRITERION)


def _check_words(answer: Answer) -> None:
    if len(answer.reasons) > _MOST_REASONS or not all(map(_REASON.fullmatch, answer.reasons)):
        raise ReviewError(sentences.BAD_REASON)
    if len(answer.comment.strip()) > COMMENT_LENGTH:
        raise ReviewError(sentences.BAD_COMMENT)
    if len(answer.errors) > _MOST_ERRORS:
        raise ReviewError(sentences.BAD_ERROR)


def _require_criteria(answer: Answer, criteria: tuple[str, ...]) -> None:
    if answer.choice != "both_bad" and any(name not in answer.criteria for name in criteria):
        raise ReviewError(sentences.BLANK_CRITERION)


def _error(
    kind: str, which: str | None, quote: str, lease: Mapping[str, Any], shown: Callable[[str], str]
) -> dict[str, str]:
    if which is None or kind not in ERROR_TYPES:
        raise ReviewError(sentences.BAD_ERROR)
    said = folded(whole_text(quote))
    if not said or (said not in folded(lease[which]) and said not in folded(shown(lease[which]))):
        raise ReviewError(sentences.BAD_QUOTE)
    return {"answer": which, "type": kind, "quote": whole_text(quote).strip()}


def _other(which: str) -> str:
    return "second" if which == "first" else "first"
