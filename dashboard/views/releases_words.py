"""Releases in words: versions, times, who released and who signed."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from html import escape

from dashboard.cached_releases import Known
from dashboard.language import current, t
from dashboard.times import both, local, zone
from dashboard.words import duration
from evals.release.moments import Signature
from store.clock import utc_now

__all__ = ["by", "chips", "lasted", "listed", "sentences", "signed", "since", "when"]

COMMA = {"zh": "、", "en": ", "}
"""Between names."""

LAST = {"zh": "、", "en": " and "}
"""Before the last one."""


def chips(one: Known, *, live: bool) -> Iterator[str]:
    """What it is, and in red what stays with it for ever, in HTML."""
    release = one.release
    if live:
        yield _chip("releases.chip.live", "bad" if release.override else "good")
    if release.kind == "restore":
        yield _chip("releases.chip.restored", "quiet")
    yield _chip("releases.chip.override", "bad") if release.override else _chip("releases.chip.passed", "quiet")
    if one.demo:
        yield _chip("demo_store", "bad")


def _chip(key: str, tone: str) -> str:
    return f'<span class="a-status a-{tone}">{escape(t(key))}</span>'


def by(one: Known) -> str:
    """Who released it, or put it back; of an erased person the number alone."""
    release = one.release
    kind, _, number = release.created_by.partition(":")
    return release.by or (t("audit.erased", number=number) if kind == "user" else release.created_by)


def signed(found: Sequence[Signature]) -> str:
    """Who signed it."""
    return listed([one.name for one in found])


def listed(names: Sequence[str]) -> str:
    """Names as a sentence has them."""
    if len(names) < 2:
        return "".join(names)
    return f"{COMMA[current()].join(names[:-1])}{LAST[current()]}{names[-1]}"


def sentences(said: Sequence[str]) -> str:
    """Sentences one after the other; Chinese ones have no space between them."""
    return ("" if current() == "zh" else " ").join(said)


def when(moment: datetime) -> str:
    """A time where the viewer is, and in UTC."""
    return both(moment, zone())


def since(moment: datetime) -> str:
    """How long ago a time is, as a span."""
    return duration((utc_now() - moment).total_seconds(), current())


def lasted(one: Known) -> str:
    """From when to when it was live."""
    release, here = one.release, zone()
    begin = local(release.created, here)
    if release.until is None:
        return t("releases.from_on", begin=begin, time=since(release.created))
    spent = duration((release.until - release.created).total_seconds(), current())
    return t("releases.from_to", begin=begin, end=local(release.until, here), time=spent)
