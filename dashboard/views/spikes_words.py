"""Spikes in the reader's words, made from what was recorded of them, not from the trainer's sentences."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from dashboard.cached_people import called
from dashboard.fields import listed
from dashboard.language import t
from dashboard.spike_story import Alarm, Spike, Try
from dashboard.words import count, figure

__all__ = [
    "GROUPS", "SIGNALS", "against", "cause", "changed", "did", "place", "rule", "rung", "series", "took", "was_skipped",
    "way", "what",
]  # fmt: skip

RULES = {
    "T0": "spikes.rule.T0", "T1": "spikes.rule.T1", "T2": "spikes.rule.T2", "T3": "spikes.rule.T3",
    "P": "spikes.rule.P",
}  # fmt: skip
WHAT = {
    "T0": "spikes.what.T0", "T1": "spikes.what.T1", "T2": "spikes.what.T2", "T3": "spikes.what.T3",
    "P": "spikes.what.P",
}  # fmt: skip
SERIES = {
    "loss": "spikes.series.loss", "grad_norm": "spikes.series.grad_norm", "loss_scale": "spikes.series.loss_scale",
}  # fmt: skip
GROUPS = {
    "embed": "spikes.group.embed", "first": "spikes.group.first", "middle": "spikes.group.middle",
    "last": "spikes.group.last", "head": "spikes.group.head",
}  # fmt: skip
SIGNALS = {
    "grad_norm": "spikes.signal.grad_norm", "update_rms": "spikes.signal.update_rms", "rms_t": "spikes.signal.rms_t",
}  # fmt: skip
RUNGS = {
    "control": "spikes.rung.control", "leave-out": "spikes.rung.leave-out", "slower": "spikes.rung.slower",
    "remedies": "spikes.rung.remedies",
}  # fmt: skip
CAUSES = {
    "non-finite": "spikes.cause.non-finite", "not-reproducible": "spikes.cause.not-reproducible",
    "batch-linked": "spikes.cause.batch-linked", "state-linked": "spikes.cause.state-linked",
}  # fmt: skip
REMEDIES = {
    "shallow_update": "spikes.remedy.shallow_update", "shallow_gradient": "spikes.remedy.shallow_gradient",
    "embedding_gradient": "spikes.remedy.embedding_gradient", "eps": "spikes.remedy.eps",
    "loss_scale": "spikes.remedy.loss_scale", "loss_scale_interval": "spikes.remedy.loss_scale_interval",
}  # fmt: skip

FULL = 128
"""Accepted values that a baseline is made of once there are so many."""

NAMED = 4
"""Skipped steps that are named one by one."""


def rule(name: str) -> str:
    """A rule in a word or two."""
    return t(RULES.get(name, "spikes.rule.other"))


def rung(name: str) -> str:
    """What is being tried."""
    return t(RUNGS[name]) if name in RUNGS else name


def series(name: str) -> str:
    """What an alarm looks at."""
    parts = name.split("/")
    if len(parts) == 3 and parts[1] in GROUPS and parts[2] in SIGNALS:
        return t("spikes.series.group", group=t(GROUPS[parts[1]]), signal=t(SIGNALS[parts[2]]))
    return t(SERIES[name]) if name in SERIES else name


def what(alarm: Alarm) -> str:
    """What an alarm saw; as it was told where its rule is none of ours."""
    if alarm.rule not in WHAT:
        return alarm.message
    key = "spikes.what.P.scale" if alarm.rule == "P" and alarm.series == "loss_scale" else WHAT[alarm.rule]
    return t(key, series=series(alarm.series), value=figure(alarm.value), limit=figure(alarm.limit))


def against(alarm: Alarm, first_step: int) -> str:
    """With what it was compared; `first_step` is the run's."""
    if alarm.rule == "T0":
        return t("spikes.against.number")
    if alarm.rule == "P" and alarm.series == "loss_scale":
        return t("spikes.against.scale")
    if alarm.rule == "P" and alarm.series == "grad_norm":
        return t("spikes.against.first")
    return t("spikes.against" if alarm.step - first_step >= FULL else "spikes.against.so_far")


def did(spike: Spike) -> Iterable[str]:
    """What was done about a spike, a sentence a time, in order."""
    if spike.first.is_found:
        yield t("spikes.did.found")
        return
    if spike.is_amber:
        yield t("spikes.did.amber")
        return
    # Where steps are replayed, what an earlier spike had skipped comes again with them.
    yield from _skipped([alarm for alarm in spike.alarms if was_skipped(alarm) and alarm.step >= spike.onset])
    if not spike.tries and not any(alarm.acts for alarm in spike.alarms):
        yield t("spikes.did.watched")
    for tried in spike.tries:
        yield way(tried)
    if spike.asked is not None:
        yield t("spikes.did.asked")
    if spike.answered is not None:
        yield t("spikes.did.answered")
    if spike.back is not None:
        actor, step, left = spike.back
        key = "spikes.did.back" if actor else "spikes.did.back.someone"
        yield t(key, actor=called(actor), step=count(step), left=count(left))


def was_skipped(alarm: Alarm) -> bool:
    """Whether the step was not taken; what is no number is not, even where the guard only watches."""
    return alarm.action == "skip" and not alarm.is_found and (alarm.acts or alarm.rule == "T0")


def _skipped(alarms: Sequence[Alarm]) -> Iterable[str]:
    found = sorted({alarm.step for alarm in alarms})
    if len(found) == 1:
        yield t("spikes.did.skipped", steps=count(found[0]))
    elif found:
        named = ", ".join(map(count, found[:NAMED])) + (" …" if len(found) > NAMED else "")
        yield t("spikes.did.skipped.many", count=len(found), steps=named)


def place(step: int) -> str:
    """A step that was gone back to."""
    return t("spikes.did.to", step=count(step)) if step else t("spikes.did.to.beginning")


def way(tried: Try) -> str:
    """From where to where a try went, and what is done from there on."""
    where = {"left": count(tried.left), "target": place(tried.target)}
    if tried.rung == "control":
        said = t("spikes.did.control", **where)
    else:
        said = t("spikes.did.changed", **where, changed=changed(tried.remedies) or rung(tried.rung))
    return " ".join([said, *(t("spikes.did.refused", reason=reason) for reason in tried.refused)])


def took(tried: Try) -> str:
    """How long a rollback took; empty where nobody knows."""
    return "" if tried.seconds is None else t("spikes.did.seconds", time=t("seconds", n=f"{tried.seconds:.2g}"))


def changed(remedies: Mapping[str, Any]) -> str:
    """The remedies in effect; empty where there are none."""
    return " · ".join(_changed(remedies))


def _changed(remedies: Mapping[str, Any]) -> Iterable[str]:
    for stretch in listed(remedies.get("left_out")):
        first, last = (int(step) for step in stretch)
        key = "spikes.left_out.single" if first == last else "spikes.left_out"
        yield t(key, first=count(first), last=count(last))
    if "lr" in remedies:
        yield t("spikes.remedy.lr", value=figure(remedies["lr"]))
    if remedies.get("rewarm_after") is not None and remedies.get("rewarm"):
        yield t("spikes.remedy.rewarm", value=count(remedies["rewarm"]))
    for name, key in REMEDIES.items():
        if name in remedies:
            yield t(key, value=figure(remedies[name]))


def cause(spike: Spike) -> str:
    """What the tries have shown; empty where nothing was tried, or nothing is known yet."""
    if spike.cause not in CAUSES:
        return ""
    exact = [t("spikes.cause.exact")] if spike.exact else []
    return " ".join([t(CAUSES[spike.cause]), *exact])
