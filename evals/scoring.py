"""From what a model made of each item to scores with intervals, and to differences from other models.

Only models that were asked the same items are compared, item by item.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from math import log, sqrt

import numpy as np

from evals.forgetting.interval import drop_interval
from evals.likelihood import TOP
from evals.metrics.measured import Array, Measured, mean_of, paired_difference, part_of, scored
from evals.metrics.own import field_accuracy, own_metric
from evals.metrics.scores import measure_texts
from evals.suite import METRICS, Suite
from evals.suite_rows import OpenItem, TextItem
from store.evaluations import Evaluation, ItemRow, ScoreRow

__all__ = ["Z", "changes", "choice_scores", "clean_share", "open_measures", "open_scores", "text_scores", "wilson"]

Z = 1.959964
"""Two-sided 95 % point of the normal distribution."""

OTHER_TOKENS = "not comparable: other tokens than the base's"

Others = Mapping[str, Evaluation]
"""What is compared with: `base` and `previous`."""


def choice_scores(
    rows: Sequence[ItemRow], norm: Mapping[str, bool], categories: Mapping[str, str], others: Others
) -> list[ScoreRow]:
    """Shares of right answers: in all, by subject, without leaked items, and against other models.

    `norm` says by id whether the choice likeliest a character was right.
    """
    scores = [_share("acc", [bool(row.correct) for row in rows]), _share("acc_norm", [norm[row.id] for row in rows])]
    scores += clean_share(rows)
    named = sorted({categories[row.id] for row in rows} - {""})
    if len(named) > 1:
        for name in named:
            part = [bool(row.correct) for row in rows if categories[row.id] == name]
            scores.append(_share("acc", part, category=name))
    return scores + changes(rows, others)


def clean_share(rows: Sequence[ItemRow]) -> list[ScoreRow]:
    """The share of right answers without leaked items; nothing where none is leaked."""
    clean = [bool(row.correct) for row in rows if not row.leaked]
    return [] if len(clean) == len(rows) else [_share("acc", clean, clean=True)]


def changes(rows: Sequence[ItemRow], others: Others) -> list[ScoreRow]:
    """How the share of right answers differs from other models', on the questions both were asked."""
    scores: list[ScoreRow] = []
    for who, other in others.items():
        theirs = {row.id: row.correct for row in other.items if row.correct is not None}
        pairs = [(bool(row.correct), theirs[row.id]) for row in rows if row.id in theirs]
        if pairs:
            scores.append(_change(pairs, who))
    return scores


def open_measures(suite: Suite, items: Sequence[OpenItem], answers: Sequence[str]) -> dict[str, Measured]:
    """Every metric of a suite on answers to its questions. Raises DataError as the metrics do."""
    references = [item.reference for item in items]
    wanted = suite.metrics
    known = measure_texts(answers, references, suite.settings.lang) if set(wanted) & set(METRICS) else {}
    found = {name: known[name] for name in wanted if name in known}
    rows = [item.row for item in items]
    for name in wanted:
        if ":" in name:
            found[name.rpartition("/")[2]] = own_metric(name, answers, references, rows)
    for field, pattern in (suite.settings.fields or {}).items():
        found[f"field/{field}"] = field_accuracy(pattern, answers, references)
    return found


def open_scores(
    suite: Suite, items: Sequence[OpenItem], measures: Mapping[str, Measured], leaked: frozenset[str], others: Others
) -> list[ScoreRow]:
    """Scores of answers: of all, without leaked items, and against other models' answers."""
    scores = _measured(measures, [item.id for item in items], leaked)
    for who, other in others.items():
        said = {row.id: row.answer for row in other.items if row.answer is not None}
        if all(item.id in said for item in items):
            theirs = open_measures(suite, items, [said[item.id] or "" for item in items])
            scores += _differences(measures, theirs, who)
    return scores


def text_scores(
    items: Sequence[TextItem], rows: Sequence[ItemRow], leaked: frozenset[str], others: Others, *, same_tokens: bool
) -> list[ScoreRow]:
    """Surprise at texts in nats a token and bits a byte; divergence from the base.

    Where the base's tokens are others (`same_tokens`), nats a token and the divergence are not compared.
    """
    measures = _text_measures(items, rows)
    scores = _measured(measures, [row.id for row in rows], leaked)
    for who, other in others.items():
        known = {row.id: row for row in other.items}
        if all(row.id in known and known[row.id].nats is not None for row in rows):
            theirs = _text_measures(items, [known[row.id] for row in rows])
            comparable = measures if same_tokens or who != "base" else {"bits_per_byte": measures["bits_per_byte"]}
            scores += _differences({name: comparable[name] for name in comparable if name != "kl"}, theirs, who)
    if not same_tokens:
        scores.append(
            ScoreRow("kl", None, None, None, len(rows), signature="not comparable: other tokens than the base's")
        )
    return scores


def wilson(right: int, n: int) -> tuple[float, float]:
    """95 % interval of a share (Wilson 1927), 0 to 1.

    >>> low, high = wilson(50, 100)
    >>> round(low, 4), round(high, 4)
    (0.4038, 0.5962)
    """
    share, extra = right / n, Z * Z / n
    middle, reach = share + extra / 2, Z * sqrt(share * (1 - share) / n + extra / (4 * n))
    return max(0.0, (middle - reach) / (1 + extra)), min(1.0, (middle + reach) / (1 + extra))


def _share(metric: str, right: Sequence[bool], *, category: str = "", clean: bool = False) -> ScoreRow:
    if not right:
        return ScoreRow(metric, None, None, None, 0, category, clean)
    low, high = wilson(sum(right), len(right))
    return ScoreRow(metric, sum(right) / len(right), low, high, len(right), category, clean)


def _change(pairs: Sequence[tuple[bool, bool]], who: str) -> ScoreRow:
    lost = sum(other and not one for one, other in pairs)
    gained = sum(one and not other for one, other in pairs)
    low, high = drop_interval(lost, gained, len(pairs))
    return ScoreRow("acc", (gained - lost) / len(pairs), -high, -low, len(pairs), versus=who)


def _measured(measures: Mapping[str, Measured], ids: Sequence[str], leaked: frozenset[str]) -> list[ScoreRow]:
    clean = [place for place, id_ in enumerate(ids) if id_ not in leaked]
    rows = [_row(name, found, len(ids)) for name, found in measures.items()]
    if len(clean) == len(ids):
        return rows
    if not clean:
        return [*rows, *(ScoreRow(name, None, None, None, 0, clean=True) for name in measures)]
    return [*rows, *(_row(name, part_of(found, clean), len(clean), clean=True) for name, found in measures.items())]


def _row(name: str, found: Measured, n: int, *, clean: bool = False) -> ScoreRow:
    shown = scored(found)
    return ScoreRow(name, shown.score, shown.low, shown.high, n, clean=clean, signature=shown.signature)


def _differences(ours: Mapping[str, Measured], theirs: Mapping[str, Measured], who: str) -> Iterator[ScoreRow]:
    for name, found in ours.items():
        if name in theirs:
            gap = paired_difference(found, theirs[name])
            yield ScoreRow(name, gap.difference, gap.low, gap.high, len(found.items), versus=who)


def _text_measures(items: Sequence[TextItem], rows: Sequence[ItemRow]) -> dict[str, Measured]:
    sizes = {item.id: len(item.text.encode("utf-8", "replace")) for item in items}
    nats = np.array([row.nats for row in rows], dtype=np.float64)
    tokens = np.array([row.tokens for row in rows], dtype=np.float64)
    size = np.array([sizes[row.id] for row in rows], dtype=np.float64)
    found = {"nll": _ratio(nats, tokens), "bits_per_byte": _ratio(nats / log(2), size)}
    if all(row.kl is not None for row in rows):
        kl = _ratio(np.array([row.kl for row in rows], dtype=np.float64), tokens)
        found["kl"] = replace(kl, signature=f"the base's {TOP} likeliest tokens and the rest")
    return found


def _ratio(above: Array, below: Array) -> Measured:
    """A metric that is a sum over a sum, as nats a token."""
    whole = mean_of(above / below)
    return Measured(float(above.sum() / below.sum()), whole.items, np.column_stack([above, below]), whole.of_sums)
