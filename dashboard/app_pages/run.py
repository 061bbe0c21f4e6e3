"""Run: one run, named in the address, with its curves as they grow."""

import streamlit as st

from dashboard import widgets
from dashboard.views import chosen, curves, overview


def draw() -> None:
    """The whole page; it is live as long as the run is."""
    run = chosen.run()
    if run is None:
        overview.first_steps()
        return
    if widgets.beat(run) != every:
        st.rerun()
    with st.container(horizontal=True, vertical_alignment="center", key="a-top"):
        widgets.run_head(run)
        chosen.picker(run)
    curves.show(run)


every = chosen.beat()
widgets.live(draw, every)
