"""A step of the lineage strip, and how it is drawn."""

from html import escape
from typing import NamedTuple

import streamlit as st

from dashboard.language import current, t
from dashboard.pages import page_path
from dashboard.widgets import plain

__all__ = ["MOST", "STAGES", "Step", "draw", "stage"]

MOST = 4
"""Of what happened, and of what began or was made here, as many as are shown."""

STAGES = {"pretrain": "stage.pretrain", "cpt": "stage.cpt", "sft": "stage.sft", "dpo": "stage.dpo"}
"""How a run of `assay train` learns, in words."""


class Step(NamedTuple):
    """One step of the strip."""

    kind: str
    """What it is, in a quiet word before its name."""

    name: str
    """Its name."""

    asked: dict[str, str] | None = None
    """What the address of its page asks for; None for what leads nowhere: the run itself, one that is gone."""

    hint: str = ""
    """What is shown on hover."""

    page: str = "run"
    """The page it leads to."""


def draw(parts: dict[str, list[Step]]) -> None:
    """Parts beside each other, those that hold anything; nothing where only one step is known."""
    found = {name: part for name, part in parts.items() if part}
    if sum(map(len, found.values())) < 2:
        return
    with st.container(horizontal=True, gap=None, key="a-lineage"):
        for name, part in found.items():
            with st.container(horizontal=True, gap=None, width="content", vertical_alignment="center", key=f"a-{name}"):
                for step in part:
                    _draw(step)


def _draw(step: Step) -> None:
    if step.asked is None:
        words = f'<span class="a-quiet">{escape(step.kind)}</span> <b>{escape(step.name)}</b>'
        st.html(f'<span class="a-here" title="{escape(step.hint)}">{words}</span>', width="content")
    else:
        kind = f":gray[{plain(step.kind)}] " if step.kind else ""
        asked = {"lang": current(), **step.asked}
        st.page_link(
            page_path(step.page), label=kind + plain(step.name), query_params=asked, help=plain(step.hint) or None
        )  # fmt: skip


def stage(named: str | None) -> str:
    """How a run learns, in words."""
    known = STAGES.get(named or "")
    return t(known) if known else named or t("lineage.run")
