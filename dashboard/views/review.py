"""Review: an expert's page, drawn by our own script from what the service says."""

from time import monotonic
from typing import Any

import streamlit as st

from dashboard import cached, component
from dashboard.identity import actor
from dashboard.language import current, t
from dashboard.views import overview, review_demo
from dashboard.views.review_desk import Desk, take
from dashboard.views.review_stage import stage
from dashboard.views.review_words import refusal
from dashboard.widgets import notice, rows_of_runs
from evals.review.types import ReviewError
from store.access import AccessError, Actor
from store.database import Store
from store.errors import StoreError, StoreMissingError

__all__ = ["show", "stay"]

_DESK = "review-desk"

AGAIN = 2.0
"""Seconds after which a page that the store could not be read for is drawn anew."""

_COMMAND = "assay review open --help"


def show() -> None:
    """The whole page; a message of the browser draws it anew, and nothing else on it."""
    desk, store, who = _desk(), Store.at(cached.store_path()), actor()
    try:
        data = _data(desk, store, who)
    except StoreMissingError:
        data = None
    except StoreError:
        if not stay():
            raise
        return
    except (AccessError, ReviewError) as error:
        notice(_sentence(error), "warn")
        return
    if data is None:
        _nothing(who)
        return
    if desk.assignment is not None and who.way in ("local", "persona") and cached.is_demo(cached.store_path()):
        review_demo.show(desk, store, who, desk.assignment.campaign)
    component.mount(_mounted(desk, data), _received)


def stay() -> bool:
    """Leave before the grader what is there, and what is being typed, until the store can be read again; whether
    anything was.
    """
    desk = _desk()
    if desk.kept is None:
        return False
    component.mount(_mounted(desk, desk.kept), _received)
    _draw_again()
    return True


def _mounted(desk: Desk, data: dict[str, Any]) -> dict[str, Any]:
    return {**data, "acked": desk.acked, "denied": desk.denied, "refused": _refused(desk)}


def _draw_again() -> None:
    failed = monotonic()

    def look() -> None:
        # Drawn the first time with the page itself.
        if monotonic() - failed > AGAIN / 2:
            st.rerun()

    st.fragment(look, run_every=AGAIN)()


def _received() -> None:
    try:
        who = actor()
    except StoreError:
        # The browser sends again what it is not told to have arrived.
        return
    take(_desk(), Store.at(cached.store_path()), who, component.sent())


def _desk() -> Desk:
    if _DESK not in st.session_state:
        st.session_state[_DESK] = Desk()
    return st.session_state[_DESK]


def _data(desk: Desk, store: Store, who: Actor) -> dict[str, Any] | None:
    """What is shown; as it was where a message changed nothing of it, such as a draft."""
    same, desk.same = desk.same, False
    if not same or desk.kept is None or desk.kept["language"] != current():
        desk.kept = stage(desk, store, who)
    return desk.kept


def _refused(desk: Desk) -> dict[str, str] | None:
    if desk.refused is None:
        return None
    return {"id": desk.refused.id, "words": refusal(desk.refused.sentence)}


def _sentence(error: AccessError | ReviewError) -> str:
    return t("review.refused.access") if isinstance(error, AccessError) else refusal(str(error))


def _nothing(who: Actor) -> None:
    notice(t("review.none"))
    if who.way != "local":
        return
    if not rows_of_runs(archived=True):
        overview.first_steps()
        return
    notice(t("review.none.open"))
    st.code(_COMMAND, language=None)
