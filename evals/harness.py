"""Tasks of lm-evaluation-harness, by their names, where it is installed; their results are kept like a suite's.

Its tasks read their data from a hub unless they name files: `include` is a folder of tasks of one's own. Every value
is the harness's own; only the items' results are ours, so that two checkpoints can be compared question by question.
"""

import hashlib
import importlib
import json
import logging
import time
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from importlib.util import find_spec
from math import sqrt
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from evals.leak import Probe
from evals.run import SCORER, Ledger, batch_size, leak_facts, untouched
from evals.scoring import Z, changes, clean_share, wilson
from evals.text.errors import DataError
from store.evaluations import Evaluation, ItemRow, ItemText, ScoreRow, keep

__all__ = ["Task", "evaluate_task", "open_tasks"]

IN_HUNDREDS = ("exact_match", "f1")
"""Metrics that are 0 to 1 there and 0 to 100 here; a share of right choices is 0 to 1 in both."""

SAME = 1e-9
"""A value is the mean of its items' where it differs by less."""


class Task:
    """A task that was found, with its questions."""

    def __init__(self, name: str, task: Any, manager: Any) -> None:
        """Read the task's questions, whose digest is part of the key of its results."""
        self.name, self.task, self.manager = name, task, manager
        self.docs: list[Mapping[str, Any]] = list(task.eval_docs)
        said = [version("lm_eval"), task.dump_config(), self.docs]
        whole = json.dumps(said, sort_keys=True, default=str, ensure_ascii=False)
        self.digest = hashlib.sha256(whole.encode("utf-8", "replace")).hexdigest()

    @property
    def probes(self) -> list[Probe]:
        """Its questions with their right answers, for the leak check."""
        texts = [self.text(place) for place in range(len(self.docs))]
        return [Probe(text.id, f"{text.question}\n{text.reference or ''}") for text in texts]

    def text(self, place: int) -> ItemText:
        """A question as it is shown."""
        doc = self.docs[place]
        question = str(self.task.doc_to_text(doc))
        choices = self._choices(doc)
        gold = self.task.doc_to_target(doc)
        if choices is None:
            return ItemText(str(place), question, reference=str(gold))
        right = gold if type(gold) is int and 0 <= gold < len(choices) else None
        return ItemText(
            str(place), question, reference=None if right is None else choices[right], choices=choices, gold=right
        )

    def _choices(self, doc: Mapping[str, Any]) -> tuple[str, ...] | None:
        if self.task.OUTPUT_TYPE != "multiple_choice":
            return None
        return tuple(str(choice) for choice in self.task.doc_to_choice(doc))


def open_tasks(names: tuple[str, ...], include: Path | None) -> list[Task]:
    """Find tasks by name. Raises DataError where the harness is missing, a name is unknown or its data is not here."""
    if not names:
        return []
    if find_spec("lm_eval") is None:
        raise DataError("--task needs lm-evaluation-harness: pip install 'assay-llm[parity]'")
    logging.getLogger("lm_eval").setLevel(logging.ERROR)
    tasks: Any = importlib.import_module("lm_eval.tasks")
    manager = tasks.TaskManager(include_path=str(include) if include else None, include_defaults=include is None)
    return [_open(name, manager, tasks, include) for name in names]


def evaluate_task(model: Any, tokenizer: Any, task: Task, ledger: Ledger) -> Evaluation:
    """Put a model to a task, or read what came of it before. Raises OSError where the result cannot be written."""
    known = ledger.known(task)
    if known is not None:
        return known
    with untouched(model):
        found = _evaluation(model, tokenizer, task, ledger)
    keep(ledger.root, found, [task.text(place) for place in range(len(task.docs))])
    return found


def _open(name: str, manager: Any, tasks: Any, include: Path | None) -> Task:
    if name not in manager.all_tasks:
        where = f"in {include}" if include else "among those of lm-evaluation-harness"
        raise DataError(f"there is no task called {name} {where}; `lm_eval ls tasks` lists them")
    try:
        [task] = tasks.get_task_dict([name], manager).values()
        return Task(name, task, manager)
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
        said = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise DataError(f"the task {name} cannot be opened: {said}; name one task whose data is here") from error


def _evaluation(model: Any, tokenizer: Any, task: Task, ledger: Ledger) -> Evaluation:
    harness: Any = importlib.import_module("lm_eval.evaluator")
    models = importlib.import_module("lm_eval.models.huggingface")
    # It asks git for the commit of the folder it is called in, and git complains where there is none.
    harness.get_git_commit_hash = _no_commit
    subject, began = ledger.subject, time.time()
    judge: Any = models.HFLM(
        pretrained=model, tokenizer=tokenizer, batch_size=batch_size(model), device=str(model.device)
    )
    results: dict[str, Any] = harness.simple_evaluate(
        model=judge, tasks=[task.name], task_manager=task.manager, bootstrap_iters=0, log_samples=True
    )
    samples: list[dict[str, Any]] = results["samples"][task.name]
    leak = ledger.leak_of(task)
    ordered = sorted(samples, key=lambda sample: sample["doc_id"])
    rows = [_row(sample, task, leak.ids) for sample in ordered]
    scores = _scores(results["results"][task.name], rows)
    return Evaluation(
        artifact=subject.artifact, model=subject.name, suite=task.name, suite_sha256=task.digest, measures="kept",
        kind="harness", scorer=SCORER, of=len(task.docs), created=began, seconds=time.time() - began,
        scores=(*scores, *clean_share(rows), *changes(rows, ledger.others(task))), items=tuple(rows), run=subject.run,
        branch=subject.branch, step=subject.step, base=subject.base,
        data={
            "settings": {"name": task.name, "margin": 0.03},
            "leak": leak_facts(leak),
            "versions": {name: version(name) for name in ("lm_eval", "torch", "transformers")},
        },
    )  # fmt: skip


def _no_commit() -> None:
    return None


def _row(sample: dict[str, Any], task: Task, leaked: frozenset[str]) -> ItemRow:
    names: list[str] = sample["metrics"]
    values = {name: _ours(name, sample[name]) for name in names if isinstance(sample.get(name), int | float)}
    right = bool(values["acc"]) if "acc" in values else None
    id_ = str(sample["doc_id"])
    if task.task.OUTPUT_TYPE != "multiple_choice":
        answer = str(sample["filtered_resps"][0])
        return ItemRow(id_, right, answer=answer, scores=values, leaked=id_ in leaked)
    lls = [float(response[0]) for response in sample["filtered_resps"]]
    # Some tasks ask for each choice by itself as well; those come behind.
    lls = lls[: len(task.text(sample["doc_id"]).choices or lls)]
    return ItemRow(id_, right, lls.index(max(lls)), tuple(lls), scores=values, leaked=id_ in leaked)


def _scores(found: dict[str, Any], rows: Sequence[ItemRow]) -> list[ScoreRow]:
    """Its own values; with an interval where a value is the mean of its items'."""
    scores, signature = list[ScoreRow](), f"lm-eval {version('lm_eval')}"
    for key, value in found.items():
        metric, comma, _ = key.partition(",")
        if comma and not metric.endswith("_stderr") and isinstance(value, int | float):
            ours = _ours(metric, value)
            low, high = _interval(ours, [row.scores[metric] for row in rows if metric in row.scores])
            scores.append(ScoreRow(metric, ours, low, high, len(rows), signature=signature))
    return scores


def _ours(metric: str, value: float) -> float:
    return 100.0 * value if metric in IN_HUNDREDS else float(value)


def _interval(value: float, items: Sequence[float]) -> tuple[float | None, float | None]:
    if len(items) < 2 or abs(fmean(items) - value) > SAME:
        return None, None
    if set(items) <= {0.0, 1.0}:
        return wilson(round(sum(items)), len(items))
    if set(items) <= {0.0, 100.0}:
        low, high = wilson(round(sum(items) / 100), len(items))
        return 100 * low, 100 * high
    reach = Z * stdev(items) / sqrt(len(items))
    return value - reach, value + reach
