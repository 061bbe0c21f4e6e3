"""Going back in a host's run: the host is stopped, and goes on from a sealed checkpoint on a branch of its own.

What is decided, and what is tried, is as in `trainer.rollback`; only the host puts weights and optimizer back itself.
"""

from typing import Any

from assay.spikes import Verdict
from store.rollback import newest_whole
from trainer.adapters.hosted import Hosted
from trainer.checkpoint import read_state
from trainer.going_back import asked_for, check_whole, episode_after, facts_of, refused_facts
from trainer.guard import baseline
from trainer.ladder import Episode, next_rung, remedies_for
from trainer.replay import Replay
from trainer.shelf import Kept

__all__ = ["asked_back", "go_around"]


_BY_HAND = "stop it, and start it again with resume_from_checkpoint set to the checkpoint"


def asked_back(hosted: Hosted, step: int, actor: str) -> str:
    """Go back to a sealed checkpoint of the active path, because someone asked; says what came of it."""
    if not hosted.sees_steps:
        return "not done: the host's trainer can go back with AssayMixin among its classes only"
    if hosted.is_one_of_several:
        return f"not done: a host in several processes does not go back by itself; {_BY_HAND}"
    hosted.settle(wait=True)
    found, left = asked_for(hosted.shelf, hosted.history, step), hosted.state.step
    if isinstance(found, str):
        return found
    target, refused = found
    _restore(hosted, target)
    hosted.guard.episode = None
    facts = {"abandoned_to": left, "actor": actor, **refused_facts(refused)}
    _fork(hosted, target, "rollback", facts)
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
    target, refused = newest_whole(hosted.shelf.before(onset, hosted.history), check_whole)
    if target is None:
        return f"the guard has nothing to go back to{''.join(f'; {said}' for said in refused)}"
    episode = episode_after(
        guard, verdict, same, onset=onset, left=left, target=target.step, remedies=hosted.state.remedies
    )  # fmt: skip
    samples = guard.suspects.worst(episode.alarm, left)
    hosted.shelf.suspect(onset, hosted.history, f"after the spike that began at step {onset}")
    replay = Replay({step: found for step, found in hosted.traces.items() if target.step < step <= episode.alarm})
    _restore(hosted, target)
    _try(hosted, episode)
    hosted.replay = replay if episode.rung == "control" else Replay({})
    facts = facts_of(guard, episode, left, hosted.state.remedies, refused)
    _fork(hosted, target, "replay" if episode.rung == "control" else "rollback", facts)
    hosted.tell("guard", _told(hosted, episode, left), level="warning", step=left, **facts, samples=samples)
    return None


def _restore(hosted: Hosted, target: Kept) -> None:
    """Take back what is remembered of the steps behind a verified checkpoint; the host takes back the rest."""
    state = read_state(target.folder)
    hosted.state, hosted.calm = state, None
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
    data = {**facts, "checkpoint": path, "baseline": known}
    hosted.run.fork(after=step, reason=reason, data=data)
    hosted.history = hosted.history.forked(step, reason, data)
    hosted.target = target


def _told(hosted: Hosted, episode: Episode, left: int) -> str:
    what = {"control": "the same again, unchanged, to see whether it comes back"}.get(
        episode.rung, hosted.state.remedies.told()
    )
    return (
        f"the guard goes back from step {left} to step {episode.target}, before the spike at step {episode.onset}; "
        f"now: {what}"
    )
