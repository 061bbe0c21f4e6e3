"""Put models that are named to suites, their base first, so that each is compared with what it began with."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import torch

from assay.errors import AssayError
from evals.forgetting.history import Asked as Answers
from evals.forgetting.history import Evidence, evidence
from evals.harness import Task, evaluate_task
from evals.leak import LeakReport
from evals.run import Asks, Ledger, Progress, Subject, evaluate
from evals.suite import Suite
from evals.text.errors import DataError
from store.database import Store
from store.errors import StoreError
from store.eval_history import earlier_artifacts
from store.evaluations import Evaluation, read_items
from store.loading import load_spools
from trainer.asked import Asked, load_asked, require_base
from trainer.config import Config
from trainer.config_file import config_from, read_toml
from trainer.lineage import parent_of
from trainer.subjects import DataFile, data_files, leaks_of, start_of, subject_of

__all__ = ["Evaluator", "Found", "training_files"]

GENERATIONS = 8
"""Runs before a run, whose training data counts as well."""


class Found(NamedTuple):
    """One suite's result."""

    evaluation: Evaluation
    """It."""

    evidence: Evidence | None
    """What was forgotten against the base; None where that is not asked, or there is no base."""


class Evaluator:
    """Suites and tasks that models are put to, one model after the other."""

    def __init__(
        self, store: Store, suites: Sequence[Suite], tasks: Sequence[Task] = (), *, say: Callable[[str], None],
        progress: Progress | None = None,
    ) -> None:  # fmt: skip
        """`say` is told what cannot be done, `progress` as `evaluate` tells it."""
        self._store, self._suites, self._tasks = store, suites, tasks
        self._say, self._progress = say, progress
        self._leaks: dict[tuple[DataFile, ...], dict[str, LeakReport]] = {}

    def score(self, asked: Asked) -> list[Found]:
        """Put a model to everything, and its base where that was not yet; what is known is not asked again.

        Raises AssayError, OSError.
        """
        require_base(asked)
        files = training_files(asked, self._store)
        base = asked.base
        base_subject = start_of(base.config, self._store) if base else None
        if base and base_subject:
            self._put(base, Ledger(self._store.root, base_subject, as_base=True))
        subject = subject_of(asked) if asked.folder else start_of(asked.config, self._store)
        if base_subject:
            subject = subject._replace(base=base_subject.artifact)
        ledger = Ledger(self._store.root, subject, self._before(subject), self._leaks_in(files))
        found = self._put(asked, ledger)
        return [Found(one, self._forgotten(one, suite, ledger)) for one, suite in zip(found, self._asks, strict=True)]

    @property
    def _asks(self) -> list[Suite | Task]:
        return [*self._suites, *self._tasks]

    def _put(self, asked: Asked, ledger: Ledger) -> list[Evaluation]:
        if all(ledger.known(suite) for suite in self._asks):
            return [found for suite in self._asks if (found := ledger.known(suite))]
        model, tokenizer = load_asked(asked)
        found = list(evaluate(model, tokenizer, self._suites, ledger, progress=self._progress))
        found += [evaluate_task(model, tokenizer, task, ledger) for task in self._tasks]
        del model
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        return found

    def _before(self, subject: Subject) -> list[str]:
        """Digests of the checkpoints before it that were scored."""
        if subject.run is None or subject.branch is None or subject.step is None or not self._store.exists:
            return []
        try:
            load_spools(self._store)
            return earlier_artifacts(self._store, subject.run, subject.branch, subject.step)
        except StoreError as error:
            self._say(f"not compared with the checkpoint before: {error}")
            return []

    def _leaks_in(self, files: Sequence[DataFile]) -> dict[str, LeakReport]:
        key = tuple(files)
        if key not in self._leaks:
            try:
                self._leaks[key] = leaks_of(self._asks, files, self._store.root) if files else {}
            except (DataError, OSError) as error:
                self._say(f"not checked for leaks: {error}")
                self._leaks[key] = {}
        return self._leaks[key]

    def _forgotten(self, found: Evaluation, suite: Asks, ledger: Ledger) -> Evidence | None:
        base = ledger.of(ledger.subject.base, suite)
        if base is None or base.artifact == found.artifact or found.measures != "kept" or not _is_choice(found):
            return None
        before = [known for digest in ledger.earlier[-1:] if (known := ledger.of(digest, suite))]
        texts = read_items(ledger.root, found.suite_sha256)
        margin = found.data["settings"]["margin"]
        return evidence(base.items, [*(Answers(one.items) for one in before), Answers(found.items)], texts, margin)[-1]


def training_files(asked: Asked, store: Store) -> list[DataFile]:
    """Every file that a checkpoint was fine-tuned on, in the runs before it as well.

    What an earlier run was pre-trained on is left out: from there a base knows what it is asked.
    """
    config = _config_of(asked.folder)
    files: list[DataFile] = []
    for _ in range(GENERATIONS):
        if config is None:
            break
        if not files or config.train.stage != "pretrain":
            files += data_files(config)
        parent = parent_of(config.model.adapter or config.model.path, store)
        config = _config_of(store.root / parent.path) if parent else None
    return list(dict.fromkeys(files))


def _config_of(folder: Path | None) -> Config | None:
    if folder is None or not (folder / "config.toml").is_file():
        return None
    try:
        return config_from(read_toml(folder / "config.toml"))
    except AssayError:
        return None


def _is_choice(found: Evaluation) -> bool:
    return bool(found.items) and all(row.correct is not None for row in found.items)
