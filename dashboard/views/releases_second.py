"""Releases: whether a second lead has confirmed what one lead alone put back, and the press that does."""

import streamlit as st

from assay.errors import AssayError
from dashboard import cached, cached_releases, identity, widgets
from dashboard.cached_releases import Known, Stamp
from dashboard.language import current, t
from dashboard.release_said import release_said
from dashboard.views import releases_acts
from dashboard.views import releases_words as words
from evals.release.countersigning import Second, countersign
from evals.release.rows import Release
from store.clock import utc_now
from store.database import Store

__all__ = ["show"]


def show(one: Known, stamp: Stamp) -> None:
    """A sentence, in red once it is late; nothing of what needs no second lead."""
    path, release = cached.store_path(), one.release
    second = cached_releases.second(path, release.id, stamp, release)
    if second is None:
        return
    late = second.is_late(utc_now())
    widgets.notice(_said(second, late=late), "bad" if late else "quiet" if second.confirmed else "warn")
    if second.confirmed is None and cached_releases.may_countersign(path, identity.actor(), release):
        st.button(t("releases.second.confirm"), key=f"countersign-{release.id}", on_click=_confirm, args=(release,))


def _said(second: Second, *, late: bool) -> str:
    if second.confirmed is not None:
        return t("releases.second.given", name=second.by, when=words.when(second.confirmed))
    said = t("releases.second.late" if late else "releases.second.awaited", due=words.when(second.due))
    if second.first:
        return words.sentences([said, t("releases.second.first", name=second.first)])
    return words.sentences([said, t("releases.second.two")]) if second.missing > 1 else said


def _confirm(release: Release) -> None:
    try:
        confirmed, second = countersign(
            Store.at(cached.store_path()), identity.actor(), release.environment, expected=release.id
        )  # fmt: skip
    except AssayError as error:
        releases_acts.note(t("releases.second.failed", reason=release_said(str(error), current())), "bad")
    else:
        values = {"version": confirmed.version, "environment": confirmed.environment}
        key = "releases.second.done.first" if second.missing else "releases.second.done"
        releases_acts.note(t(key, **values), "good")
    cached_releases.forget()
