"""Home: candidates that wait for a lead's signature, and those that are approved and wait to be released."""

from html import escape

import streamlit as st

from dashboard import cached, cached_release, identity
from dashboard.cached_release import Candidate
from dashboard.language import current, t
from dashboard.views import release_check_words
from dashboard.views.release_check_link import link
from dashboard.words import ago
from evals.gate.live import ENVIRONMENT
from store.clock import utc_now

__all__ = ["found", "show"]


def found() -> list[Candidate]:
    """What waits for this lead; nothing for anyone else. Raises StoreError."""
    path, who = cached.store_path(), identity.actor()
    may = cached_release.may_do(path, who)
    return cached_release.waiting(path, who, ENVIRONMENT) if "release:approve" in may else []


def show(waiting: list[Candidate]) -> None:
    """A line each, which leads to its release check."""
    for one in waiting:
        row = one.row
        with (
            st.container(key=f"a-waiting-release-{row['sha256'][:12]}", gap=None),
            st.container(horizontal=True, gap="small", vertical_alignment="center"),
        ):
            link(row["run"], row["branch"], row["step"], f"{row['run']}@{row['step']}")
            chips = "".join(release_check_words.state_html(one))
            st.html(f'{chips} <span class="a-facts">{escape(_words(one))}</span>', width="content")


def _words(one: Candidate) -> str:
    state = one.state
    if state.word == "signed":
        return t("waiting.release.make")
    if state.word == "signing":
        return t("waiting.release.sign", given=state.given, required=state.required)
    return t("waiting.release.check", when=ago(one.row["built"], utc_now(), current()))
