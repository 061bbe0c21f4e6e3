"""Releases: what is live, what was live when, and putting an earlier one back."""

from pathlib import Path

import streamlit as st

from dashboard import cached, cached_releases, identity, widgets
from dashboard.cached_releases import Stamp
from dashboard.language import current, t
from dashboard.pages import page_path
from dashboard.views import overview, releases_acts, releases_at, releases_line, releases_live, releases_second
from dashboard.views.checkpoints import store_option
from evals.gate.live import ENVIRONMENT
from store.errors import StoreMissingError

__all__ = ["show"]

WHERE = "env"
"""In the address: the environment that is shown."""


def show() -> None:
    """The whole page; it is live."""
    runs, path = widgets.rows_of_runs(archived=True), cached.store_path()
    try:
        stamp = cached_releases.stamp(path)
    except StoreMissingError:
        stamp = Stamp(None, 0, 0)
    if not runs and stamp.release is None:
        overview.first_steps()
        return
    environment = _environment(cached_releases.environments(path, stamp))
    found = cached_releases.history(path, environment, stamp)
    releases_acts.outcome()
    if not found:
        _empty(environment)
        return
    live = found[0]
    left, right = st.columns([8, 5], gap="medium")
    with left:
        releases_live.head(live)
        releases_second.show(live, stamp)
        releases_live.running(live, stamp)
        with st.container(horizontal=True, key="a-acts-live"):
            releases_acts.verify(live, "live")
        releases_acts.verified(live, "live")
    with right:
        releases_at.show(environment, found)
    releases_live.strip(live)
    releases_line.show(found, stamp, may_restore=cached_releases.may_restore(path, identity.actor()))


def _environment(known: list[str]) -> str:
    """Which one is shown; a choice where there are several."""
    asked = st.query_params.get(WHERE, ENVIRONMENT)
    chosen = asked if asked in known else ENVIRONMENT
    if len(known) > 1:
        st.session_state[WHERE] = chosen
        st.segmented_control(
            t("releases.environment"), known, key=WHERE, required=True, label_visibility="collapsed",
            on_change=_picked,
        )  # fmt: skip
    return chosen


def _picked() -> None:
    st.query_params[WHERE] = st.session_state[WHERE]


def _empty(environment: str) -> None:
    widgets.heading(t("releases"))
    widgets.notice(t("releases.none", environment=environment))
    widgets.notice(t("releases.none.how"))
    store = " ".join(["", *store_option(Path(cached.store_path()))]).rstrip()
    commands = ("assay gate check RUN@STEP", "assay gate approve RUN@STEP --key KEY.pem", "assay release make RUN@STEP")
    st.code("\n".join(f"{command}{store}" for command in commands), language="bash", wrap_lines=True)
    st.page_link(page_path("release_check"), label=t("releases.none.check"), query_params={"lang": current()})
