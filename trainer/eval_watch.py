"""`assay eval --watch`: score each new checkpoint of a run, and answer what the pages ask for."""

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from assay.errors import AssayError
from assay.foreign import Failure, attempt
from evals.review.used import is_asked_now
from evals.run import Progress
from evals.suite import Settings, Suite
from evals.suite_rows import OpenItem
from store.artifacts import ArtifactError, read_manifest, sealed_folders
from store.database import Store
from store.errors import StoreError
from store.loading import load_spools
from store.requests import EVALUATOR, Request, finish, take
from trainer.asked import Asked, find_asked
from trainer.campaign_request import open_requested
from trainer.evaluator import Evaluator, Found
from trainer.history import read_history
from trainer.propose_request import propose_requested

__all__ = ["ASKED", "BASE", "EvalWatch", "question_suite"]

ASKED = "asked"
"""Name of the suite that a question from a page becomes."""

BASE = "base"
"""The place of a request that means what the run began with."""

ANSWER_TOKENS = 256

Make = Callable[[Sequence[Suite]], Evaluator]
Tell = Callable[[list[Found]], None]


class EvalWatch:
    """Follows one run."""

    def __init__(
        self, store: Store, run: str, evaluator: Evaluator, make: Make, tell: Tell, progress: Progress | None = None
    ) -> None:
        """`make` gives an evaluator of other suites, `tell` shows results, `progress` is told of answers."""
        self._store, self._run, self._evaluator, self._make, self._tell = store, run, evaluator, make, tell
        self._progress = progress or (lambda _name, _done, _whole: None)
        self._done: set[Path] = set()

    def follow(self, every: float = 2.0) -> Iterator[str]:
        """Score and answer until interrupted; yields a sentence for what could not be done."""
        while True:
            yield from self.once()
            time.sleep(every)

    def once(self) -> Iterator[str]:
        """Do what there is to do now."""
        try:
            for request in take(self._store, self._run, EVALUATOR):
                finish(self._store, request.id, self._answer(request))
        except StoreError as error:
            yield str(error)
        for folder in self._unscored():
            self._done.add(folder)
            why = self._score(self._evaluator, lambda place=folder: _place(place))
            # Retention may throw a checkpoint away meanwhile: that is no fault.
            if why and folder.is_dir():
                yield f"{folder.name} was not scored: {why}"
            # Whoever waits at a page is answered before the next checkpoint.
            return

    def _unscored(self) -> list[Path]:
        """Sealed checkpoints of the active path that were not yet looked at, in order."""
        place = self._store.root / self._run
        history = read_history(place)
        found: list[tuple[int, Path]] = []
        for folder in sealed_folders(place / "checkpoints"):
            if folder in self._done:
                continue
            try:
                manifest = read_manifest(folder)
            except ArtifactError:
                continue
            if history.is_active(manifest["branch"], manifest["step"]):
                found.append((manifest["step"], folder))
        return [folder for _, folder in sorted(found)]

    def _answer(self, request: Request) -> str:
        """Do what a page asked for; what came of it, in words."""
        if request.kind == "open-campaign":
            return open_requested(self._store, self._run, request, self._progress)
        if request.kind == "propose":
            return propose_requested(self._store, self._run, request, self._progress)
        question, done, refused = str(request.args.get("question", "")).strip(), list[str](), list[str]()
        if question and is_asked_now(self._store, question):
            return "not done: a campaign that is open asks this question, and nobody sees its answers before it closes"
        evaluator = self._make([question_suite(question)]) if question else self._evaluator
        for place in _places(request.args):
            why = self._score(evaluator, lambda place=place: place)
            (refused if why else done).append(f"{place}: {why}" if why else place)
        load_spools(self._store)
        words = [f"{'answered' if question else 'scored'} by {', '.join(done)}"] if done else []
        return "; ".join([*words, *(f"not done at {text}" for text in refused)]) or "not done: no checkpoint was named"

    def _score(self, evaluator: Evaluator, named: Callable[[], str]) -> str | None:
        """Score what is named and show it; why that could not be done, else None. A model may raise anything."""

        def score() -> str | None:
            try:
                self._tell(evaluator.score(self._asked(named())))
            except (AssayError, OSError) as error:
                return str(error)
            return None

        found = attempt(score)
        return f"{found.kind}: {found.said}" if isinstance(found, Failure) else found

    def _asked(self, place: str) -> Asked:
        newest = self._run if place == BASE else f"{self._run}/{place}"
        asked = find_asked(newest, self._store)
        if place != BASE:
            return asked
        if asked.base is None:
            raise AssayError(f"run {self._run} does not say what it began with")
        return asked.base


def question_suite(question: str) -> Suite:
    """A suite of one question, whose answer is only shown."""
    settings = Settings(ASKED, "shown", "open", "", max_new_tokens=ANSWER_TOKENS, metrics=())
    item = OpenItem("question", question, "", "", {})
    digest = hashlib.sha256(f"{ASKED} {ANSWER_TOKENS} {question}".encode("utf-8", "replace")).hexdigest()
    return Suite(settings, Path(ASKED), (item,), (), digest)


def _places(args: dict[str, Any]) -> list[str]:
    named: object = args.get("places", [])
    return [place for place in named if isinstance(place, str)] if isinstance(named, list) else []  # pyright: ignore[reportUnknownVariableType] - JSON can hold anything


def _place(folder: Path) -> str:
    manifest = read_manifest(folder)
    return f"{manifest['branch']}@{manifest['step']}"
