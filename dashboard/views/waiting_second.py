"""Home: what one lead put back and no second lead has confirmed yet."""

from html import escape
from typing import NamedTuple

import streamlit as st

from dashboard import cached, cached_releases, identity
from dashboard.language import current, t
from dashboard.pages import page_path
from dashboard.words import ago
from evals.release.countersigning import Second
from evals.release.rows import Release
from store.clock import utc_now

__all__ = ["Unconfirmed", "found", "show"]


class Unconfirmed(NamedTuple):
    """A restore that is live and waits for a second lead."""

    release: Release
    """The restore."""

    second: Second
    """Until when."""


def found() -> list[Unconfirmed]:
    """A restore for each environment that this lead may confirm, or that is late; nothing for anyone who is no lead.

    Raises StoreError.
    """
    path, who = cached.store_path(), identity.actor()
    stamp = cached_releases.stamp(path)
    if stamp.release is None or not cached_releases.may_restore(path, who):
        return []
    histories = (cached_releases.history(path, name, stamp) for name in cached_releases.environments(path, stamp))
    live = [rows[0].release for rows in histories if rows]
    waiting = [(one, cached_releases.second(path, one.id, stamp, one)) for one in live]
    return [
        Unconfirmed(one, second)
        for one, second in waiting
        if second is not None
        and second.confirmed is None
        and (second.is_late(utc_now()) or cached_releases.may_countersign(path, who, one))
    ]


def show(waiting: list[Unconfirmed]) -> None:
    """A line each, which leads to the page Releases."""
    for one in waiting:
        release, late = one.release, one.second.is_late(utc_now())
        with (
            st.container(key=f"a-waiting-second-{release.id}", gap=None),
            st.container(horizontal=True, gap="small", vertical_alignment="center"),
        ):
            asked = {"lang": current(), "env": release.environment}
            st.page_link(page_path("releases"), label=f"{release.environment} v{release.version}", query_params=asked)
            when = ago(release.created, utc_now(), current())
            words = t("waiting.second.late" if late else "waiting.second", name=release.by, when=when)
            chip = f'<span class="a-status a-{"bad" if late else "warn"}">{escape(t("waiting.second.chip"))}</span>'
            st.html(f'{chip} <span class="a-facts">{escape(words)}</span>', width="content")
