"""What the commands of releases share: releases as JSON, and saying no."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from evals.gate.numbers import short
from evals.release.countersigning import Second
from evals.release.errors import RefusedError
from evals.release.rows import Release
from evals.release.telling import VARIABLE, Told
from store.clock import utc_now
from store.commands.common import console, notes, print_json

__all__ = [
    "print_told", "release_dict", "release_line", "say_no", "second_dict", "second_line", "told_dict", "webhook_option",
]  # fmt: skip

F = TypeVar("F", bound=Callable[..., Any])


def webhook_option(command: F) -> F:
    """Add `--webhook`."""
    return click.option(
        "--webhook", metavar="URL", default=None,
        help=f"Webhook to tell, or env:NAME for the variable that holds it. Default: {VARIABLE}.",
    )(command)  # fmt: skip


def say_no(error: RefusedError, *, as_json: bool, key: str, value: Any = False) -> int:
    """Say why not; the exit code. As JSON `key` is `value`, and why stands beside it."""
    if as_json:
        print_json({key: value, "why": str(error)})
    else:
        notes.print(f"no: {error}")
    return 1


def release_dict(one: Release) -> dict[str, Any]:
    """A release as JSON, without its papers."""
    return {
        "environment": one.environment, "version": one.version, "kind": one.kind, "candidate": one.candidate,
        "digest": f"sha256:{one.sha256}", "override": one.override, "reason": one.reason, "since": one.created,
        "until": one.until, "by": one.by, "role": one.role,
    }  # fmt: skip


def release_line(one: Release) -> str:
    """A release in a line for people."""
    did = "put back" if one.kind == "restore" else "released"
    over = " OVERRIDE" if one.override else ""
    when = f"{one.created:%Y-%m-%d %H:%M} UTC"
    return f"{one.title}{over}: {one.candidate} ({short(one.sha256)}), {did} on {when} by {one.by}"


def second_dict(second: Second | None) -> dict[str, Any] | None:
    """The second lead of a restore as JSON; null where none need confirm."""
    if second is None:
        return None
    late = second.is_late(utc_now())
    return {
        "by": second.by or None, "confirmed": second.confirmed, "due": second.due, "late": late,
        "first": second.first or None, "missing": second.missing,
    }  # fmt: skip


def second_line(second: Second) -> str:
    """The same for people."""
    if second.confirmed is not None:
        return f"confirmed by {second.by}, a second lead, on {second.confirmed:%Y-%m-%d %H:%M} UTC"
    late = ", which is over" if second.is_late(utc_now()) else ""
    who = "not yet confirmed by a second lead"
    if second.first:
        who = f"confirmed by {second.first}, who counts as who put it back without a key, and not yet by a second lead"
    elif second.missing > 1:
        who = f"put back without a key, so {second.missing} leads must confirm it, and none has"
    return f"{who}, due by {second.due:%Y-%m-%d %H:%M} UTC{late}: assay release countersign --key FILE"


def told_dict(told: Told | None) -> dict[str, Any] | None:
    """What came of telling a webhook, as JSON."""
    return None if told is None else told._asdict()


def print_told(told: Told | None) -> None:
    """The same for people."""
    if told is not None:
        (console if told.delivered else notes).print(told.sentence, markup=False)
