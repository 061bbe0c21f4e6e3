"""Put a model to suites: the one way in for the trainer and for the command line.

    ledger = Ledger(store.root, Subject(name="triage@200", artifact=digest, base=digest_of_base))
    for evaluation in evaluate(model, tokenizer, suites, ledger): ...

What was scored before is read from its file. The model is left as it was: its mode, its gradients, and everybody's
random numbers.
"""

import random
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
import torch
from torch import nn

from assay.version import VERSION
from evals.choice import ChoiceScore, score_items
from evals.choice_items import ChoiceItem
from evals.forgetting.history import Asked, evidence
from evals.forgetting.subsets import next_size, subset
from evals.generate import evaluating, reply, room_for
from evals.leak import LeakReport, Probe, unchecked
from evals.likelihood import likelihoods, token_digest
from evals.predictions import keep_predictions, read_predictions
from evals.prompt import ChatTemplate
from evals.scoring import choice_scores, open_measures, open_scores, text_scores
from evals.suite import Suite
from evals.suite_rows import OpenItem, TextItem
from evals.text.sample import Turn
from store.evaluations import Evaluation, ItemRow, ItemText, ScoreRow, find, keep, key_of

__all__ = [
    "SCORER", "Asks", "Ledger", "Progress", "Subject", "batch_size", "evaluate", "item_texts", "leak_facts",
    "untouched",
]  # fmt: skip

SCORER = "assay-eval 1"
"""Program and version of the scoring; a change that changes a number raises it."""

SMALL = 100_000_000
"""Parameters up to which a model leaves room for many questions at once."""

PACKAGES = ("torch", "transformers", "sacrebleu", "rouge-score", "jieba")

Progress = Callable[[str, int, int], None]
"""Told which suite, how many items are done, and of how many."""


class Asks(Protocol):
    """A suite, or a task of lm-evaluation-harness."""

    @property
    def digest(self) -> str:
        """Digest of all that a score hangs on."""
        ...

    @property
    def probes(self) -> list[Probe]:
        """Its items, for the leak check."""
        ...


class Subject(NamedTuple):
    """The model that is asked."""

    name: str
    """What people call it: RUN@STEP or a folder."""

    artifact: str
    """Its digest."""

    base: str | None = None
    """Digest of what its run began with; None for what is no run's."""

    run: str | None = None
    """Its run; None for a base or a folder."""

    branch: int | None = None
    """Branch of the run."""

    step: int | None = None
    """Step after which it was taken."""


@dataclass
class Ledger:
    """Results of one model: where they are kept, and those it is compared with."""

    root: Path
    """Folder of the store."""

    subject: Subject
    """The model."""

    earlier: Sequence[str] = ()
    """Digests of the checkpoints before it on its run's path, in order."""

    leaks: Mapping[str, LeakReport] = field(default_factory=dict[str, LeakReport])
    """What the leak check found, by the suite's digest."""

    as_base: bool = False
    """Whether others are to be compared with it: then it is asked everything, and its predictions are kept."""

    def known(self, suite: Asks) -> Evaluation | None:
        """The model's own result, where it was scored before; of a base, where it was asked everything."""
        found = self.of(self.subject.artifact, suite)
        return None if found is not None and self._lacks_something(found) else found

    def _lacks_something(self, found: Evaluation) -> bool:
        """Whether a base was scored as a checkpoint among others, or a leak check can be made that could not before."""
        if not self.is_base:
            return found.data["leak"]["status"] == "unchecked" and found.suite_sha256 in self.leaks
        if found.kind == "text" and read_predictions(self.root, found.key, found.of) is None:
            return True
        return len(found.items) < found.of

    def of(self, artifact: str | None, suite: Asks) -> Evaluation | None:
        """The result of a model; None where it was not asked."""
        return find(self.root, key_of(artifact, suite.digest, SCORER)) if artifact else None

    @property
    def is_base(self) -> bool:
        """Whether others are compared with it."""
        return self.as_base or self._is_first

    @property
    def _is_first(self) -> bool:
        """Whether nothing stands before it."""
        return self.subject.base in (None, self.subject.artifact)

    def others(self, suite: Asks) -> dict[str, Evaluation]:
        """What it is compared with, as far as that was asked: `base` and `previous`."""
        if self._is_first:
            return {}
        found = {"base": self.of(self.subject.base, suite)}
        found["previous"] = self.of(self.earlier[-1], suite) if self.earlier else None
        return {who: other for who, other in found.items() if other is not None}

    def leak_of(self, suite: Asks) -> LeakReport:
        """What the leak check found."""
        return self.leaks.get(suite.digest) or unchecked(len(suite.probes))


def evaluate(
    model: nn.Module, tokenizer: Any, suites: Sequence[Suite], ledger: Ledger, *, progress: Progress | None = None
) -> Iterator[Evaluation]:
    """Put a model to each suite and keep what came of it, one at a time.

    Raises DataError for an item that cannot be asked, OSError where a result cannot be written; what was
    scored before stays.
    """
    for suite in suites:
        found = ledger.known(suite)
        if found is None:
            with untouched(model):
                found = _Asking(model, tokenizer, suite, ledger, progress).evaluation()
            keep(ledger.root, found, item_texts(suite))
        yield found


@contextmanager
def untouched(model: nn.Module) -> Generator[None]:
    """Put back everybody's random numbers and the model's mode."""
    python, numbers = random.getstate(), np.random.get_state()
    devices = list(range(torch.cuda.device_count())) if torch.cuda.is_initialized() else []
    with torch.random.fork_rng(devices=devices), evaluating(model):  # pyright: ignore[reportUnknownMemberType] - torch gives its arguments no types
        try:
            yield
        finally:
            random.setstate(python)
            np.random.set_state(numbers)


def batch_size(model: nn.Module) -> int:
    """Questions at once: a small model is quick with many, a large one must fit beside its optimizer."""
    return 32 if sum(weight.numel() for weight in model.parameters()) <= SMALL else 8


def leak_facts(report: LeakReport) -> dict[str, Any]:
    """What the leak check found, as it is kept with a result."""
    return {"status": report.status, "rows": report.rows, "leaked": [asdict(leak) for leak in report.leaked]}


def item_texts(suite: Suite) -> list[ItemText]:
    """A suite's items as they are shown."""
    return [_text_of(item, suite) for item in suite.items]


def _text_of(item: OpenItem | ChoiceItem | TextItem, suite: Suite) -> ItemText:
    lang = suite.settings.lang or None
    if isinstance(item, ChoiceItem):
        return ItemText(
            item.id, item.question, item.lang, item.category, item.choices[item.answer], item.choices, item.answer
        )
    if isinstance(item, OpenItem):
        category = item.row.get("category", "")
        return ItemText(item.id, item.question, lang, category if isinstance(category, str) else "", item.reference)
    return ItemText(item.id, item.text, lang)


class _Asking:
    """One model at one suite."""

    def __init__(self, model: Any, tokenizer: Any, suite: Suite, ledger: Ledger, progress: Progress | None) -> None:
        self._model, self._tokenizer, self._suite, self._ledger = model, tokenizer, suite, ledger
        self._progress = progress
        self._leak = ledger.leak_of(suite)
        self._others = ledger.others(suite)
        previous = self._others.get("previous")
        self._data: dict[str, Any] = {} if previous is None else {"previous": previous.model}
        self._batch = batch_size(model)

    def evaluation(self) -> Evaluation:
        """Ask everything and score it."""
        suite, subject, began = self._suite, self._ledger.subject, time.time()
        kinds = {"choice": self._choice, "open": self._open, "text": self._text}
        items, scores = kinds[suite.settings.kind]()
        return Evaluation(
            artifact=subject.artifact, model=subject.name, suite=suite.settings.name, suite_sha256=suite.digest,
            measures=suite.settings.measures, kind=suite.settings.kind, scorer=SCORER, of=len(suite.items),
            created=began, seconds=time.time() - began, scores=tuple(scores), items=tuple(items), run=subject.run,
            branch=subject.branch, step=subject.step, base=subject.base, data={**self._facts(), **self._data},
        )  # fmt: skip

    def _facts(self) -> dict[str, Any]:
        weight = next(self._model.parameters())
        return {
            "settings": {**asdict(self._suite.settings), "metrics": list(self._suite.settings.metrics)},
            "leak": leak_facts(self._leak),
            "versions": {"assay": VERSION, **{name: version(name) for name in PACKAGES}},
            "device": str(weight.device.type),
            "dtype": str(weight.dtype).removeprefix("torch."),
        }

    def _told(self, whole: int, before: int = 0) -> Callable[[int], None]:
        def told(done: int) -> None:
            if self._progress:
                self._progress(self._suite.settings.name, before + done, whole)

        return told

    def _choice(self) -> tuple[list[ItemRow], list[ScoreRow]]:
        items = [item for item in self._suite.items if isinstance(item, ChoiceItem)]
        settings, scores = self._suite.settings, dict[str, ChoiceScore]()
        # What others are compared with is asked everything; each of them then finds its own questions there.
        size = len(items) if self._ledger.is_base else min(settings.size or len(items), len(items))
        while True:
            asked = subset(items, size, settings.seed)
            new = [item for item in asked if item.id not in scores]
            found = score_items(
                self._model, self._tokenizer, new, style=settings.style,
                shots=[shot for shot in self._suite.examples if isinstance(shot, ChoiceItem)], batch_size=self._batch,
                progress=self._told(size, len(scores)),
            )  # fmt: skip
            scores |= {score.id: score for score in found}
            rows = [_choice_row(scores[item.id], self._leak.ids) for item in asked]
            more = next_size(size, len(items), self._colour(rows))
            if more == size:
                break
            size = more
        norm = {id_: score.correct_norm for id_, score in scores.items()}
        self._data["cut"] = [score.id for score in scores.values() if score.cut]
        return rows, choice_scores(rows, norm, {item.id: item.category for item in items}, self._others)

    def _colour(self, rows: Sequence[ItemRow]) -> Any:
        """The light so far, by which more questions are asked."""
        base = self._others.get("base")
        if base is None or self._suite.settings.measures != "kept":
            return "green"
        before = [found for digest in self._ledger.earlier if (found := self._ledger.of(digest, self._suite))]
        history = [Asked(found.items) for found in before[-1:]]
        texts = item_texts(self._suite)
        return evidence(base.items, [*history, Asked(tuple(rows))], texts, self._suite.settings.margin)[-1].light.colour

    def _open(self) -> tuple[list[ItemRow], list[ScoreRow]]:
        suite = self._suite
        items = [item for item in suite.items if isinstance(item, OpenItem)]
        template, tokens = ChatTemplate(self._tokenizer), suite.settings.max_new_tokens
        turns = [self._turns(item) for item in items]
        room = room_for(self._model, tokens)
        lengths = [len(template.prompt(conversation)) for conversation in turns]
        self._data["cut"] = [item.id for item, length in zip(items, lengths, strict=True) if room and length > room]
        answers = reply(
            self._model, self._tokenizer, template, turns, max_new_tokens=tokens, batch_size=self._batch,
            progress=self._told(len(items)),
        )  # fmt: skip
        measures = open_measures(suite, items, answers)
        rows = [
            ItemRow(
                item.id, answer=answer, leaked=item.id in self._leak.ids,
                scores={name: float(found.items[place]) for name, found in measures.items()},
            )
            for place, (item, answer) in enumerate(zip(items, answers, strict=True))
        ]  # fmt: skip
        return rows, open_scores(suite, items, measures, self._leak.ids, self._others)

    def _turns(self, item: OpenItem) -> list[Turn]:
        turns = [Turn("system", item.system)] if item.system else []
        for shot in self._suite.examples:
            if isinstance(shot, OpenItem):
                turns += [Turn("user", shot.question), Turn("assistant", shot.reference)]
        return [*turns, Turn("user", item.question)]

    def _text(self) -> tuple[list[ItemRow], list[ScoreRow]]:
        items = [item for item in self._suite.items if isinstance(item, TextItem)]
        digest = token_digest(self._tokenizer, [item.text for item in items])
        base = self._others.get("base")
        same = base is None or base.data.get("tokens") == digest
        self._data["tokens"] = digest
        found = likelihoods(
            self._model, self._tokenizer, [(item.id, item.text) for item in items],
            base=read_predictions(self._ledger.root, base.key, len(items)) if base and same else None,
            keep=self._ledger.is_base,
            progress=self._told(len(items)),
        )  # fmt: skip
        kept = [one.likeliest for one in found if one.likeliest is not None]
        if kept:
            key = key_of(self._ledger.subject.artifact, self._suite.digest, SCORER)
            keep_predictions(self._ledger.root, key, kept)
        rows = [
            ItemRow(item.id, nats=one.nats, tokens=one.tokens, kl=one.kl, leaked=item.id in self._leak.ids)
            for item, one in zip(items, found, strict=True)
        ]
        return rows, text_scores(items, rows, self._leak.ids, self._others, same_tokens=same)


def _choice_row(score: ChoiceScore, leaked: frozenset[str]) -> ItemRow:
    return ItemRow(score.id, score.correct, score.pred, tuple(score.lls), leaked=score.id in leaked)
