"""What was live on a day, or at a moment, and who had signed it.

found = live_at(store, actor, span_of("2026-11-29"))        everything that was live on that day, in UTC
span_of("2026-11-29T14:30+08:00")                           within that minute
span_of("2026-11-29T14:30:05")                              at that moment
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from evals.gate.live import ENVIRONMENT
from evals.release.check_papers import check_papers
from evals.release.countersigning import Second, second_of
from evals.release.errors import RefusedError, ReleaseError
from evals.release.making import check_environment
from evals.release.rows import Release, releases_of
from evals.release.settling import require_row, require_told
from evals.release.trust import registered
from store.access import Actor, require
from store.clock import utc_now
from store.database import Snapshot, Store
from store.keys import KeyFileError

__all__ = ["Moment", "Signature", "Span", "live_at", "row_fault", "signatures_of", "signers_of", "span_of"]

_DAY = re.compile(r"(\d{4}-\d{2}-\d{2})(Z|[+-]\d{2}:?\d{2})?")


_MINUTE = re.compile(r".+[T ]\d{2}:?\d{2}(Z|[+-]\d{2}:?\d{2})?")


class Span(NamedTuple):
    """A moment, or a day or a minute from its first moment up to the next one."""

    begin: datetime
    """The moment, in UTC."""

    end: datetime
    """The same, or a day or a minute later."""

    @property
    def lasts(self) -> bool:
        """Whether it is a day or a minute."""
        return self.end > self.begin


class Signature(NamedTuple):
    """Who signed a release."""

    name: str
    """What the person was called then."""

    kind: str
    """approve or override."""

    way: str
    """How the person came in: local, oidc or key."""

    time: str
    """When, in UTC."""

    reason: str
    """Why."""

    key_id: str
    """By which key."""


class Moment(NamedTuple):
    """Something that was live."""

    release: Release
    """The row."""

    why: str
    """Why it is not what was signed and told; empty where it is."""

    signed: tuple[Signature, ...]
    """Who had signed it; nobody where it does not hold."""

    second: Second | None
    """The second lead of a restore; None where none need confirm."""


def span_of(text: str) -> Span:
    """The span of 2026-11-29, 2026-11-29T14:30 or 2026-11-29T14:30:05, in UTC or with an offset.

    People read times to the minute, so one without seconds is that whole minute. Raises ReleaseError for anything else.
    """
    day = _DAY.fullmatch(text.strip())
    try:
        begin = datetime.fromisoformat(f"{day[1]}T00:00{day[2] or ''}" if day else text.strip())
    except ValueError as error:
        raise ReleaseError(
            f"{text} is no date; give one like 2026-11-29, 2026-11-29T14:30 (UTC) or 2026-11-29T14:30+08:00"
        ) from error
    try:
        moment = begin.astimezone(UTC).replace(tzinfo=None) if begin.tzinfo else begin
        minute = timedelta(minutes=1) if _MINUTE.fullmatch(text.strip()) else timedelta(0)
        span = Span(moment, moment + (timedelta(days=1) if day else minute))
    except OverflowError as error:
        raise ReleaseError(f"{text} is no date that can be reckoned with; give one like 2026-11-29") from error
    if span.begin > utc_now():
        raise ReleaseError(f"{text} is still to come, and nobody knows what will be live then; give a past date")
    return span


def live_at(store: Store, actor: Actor, span: Span, environment: str = ENVIRONMENT) -> list[Moment]:
    """Everything that was live for some time of a span, the oldest first. Raises AccessError, ReleaseError."""
    check_environment(environment)

    def read(snapshot: Snapshot) -> list[Moment]:
        require(snapshot, actor, "release:read")
        found = [one for one in releases_of(snapshot, environment) if _meets(one, span)]
        return [_moment(snapshot, one) for one in found]

    return store.snapshot(read)


def row_fault(snapshot: Snapshot, release: Release) -> str:
    """Why a row is not what was signed and told; empty where it is, and what it says can be shown."""
    try:
        require_row(snapshot, release)
        require_told(snapshot, release.environment)
    except (RefusedError, KeyFileError) as error:
        return str(error)
    return ""


def signers_of(snapshot: Snapshot, release: Release) -> tuple[Signature, ...] | None:
    """Who signed a release by a bundle whose signatures hold; None where they do not."""
    try:
        return tuple(signatures_of(check_papers(release.papers, registered(snapshot), again=False)))
    except (RefusedError, KeyFileError):
        return None


def _moment(snapshot: Snapshot, release: Release) -> Moment:
    why = row_fault(snapshot, release)
    signed = () if why else tuple(signatures_of(release.papers.fields))
    return Moment(release, why, signed, second_of(snapshot, release))


def signatures_of(bundle: Mapping[str, Any]) -> list[Signature]:
    """Who signed a release, as its bundle has it."""
    return [Signature(**{name: row[name] for name in Signature._fields}) for row in bundle["approvals"]]


def _meets(one: Release, span: Span) -> bool:
    """Whether something was live in a span; it is live from its first moment on, and no longer at its last one."""
    began = one.created < span.end if span.lasts else one.created <= span.begin
    return began and (one.until is None or one.until > span.begin)
