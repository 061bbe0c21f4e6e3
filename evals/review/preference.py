"""From verdicts to preference data, as TRL reads it (docs/source/dataset_formats.md there).

An item's score X is the mean of its planned verdicts, 1 for the candidate. The better answer is chosen, with margin
|2X - 1|; at X = ½ there is none, and the item is left out. An answer with a critical error is never chosen. What is
unacceptable goes where it is unpaired: both answers where most verdicts say so, and an answer with a critical error.

How often a label is flipped follows from how often two graders of one item prefer different answers: d = 2e(1 - e).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import fmean
from typing import Any, NamedTuple

from evals.review.gathered import JudgedPair
from evals.review.judged import Judged

__all__ = ["Disagreement", "Preferences", "disagreement", "label_smoothing", "preferences"]

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Preferences:
    """Rows for training, and what was left out."""

    paired: tuple[Row, ...]
    """prompt, chosen, rejected, margin."""

    unpaired: tuple[Row, ...]
    """prompt, completion, label; the label is false."""

    ties: int
    """Items without a better answer."""

    withheld: int
    """Items whose better answer has a critical error."""


class Disagreement(NamedTuple):
    """How often two graders of one item prefer different answers."""

    pairs: int
    """Pairs of verdicts on one item, both of which prefer an answer."""

    share: float | None
    """Share of them that differ; None without any."""


def preferences(pairs: Sequence[JudgedPair], verdicts: Sequence[Judged], systems: Mapping[str, str]) -> Preferences:
    """Turn final verdicts into rows; `systems` are the system prompts by item."""
    given = _by_item(verdicts)
    paired: list[Row] = []
    unpaired: list[Row] = []
    ties = withheld = 0
    for pair in pairs:
        said = given.get(pair.item, [])
        if not said:
            continue
        prompt = _prompt(pair.question, systems.get(pair.item, ""))
        bad = _unacceptable(said)
        unpaired += [{"prompt": prompt, "completion": _reply(_answer(pair, side)), "label": False} for side in bad]
        mean = fmean(verdict.score for verdict in said)
        better, worse = ("candidate", "baseline") if mean > 0.5 else ("baseline", "candidate")
        if mean == 0.5:
            ties += 1
        elif better in bad:
            withheld += 1
        else:
            paired.append({
                "prompt": prompt, "chosen": _reply(_answer(pair, better)), "rejected": _reply(_answer(pair, worse)),
                "margin": abs(2 * mean - 1),
            })  # fmt: skip
    return Preferences(tuple(paired), tuple(unpaired), ties, withheld)


def disagreement(verdicts: Sequence[Judged]) -> Disagreement:
    """How often two graders of one item prefer different answers; ties say nothing of it."""
    differs: list[bool] = []
    for said in _by_item(verdicts).values():
        preferred = [verdict.outcome for verdict in said if verdict.outcome in ("win", "loss")]
        differs += [one != other for one, other in combinations(preferred, 2)]
    return Disagreement(len(differs), fmean(differs) if differs else None)


def label_smoothing(share: float | None) -> float | None:
    """How often a label is flipped, for TRL's robust DPO; None where it is not known, or no less often than by a coin.

    >>> label_smoothing(0.0), round(label_smoothing(0.18), 3), label_smoothing(0.5), label_smoothing(None)
    (0.0, 0.1, None, None)
    """
    return None if share is None or share >= 0.5 else (1 - math.sqrt(1 - 2 * share)) / 2


def _by_item(verdicts: Sequence[Judged]) -> dict[str, list[Judged]]:
    given: dict[str, list[Judged]] = {}
    for verdict in verdicts:
        given.setdefault(verdict.item, []).append(verdict)
    return given


def _unacceptable(said: Sequence[Judged]) -> list[str]:
    """Sides that must not be learned from: candidate, baseline."""
    both = 2 * sum(verdict.outcome == "both_bad" for verdict in said) > len(said)
    wrong = {error.answer for verdict in said for error in verdict.errors}
    return [side for side in ("candidate", "baseline") if both or side in wrong]


def _answer(pair: JudgedPair, side: str) -> str:
    return pair.candidate if side == "candidate" else pair.baseline


def _prompt(question: str, system: str) -> list[dict[str, str]]:
    return [{"role": "system", "content": system}] * bool(system) + [{"role": "user", "content": question}]


def _reply(text: str) -> list[dict[str, str]]:
    return [{"role": "assistant", "content": text}]
