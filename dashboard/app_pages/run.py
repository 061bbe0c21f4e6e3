"""Run: one run, named in the address: how it is, what can be asked of it, and a view of it.

Its charts are a live part of their own: they may be behind by what cannot be seen, the rest of the page may not.
"""

from typing import Any

import streamlit as st

from dashboard import widgets
from dashboard.views import (
    actions,
    answers_by_step,
    banner,
    checkpoints,
    chosen,
    curves,
    data,
    first_look,
    forgetting,
    lineage,
    log,
    menu,
    overview,
    scores,
    spikes,
)

VIEWS = {
    "curves": curves.cards, "spikes": spikes.show, "checkpoints": checkpoints.show,
    "samples": answers_by_step.show, "scores": scores.show, "forgetting": forgetting.show,
    "data": data.show, "log": log.show,
}  # fmt: skip

Run = dict[str, Any]
Parts = tuple[str, float | None, float | None]
"""Whose page it is, and the seconds between two refreshes of it and of its charts; 0 where there are none."""


def draw() -> None:
    """All but the charts; it is live as long as the run is."""
    run = chosen.run()
    if (run and _parts(run)) != parts or first_look.is_due():
        st.rerun()
    if run is None:
        if not chosen.missing():
            overview.first_steps()
        return
    with st.container(horizontal=True, vertical_alignment="center", key="a-top"):
        widgets.run_head(run, banner.guard_html(run) + banner.exact_html(run))
        actions.buttons(run)
    banner.show(run)
    lineage.show(run)
    actions.asked(run)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", key="a-menu"):
        view = menu.chosen()
        chosen.picker(run)
    VIEWS[view](run)


def draw_charts() -> None:
    """What lies below the cards of Curves."""
    run = chosen.run()
    if run is None:
        st.rerun()  # it was removed, which the whole page has to say
    curves.show(run)
    first_look.over(run)


def _parts(run: Run) -> Parts:
    charts = curves.beat(run, parts[2] if parts else None) if menu.asked() == "curves" else 0.0
    return run["name"], chosen.pace(run), charts


first_look.begin()
found = chosen.known()
parts: Parts | None = None
parts = None if found is None else _parts(found)
widgets.live(draw, chosen.beat(found))
if parts is not None and menu.asked() == "curves":
    # Where the store is in trouble it is said above them.
    widgets.live(draw_charts, parts[2], stay=lambda: True)
elif parts is not None:
    first_look.over()
