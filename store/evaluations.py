"""Results of evaluations: a file each, which is the truth, and the store's rows made from it.

    evaluation = Evaluation(artifact=…, suite=…, …)
    keep(store.root, evaluation, items)       the file `runs/.evals/<key>.json`, whole or not at all
    find(store.root, evaluation.key)          the same later, in any process
    load_evaluations(store)                   rows of what is not in the store yet

The key is made of the model's digest, the suite's and the scorer's version: nothing is scored twice.
"""

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from assay.spool import as_number, spell_nonfinite

__all__ = [
    "FOLDER", "Evaluation", "ItemRow", "ItemText", "ScoreRow", "evaluation_files", "find", "keep", "key_of",
    "read_file", "read_items", "remove_files",
]  # fmt: skip

FOLDER = ".evals"
"""Folder beside the runs; no run is called so."""

FORMAT = 1


@dataclass(frozen=True, slots=True)
class ScoreRow:
    """A score, or a difference between two; its unit is that of `score.metric` in the schema."""

    metric: str
    """Its name."""

    value: float | None
    """The value; None where it cannot be compared."""

    low: float | None
    """Lower end of its 95 % interval."""

    high: float | None
    """Upper end."""

    n: int
    """Items behind it."""

    category: str = ""
    """Subject; empty for all items."""

    clean: bool = False
    """Whether items found in the training data are left out."""

    versus: str | None = None
    """None for a score, `base` or `previous` for a difference."""

    signature: str | None = None
    """How it was computed."""


@dataclass(frozen=True, slots=True)
class ItemRow:
    """What a model made of one item."""

    id: str
    """The item's id."""

    correct: bool | None = None
    """Whether it was answered right; None for open questions and texts."""

    pred: int | None = None
    """Place of the choice taken."""

    lls: tuple[float, ...] | None = None
    """Log-likelihood of each choice, in nats."""

    answer: str | None = None
    """What the model said."""

    scores: dict[str, float] = field(default_factory=dict[str, float])
    """Each metric for this item alone, 0 to 100."""

    nats: float | None = None
    """Negative log-likelihood of a text."""

    tokens: int | None = None
    """Tokens of it that were predicted."""

    kl: float | None = None
    """Divergence from the base summed over them, in nats."""

    leaked: bool = False
    """Whether it stands in the training data."""


@dataclass(frozen=True, slots=True)
class ItemText:
    """One item of a suite, as it is asked."""

    id: str
    """Its id."""

    question: str
    """What is asked, or the text."""

    lang: str | None = None
    """Its language."""

    category: str = ""
    """Its subject."""

    reference: str | None = None
    """The wanted answer."""

    choices: tuple[str, ...] | None = None
    """Its choices."""

    gold: int | None = None
    """Place of the right one."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A model put to a suite."""

    artifact: str
    """Digest of the model."""

    model: str
    """What people call it."""

    suite: str
    """Name of the suite."""

    suite_sha256: str
    """Digest of the suite."""

    measures: str
    """learned, kept or shown."""

    kind: str
    """open, choice, text or harness."""

    scorer: str
    """Program and version of the scoring."""

    of: int
    """Items the suite has; those asked are `items`."""

    created: float
    """When, in seconds since 1970 (UTC)."""

    seconds: float
    """How long it took."""

    scores: tuple[ScoreRow, ...]
    """Its scores."""

    items: tuple[ItemRow, ...]
    """Its items, in the suite's order."""

    run: str | None = None
    """Run the model belongs to; None for a base or a folder."""

    branch: int | None = None
    """Branch of that run."""

    step: int | None = None
    """Step after which it was taken."""

    base: str | None = None
    """Digest of what its run began with."""

    data: dict[str, Any] = field(default_factory=dict[str, Any])
    """Settings of the suite, leak check, versions, device, data type."""

    @property
    def key(self) -> str:
        """Name of its file."""
        return key_of(self.artifact, self.suite_sha256, self.scorer)

    def score(self, metric: str, versus: str | None = None) -> ScoreRow | None:
        """The score of this name over all items; None where there is none."""
        return next((row for row in self.scores if _is_whole(row, metric, versus)), None)


def key_of(artifact: str, suite_sha256: str, scorer: str) -> str:
    """What decides a result: 32 characters that name its file.

    >>> key_of("a", "b", "c") == key_of("a", "b", "d")
    False
    """
    return hashlib.sha256("\n".join((artifact, suite_sha256, scorer)).encode()).hexdigest()[:32]


def keep(root: Path, evaluation: Evaluation, items: Sequence[ItemText]) -> Path:
    """Write a result and the items of its suite; an older result of the same key is replaced. Raises OSError."""
    folder = root / FOLDER
    (folder / "suites").mkdir(parents=True, exist_ok=True)
    suite = folder / "suites" / f"{evaluation.suite_sha256}.json"
    if not _holds_items(root, evaluation.suite_sha256):
        _write(suite, {"format": FORMAT, "items": [asdict(item) for item in items]})
    file = folder / f"{evaluation.key}.json"
    _write(file, {"format": FORMAT, **asdict(evaluation)})
    return file


def find(root: Path, key: str) -> Evaluation | None:
    """The result of this key; None where there is none, or where its file is damaged."""
    try:
        return read_file(root / FOLDER / f"{key}.json")
    except (OSError, ValueError, TypeError, KeyError):
        return None


def evaluation_files(root: Path) -> list[Path]:
    """All result files of a store, the oldest names first."""
    return sorted((root / FOLDER).glob("*.json"))


def read_file(path: Path) -> Evaluation:
    """Read a result file. Raises OSError, and ValueError, TypeError or KeyError for anything else than a result."""
    fields = json.loads(path.read_bytes())
    if fields.pop("format") != FORMAT:
        raise ValueError(f"{path} has another format")
    scores = tuple(ScoreRow(**_numbers(row, "value", "low", "high")) for row in fields.pop("scores"))
    items = tuple(_item(row) for row in fields.pop("items"))
    return Evaluation(**fields, scores=scores, items=items)


def read_items(root: Path, suite_sha256: str) -> list[ItemText]:
    """The items of a suite that was asked. Raises as `read_file` does."""
    rows: list[dict[str, Any]] = json.loads((root / FOLDER / "suites" / f"{suite_sha256}.json").read_bytes())["items"]
    for row in rows:
        row["choices"] = None if row["choices"] is None else tuple(row["choices"])
    return [ItemText(**row) for row in rows]


def remove_files(root: Path, keys: Sequence[str]) -> None:
    """Delete results; what is gone already is no error."""
    for key in keys:
        for name in (f"{key}.json", f"{key}.npz"):
            (root / FOLDER / name).unlink(missing_ok=True)


def _holds_items(root: Path, suite_sha256: str) -> bool:
    try:
        read_items(root, suite_sha256)
    except (OSError, ValueError, TypeError, KeyError):
        return False
    return True


def _is_whole(row: ScoreRow, metric: str, versus: str | None) -> bool:
    return row.metric == metric and row.versus == versus and not row.category and not row.clean


def _item(row: dict[str, Any]) -> ItemRow:
    fields = _numbers(row, "nats", "kl")
    lls = fields["lls"]
    fields["lls"] = None if lls is None else tuple(as_number(value) for value in lls)
    return ItemRow(**fields)


def _numbers(row: dict[str, Any], *names: str) -> dict[str, Any]:
    return {**row, **{name: as_number(row[name]) for name in names}}


def _write(path: Path, content: dict[str, Any]) -> None:
    new = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with new.open("w", encoding="utf-8", errors="replace") as file:
            json.dump(spell_nonfinite(content), file, ensure_ascii=False, allow_nan=False)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)
