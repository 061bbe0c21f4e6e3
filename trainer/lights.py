"""The models of a run that were put to suites, in the order of its path, and what the light says of each."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from evals.forgetting.history import Asked, evidence
from evals.forgetting.light import Light
from evals.run import SCORER, item_texts
from evals.suite import Suite
from store.evaluations import Evaluation, find, key_of
from trainer.history import History

__all__ = ["Lights", "Looked", "models_of"]


class Looked(NamedTuple):
    """A model of a run that was, or may have been, evaluated."""

    step: int
    """Step after which it was taken."""

    branch: int
    """Branch of that step."""

    artifact: str
    """Its digest."""


def models_of(history: History) -> set[Looked]:
    """Models of a run that goes on which may have been evaluated: its checkpoints, and what it told of."""
    sealed = [(line["s"], line["b"], line.get("sha256")) for line in history.announced.values()]
    found = {Looked(step, branch, sha256) for step, branch, sha256 in sealed if sha256}
    return found | {Looked(step, branch, artifact) for (branch, step), artifact in history.evaluated.items()}


class Lights:
    """Answers of one run's models, read from their files."""

    def __init__(self, root: Path, base: str, known: Iterable[Looked]) -> None:
        """Results are those below `root`; `base` is the digest of what the run began with."""
        self._root, self._base, self._looked = root, base, set(known)

    def add(self, looked: Looked) -> None:
        """A model was evaluated."""
        self._looked.add(looked)

    def earlier(self, suite: Suite, history: History, step: int) -> list[str]:
        """Digests of those of the active path that were put to a suite before a step, in order."""
        before = [looked for looked in self._path(history) if looked.step < step]
        return [looked.artifact for looked in before if self._result(looked.artifact, suite)]

    def of(self, suite: Suite, history: History, newest: int | None = None) -> list[tuple[Looked, Light]]:
        """The light of each model of the active path that was put to a suite, in order.

        With `newest` of so many only; the first of those is then judged as if none had been before it.
        """
        base = self._result(self._base, suite)
        found = list(self._newest_first(suite, history, newest))[::-1]
        if base is None or not found:
            return []
        answers = [Asked(result.items) for _, result in found]
        judged = evidence(base.items, answers, item_texts(suite), suite.settings.margin)
        return [(looked, one.light) for (looked, _), one in zip(found, judged, strict=True)]

    def _newest_first(self, suite: Suite, history: History, most: int | None) -> Iterator[tuple[Looked, Evaluation]]:
        left = most
        for looked in reversed(self._path(history)):
            result = None if left == 0 else self._result(looked.artifact, suite)
            if result is not None:
                yield looked, result
                left = None if left is None else left - 1

    def _path(self, history: History) -> list[Looked]:
        """Those of the active path, by step; what is at step 0 is the base."""
        return sorted(
            looked for looked in self._looked if looked.step and history.is_active(looked.branch, looked.step)
        )

    def _result(self, artifact: str, suite: Suite) -> Evaluation | None:
        return find(self._root, key_of(artifact, suite.digest, SCORER))
