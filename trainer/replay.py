"""Proof that a run went on exactly: steps done before are done again, and must give the same numbers."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from assay.recording import Run
from assay.spool import as_number

__all__ = ["MOST_TRACES", "Proof", "Replay", "Trace", "compare", "trace_of"]

MOST_TRACES = 10_000
"""Newest steps that are remembered to be compared."""


class Trace(NamedTuple):
    """What a step came to, to the last bit."""

    loss: str
    """Loss as a hexadecimal number."""

    grad_norm: str
    """Gradient norm likewise."""

    rows: tuple[int, ...]
    """Samples read."""


class Proof(NamedTuple):
    """What replayed steps showed."""

    first: int
    """First step done again."""

    last: int
    """Last one compared."""

    equal: bool
    """Whether all of them gave the same numbers."""

    sha256: str
    """Digest of what the steps came to now."""

    says: str
    """The same in words."""


class Replay:
    """Compares steps with what they came to the first time."""

    def __init__(self, expected: Mapping[int, Trace], changed: Sequence[str] = ()) -> None:
        """Expect these traces, by step; none for nothing to compare. `changed` are settings that were
        others then, and explain a difference.
        """
        self._expected = dict(sorted(expected.items()))
        self._reason = f"{', '.join(changed)} was set anew" if changed else _NOT_EXACT
        self._digest = hashlib.sha256()
        self._first = min(self._expected, default=0)
        self._last = max(self._expected, default=-1)

    def check(self, step: int, now: Trace) -> Proof | None:
        """Compare one step; the proof once all are done, or at the first one that differs."""
        before = self._expected.pop(step, None)
        if before is None:
            return None
        self._digest.update(repr((step, *now)).encode())
        if before != now:
            self._expected.clear()
            return self._proof(step, equal=False, says=_difference(step, before, now, self._reason))
        if step < self._last:
            return None
        return self._proof(step, equal=True, says=f"{_steps(self._first, step)} came to the same numbers, bit for bit")

    def _proof(self, step: int, *, equal: bool, says: str) -> Proof:
        return Proof(self._first, step, equal, self._digest.hexdigest(), says)


def compare(replay: Replay, traces: dict[int, Trace], step: int, now: Trace, run: Run) -> Proof | None:
    """Remember what a step came to in `traces`, and record whether steps that are done again come to what they came to
    before, once that is known; the proof of it, else None.
    """
    traces[step] = now
    if len(traces) > MOST_TRACES:
        del traces[next(iter(traces))]  # the oldest one
    if proof := replay.check(step, now):
        facts = {"first": proof.first, "last": proof.last, "equal": proof.equal, "sha256": proof.sha256}
        run.event("replay", proof.says, level="info" if proof.equal else "warning", step=step, **facts)
    return proof


def trace_of(loss: Any, grad_norm: Any, rows: Any) -> Trace | None:
    """The trace of a step as the spool has it; None where a value is missing."""
    loss_number, norm_number = as_number(loss), as_number(grad_norm)
    if loss_number is None or norm_number is None or rows is None:
        return None
    return Trace(loss_number.hex(), norm_number.hex(), tuple(rows))


_NOT_EXACT = "here a run does not go on exactly"


def _steps(first: int, last: int) -> str:
    return f"step {first}, done again," if first == last else f"steps {first} to {last}, done again,"


def _difference(step: int, before: Trace, now: Trace, reason: str) -> str:
    if before.rows != now.rows:
        return f"step {step}, done again, read other samples than before"
    was, is_now = float.fromhex(before.loss), float.fromhex(now.loss)
    if before.loss != now.loss:
        return f"step {step}, done again, came to a loss of {is_now!r} and not {was!r}: {reason}"
    return f"step {step}, done again, came to another gradient than before: {reason}"
