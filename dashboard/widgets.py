"""Pieces that pages are made of: the live part, the head of a run, cards, the foot."""

import gc
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from html import escape
from typing import Any, NamedTuple

import streamlit as st

from assay.version import VERSION
from dashboard import cached, identity, language
from dashboard.colors import DARK, LIGHT, Look
from dashboard.language import current, t
from dashboard.loading import loading_problem
from dashboard.pages import page_path
from dashboard.run_said import run_said
from dashboard.words import STATUS_TONES, duration, seconds_left, status_tone, status_word, where
from store.access import AccessError
from store.clock import utc_now
from store.errors import NotServedError, StoreError, StoreMissingError
from store.runs import status_of

__all__ = [
    "Card",
    "beat",
    "cards",
    "foot",
    "heading",
    "live",
    "look",
    "notice",
    "plain",
    "run_head",
    "run_link",
    "run_names",
    "status_html",
]

LIVE_STATUSES = ("queued", "running", "paused")


class Card(NamedTuple):
    """A figure with its name and a few plain words."""

    label: str
    """What it is."""

    value: str
    """The figure."""

    note: str
    """What it is to be compared with."""


def look() -> Look:
    """The colours of this viewer's theme."""
    return DARK if st.context.theme.type == "dark" else LIGHT


def live(draw: Callable[[], None], every: float | None, stay: Callable[[], bool] | None = None) -> None:
    """Draw a live part of the page, again `every` seconds; None: once.

    A store that cannot be read is said in one sentence, and tried again; not where `stay` has put back what was there
    before, and says so. What the page needs is asked for each time.
    """

    def guarded() -> None:
        _keep_loaded(draw)
        with language.kept(), cached.one_look():
            try:
                identity.guard()
                draw()
            except AccessError:
                # Taken back while the page was open: the whole page says so.
                st.rerun()
            except StoreError as error:
                if stay is not None and stay():
                    return
                if isinstance(error, NotServedError):
                    notice(t("not_served"))
                    return
                known = identity.may_know_files()
                notice(t("store_problem", reason=str(error)) if known else t("entry.trouble"), "bad")

    st.fragment(guarded, run_every=every)()


_drawn: Counter[Any] = Counter()


def _keep_loaded(draw: Callable[[], None]) -> None:
    """Once a part has been drawn for the first time, never look again through what it has loaded for garbage: Streamlit
    does after each run of a script, which then takes a tenth of a refresh.
    """
    part = draw.__code__
    _drawn[part] += 1
    if _drawn[part] == 2:
        gc.freeze()


def rows_of_runs(*, archived: bool = False) -> list[dict[str, Any]]:
    """All runs, but for those archived; none where there is no store yet. Raises StoreError."""
    try:
        return cached.runs(cached.store_path(), archived=archived)
    except StoreMissingError:
        return []


def run_names() -> list[str]:
    """Names of all runs that are not archived, newest first; none where there is no store yet. Raises StoreError."""
    try:
        return cached.run_names(cached.store_path())
    except StoreMissingError:
        return []


def beat(run: dict[str, Any]) -> float | None:
    """Seconds between two refreshes of a run's page: None where it has ended."""
    status = status_of(run, utc_now())
    return 1.0 if status in LIVE_STATUSES else 5.0 if status == "lost" else None


def heading(words: str, aside: str = "") -> None:
    """The first line of a page or of a part of it, with a quiet word beside it."""
    said = f' <span class="a-aside">{escape(aside)}</span>' if aside else ""
    st.html(f'<h2 class="a-heading">{escape(words)}{said}</h2>')


def notice(words: str, tone: str = "quiet") -> None:
    """A sentence that stands alone, in the colour of its tone."""
    st.html(f'<p class="a-notice a-{tone}">{escape(words)}</p>')


def status_html(run: dict[str, Any]) -> str:
    """The run's status as a word with its colour."""
    now = utc_now()
    tone = status_tone(run, now)
    hint = t("status_help.lost") if status_of(run, now) == "lost" else ""
    return f'<span class="a-status a-{tone}" title="{escape(hint)}">{escape(status_word(run, now, current()))}</span>'


def run_head(run: dict[str, Any], guard: str = "") -> None:
    """The line that says what it is, how it is, how long it takes; `guard` is its guard's state, in HTML."""
    name = escape(run["name"])
    if run["branches"] > 1:
        name += f' <span class="a-quiet">· {escape(t("branch", branch=run["branch"]))}</span>'
    lines = [f'<h1>{name}</h1>{status_html(run)}{guard}<span class="a-step">{escape(place(run))}</span>']
    if run["source"]:
        key = "imported" if run["imported"] else "watched"
        lines.append(f'<span class="a-source">{escape(t(key, source=run["source"]))}</span>')
    if run["error"]:
        # A run that was asked to stop says so here too, which is no error.
        look_of = "a-error" if run["status"] == "failed" else "a-source"
        said = t("run.error", error=run_said(run["error"], current()))
        lines.append(f'<span class="{look_of}">{escape(said)}</span>')
    st.html("".join(f'<div class="a-head">{line}</div>' for line in lines))


def place(run: dict[str, Any]) -> str:
    """Step and time, as one phrase."""
    now, language = utc_now(), current()
    phrases = [where(run, language)]
    left = seconds_left(run, now)
    if left is not None:
        phrases.append(t("time_left", time=duration(left, language)))
    # A log that tells no times was recorded in no time.
    if run["ended"] is not None and run["ended"] > run["created"]:
        phrases.append(t("took", time=duration((run["ended"] - run["created"]).total_seconds(), language)))
    return " · ".join(phrases)


def run_link(run: dict[str, Any], more: Mapping[str, str] | None = None) -> None:
    """A link to the run's page; `more` is what else its address is to ask for."""
    asked = {"lang": current(), **(more or {}), "run": run["name"]}
    st.page_link(page_path("run"), label=plain(run["name"]), query_params=asked)


def plain(words: str) -> str:
    """Words that Markdown leaves as they are."""
    return "".join(f"\\{sign}" if sign in "\\`*_{}[]()<>#+-.!|~:$" else sign for sign in words)


def cards(figures: Iterable[Card]) -> None:
    """Cards side by side, as many in a row as there is room for."""
    cells = "".join(
        f'<div class="a-card"><div class="a-label">{escape(card.label)}</div>'
        f'<div class="a-value">{escape(card.value)}</div><div class="a-note">{escape(card.note)}</div></div>'
        for card in figures
    )
    st.html(f'<div class="a-cards">{cells}</div>')


def foot(*, named: bool = True) -> None:
    """Which store this is, on every page; not `named` for people who are to know nothing of this machine."""
    path = cached.store_path()
    if not named:
        st.html(f'<footer class="a-foot">{escape(t("foot.version", version=VERSION))}</footer>')
        return
    problem = loading_problem()
    if problem:
        notice(t("not_loading", reason=problem), "warn")
    mark = f'<span class="a-status a-bad">{escape(t("demo_store"))}</span> ' if _demo(path) else ""
    st.html(f'<footer class="a-foot">{mark}{escape(t("foot", store=path, version=VERSION))}</footer>')


def _demo(path: str) -> bool:
    try:
        return cached.is_demo(path)
    except StoreError:
        return False


assert set(STATUS_TONES.values()) <= set(Look._fields), "each tone is a colour"
