"""What is done about a run that forgets: `[guard] max_forgetting`, asked after each evaluation.

Going back alone would come to the same once more, to the bit: it goes on from the last green checkpoint with a lower
learning rate.
"""

from typing import TYPE_CHECKING, Any

from store.artifacts import verify
from store.rollback import newest_whole
from trainer.going_back import refused_facts
from trainer.requests import Wishes
from trainer.rollback import back_slower
from trainer.shelf import Kept
from trainer.suites import asks_what_was_kept

if TYPE_CHECKING:
    from trainer.train import Training

__all__ = ["MOST", "RULE", "answer_red"]

RULE = "guard.max_forgetting"
"""Who stopped the run."""

MOST = 2
"""Rollbacks of a run by this rule; what forgets again after them is not helped by another."""


def answer_red(training: "Training", wishes: Wishes) -> None:
    """Do what the configuration asks for where the newest evaluation's light is red."""
    red, training.evaluator.red = training.evaluator.red, {}
    rule = training.job.config.guard.max_forgetting
    if not (red and rule):
        return
    why = _obstacle_to_going_back(training, red) if rule == "rollback" else ""
    if why is not None:
        _stop(training, wishes, red, why)


def _stop(training: "Training", wishes: Wishes, red: dict[str, str], why: str) -> None:
    step = training.state.step
    training.forgot = f"{', '.join(red)} is red at step {step}{why}"
    if step < training.job.plan.steps:
        wishes.stop(RULE)
    sentence = f"{RULE} stops the run: {_told(red)}{why}"
    facts = {"did": "stop", "suites": list(red)}
    training.tell("forgetting", sentence, level="alarm", step=step, alert="paused", **facts)


def _obstacle_to_going_back(training: "Training", red: dict[str, str]) -> str | None:
    """Go back to the last green checkpoint; why that cannot be done, None where it was."""
    done = [data for data in training.history.declared.values() if data.get("rule") == RULE]
    if len(done) >= MOST:
        return f", and it went back {MOST} times already"
    target, refused = newest_whole(_green(training), _verify)
    if target is None:
        said = "".join(f"; {sentence}" for sentence in refused)
        return f", and there is no green checkpoint before it to go back to{said}"
    left = training.state.step
    facts: dict[str, Any] = {"rule": RULE, "suites": list(red), **refused_facts(refused)}
    back_slower(training, target, facts)
    now = training.state.remedies.told()
    sentence = f"went back from step {left} to step {target.step}, the last green one: {_told(red)}; now: {now}"
    facts |= {"did": "rollback", "target": target.step}
    training.tell("forgetting", sentence, level="warning", step=left, alert="rollback", **facts)
    return None


def _green(training: "Training") -> list[Kept]:
    """Checkpoints of the active path before this step at which every suite that has a light was green, by step."""
    suites = [suite for suite in training.job.suites if asks_what_was_kept(suite)]
    colours: dict[tuple[int, int], set[str]] = {}
    for suite in suites:
        for looked, light in training.evaluator.lights.of(suite, training.history):
            colours.setdefault((looked.step, looked.branch), set()).add(light.colour)
    found = [item for item in training.shelf.active(training.history) if item.state in ("sealed", "stable")]
    return [
        item for item in found if item.step < training.state.step and colours.get((item.step, item.branch)) == {"green"}
    ]


def _told(red: dict[str, str]) -> str:
    return "; ".join(f"{suite} is red, {why}" for suite, why in red.items())


def _verify(item: Kept) -> None:
    verify(item.folder)
