"""The raw verdicts beside preference data: who said what of which answer, without names."""

import json
import secrets
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from evals.review.judged import Judged

__all__ = ["votes"]

_WORDS = {"win": "candidate", "loss": "baseline"}
_BETTER = {1.0: "candidate", 0.5: "tie", 0.0: "baseline"}


def votes(verdicts: Sequence[Judged], *, comments: bool) -> pa.Table:
    """Final verdicts, a row each, in no order that tells of time.

    Graders are numbered anew in each export. Comments are personal data and come only where they are asked for.
    """
    graders = sorted({verdict.grader for verdict in verdicts})
    secrets.SystemRandom().shuffle(graders)
    numbers = {grader: number for number, grader in enumerate(graders, 1)}
    rows = sorted((_vote(verdict, numbers) for verdict in verdicts), key=lambda row: (row["item"], row["grader"]))
    return pa.Table.from_pylist(rows, pa.schema([*_COLUMNS, ("comment", pa.string())] if comments else _COLUMNS))


def _vote(verdict: Judged, numbers: Mapping[int, int]) -> dict[str, Any]:
    return {
        "item": verdict.item, "grader": numbers[verdict.grader],
        "verdict": _WORDS.get(verdict.outcome, verdict.outcome), "candidate_side": verdict.candidate_side,
        "seconds": verdict.seconds, "criteria": _json({name: _BETTER[said] for name, said in verdict.criteria.items()}),
        "reasons": list(verdict.reasons), "errors": _json([error._asdict() for error in verdict.errors]),
        "unblinded": verdict.unblinded, "comment": verdict.comment,
    }  # fmt: skip


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


_COLUMNS: list[tuple[str, Any]] = [
    ("item", pa.string()), ("grader", pa.int32()), ("verdict", pa.string()), ("candidate_side", pa.string()),
    ("seconds", pa.float64()), ("criteria", pa.string()), ("reasons", pa.list_(pa.string())), ("errors", pa.string()),
    ("unblinded", pa.bool_()),
]  # fmt: skip
