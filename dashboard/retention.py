"""What each checkpoint of a run kept of what its base knew: rows of the store become comparisons and lights."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from dashboard.suites import Place, Row, Suite, margin, place_of
from evals.forgetting.drift import Drift
from evals.forgetting.history import Facts, facts_of, judged
from evals.forgetting.light import Light
from evals.forgetting.paired import Comparison
from store.evaluations import ItemRow, ItemText

__all__ = ["Alone", "Kept", "alone", "compared", "item_rows", "item_texts", "kept"]


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

    clean_light: Light | None
    """What the light would be without those questions, at it and before; None where `clean` or `light` is."""

    is_all_leaked: bool
    """Whether every question stands in the training data: then nothing was tested."""

    @property
    def place(self) -> Place:
        """Branch and step of the checkpoint."""
        return place_of(self.row)


class Alone(NamedTuple):
    """One checkpoint's comparison, whatever came before it."""

    facts: Facts
    """It against the base."""

    clean: Facts | None
    """The same without questions that stand in the training data: itself where none does, None where all do."""


def alone(base: Sequence[ItemRow], items: Sequence[ItemRow], texts: Sequence[ItemText]) -> Alone | None:
    """Compare one checkpoint with the base; None where they share no question."""
    asked = {text.id: text for text in texts}
    known = {row.id: row for row in base if row.id in asked}
    shared = [row for row in items if row.id in known]
    if not shared:
        return None
    whole, clean = facts_of(known, shared, asked), [row for row in shared if not row.leaked]
    if len(clean) == len(shared):
        return Alone(whole, whole)
    return Alone(whole, facts_of(known, clean, asked) if clean else None)


def kept(suite: Suite, found: Mapping[int, Alone]) -> list[Kept]:
    """Every checkpoint that shares a question with the base, by step; those of the present path form one history.

    `found` are their comparisons by the number of the evaluation.
    """
    rows = [row for row in suite.rows if row["id"] in found]
    path, limit = {row["id"]: found[row["id"]] for row in rows if row["active"]}, margin(suite)
    lights = _lights({number: one.facts for number, one in path.items()}, limit)
    # A checkpoint whose questions are all leaked says nothing, and is no checkpoint before either.
    clean = _lights({number: one.clean for number, one in path.items() if one.clean}, limit)
    return [_kept(row, found[row["id"]], lights.get(row["id"]), clean.get(row["id"])) for row in rows]


def _lights(path: Mapping[int, Facts], limit: float) -> dict[int, Light]:
    """The light of each, by the number of its evaluation; they are in the order of the path."""
    told = judged(list(path.values()), limit)
    return {number: one.light for number, one in zip(path, told, strict=True)}


def _kept(row: Row, one: Alone, light: Light | None, clean_light: Light | None) -> Kept:
    some = one.clean if one.clean is not one.facts else None
    return Kept(
        row, one.facts.comparison, some.comparison if some else None, one.facts.drift, light,
        clean_light if some else None, is_all_leaked=one.clean is None,
    )  # fmt: skip


def compared(
    before: Sequence[ItemRow], after: Sequence[ItemRow], texts: Sequence[ItemText]
) -> Comparison | None:  # fmt: skip
    """Two models on the questions that both were asked; None where there is none."""
    found = alone(before, after, texts)
    return None if found is None else found.facts.comparison


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
