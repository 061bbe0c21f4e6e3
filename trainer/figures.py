"""What came of an evaluation, in words."""

from store.evaluations import Evaluation, ScoreRow
from trainer.eval_words import SHARES, TITLES

__all__ = ["figures", "told"]

_NAMES = {**TITLES, "acc": "accuracy"}
"""As a sentence begins with them."""


def told(evaluation: Evaluation) -> str:
    """Its main score with its interval, and how that differs from the base's.

    >>> scores = (ScoreRow("acc", 0.71, 0.66, 0.75, 400), ScoreRow("acc", -0.02, -0.04, 0.01, 400, versus="base"))
    >>> told(Evaluation("a", "r@4", "facts", "b", "kept", "choice", "s", 400, 0.0, 1.0, scores, ()))
    'accuracy 71.0 % (66.0 to 75.0), -2.0 points against the base (-4.0 to +1.0)'
    """
    if evaluation.measures == "shown":
        return f"{len(evaluation.items)} prompt{'s' * (len(evaluation.items) != 1)} answered"
    score = _main(evaluation)
    if score is None:
        return "no score"
    change = evaluation.score(score.metric, "base")
    return _score(score) + (_change(change) if change is not None and change.value is not None else "")


def figures(evaluation: Evaluation) -> dict[str, float | None]:
    """Each score over all items, by the name of its metric."""
    whole = [row for row in evaluation.scores if row.versus is None and not row.category and not row.clean]
    return {row.metric: row.value for row in whole}


def _main(evaluation: Evaluation) -> ScoreRow | None:
    name = {"choice": "acc", "text": "bits_per_byte"}.get(evaluation.kind)
    return next((row for row in evaluation.scores if row.metric == (name or row.metric) and row.versus is None), None)


def _score(row: ScoreRow) -> str:
    title = _NAMES.get(row.metric, row.metric)
    if row.value is None:
        return f"{title} not known"
    if row.metric == "bits_per_byte":
        return f"{_number(row, row.value)} {title}{_interval(row, '')}"
    unit = " %" if row.metric in SHARES else ""
    return f"{title} {_number(row, row.value)}{unit}{_interval(row, '')}"


def _change(row: ScoreRow) -> str:
    points = " points" if row.metric in SHARES else ""
    return f", {_number(row, row.value or 0.0, '+')}{points} against the base{_interval(row, '+')}"


def _interval(row: ScoreRow, sign: str) -> str:
    if row.low is None or row.high is None:
        return ""
    return f" ({_number(row, row.low, sign)} to {_number(row, row.high, sign)})"


def _number(row: ScoreRow, value: float, sign: str = "") -> str:
    if row.metric == "bits_per_byte":
        return f"{value:{sign}.3f}"
    return f"{100 * value if row.metric in SHARES else value:{sign}.1f}"
