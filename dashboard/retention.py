"""What each checkpoint of a run kept of what its base knew: rows of the store become comparisons and lights."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dashboard.suites import Place, Row, Suite, margin, place_of
from evals.forgetting.drift import Drift
from evals.forgetting.history import Asked, Evidence, evidence
from evals.forgetting.light import Light
from evals.forgetting.paired import Comparison
from store.evaluations import ItemRow, ItemText

__all__ = ["Kept", "compared", "item_rows", "item_texts", "kept"]


@dataclass(frozen=True, slots=True)
class Kept:
    """One checkpoint against the base."""

    row: Row
    """Its evaluation."""

    comparison: Comparison
    """Both, on the questions that both were asked."""

    clean: Comparison | None
    """The same without questions that stand in the training data; None where none does, or all do."""

    drift: Drift | None
    """How the likelihood of the right answers moved; None where too few have one."""

    light: Light | None
    """What it means with the checkpoint before it; None for one that is not on the present path."""

    @property
    def place(self) -> Place:
        """Branch and step of the checkpoint."""
        return place_of(self.row)


def kept(suite: Suite, answers: Mapping[int, Sequence[ItemRow]], texts: Sequence[ItemText]) -> list[Kept]:
    """Every checkpoint that shares a question with the base, by step; none without a base.

    `answers` are those of each evaluation by its number. Checkpoints of the present path form one history.
    """
    if suite.base is None:
        return []
    base = answers.get(suite.base["id"], ())
    known = {row.id for row in base} & {text.id for text in texts}
    rows = [row for row in suite.rows if any(item.id in known for item in answers.get(row["id"], ()))]
    path = [row for row in rows if row["active"]]
    limit = margin(suite)
    found = evidence(base, [Asked(answers[row["id"]]) for row in path], texts, limit)
    told = {row["id"]: one for row, one in zip(path, found, strict=True)}
    for row in rows:
        if row["id"] not in told:
            told[row["id"]] = evidence(base, [Asked(answers[row["id"]])], texts, limit)[0]
    clean = {row["id"]: _clean(base, answers[row["id"]], known, texts) for row in rows}
    return [_kept(row, told[row["id"]], clean[row["id"]]) for row in rows]


def _kept(row: Row, told: Evidence, clean: Comparison | None) -> Kept:
    return Kept(row, told.comparison, clean, told.drift, told.light if row["active"] else None)


def _clean(
    base: Sequence[ItemRow], items: Sequence[ItemRow], known: set[str], texts: Sequence[ItemText]
) -> Comparison | None:
    shared = [item for item in items if item.id in known]
    clean = [item for item in shared if not item.leaked]
    return compared(base, clean, texts) if len(clean) < len(shared) else None


def compared(
    before: Sequence[ItemRow], after: Sequence[ItemRow], texts: Sequence[ItemText]
) -> Comparison | None:  # fmt: skip
    """Two models on the questions that both were asked; None where there is none."""
    known = {row.id for row in before} & {text.id for text in texts}
    shared = [row for row in after if row.id in known]
    return evidence(before, [Asked(shared)], texts)[0].comparison if shared else None


def item_rows(rows: Sequence[dict[str, Any]]) -> dict[int, list[ItemRow]]:
    """Rows of `queries.forgetting.answers` by evaluation."""
    found: defaultdict[int, list[ItemRow]] = defaultdict(list)
    for row in rows:
        lls = None if row["lls"] is None else tuple(row["lls"])
        found[row["eval_id"]].append(ItemRow(row["item"], row["correct"], row["pred"], lls, leaked=row["leaked"]))
    return dict(found)


def item_texts(rows: Sequence[dict[str, Any]]) -> list[ItemText]:
    """Rows of `queries.forgetting.asked`; the questions' words are not needed to compare."""
    return [
        ItemText(
            row["item"], "", category=row["category"], gold=row["gold"],
            choices=None if row["choices"] is None else tuple(row["choices"]),
        )
        for row in rows
    ]  # fmt: skip
