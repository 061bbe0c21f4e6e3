"""What was live on a day, or at a moment, and who had signed it.

found = live_at(store, actor, span_of("2026-11-29"))        everything that was live on that day, in UTC
span_of("2026-11-29T14:30+08:00")                           at that moment
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from evals.gate.live import ENVIRONMENT
from evals.release.errors import ReleaseError
from evals.release.making import check_environment
from evals.release.rows import Release, releases_of
from store.access import Actor, require
from store.clock import utc_now
from store.database import Snapshot, Store

__all__ = ["Signature", "Span", "live_at", "signatures_of", "span_of"]

_DAY = re.compile(r"(\d{4}-\d{2}-\d{2})(Z|[+-]\d{2}:?\d{2})?")


class Span(NamedTuple):
    """A moment, or a day from its first moment up to the next one."""

    begin: datetime
    """The moment, in UTC."""

    end: datetime
    """The same, or a day later."""

    @property
    def is_day(self) -> bool:
        """Whether it is a day."""
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


def span_of(text: str) -> Span:
    """The span of 2026-11-29 or 2026-11-29T14:30, in UTC or with an offset. Raises ReleaseError for anything else."""
    day = _DAY.fullmatch(text.strip())
    try:
        begin = datetime.fromisoformat(f"{day[1]}T00:00{day[2] or ''}" if day else text.strip())
    except ValueError as error:
        raise ReleaseError(
            f"{text} is no date; give one like 2026-11-29, 2026-11-29T14:30 (UTC) or 2026-11-29T14:30+08:00"
        ) from error
    try:
        moment = begin.astimezone(UTC).replace(tzinfo=None) if begin.tzinfo else begin
        span = Span(moment, moment + timedelta(days=1) if day else moment)
    except OverflowError as error:
        raise ReleaseError(f"{text} is no date that can be reckoned with; give one like 2026-11-29") from error
    if span.begin > utc_now():
        raise ReleaseError(f"{text} is still to come, and nobody knows what will be live then; give a past date")
    return span


def live_at(store: Store, actor: Actor, span: Span, environment: str = ENVIRONMENT) -> list[Release]:
    """Everything that was live for some time of a span, the oldest first. Raises AccessError, ReleaseError."""
    check_environment(environment)

    def read(snapshot: Snapshot) -> list[Release]:
        require(snapshot, actor, "release:read")
        return [one for one in releases_of(snapshot, environment) if _meets(one, span)]

    return store.snapshot(read)


def signatures_of(bundle: Mapping[str, Any]) -> list[Signature]:
    """Who signed a release, as its bundle has it."""
    return [Signature(**{name: row[name] for name in Signature._fields}) for row in bundle["approvals"]]


def _meets(one: Release, span: Span) -> bool:
    """Whether something was live in a span; it is live from its first moment on, and no longer at its last one."""
    began = one.created < span.end if span.is_day else one.created <= span.begin
    return began and (one.until is None or one.until > span.begin)
