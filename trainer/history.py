"""What a run's own spool says of its past: branches, recorded steps, checkpoints announced.

Read from the spool, not from the store: the spool is the truth, and it is there when the store is not.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

from assay.spool import read_spool
from trainer.replay import MOST_TRACES, Trace, trace_of

__all__ = ["History", "read_history"]

_NO_LIMIT = 2**63


@dataclass(frozen=True)
class History:
    """A run's past."""

    parents: dict[int, tuple[int, int]] = field(default_factory=dict[int, tuple[int, int]])
    """Parent and fork step of each branch but the first."""

    last_steps: dict[int, int] = field(default_factory=lambda: {1: -1})
    """Last step recorded on each branch."""

    declared: dict[int, dict[str, Any]] = field(default_factory=dict[int, dict[str, Any]])
    """What was declared with each branch but the first."""

    announced: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    """Newest line of each checkpoint, by path."""

    evaluated: dict[tuple[int, int], str] = field(default_factory=dict[tuple[int, int], str])
    """Digest of the model that was evaluated, by branch and step."""

    first_step: int | None = None
    """First step recorded on the first branch; None where none is."""

    accounts: list[str] = field(default_factory=list[str])
    """Accounts it was trained under, in the order they came."""

    traces: dict[int, Trace] = field(default_factory=dict[int, Trace])
    """What the newest steps of the active path came to."""

    @property
    def branch(self) -> int:
        """The active branch."""
        return max(self.last_steps)

    @property
    def is_new(self) -> bool:
        """Whether nothing is recorded yet."""
        return self.last_steps == {1: -1} and not self.announced

    @property
    def last_step(self) -> int:
        """Last step of the active path."""
        return max(self.last_steps[self.branch], self.parents.get(self.branch, (0, -1))[1])

    def limits(self) -> dict[int, int]:
        """Last step of each branch of the active path that still belongs to it."""
        limits: dict[int, int] = {}
        branch, limit = self.branch, _NO_LIMIT
        while True:
            limits[branch] = limit
            if branch not in self.parents:
                return limits
            branch, fork = self.parents[branch]
            limit = min(limit, fork)

    def forked(self, after: int, reason: str = "resume", data: Mapping[str, Any] | None = None) -> Self:
        """The history once a new branch has left the active one after a step; `data` is what was declared."""
        branch = self.branch + 1
        return replace(
            self,
            parents={**self.parents, branch: (self.branch, after)},
            last_steps={**self.last_steps, branch: after},
            declared={**self.declared, branch: {"reason": reason, **(data or {})}},
            traces={step: trace for step, trace in self.traces.items() if step <= after},
        )

    def tried_since(self, branch: int) -> dict[str, Any] | None:
        """What the guard declared last on the active path, where that was after a branch; None where nothing was."""
        for number in sorted(self.limits(), reverse=True):
            declared = self.declared.get(number, {})
            if number <= branch or ("guard" not in declared and declared.get("reason") == "rollback"):
                return None  # a person went back, to what the checkpoint says
            if "guard" in declared:
                return declared
        return None

    def is_active(self, branch: int, step: int) -> bool:
        """Whether a step of a branch is part of the active path."""
        return step <= self.limits().get(branch, -1)

    def is_recorded(self, branch: int, step: int) -> bool:
        """Whether a step of a branch is in the spool; before the first one there is nothing to record."""
        return step == 0 or step <= self.last_steps.get(branch, -1)


def read_history(run_folder: Path) -> History:
    """Read a run's spool. Raises OSError."""
    history, first = History(), None
    for line in _lines(run_folder):
        if line["k"] == "branch":
            for step in [step for step in history.traces if step > line["fork"]]:
                del history.traces[step]
            history.parents[line["b"]] = (line["parent"], line["fork"])
            history.last_steps.setdefault(line["b"], line["fork"])
            history.declared[line["b"]] = {"reason": line["reason"], **(line.get("data") or {})}
        elif line["k"] == "step":
            branch = line["b"]
            first = line["s"] if first is None else first
            history.last_steps[branch] = max(line["s"], history.last_steps.get(branch, -1))
            _remember(history.traces, line)
        elif line["k"] == "checkpoint":
            history.announced[line["path"]] = {**history.announced.get(line["path"], {}), **line}
        elif line["k"] == "event" and line["kind"] == "eval" and "artifact" in line.get("data", {}):
            history.evaluated[line["data"]["branch"], line["s"]] = line["data"]["artifact"]
        elif line["k"] == "run":
            _remember_account(history.accounts, line["fields"].get("provenance"))
    return replace(history, first_step=first)


def _remember_account(accounts: list[str], provenance: dict[str, Any] | None) -> None:
    account = (provenance or {}).get("account")
    if account and account not in accounts:
        accounts.append(account)


def _remember(traces: dict[int, Trace], line: dict[str, Any]) -> None:
    values = line["v"]
    trace = trace_of(values.get("loss"), values.get("grad_norm"), line.get("batch", {}).get("rows"))
    if trace is None:
        return
    traces[line["s"]] = trace
    if len(traces) > MOST_TRACES:
        del traces[next(iter(traces))]


def _lines(run_folder: Path) -> Iterator[dict[str, Any]]:
    for path in sorted((run_folder / "spool").glob("0-*.jsonl")):
        offset, more = 0, True
        while more:
            chunk = read_spool(path, offset)
            more, offset = chunk.offset > offset, chunk.offset
            yield from chunk.lines
