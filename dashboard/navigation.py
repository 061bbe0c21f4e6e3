"""The pages someone is given, and the one shown first."""

from collections.abc import Callable

import streamlit as st
from streamlit.navigation.page import Page

from dashboard import cached
from dashboard.language import current, t
from dashboard.pages import PAGES, PageEntry, page_path
from store.access import Actor, may
from store.database import Store

__all__ = ["choose", "go_on", "name_of", "needed", "pages_for"]


def pages_for(who: Actor) -> list[PageEntry]:
    """Pages that someone may have now, in their order. Raises StoreError."""
    if who.way == "local":
        # Whoever sits at this machine, also where there is no store yet.
        return list(PAGES)
    store = Store.at(cached.store_path())
    return store.snapshot(lambda snapshot: [entry for entry in PAGES if may(snapshot, who, entry.needs)])


def choose(pages: list[PageEntry], otherwise: Callable[[], None]) -> Page:
    """Register these pages and no others; returns the one asked for. `otherwise` is drawn where there are none.

    Someone without the first page is sent from its address on to the first of their own. What a store on a server does
    not show is left out of the menus; its address says where to look.
    """
    sections: dict[str, list[Page]] = {}
    served = bool(pages) and cached.is_served(cached.store_path())
    for entry in pages:
        page = st.Page(
            page_path(entry.name), title=t(entry.name), url_path=entry.url or None, default=not entry.url,
            visibility="hidden" if served and entry.needs != "run:read" else "visible",
        )  # fmt: skip
        sections.setdefault(t(entry.section) if entry.section else "", []).append(page)
    if not any(entry.url == "" for entry in pages):
        landing = _landing(sections, otherwise)
        sections.setdefault("", []).insert(0, landing)
    return st.navigation(sections, position="top" if len(pages) > 1 else "hidden")


def needed(pages: list[PageEntry], chosen: Page) -> str:
    """What the chosen page takes; of the address that only leads on, what the first page takes."""
    return next((entry.needs for entry in pages if entry.url == chosen.url_path), pages[0].needs)


def name_of(chosen: Page) -> str:
    """The name of the chosen page; of the address that only leads on, empty."""
    return next((entry.name for entry in PAGES if entry.url == chosen.url_path), "")


def go_on(pages: list[PageEntry], wanted: tuple[str, dict[str, str]] | None) -> None:
    """Go to the page that is wanted, or else stay where one is, or go to the first of `pages` where one may not.

    The page in the address may be one that only somebody else was given, so that for this once all are registered.
    """
    here = choose(list(PAGES), lambda: None).url_path
    target = next((entry for entry in pages if wanted is not None and entry.name == wanted[0]), None)
    if not pages or (target is None and any(entry.url == here for entry in pages)):
        st.rerun()
    asked = wanted[1] if wanted is not None and target is not None else {}
    st.switch_page(page_path((target or pages[0]).name), query_params={"lang": current(), **asked})


def _landing(sections: dict[str, list[Page]], otherwise: Callable[[], None]) -> Page:
    first = next((page for listed in sections.values() for page in listed), None)

    def lead_on() -> None:
        st.switch_page(first) if first else otherwise()

    return st.Page(lead_on, title=first.title if first else t("name"), default=True, visibility="hidden")
