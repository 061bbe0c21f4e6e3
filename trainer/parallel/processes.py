"""In how many processes a run is trained: what a checkpoint notes of it, and what it takes to go on in others."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from assay.recording import Run
from trainer.config import Config
from trainer.errors import ResumeError
from trainer.parallel.channel import world_size

__all__ = ["Resharded", "check_processes", "processes_of"]


class Resharded(NamedTuple):
    """How a run goes on in other processes than before."""

    said: str = ""
    """The same in words; empty where it goes on as it was."""

    @property
    def changed(self) -> list[str]:
        """What explains that steps done again do not come to the same numbers."""
        return ["the number of processes"] if self.said else []

    def tell(self, run: Run, step: int) -> None:
        """Record it where it is so, among the proofs of exactness: this is one that it is none."""
        if self.said:
            run.event("replay", self.said, level="warning", step=step, equal=False, resharded=True)


def processes_of(config: Config) -> dict[str, Any]:
    """What a manifest notes: nothing of a run in one process."""
    size = world_size()
    return {"processes": {"world_size": size, "parallel": config.train.parallel}} if size > 1 else {}


def check_processes(manifest: Mapping[str, Any], config: Config, *, reshard: bool) -> Resharded:
    """See whether a run goes on in as many processes as its checkpoint was written by, which alone is exact.

    Raises ResumeError where not, unless that is declared by `reshard`.
    """
    was, now = _told(manifest), _told(processes_of(config))
    if was == now:
        return Resharded()
    if not reshard:
        raise ResumeError(
            f"the checkpoint at step {manifest['step']} was written by {was}, and this is {now}, which does not add up "
            f"in the same order; start as many as before, or go on with --reshard, and not bit for bit"
        )
    return Resharded(f"goes on in {now}, where the checkpoint was written by {was}: from here on not bit for bit")


def _told(facts: Mapping[str, Any]) -> str:
    known = facts.get("processes")
    return f"{known['world_size']} processes ({known['parallel']})" if known else "one process"
