"""A run's evaluations by suite: which there are, what each says of itself. Pure functions over the rows of
`queries.evaluations`.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, cast

from dashboard.fields import listed, part
from evals.forgetting.light import MARGIN

__all__ = ["Leaks", "Place", "Row", "Suite", "leaks", "main_metric", "margin", "place_of", "step_before", "suites"]

Row = dict[str, Any]

Place: TypeAlias = tuple[int, int]
"""Branch and step."""

DIGEST = 6
"""Characters of a digest that tell apart two suites of one name."""


@dataclass(frozen=True, slots=True)
class Suite:
    """One suite and what was put to it."""

    name: str
    """Its name; with the beginning of its digest where an older suite of this name was asked as well."""

    sha256: str
    """Its digest."""

    measures: str
    """learned, kept or shown."""

    kind: str
    """open, choice, text or harness."""

    base: Row | None
    """The base's evaluation; None where it was not asked."""

    rows: tuple[Row, ...]
    """Those of the checkpoints, by step."""

    @property
    def newest(self) -> Row | None:
        """The newest checkpoint's on the present path; where there is none, any newest one's."""
        return next((row for row in reversed(self.rows) if row["active"]), self.rows[-1] if self.rows else None)


def suites(rows: Sequence[Row], measures: str, kinds: Iterable[str]) -> list[Suite]:
    """The suites of these kinds that checkpoints were put to, those first of which the least was used for training.

    Of equal ones, that of the newest checkpoint comes first, then that of most checkpoints, then the one asked first;
    last of all an older suite of a name that another has now.
    """
    wanted = [row for row in rows if row["measures"] == measures and row["kind"] in kinds]
    digests = dict.fromkeys(row["suite_sha256"] for row in wanted if row["step"] is not None)
    parts = [[row for row in wanted if row["suite_sha256"] == digest] for digest in digests]
    newest = {part[0]["suite"]: part[0]["suite_sha256"] for part in sorted(parts, key=_asked)}
    found = [(newest[part[0]["suite"]] != part[0]["suite_sha256"], part) for part in parts]
    found.sort(key=lambda one: (one[0], *_rank(one[1])))
    return [_suite(part, again=again) for again, part in found]


def _asked(rows: list[Row]) -> Any:
    """When something was put to it last."""
    return max(row["created"] for row in rows)


def _rank(rows: list[Row]) -> tuple[Any, ...]:
    last = max((row for row in rows if row["step"] is not None), key=lambda row: (row["step"], row["created"]))
    return len(leaks(last).found) / max(1, last["n"]), -last["step"], -len(rows), last["created"]


def _suite(rows: list[Row], *, again: bool) -> Suite:
    first = rows[0]
    name = f"{first['suite']} · {first['suite_sha256'][:DIGEST]}" if again else first["suite"]
    base = next((row for row in rows if row["step"] is None), None)
    asked = tuple(row for row in rows if row["step"] is not None)
    return Suite(name, first["suite_sha256"], first["measures"], first["kind"], base, asked)


def place_of(row: Row) -> Place:
    """Branch and step of a checkpoint's evaluation."""
    return row["branch"], row["step"]


def step_before(row: Row) -> int | None:
    """Step of the checkpoint that an evaluation was compared with beside the base; None without one."""
    name = part({"data": json.loads(row["data"] or "{}")}, "data").get("previous")
    step = name.rpartition("@")[2] if isinstance(name, str) else ""
    return int(step) if step.isdecimal() else None


def margin(suite: Suite) -> float:
    """The drop that is put up with, 0 to 1: as the newest evaluation has it."""
    newest = suite.newest
    value = _data(newest, "settings").get("margin") if newest else None
    return float(value) if isinstance(value, int | float) else MARGIN


def main_metric(suite: Suite, known: Iterable[str]) -> str | None:
    """The metric that a suite is judged by: the first that it names, of those there are scores of; None without one.

    A metric of one's own (`file.py:function`) goes by its last part.
    """
    newest, found = suite.newest, sorted(set(known))
    named = listed(_data(newest, "settings").get("metrics")) if newest else []
    wanted = [str(name).rpartition("/")[2] for name in named]
    return next((name for name in [*wanted, "acc", *found] if name in found), None)


@dataclass(frozen=True, slots=True)
class Leaks:
    """What the leak check found when a checkpoint was asked."""

    status: Literal["clean", "leaked", "unchecked"]
    """`unchecked` where no training data was known."""

    rows: int
    """Training rows looked at."""

    found: tuple[Row, ...]
    """The items found there: id, coverage (share of their characters), source (file), row."""


def leaks(row: Row) -> Leaks:
    """The leak check of an evaluation."""
    said = _data(row, "leak")
    status, rows = said.get("status"), said.get("rows")
    found = tuple(cast("Row", item) for item in listed(said.get("leaked")) if isinstance(item, dict))
    known = status if status in ("clean", "leaked") else "unchecked"
    return Leaks(known, rows if isinstance(rows, int) else 0, found)


def _data(row: Row, name: str) -> Row:
    return part(part({"data": json.loads(row["data"] or "{}")}, "data"), name)
