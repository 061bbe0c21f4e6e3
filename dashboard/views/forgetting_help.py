"""Run · Forgetting: what helps against it, with the settings the run has now, and the way back."""

from html import escape
from typing import Any

import streamlit as st

from dashboard import cached, cached_views, widgets
from dashboard.fields import part
from dashboard.language import current, t
from dashboard.pages import page_path
from dashboard.retention import Kept
from dashboard.words import count

__all__ = ["show"]

Run = dict[str, Any]

GENERAL = '[data]\ngeneral = "FILE"\ngeneral_ratio = 0.2'


def show(run: Run, found: list[Kept]) -> None:
    """Three remedies, the one that keeps most of the training first."""
    path = cached.store_path()
    config = part(cached_views.origin(path, run["id"]), "config")
    widgets.heading(t("forget.help"))
    _general(part(config, "data"))
    usual = t("forget.help.usual")
    now = {"lr": part(config, "optim").get("lr") or usual, "rank": part(config, "lora").get("rank") or usual}
    is_full = part(config, "train").get("method") == "full"
    _say(t("forget.help.slower.full" if is_full else "forget.help.slower", **now))
    _back(run, found)


def _general(data: dict[str, Any]) -> None:
    if data.get("general"):
        _say(t("forget.help.more_general", ratio=data.get("general_ratio") or t("forget.help.usual")))
    else:
        _say(t("forget.help.general"))
        st.code(GENERAL, language="toml")


def _back(run: Run, found: list[Kept]) -> None:
    """The newest green checkpoint that still exists."""
    shelf = cached_views.shelf(cached.store_path(), run["id"])
    kept = {(row["branch"], row["step"]) for row in shelf}
    green = [one for one in found if one.light and one.light.colour == "green" and one.place in kept]
    if not green:
        _say(t("forget.help.back.none"))
        return
    branch, step = green[-1].place
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="a-back"):
        st.html(f'<p class="a-notice">{escape(t("forget.help.back"))}</p>', width="content")
        st.page_link(
            page_path("run"), label=t("forget.help.back.link", step=count(step)),
            query_params={"lang": current(), "run": run["name"], "view": "checkpoints", "at": f"{branch}@{step}"},
        )  # fmt: skip


def _say(words: str) -> None:
    st.html(f'<p class="a-notice">{escape(words)}</p>')
