"""What is done to the host: gradients taken away, a learning rate lowered for a step, a wish to stop or to save."""

from math import isfinite
from typing import Any

import torch

from trainer.adapters.back import go_around
from trainer.adapters.hosted import Hosted
from trainer.adapters.seen import Seen

__all__ = ["act", "cannot_act", "look"]


def cannot_act(host: Any, args: Any) -> str | None:
    """Why the guard can only watch this host; None where it can act."""
    if host is None:
        return "to act it needs AssayMixin among the classes of the trainer"
    if args.world_size > 1 or args.n_gpu > 1 or host.is_deepspeed_enabled or host.is_fsdp_enabled:
        return "it can act where one process trains on one device, not where several share a step"
    if args.save_only_model:
        return "save_only_model leaves nothing in a checkpoint that a run could go on from"
    return None


def look(hosted: Hosted, seen: Seen, optimizer: Any, scales: bool) -> list[float]:
    """Look at a step before it is taken; where the guard acts, judge it, and take its gradients away where it may not
    be. `scales`: the host scales its loss (fp16).

    Returns the learning rates that are to be put back once it was taken; none where they were left alone.
    """
    seen.lr = float(optimizer.param_groups[0]["lr"])
    is_slower = hosted.state.remedies.lr != 1.0
    if is_slower:
        seen.lr = hosted.rate(seen.lr, seen.step)
    if not seen.is_left_out:
        loss, norm = seen.look()
        is_number = isfinite(norm)
        seen.is_overflow = scales and not is_number and isfinite(loss)
        # Looked at now, and only where there is doubt: behind such a step no weight may be a number any more.
        whole = (is_number and isfinite(loss)) or seen.is_overflow or _is_finite(optimizer)
        seen.judged_by = loss, norm, whole
    if seen.is_left_out or (hosted.acts and not hosted.may_take(seen)):
        _drop_gradients(optimizer)
        return []
    return _slow(hosted, seen, optimizer) if is_slower else []


def act(hosted: Hosted, control: Any) -> None:
    """Do between two steps what the guard and people want: go back, wait, save, stop."""
    if hosted.wishes.are_there:
        hosted.catch_up()
        hosted.wishes.act()
    if hosted.acts:
        _act_on_verdict(hosted)
    if hosted.target is not None:
        control.should_training_stop = True
        control.should_save = control.should_evaluate = control.should_log = False
    elif hosted.wishes.stopped_by:
        control.should_save = control.should_training_stop = True
    elif hosted.wants_save:
        control.should_save = True


def _act_on_verdict(hosted: Hosted) -> None:
    verdict, hosted.verdict = hosted.verdict, None
    if hosted.target is not None or verdict is None or not hosted.guard.wants_back(verdict):
        return
    why = go_around(hosted, verdict)
    if why is not None:
        onset = hosted.guard.onset or hosted.state.step
        hosted.shelf.suspect(onset, hosted.history, f"after the spike that began at step {onset}")
        hosted.guard.give_up(hosted.state.step, verdict, why)
        hosted.wishes.pause()
        hosted.wishes.act()


def _drop_gradients(optimizer: Any) -> None:
    """Without a gradient a weight is left as it is, and so are its moments; a gradient of 0 would move both."""
    for group in optimizer.param_groups:
        for parameter in group["params"]:
            parameter.grad = None


def _slow(hosted: Hosted, seen: Seen, optimizer: Any) -> list[float]:
    """Lower the learning rates for a step; returns what they were."""
    rates = [group["lr"] for group in optimizer.param_groups]
    for group in optimizer.param_groups:
        group["lr"] = hosted.rate(group["lr"], seen.step)
    return rates


def _is_finite(optimizer: Any) -> bool:
    return all(bool(torch.isfinite(item).all()) for group in optimizer.param_groups for item in group["params"])
