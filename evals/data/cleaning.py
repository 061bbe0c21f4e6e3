"""Put one row right: template, left-over signs, filler, personal data, history; and say what was changed."""

from collections.abc import Iterator
from typing import NamedTuple

from evals.data.checks.answers import is_blank, is_unasked
from evals.data.compressing import compressed
from evals.data.filler import strip_filler, wants_courtesy
from evals.data.leftovers import tidied
from evals.data.personal import masked
from evals.data.template import token_in, unwrapped
from evals.text import Turn

__all__ = ["CHANGES", "STEPS", "Cleaned", "clean"]

STEPS = ("template", "characters", "filler", "personal", "history")
"""What is done to a row, in order; each can be left out."""

CHANGES = ("template", "characters", "filler", "personal", "unanswered-turn", "history")
"""What can have been changed in a row."""


class Cleaned(NamedTuple):
    """A row that was put right."""

    turns: tuple[Turn, ...]
    """Its turns; those of a dropped row as far as it was put right."""

    changed: tuple[str, ...]
    """The names of what was changed, in order."""

    dropped: str | None
    """Why it is dropped; None for a row that is kept."""


def clean(turns: tuple[Turn, ...], steps: frozenset[str], *, budget: int, system: str | None = None) -> Cleaned:
    """Do the steps on a row. `budget` is that of the history; `system` replaces its system turns, "" takes them out.

    >>> cleaned = clean(
    ...     (Turn("user", "问：发热？"), Turn("assistant", "您好，请打13800138000。")), frozenset(STEPS), budget=99
    ... )
    >>> [turn.content for turn in cleaned.turns], cleaned.changed
    (['发热？', '请打[PHONE]。'], ('template', 'filler', 'personal'))
    """
    changed: list[str] = []
    for name, new in _steps(turns, steps, budget, system):
        if new != turns:
            changed.append(name)
        turns = new
    return Cleaned(turns, tuple(changed), _why_dropped(turns, steps))


def _steps(
    turns: tuple[Turn, ...], steps: frozenset[str], budget: int, system: str | None
) -> Iterator[tuple[str, tuple[Turn, ...]]]:
    if "template" in steps:
        turns = unwrapped(_with_system(turns, system)).turns
        yield "template", turns
    if "characters" in steps:
        turns = tidied(turns)
        yield "characters", turns
    if "filler" in steps:
        turns = _without_filler(turns)
        yield "filler", turns
    if "personal" in steps:
        turns = tuple(Turn(turn.role, masked(turn.content)) for turn in turns)
        yield "personal", turns
    turns = _answered(turns)
    yield "unanswered-turn", turns
    if "history" in steps and turns:
        turns = compressed(turns, budget)
        yield "history", turns


def _with_system(turns: tuple[Turn, ...], system: str | None) -> tuple[Turn, ...]:
    if system is None or turns[0].role == "text":
        return turns
    others = tuple(turn for turn in turns if turn.role != "system")
    return (Turn("system", system), *others) if system else others


def _without_filler(turns: tuple[Turn, ...]) -> tuple[Turn, ...]:
    new, question = list[Turn](), ""
    for turn in turns:
        question = turn.content if turn.role == "user" else question
        strips = turn.role == "assistant" and not wants_courtesy(question)
        new.append(Turn(turn.role, strip_filler(turn.content, question).text) if strips else turn)
    return tuple(new)


def _answered(turns: tuple[Turn, ...]) -> tuple[Turn, ...]:
    """The turns up to the last answer; all of plain text, and of a row without any answer."""
    last = next((place for place in reversed(range(len(turns))) if _says(turns[place])), None)
    return turns if last is None else turns[: last + 1]


def _says(turn: Turn) -> bool:
    return turn.role in ("assistant", "text") and not is_blank(turn.content)


def _why_dropped(turns: tuple[Turn, ...], steps: frozenset[str]) -> str | None:
    if not any(map(_says, turns)):
        return "empty-answer"
    if is_unasked(turns):
        return "empty-question"
    return "template-inside" if "template" in steps and token_in(turns) else None
