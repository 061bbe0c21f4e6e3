"""Going back in a host's run: the host is stopped, and goes on from a sealed checkpoint on a branch of its own.

What is decided, and what is tried, is as in `trainer.rollback`; only the host puts weights and optimizer back itself.
"""

from collections.abc import Mapping
from typing import Any

from assay.spikes import Verdict
from store.artifacts import verify
from store.rollback import nearest, newest_whole
from trainer.adapters.hosted import Hosted
from trainer.checkpoint import read_state
from trainer.guard import baseline
from trainer.ladder import Episode, next_rung, remedies_for
from trainer.replay import Replay
from trainer.shelf import Kept

__all__ = ["asked_back", "go_around"]


def asked_back(hosted: Hosted, step: int, actor: str) -> str:
    """Go back to a sealed checkpoint of the active path, because someone asked; says what came of it."""
    if not hosted.sees_steps:
        return "not done: the host's trainer can go back with AssayMixin among its classes only"
    hosted.settle(wait=True)
    active, left = hosted.shelf.active(hosted.history), hosted.state.step
    steps = [item.step for item in active]
    if step not in steps:
        return f"not done: there is no sealed checkpoint at step {step}{nearest(steps, step)}"
    target, refused = newest_whole([item for item in active if item.step <= step], _verify)
    if target is None:
        return f"not done: {'; '.join(refused)}"
    _restore(hosted, target)
    hosted.guard.episode = None
    _fork(hosted, target, "rollback", {"abandoned_to": left, "actor": actor, "refused": refused})
    instead = f"{'; '.join(refused)}; " if refused else ""
    return f"{instead}goes back from step {left} to step {target.step}, on branch {hosted.history.branch}"


def go_around(hosted: Hosted, verdict: Verdict) -> str | None:
    """Go back to the newest safe checkpoint before the running spike, and try the next thing against it.

    Returns None where that is being done; else why not, with everything as it was.
    """
    guard, left = hosted.guard, hosted.state.step
    hosted.settle(wait=True)
    same = guard.same_spike(left)
    if next_rung(same, guard.config, guard.rollbacks) is None:
        return "the guard has done what it may"
    onset = min(guard.onset or left, same.onset if same else left)
    target, refused = newest_whole(hosted.shelf.before(onset, hosted.history), _verify)
    if target is None:
        return f"the guard has nothing to go back to{''.join(f'; {said}' for said in refused)}"
    alarm, over_after, at = guard.first_alarm or left, guard.over_after(left), target.step
    episode = same.again(alarm=alarm, decided=left, over_after=over_after, target=at) if same else Episode(
        verdict.rule or "", onset, alarm, over_after, at, left, hosted.state.remedies.as_dict()
    )  # fmt: skip
    samples = guard.suspects.worst(alarm, left)
    hosted.shelf.suspect(onset, hosted.history, f"after the spike that began at step {onset}")
    replay = Replay({step: found for step, found in hosted.traces.items() if at < step <= alarm})
    _restore(hosted, target)
    _try(hosted, episode)
    hosted.replay = replay if episode.rung == "control" else Replay({})
    facts = _facts(hosted, episode, left, refused)
    _fork(hosted, target, "replay" if episode.rung == "control" else "rollback", facts)
    hosted.tell("guard", _told(hosted, episode, left), level="warning", step=left, **facts, samples=samples)
    return None


def _verify(item: Kept) -> None:
    verify(item.folder)


def _restore(hosted: Hosted, target: Kept) -> None:
    """Take back what is remembered of the steps behind a verified checkpoint; the host takes back the rest."""
    state = read_state(target.folder)
    hosted.state = state
    hosted.guard.forget(state.guard)
    hosted.guard.suspects.forget(state.step)
    hosted.replay = Replay({step: found for step, found in hosted.traces.items() if step > state.step})
    hosted.traces = {step: found for step, found in hosted.traces.items() if step <= state.step}


def _try(hosted: Hosted, episode: Episode) -> None:
    """Put into effect what the rung of an episode changes."""
    guard, before = hosted.guard, hosted.state.remedies
    remedies = remedies_for(episode, hosted.config.guard, hosted.config.remedies)
    hosted.change(remedies)
    if remedies.rewarm_after != before.rewarm_after:
        guard.reset("the learning rate rises again")
    guard.episode = episode
    guard.rollbacks += episode.rung != "control"


def _fork(hosted: Hosted, target: Kept, reason: str, facts: dict[str, Any]) -> None:
    step, guard = target.step, hosted.guard
    known = baseline(guard.state() | guard.opens(), step, hosted.state.remedies)
    path = target.folder.relative_to(hosted.run.folder.parent).as_posix()
    data = {**_given(facts), "checkpoint": path, "baseline": known}
    hosted.run.fork(after=step, reason=reason, data=data)
    hosted.history = hosted.history.forked(step, reason, data)
    hosted.target = target


def _given(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in facts.items() if name != "refused" or value}


def _facts(hosted: Hosted, episode: Episode, left: int, refused: list[str]) -> dict[str, Any]:
    return {
        "actor": "guard", "rung": episode.rung, "rule": episode.rule, "onset": episode.onset, "alarm": episode.alarm,
        "abandoned_to": left, "target": episode.target, "remedies": hosted.state.remedies.as_dict(),
        "guard": hosted.guard.opens(), "refused": refused,
    }  # fmt: skip


def _told(hosted: Hosted, episode: Episode, left: int) -> str:
    what = {"control": "the same again, unchanged, to see whether it comes back"}.get(
        episode.rung, hosted.state.remedies.told()
    )
    return (
        f"the guard goes back from step {left} to step {episode.target}, before the spike at step {episode.onset}; "
        f"now: {what}"
    )
