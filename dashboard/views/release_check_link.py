"""Links to a candidate's release check, and to what its evidence comes from."""

import streamlit as st

from dashboard import widgets
from dashboard.language import current
from dashboard.pages import page_path
from evals.gate.live import ENVIRONMENT
from store.places import Place

__all__ = ["environment", "link", "run_link"]


def environment() -> str:
    """Where it would be released: `env` in the address, else prod."""
    return st.query_params.get("env") or ENVIRONMENT


def link(run: str, branch: int, step: int, label: str) -> None:
    """A link to the check of a checkpoint."""
    asked = {"lang": current(), "run": run, "at": f"{branch}@{step}"}
    if environment() != ENVIRONMENT:
        asked["env"] = environment()
    st.page_link(page_path("release_check"), label=widgets.plain(label), query_params=asked)


def run_link(place: Place, label: str, **asked: str) -> None:
    """A link to a view of the candidate's run, which `asked` names, at the checkpoint."""
    wanted = {"lang": current(), "run": place.run, "at": f"{place.branch}@{place.step}", **asked}
    st.page_link(page_path("run"), label=label, query_params=wanted)
