"""What the demo asks its models: facts that may be mixed in, facts that never are, and the domain."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from evals.run import Ledger, evaluate
from evals.suite import Suite, read_suite
from store.database import Store
from trainer.asked import find_asked, load_asked
from trainer.demo.suites import FACTS_A, FACTS_B, TRIAGE
from trainer.subjects import subject_of

__all__ = ["Marks", "sit"]


class Marks(NamedTuple):
    """Shares of questions answered rightly, 0 to 1."""

    facts_a: float
    """Facts that may be mixed into fine-tuning."""

    facts_b: float
    """Facts that never are: what is kept."""

    department: float
    """Open questions whose answer names the right department first."""

    lost: tuple[float, float, float] | None = None
    """By how much the facts that are never mixed in became fewer since the run began, in shares of them, and the 95 %
    interval of that; None for one that was not compared."""


def sit(store: Store, suites: Sequence[Path], checkpoint: Path) -> Marks:
    """Put a checkpoint to the demo's suites; what its run was asked already is not asked again."""
    asked = find_asked(str(checkpoint), store)
    ledger = Ledger(store.root, subject_of(asked))
    read = [read_suite(path) for path in suites]
    if any(ledger.known(suite) is None for suite in read):
        for _ in evaluate(*load_asked(asked), read, ledger):
            pass
    return Marks(
        _value(ledger, read, FACTS_A, "acc"), _value(ledger, read, FACTS_B, "acc"),
        _value(ledger, read, TRIAGE, "field/department") / 100, _lost(ledger, read),
    )  # fmt: skip


def _lost(ledger: Ledger, suites: Sequence[Suite]) -> tuple[float, float, float] | None:
    [suite] = [suite for suite in suites if suite.settings.name == FACTS_B]
    found = ledger.known(suite)
    change = found.score("acc", "base") if found else None
    if change is None or change.value is None or change.low is None or change.high is None:
        return None
    return -change.value, -change.high, -change.low


def _value(ledger: Ledger, suites: Sequence[Suite], name: str, metric: str) -> float:
    [suite] = [suite for suite in suites if suite.settings.name == name]
    found = ledger.known(suite)
    score = found.score(metric) if found else None
    assert score is not None, "it was scored just now"
    assert score.value is not None, "there is nothing it could not be compared with"
    return score.value
