"""Going back while training: to a checkpoint someone names, or to a safe one before a spike.

What is on disk is only added to, so a kill at any moment leaves a run that can go on. The branch's line comes
last and holds what is tried: whoever goes on with the run tries the same.
"""

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from assay.spikes import Verdict
from store.rollback import newest_whole
from trainer.changes import begins_anew
from trainer.checkpoint import read_state
from trainer.going_back import asked_for, check_whole, episode_after, facts_of, refused_facts
from trainer.guard import baseline
from trainer.job import begin_again
from trainer.ladder import Episode, next_rung, remedies_for
from trainer.parallel.alike import changed_anywhere
from trainer.parallel.restoring import put_back
from trainer.remedies import Remedies
from trainer.replay import Replay
from trainer.shelf import Kept

if TYPE_CHECKING:
    from trainer.train import Training

__all__ = ["asked_back", "back_slower", "go_around"]


def asked_back(training: "Training", step: int, actor: str) -> str:
    """Go back to a sealed checkpoint of the active path, on a branch of its own; says what came of it.

    Where that one is damaged, the next older one is taken, and that is said.
    """
    found, left = asked_for(training.shelf, training.history, step), training.state.step
    if isinstance(found, str):
        return found
    target, refused = found
    _restore(training, target)
    training.guard.episode = None
    _fork(training, target, "rollback", {"abandoned_to": left, "actor": actor, **refused_facts(refused)})
    instead = f"{'; '.join(refused)}; " if refused else ""
    return f"{instead}went back from step {left} to step {target.step}, on branch {training.history.branch}"


def back_slower(training: "Training", target: Kept, facts: Mapping[str, Any]) -> None:
    """Go back to a verified checkpoint and on with a lower learning rate; the branch declares that, and `facts`."""
    left, before = training.state.step, training.state.remedies
    _restore(training, target)
    training.replay = Replay({})
    _remedy(training, before.slower(training.job.config.remedies, after=target.step))
    training.guard.episode = None
    declared = {"remedies": training.state.remedies.as_dict(), "guard": training.guard.opens()}
    _fork(training, target, "rollback", {"actor": "guard", "abandoned_to": left, **declared, **facts})


def go_around(training: "Training", verdict: Verdict) -> str | None:
    """Go back to the newest safe checkpoint before the running spike, and try the next thing against it.

    Returns None where that was done; else why not, with everything as it was.
    """
    guard, began, left = training.guard, time.perf_counter(), training.state.step
    same = guard.same_spike(left)
    if next_rung(same, guard.config, guard.rollbacks) is None:
        return "the guard has done what it may"
    onset = min(guard.onset or left, same.onset if same else left)
    origin = [training.origin] if training.origin else []
    target, refused = newest_whole([*origin, *training.shelf.before(onset, training.history)], check_whole)
    if target is None and not training.can_begin_again:
        return f"the guard has nothing to go back to{''.join(f'; {said}' for said in refused)}"
    at = target.step if target else 0
    episode = episode_after(
        guard, verdict, same, onset=onset, left=left, target=at, remedies=training.state.remedies
    )  # fmt: skip
    samples = guard.suspects.worst(episode.alarm, left)
    training.shelf.suspect(onset, training.history, f"after the spike that began at step {onset}")
    replay = Replay({step: found for step, found in training.traces.items() if at < step <= episode.alarm})
    _restore(training, target)
    _try(training, episode)
    training.replay = replay if episode.rung == "control" else Replay({})
    facts = facts_of(guard, episode, left, training.state.remedies, refused)
    _fork(training, target, "replay" if episode.rung == "control" else "rollback", facts)
    sentence = _told(training, episode, left)
    for said in refused:
        training.progress.say(said)
    facts |= {"samples": samples, "seconds": time.perf_counter() - began}
    training.tell("guard", sentence, level="warning", step=left, alert="rollback", **facts)
    return None


def _restore(training: "Training", target: Kept | None) -> None:
    """Put everything back to where it was when a verified checkpoint was sealed, or to the beginning."""
    job = training.job
    if target:
        _mend_frozen(training)
        put_back(job, target.folder)
        state = read_state(target.folder)
        training.parent = target.folder.relative_to(training.run.folder.parent).as_posix()
    else:
        begin_again(job)
        state = training.beginning
        training.parent = None
    changed = [] if state.remedies == training.state.remedies else ["what is done against spikes"]
    training.replay = Replay({step: found for step, found in training.traces.items() if step > state.step}, changed)
    training.state = replace(state, micro_batch=training.state.micro_batch)
    job.engine.precision.restore(state.loss_scale)
    if not state.loss_scale:
        job.engine.precision.begin_at(state.remedies.loss_scale, state.remedies.loss_scale_interval)
    training.guard.forget(state.guard)
    if target and (reason := begins_anew(job.config, target.folder)):
        training.guard.reset(reason)
    training.guard.suspects.forget(state.step)
    training.traces = {step: found for step, found in training.traces.items() if step <= state.step}


def _mend_frozen(training: "Training") -> None:
    """Read the model again where memory does not hold what it was; no checkpoint has the weights that are frozen."""
    changed = changed_anywhere(training.frozen)
    if not changed:
        return
    begin_again(training.job)
    more = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
    sentence = f"{changed[0]}{more}, which is not trained, had changed in memory; the model was read again"
    training.tell("weights", sentence, level="alarm", step=training.state.step, names=changed)


def _try(training: "Training", episode: Episode) -> None:
    """Put into effect what the rung of an episode changes."""
    guard, config = training.guard, training.job.config
    _remedy(training, remedies_for(episode, config.guard, config.remedies))
    guard.episode = episode
    guard.rollbacks += episode.rung != "control"


def _remedy(training: "Training", remedies: Remedies) -> None:
    before = training.state.remedies
    training.state = replace(training.state, remedies=remedies)
    if remedies.loss_scale != before.loss_scale or remedies.loss_scale_interval != before.loss_scale_interval:
        training.job.engine.precision.begin_at(remedies.loss_scale, remedies.loss_scale_interval)
    if remedies.rewarm_after != before.rewarm_after:
        training.guard.reset("the learning rate rises again")


def _fork(training: "Training", target: Kept | None, reason: str, facts: dict[str, Any]) -> None:
    step = target.step if target else 0
    guard = training.guard
    known = baseline(guard.state() | guard.opens(), step, training.state.remedies)
    data = {**facts, "checkpoint": training.parent, "baseline": known}
    training.run.fork(after=step, reason=reason, data=data)
    training.history = training.history.forked(step, reason, data)


def _told(training: "Training", episode: Episode, left: int) -> str:
    where = f"step {episode.target}" if episode.target else "the beginning"
    what = {"control": "the same again, unchanged, to see whether it comes back"}.get(
        episode.rung, training.state.remedies.told()
    )
    return f"the guard went back from step {left} to {where}, before the spike at step {episode.onset}; now: {what}"
