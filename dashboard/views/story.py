"""The story bar of a demo: its ten steps, done ones ticked, the next one lit, and who is played.

It stands on every page for whoever sits at a demo's machine, and nowhere else. On the page Review, where answers are
judged blind, it names neither run nor step, and leads nowhere before the review is over.
"""

from html import escape

import streamlit as st

from dashboard import cached, cached_story, played, widgets
from dashboard.demo_story import Step, next_step
from dashboard.language import current, t
from dashboard.pages import PAGES, page_path
from store.access import ACTIONS, Actor
from store.errors import StoreError
from store.personas import Persona

__all__ = ["show"]

SELF = "self"
"""Oneself, among the people who can be played."""

BEFORE = ("train", "spike", "rollback", "scores", "forgetting", "review")
"""Steps up to the end of the blind review."""

_SWITCH = "persona-switch"

AGAIN = 5.0
"""Seconds between two looks at how far the story has come."""


def show(who: Actor, page: str) -> None:
    """The bar on a page of `pages.PAGES`; nothing where nobody can be played."""
    cast = played.cast() if who.way in ("local", "persona") else {}
    if not cast:
        return
    with st.container(key="a-story", gap=None):
        st.fragment(lambda: _told(cast, page), run_every=AGAIN)()


def _told(cast: dict[str, Persona], page: str) -> None:
    if played.going():
        # Chosen in this part of the page, which is drawn without the rest.
        st.rerun()
    try:
        steps = cached_story.steps(cached.store_path())
    except StoreError:
        # The page says so.
        return
    lit = next_step(steps)
    with st.container(horizontal=True, gap="small", vertical_alignment="center", key="a-story-head"):
        if page != "review":
            with st.container(horizontal=True, gap=None, key="a-story-steps"):
                for step in steps:
                    _step(step, lit)
        else:
            _said(
                t("story.neutral", number=len(BEFORE), count=len(steps)) if _is_before(lit) else t("story.neutral.over")
            )
        _switch(cast)
    if page != "review" or not _is_before(lit):
        with st.container(horizontal=True, gap="small", vertical_alignment="center", key="a-story-next"):
            _next(lit, cast, page)


def _is_before(lit: Step | None) -> bool:
    """Whether the blind review is not over."""
    return lit is not None and lit.key in BEFORE


def _step(step: Step, lit: Step | None) -> None:
    look = "lit" if step is lit else "done" if step.is_done else "open"
    name = t(f"story.{step.key}")
    with st.container(width="content", gap=None, key=f"a-story-{look}-{step.key}"):
        if step.page and _may_open(step.page):
            label = widgets.plain(f"✓ {name}" if step.is_done else name)
            asked = {"lang": current(), **(step.asked or {})}
            st.page_link(page_path(step.page), label=label, query_params=asked)
        else:
            st.html(f"<span>{'✓ ' * step.is_done}{escape(name)}</span>", width="content")


def _may_open(page: str) -> bool:
    """Whether the one who is played has the page."""
    person = played.playing()
    [entry] = [entry for entry in PAGES if entry.name == page]
    return person is None or person.role in ACTIONS[entry.needs]


def _next(lit: Step | None, cast: dict[str, Persona], page: str) -> None:
    """What to do next and as whom, with the way there."""
    if page != "review":
        _said(_sentence(lit))
    target, asked, key = ("audit", {}, "auditor") if lit is None else (lit.page, lit.asked or {}, lit.persona)
    if not target or key not in cast:
        return
    person = played.playing()
    is_played = person is not None and person.key == key
    label = t("story.go") if is_played else t("story.go.as", who=_called(cast[key]))
    if st.button(label, key="story-go"):
        if not is_played:
            played.play(key)
        played.go(target, asked)
        st.rerun()


def _said(words: str) -> None:
    st.html(f'<span class="a-facts">{escape(words)}</span>', width="content")


def _sentence(lit: Step | None) -> str:
    if lit is None:
        return t("story.over.do")
    if lit.key == "review" and not lit.page:
        return t("story.review.wait")
    return t(f"story.{lit.key}.do", **(lit.words or {}))


def _switch(cast: dict[str, Persona]) -> None:
    """Who is played."""
    person = played.playing()
    st.session_state[_SWITCH] = SELF if person is None else person.key
    st.selectbox(
        t("persona"), [SELF, *cast], key=_SWITCH, on_change=_switched, width=230, label_visibility="collapsed",
        format_func=lambda key: t("persona.self") if key == SELF else _called(cast[key]), help=t("persona"),
    )  # fmt: skip


def _switched() -> None:
    key = st.session_state.get(_SWITCH)
    # Told of a choice that the page before had, the browser's word comes too late to mean anything.
    if key is not None:
        played.play(None if key == SELF else key)


def _called(person: Persona) -> str:
    return t(f"persona.{person.key}", name=person.name)
