"""Scores in words: names of metrics, their units, and differences with their intervals."""

from typing import Any, NamedTuple

from dashboard.texts import TEXTS, Language, text

__all__ = ["difference", "figure_of", "is_lower_better", "metric_name", "scale", "score_span", "unit", "verdict"]

Row = dict[str, Any]

SHARES = ("acc", "acc_norm")
"""Metrics kept as shares, which are shown in percent."""

SURPRISE = ("nll", "bits_per_byte", "kl")
"""Metrics of texts, of which less is better."""

PROPER = {
    "bleu": "BLEU", "chrf": "chrF", "rouge1": "ROUGE-1", "rouge2": "ROUGE-2", "rougeL": "ROUGE-L", "f1": "F1",
    "kl": "KL",
}  # fmt: skip
"""Names that are the same in every language."""

MINUS = "−"


class _Form(NamedTuple):
    digits: int
    unit: str
    """Key of its words."""


def metric_name(metric: str, language: Language) -> str:
    """What a metric is called on screen; one of a person's own keeps its name.

    >>> metric_name("rougeL", "en"), metric_name("field/department", "en"), metric_name("own.py:score", "zh")
    ('ROUGE-L', 'field department', 'own.py:score')
    """
    if metric in PROPER:
        return PROPER[metric]
    if metric.startswith("field/"):
        return text("scores.field", language, name=metric.removeprefix("field/"))
    key = f"scores.metric.{metric}"
    return text(key, language) if key in TEXTS else metric


def is_lower_better(metric: str) -> bool:
    """Whether less is better."""
    return metric in SURPRISE


def scale(metric: str) -> float:
    """What a value in the store is multiplied with on screen: shares are shown in percent."""
    return 100.0 if metric in SHARES else 1.0


def unit(metric: str, language: Language) -> str:
    """What a metric is counted in."""
    return text(_form(metric).unit, language)


def figure_of(metric: str, value: float | None) -> str:
    """A value as it is shown, in the metric's unit.

    >>> figure_of("acc", 0.8), figure_of("bleu", 71.44), figure_of("nll", 2.5), figure_of("bleu", None)
    ('80.0 %', '71.4', '2.500', '–')
    """
    if value is None:
        return "–"
    return f"{_figure(metric, value)} %" if metric in SHARES else _figure(metric, value)


def score_span(metric: str, row: Row, language: Language) -> str:
    """The ends of a 95 % interval.

    >>> score_span("acc", {"low": 0.7, "high": 0.9}, "en")
    '70.0 to 90.0'
    """
    if row["low"] is None or row["high"] is None:
        return "–"
    ends = {name: _figure(metric, row[name]) for name in ("low", "high")}
    return text("scores.span", language, **ends)


def difference(metric: str, row: Row, language: Language) -> str:
    """A difference with its sign and its interval.

    >>> difference("bleu", {"value": 12.3, "low": 8.1, "high": 16.4}, "en")
    '+12.3 (8.1 to 16.4)'
    """
    if row["value"] is None:
        return "–"
    return f"{_signed(metric, row['value'])} ({score_span(metric, row, language)})"


def _signed(metric: str, value: float) -> str:
    said = _figure(metric, value)
    return said if said.startswith(MINUS) or not said.strip("0.") else f"+{said}"


def _figure(metric: str, value: float) -> str:
    said = f"{scale(metric) * value:.{_form(metric).digits}f}"
    # What rounds to nothing has no sign.
    return said.lstrip("-") if not said.strip("-0.") else said.replace("-", MINUS)


def verdict(metric: str, row: Row) -> str:
    """`better`, `worse`, or `open` where the interval does not tell.

    >>> verdict("bleu", {"low": 8.1, "high": 16.4}), verdict("nll", {"low": 0.1, "high": 0.2})
    ('better', 'worse')
    >>> verdict("acc", {"low": -0.01, "high": 0.02})
    'open'
    """
    low, high = row["low"], row["high"]
    if low is None or high is None or low <= 0 <= high:
        return "open"
    return "better" if (low > 0) != is_lower_better(metric) else "worse"


def _form(metric: str) -> _Form:
    if metric in SHARES:
        return _Form(1, "scores.unit.percent")
    if metric == "bits_per_byte":
        return _Form(3, "scores.unit.bits")
    return _Form(3, "scores.unit.nats") if metric in SURPRISE else _Form(1, "scores.unit.hundred")
