"""Release check: one candidate: the decision, its checks with their evidence, what would be released, who signs."""

from html import escape

import streamlit as st

from dashboard import cached, cached_release, identity, widgets
from dashboard.language import t
from dashboard.views import (
    lineage,
    release_check_experts,
    release_check_policy,
    release_check_propose,
    release_check_sign,
    release_check_table,
    release_check_what,
)
from dashboard.views import release_check_words as words
from dashboard.views.campaign_link import link
from dashboard.views.release_check_link import environment, run_link
from evals.gate.live import ENVIRONMENT
from evals.gate.looking import Look
from evals.review.policy import PolicyError
from store.access import Actor
from store.places import Place

__all__ = ["show"]


def show(place: Place, who: Actor) -> None:
    """The whole view of a candidate; where a look would tell what an open campaign has found, after a press."""
    path = cached.store_path()
    key = f"release-look-{place.sha256}-{who.named}"
    unseen = cached_release.unseen(path, who, place.sha256)
    if unseen and not st.session_state.get(key):
        _before(place, key, unseen)
        return
    try:
        seen = cached_release.look(path, who, place, environment(), cached_release.stamp(path, place))
    except PolicyError as error:
        widgets.notice(t("release.policy.unreadable", reason=str(error)), "bad")
        return
    _seen(seen, who)


def _before(place: Place, key: str, campaigns: tuple[int, ...]) -> None:
    """What is said before the press: nothing that experts found."""
    demo = cached.is_demo(cached.store_path())
    st.html(_head(place, words.Chip(t("release.chip.judging"), "quiet")))
    widgets.notice(t("release.look.what"))
    widgets.notice(t("campaigns.results.ask.demo" if demo else "campaigns.results.ask"), "warn")
    st.button(t("release.look"), key=f"release-press-{place.sha256[:12]}", on_click=_press, args=(key,))
    with st.container(horizontal=True, gap="small", key="a-links-before"):
        run_link(place, t("release.link.run"))
        for number in campaigns:
            link(number, t("release.link.campaign", number=number))


def _press(key: str) -> None:
    identity.guard("release:read")
    st.session_state[key] = True


def _seen(seen: Look, who: Actor) -> None:
    path = cached.store_path()
    released = cached_release.released(path, seen.environment, seen.place.sha256)
    marked = seen.standing.overrides > 0 or any(row["override"] for row in released)
    st.html(_head(seen.place, words.chip(seen, released), marked=marked))
    experts, kept, ending = map(escape, words.sentences(seen, released))
    st.html(f'<p class="a-verdict">{experts} {kept} <b>{ending}</b></p>')
    lineage.strip_for(seen.place.candidate, seen.place.sha256, seen.place.run_id)
    release_check_policy.warn(seen.policy)
    left, right = st.columns([7, 5], gap="medium")
    with left:
        release_check_table.show(seen)
    with right:
        release_check_experts.chart(seen)
        release_check_sign.show(seen, who, released)
        release_check_what.show(seen, released=bool(released))
        release_check_propose.show(seen, who)
    release_check_policy.show(seen.policy)


def _head(place: Place, chip: words.Chip, *, marked: bool = False) -> str:
    """The page's question, its answer, and in red what takes from it."""
    red = [t("release.override.mark")] * marked
    if cached.is_demo(cached.store_path()):
        red.append(t("demo_store"))
    where = environment()
    aside = "" if where == ENVIRONMENT else f'<span class="a-step">{escape(t("release.in", environment=where))}</span>'
    marks = "".join(f" {words.html(words.Chip(said, 'bad'))}" for said in red)
    title = escape(t("release.question", candidate=place.candidate))
    return f'<div class="a-head"><h1>{title}</h1>{words.html(chip)}{marks}{aside}</div>'
