"""Run: one run, named in the address: how it is, what can be asked of it, and a view of it."""

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
    "curves": curves.show, "spikes": spikes.show, "checkpoints": checkpoints.show,
    "samples": answers_by_step.show, "scores": scores.show, "forgetting": forgetting.show,
    "data": data.show, "log": log.show,
}  # fmt: skip


def draw() -> None:
    """The whole page; it is live as long as the run is."""
    run = chosen.run()
    if run is None:
        overview.first_steps()
        return
    if chosen.pace(run) != every:
        st.rerun()
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
    first_look.over()


every = chosen.beat()
widgets.live(draw, every)
