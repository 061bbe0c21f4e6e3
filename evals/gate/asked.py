"""Which results of suites count for a candidate. A name is what people call a suite; its digest says which it is.

    asked(snapshot, place.sha256, "kept")      every suite that was asked, each once

So what was asked is never replaced by other questions under the same name: both count. A policy that means one of them
says so by a pin, `facts@3f9a61c07b2e`.
"""

import json
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from store.database import Snapshot

__all__ = ["Asked", "asked", "asked_instead", "is_named", "labels"]

SHOWN = 12
"""Digits of a digest that people read."""

FREE = ("name", "file", "size", "margin")
"""Settings of choice questions in which a suite may differ and be the same: the larger part of it was asked more."""

_PIN = re.compile(r"(?P<name>.+)@(?P<digest>[0-9a-f]{12,64})", re.DOTALL)

Row = dict[str, Any]


class Asked(NamedTuple):
    """A suite that a model was asked, the newest result of it."""

    id: int
    """Number of the result in this store."""

    suite: str
    """What it is called."""

    suite_sha256: str
    """Which it is."""

    kind: str
    """choice, open or harness."""

    base: str | None
    """Digest of what the model's run began with."""

    scorer: str
    """Program and version of the scoring."""

    n: int
    """Items asked."""

    data: dict[str, Any]
    """Settings of the suite, leak check."""


def asked(snapshot: Snapshot, artifact: str, measures: str) -> list[Asked]:
    """Suites that a model was asked, by name, those of one name the newest first."""
    rows = snapshot.rows(_ASKED, {"artifact": artifact, "measures": measures})
    found = [Asked(**{**row, "data": json.loads(row["data"] or "{}")}) for row in rows]
    return [one for place, one in enumerate(found) if not _is_part_of_another(snapshot, one, found, place)]


def asked_instead(snapshot: Snapshot, artifact: str | None, suite: str, sha256: str) -> list[Row]:
    """Suites of this name that a model was asked in its place, the newest first: sha256, n; none if it was."""
    rows = snapshot.rows(_CALLED_SO, {"artifact": artifact, "suite": suite})
    return [] if any(row["sha256"] == sha256 for row in rows) else rows


def is_named(row: Row, named: Sequence[str]) -> bool:
    """Whether a policy that names these means the suite of a row (suite, sha256); all, where it names none.

    >>> row = {"suite": "facts", "sha256": "3f9a61c07b2e" + 52 * "0"}
    >>> is_named(row, ["facts"]), is_named(row, ["facts@3f9a61c07b2e"]), is_named(row, ["facts@000000000000"])
    (True, True, False)
    """
    return not named or any(_means(each, row) for each in named)


def labels(rows: Sequence[Row]) -> list[str]:
    """What each row's suite is called in checks: by its name, and where others bear that too, by its pin."""
    names = [row["suite"] for row in rows]
    return [
        name if names.count(name) == 1 else f"{name}@{row['sha256'][:SHOWN]}"
        for name, row in zip(names, rows, strict=True)
    ]


def _means(named: str, row: Row) -> bool:
    pin = _PIN.fullmatch(named)
    if pin is None:
        return named == row["suite"]
    return pin["name"] == row["suite"] and row["sha256"].startswith(pin["digest"])


def _is_part_of_another(snapshot: Snapshot, one: Asked, found: Sequence[Asked], place: int) -> bool:
    """Whether the same questions were asked again, as many or more of them: subsets of one seed are nested."""
    settings = _settings(one)
    return settings is not None and any(
        not snapshot.rows(_DIFFERENT, {"one": one.suite_sha256, "other": other.suite_sha256})
        for at, other in enumerate(found)
        if other.suite == one.suite and (other.n, place) > (one.n, at) and _settings(other) == settings
    )


def _settings(one: Asked) -> Row | None:
    """Settings of choice questions that decide what was asked and how; None for what no part is asked of."""
    settings = one.data.get("settings")
    if one.kind != "choice" or not settings or settings.get("few_shot"):
        return None
    return {"scorer": one.scorer, **{name: value for name, value in settings.items() if name not in FREE}}


_ASKED = """
SELECT id, suite, suite_sha256, kind, base, scorer, n, CAST(data AS VARCHAR) AS data FROM eval_run
WHERE artifact = $artifact AND measures = $measures AND kind IN ('choice', 'open', 'harness')
QUALIFY row_number() OVER (PARTITION BY suite, suite_sha256 ORDER BY created DESC, key) = 1
ORDER BY suite, created DESC, key
"""

_CALLED_SO = """
SELECT suite_sha256 AS sha256, n FROM eval_run WHERE artifact = $artifact AND suite = $suite
ORDER BY created DESC, key
"""

_DIFFERENT = """
WITH one AS (
    SELECT item, question, reference, choices, gold FROM eval_item WHERE suite_sha256 = $one
), other AS (
    SELECT item, question, reference, choices, gold FROM eval_item WHERE suite_sha256 = $other
)
SELECT item FROM ((FROM one EXCEPT FROM other) UNION ALL (FROM other EXCEPT FROM one)) LIMIT 1
"""
