"""Home: what was released and does not run yet: servers that say they run something else, or say nothing."""

from datetime import timedelta
from html import escape
from typing import NamedTuple

import streamlit as st

from dashboard import cached, cached_releases, identity
from dashboard.language import current, t
from dashboard.pages import page_path
from dashboard.views.releases_words import listed
from dashboard.words import ago
from evals.release.confirming import Running
from evals.release.rows import Release
from store.clock import utc_now

__all__ = ["Silent", "found", "show"]

PATIENCE = timedelta(minutes=10)
"""How long servers have to load what was released."""


class Silent(NamedTuple):
    """A release that is live and does not run everywhere."""

    release: Release
    """What is live."""

    elsewhere: tuple[str, ...]
    """Servers that have said since that they run something else; none where no server has said anything since."""


def found() -> list[Silent]:
    """A release for each environment whose servers tell what they run, and do not run what is live; none for someone
    who may not see releases. Raises StoreError.
    """
    path, who = cached.store_path(), identity.actor()
    stamp = cached_releases.stamp(path)
    if stamp.release is None or not stamp.confirmations or not cached_releases.may_read(path, who):
        return []
    every = [_silent(path, name, stamp) for name in cached_releases.environments(path, stamp)]
    return [one for one in every if one is not None]


def _silent(path: str, environment: str, stamp: cached_releases.Stamp) -> Silent | None:
    history = cached_releases.history(path, environment, stamp)
    said = cached_releases.running(path, environment, stamp)
    if not history or not said:
        return None
    release = history[0].release
    elsewhere = tuple(host.host for host in said if _is_elsewhere(host, release))
    late = utc_now() - release.created > PATIENCE and not any(host.is_live for host in said)
    return Silent(release, elsewhere) if elsewhere or late else None


def _is_elsewhere(host: Running, release: Release) -> bool:
    return not host.is_live and host.created >= release.created


def show(silent: list[Silent]) -> None:
    """A line each, which leads to the page Releases."""
    for one in silent:
        release = one.release
        with (
            st.container(key=f"a-waiting-servers-{release.id}", gap=None),
            st.container(horizontal=True, gap="small", vertical_alignment="center"),
        ):
            asked = {"lang": current(), "env": release.environment}
            st.page_link(page_path("releases"), label=f"{release.environment} v{release.version}", query_params=asked)
            st.html(f'{_chip(one)} <span class="a-facts">{escape(_words(one))}</span>', width="content")


def _chip(one: Silent) -> str:
    tone, key = ("bad", "waiting.servers.other") if one.elsewhere else ("warn", "waiting.servers.silent")
    return f'<span class="a-status a-{tone}">{escape(t(key))}</span>'


def _words(one: Silent) -> str:
    when = ago(one.release.created, utc_now(), current())
    if one.elsewhere:
        return t("waiting.servers.hosts", hosts=listed(one.elsewhere), when=when)
    return t("waiting.servers.none", when=when)
