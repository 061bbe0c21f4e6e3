"""What the commands of the gate share."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from evals.gate.live import ENVIRONMENT
from evals.gate.policy import Policy, read_policy_file

__all__ = ["environment_option", "key_option", "own_key_option", "policy_option", "read_policy_option"]

F = TypeVar("F", bound=Callable[..., Any])

KEY_HELP = "Your own key (assay user key make). Its passphrase is asked for, or taken from ASSAY_KEY_PASSPHRASE."


def environment_option(command: F) -> F:
    """Add `--env`."""
    return click.option(
        "--env", "environment", default=ENVIRONMENT, show_default=True, metavar="NAME", help="Where it is released."
    )(command)


def key_option(command: F) -> F:
    """Add `--key`, which must be given."""
    return _key(required=True)(command)


def own_key_option(command: F) -> F:
    """Add `--key`, which may be left out."""
    return _key(required=False)(command)


def _key(*, required: bool) -> Callable[[F], F]:
    return click.option(
        "--key", required=required, metavar="FILE", type=click.Path(path_type=Path, dir_okay=False), help=KEY_HELP
    )  # fmt: skip


def policy_option(command: F) -> F:
    """Add `--policy`."""
    return click.option(
        "--policy", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False),
        help="Rules (TOML). Default: those its campaign was opened with, else those Assay brings.",
    )(command)  # fmt: skip


def read_policy_option(path: Path | None) -> Policy | None:
    """The policy that was named. Raises PolicyError."""
    return None if path is None else read_policy_file(path)
