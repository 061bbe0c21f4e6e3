"""Every function about releases that takes who asks, by the action that it needs."""

from dataclasses import replace

from evals.gate.approvals import approve, override, refuse
from evals.gate.looking import look
from evals.release.confirming import confirm
from evals.release.countersigning import countersign
from evals.release.current import current
from evals.release.listing import listed
from evals.release.making import make
from evals.release.moments import live_at, span_of
from evals.release.reporting import reported
from evals.release.restoring import restore
from trainer.propose import propose

__all__ = ["RELEASING"]

WHY = "because it is asked for in a test of roles"


def _signs(call):
    return lambda world, actor: call(world.store, actor, world.look(), WHY)


RELEASING = {
    "look": ("release:read", lambda world, actor: look(world.store, actor, world.made.candidate)),
    "listed": ("release:read", lambda world, actor: listed(world.store, actor)),
    "current": ("release:read", lambda world, actor: current(world.store, actor)),
    "reported": ("release:read", lambda world, actor: reported(world.store, actor, None)),
    "live_at": ("release:read", lambda world, actor: live_at(world.store, actor, span_of("2026-01-01"))),
    "propose": ("release:propose", lambda world, actor: propose(world.store, actor, "nothing@1")),
    "approve": ("release:approve", _signs(approve)),
    "refuse": ("release:approve", _signs(refuse)),
    "override": (
        "release:approve",
        # What passes is nothing to override, whoever asks.
        lambda world, actor: override(world.store, actor, replace(world.look(), decision="fail"), WHY),
    ),
    "make": ("release:make", lambda world, actor: make(world.store, actor, world.made.candidate)),
    "restore": ("release:restore", lambda world, actor: restore(world.store, actor, "v1", reason=WHY)),
    "countersign": ("release:approve", lambda world, actor: countersign(world.store, actor)),
    "confirm": ("release:confirm", lambda world, actor: confirm(world.store, actor, "0" * 64, host="gpu-1")),
}
