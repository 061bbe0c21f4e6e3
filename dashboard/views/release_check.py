"""Release check: all candidates in a list, or the one that the address names, as ?run=NAME&at=BRANCH@STEP."""

import re

import streamlit as st

from dashboard import cached, cached_release, identity, widgets
from dashboard.language import current, t
from dashboard.pages import page_path
from dashboard.views import overview, release_check_list, release_check_one
from store.errors import StoreError
from store.places import Place

__all__ = ["show"]

_PLACE = re.compile(r"[0-9]+@[0-9]+")


def show() -> None:
    """The whole page; it is live."""
    runs = widgets.rows_of_runs(archived=True)
    if not runs:
        overview.first_steps()
        return
    run = st.query_params.get("run")
    if run is None:
        release_check_list.show(runs)
        return
    with st.container(key="a-back"):
        st.page_link(page_path("release_check"), label=t("release.all"), query_params={"lang": current()})
    place = _place(run, st.query_params.get("at", ""))
    if place is not None:
        release_check_one.show(place, identity.actor())


def _place(run: str, at: str) -> Place | None:
    """The checkpoint; that there is none is said."""
    named = f"{run}/{at}" if _PLACE.fullmatch(at) else run
    try:
        return cached_release.place(cached.store_path(), named)
    except StoreError as error:
        # Anything worse than a wrong name is for the whole page to say.
        if type(error) is not StoreError:
            raise
        widgets.notice(t("release.missing", reason=str(error)), "warn")
        return None
