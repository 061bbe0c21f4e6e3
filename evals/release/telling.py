"""Whom a release is told: one message to a webhook, which changes nothing where it fails.

The address is a secret, and is shown masked; see `store.alerts`.
"""

from collections.abc import Mapping
from typing import NamedTuple

from assay.errors import AssayError
from evals.release.errors import ReleaseError
from evals.release.rows import Release
from store.alerts.alert import Alert
from store.alerts.post import post
from store.alerts.targets import Target, target_of

__all__ = ["SECRET_VARIABLE", "VARIABLE", "Told", "hook_of", "tell"]

VARIABLE = "ASSAY_RELEASE_WEBHOOK"
"""Environment variable with the address, where the command names none."""

SECRET_VARIABLE = "ASSAY_RELEASE_WEBHOOK_SECRET"  # noqa: S105 - the name of a variable, not a secret
"""Environment variable with the signing secret of Feishu or DingTalk."""

TIMEOUT = 10.0
"""Seconds to wait for an answer."""


class Told(NamedTuple):
    """What came of telling it."""

    delivered: bool
    """Whether the service took the message."""

    sentence: str
    """Who was told and what came back, for people; without secrets."""


def hook_of(url: str | None, environ: Mapping[str, str]) -> Target | None:
    """The webhook that a URL, `env:NAME`, or else the environment names; None where none is. Raises ReleaseError."""
    address = url or environ.get(VARIABLE, "").strip()
    if not address:
        return None
    try:
        return target_of(address, "auto", environ.get(SECRET_VARIABLE, "").strip(), environ)
    except AssayError as error:
        said = str(error).replace("alerts.url", "--webhook" if url else VARIABLE)
        raise ReleaseError(said.replace("alerts.secret", SECRET_VARIABLE)) from error


def tell(target: Target, release: Release, before: Release | None) -> Told:
    """Say that something became live; never raises."""
    tried = post(target, _message(release, before), TIMEOUT)
    came = "was told" if tried.delivered else "was not told"
    return Told(tried.delivered, f"{target.title} {came}: {tried.sentence}")


def _message(release: Release, before: Release | None) -> Alert:
    did = "was put back" if release.kind == "restore" else "is live"
    instead = f" in place of v{before.version}" if before else ""
    over = "; the gate did not pass, and leads overrode it" if release.override else ""
    why = f": {release.reason}" if release.reason else ""
    run, _, step = release.candidate.partition("@")
    return Alert(
        release.kind, "alarm" if release.override else "info", f"{release.environment}: v{release.version} {did}",
        f"{release.candidate} (sha256:{release.sha256}) {did} as {release.title}{instead}, by {release.by}{over}{why}",
        run.partition("/")[0], int(step) if step.isdigit() else None,
    )  # fmt: skip
