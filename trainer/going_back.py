"""What going back is in every trainer, ours or a host's: where to, what is tried there, and what its branch says."""

from typing import Any, NamedTuple

from assay.spikes import Verdict
from store.artifacts import verify
from store.rollback import nearest, newest_whole
from trainer.guard import Guard
from trainer.history import History
from trainer.ladder import Episode
from trainer.remedies import Remedies
from trainer.shelf import Kept, Shelf

__all__ = ["WayBack", "asked_for", "check_whole", "episode_after", "facts_of", "refused_facts"]


class WayBack(NamedTuple):
    """A checkpoint that is gone back to."""

    target: Kept
    """It."""

    refused: list[str]
    """Why newer ones were not taken, a sentence each."""


def asked_for(shelf: Shelf, history: History, step: int) -> WayBack | str:
    """The sealed checkpoint of a step of the active path, or the newest whole one before it; why not where there is
    none.
    """
    active = shelf.active(history)
    steps = [item.step for item in active]
    if step not in steps:
        return f"not done: there is no sealed checkpoint at step {step}{nearest(steps, step)}"
    target, refused = newest_whole([item for item in active if item.step <= step], check_whole)
    return f"not done: {'; '.join(refused)}" if target is None else WayBack(target, refused)


def check_whole(item: Kept) -> None:
    """Raise ArtifactError where a checkpoint is not what was sealed."""
    verify(item.folder)


def episode_after(
    guard: Guard, verdict: Verdict, same: Episode | None, *, onset: int, left: int, target: int, remedies: Remedies
) -> Episode:
    """What is tried next against the spike that runs at step `left`, from step `target` on; `same` is what was tried
    against it before, `remedies` what is in effect.
    """
    alarm, over_after = guard.first_alarm or left, guard.over_after(left)
    if same:
        return same.again(alarm=alarm, decided=left, over_after=over_after, target=target)
    return Episode(verdict.rule or "", onset, alarm, over_after, target, left, remedies.as_dict())


def facts_of(guard: Guard, episode: Episode, left: int, remedies: Remedies, refused: list[str]) -> dict[str, Any]:
    """What the branch says that a guard begins against a spike."""
    return {
        "actor": "guard", "rung": episode.rung, "rule": episode.rule, "onset": episode.onset, "alarm": episode.alarm,
        "abandoned_to": left, "target": episode.target, "remedies": remedies.as_dict(), "guard": guard.opens(),
        **refused_facts(refused),
    }  # fmt: skip


def refused_facts(refused: list[str]) -> dict[str, list[str]]:
    """What a branch says of checkpoints that were not what was sealed, sentence by sentence; nothing where all were."""
    return {"refused": refused} if refused else {}
