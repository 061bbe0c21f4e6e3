"""Releases: what can be done with one: verify it, take its report along, put it back."""

import os
import shlex
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import streamlit as st

from assay.errors import AssayError
from dashboard import cached, cached_releases, identity, widgets
from dashboard.cached_releases import Known
from dashboard.language import current, t
from dashboard.release_said import release_said
from dashboard.texts import Language
from dashboard.words import count
from evals.release.own import check_own
from evals.release.report import report_html
from evals.release.reporting import reported
from evals.release.restoring import restore
from evals.release.rows import Release
from evals.release.telling import hook_of
from store.clock import utc_now
from store.database import Store

__all__ = ["note", "outcome", "put_back", "reports", "verified", "verify"]

REPORTS: dict[Language, str] = {"zh": "releases.report.zh", "en": "releases.report.en"}
"""Text of the button for the report in each language."""

SEEN = timedelta(seconds=30)
"""How long the outcome of a press is shown."""

_OUTCOME = "release-outcome"


def reports(one: Known, place: str) -> None:
    """The report in both languages; `place` tells buttons of one release apart. None of a damaged bundle."""
    if one.signed is None:
        return
    release = one.release
    for language, key in REPORTS.items():
        st.download_button(
            t(key), identity.guarded("release:read", _made(release, language)),
            file_name=f"{release.environment}-v{release.version}-{language}.html", mime="text/html",
            key=f"report-{place}-{release.id}-{language}", on_click="ignore", help=t("releases.report.help"),
            type="tertiary",
        )  # fmt: skip


def _made(release: Release, language: Language) -> Callable[[], str]:
    """What writes a report when it is asked for, as whoever is here now."""
    path, who = cached.store_path(), identity.actor()
    return lambda: report_html(reported(Store.at(path), who, f"v{release.version}", release.environment), language)


def verify(one: Known, place: str) -> None:
    """The button that has everything read; what came of it is shown by `verified`."""
    st.button(
        t("releases.verify"), key=f"verify-{place}-{one.release.id}", on_click=_ask, args=(_key(one, place),),
        type="tertiary",
    )  # fmt: skip


def _ask(key: str) -> None:
    identity.guard("release:read")
    st.session_state[key] = None


def _key(one: Known, place: str) -> str:
    return f"release-verified-{place}-{one.release.id}"


def verified(one: Known, place: str) -> None:
    """What was found, once it was asked for at this place, and how others verify it."""
    key = _key(one, place)
    if key not in st.session_state:
        return
    if st.session_state[key] is None:
        with st.spinner(t("releases.verifying")):
            st.session_state[key] = check_own(Store.at(cached.store_path()), one.release)
    found = st.session_state[key]
    if found.why:
        widgets.notice(t("releases.verified.not", why=release_said(found.why, current())), "bad")
    else:
        widgets.notice(t("releases.verified", count=count(found.files)), "good")
    widgets.notice(t("releases.verified.own"))
    folder = Path(cached.store_path()).parent / one.release.path
    st.code(f"assay release verify {shlex.quote(str(folder))} --keys KEYS_FOLDER", language="bash", wrap_lines=True)


def put_back(one: Known, live: Release) -> None:
    """The form behind a press; the second press does it. `live` is what it takes the place of."""
    release = one.release
    field = f"restore-reason-{release.id}"
    with (
        st.popover(t("releases.restore"), key=f"restore-{release.id}", type="tertiary"),
        st.form(f"restore-form-{release.id}", border=False),
    ):
        values = {"version": release.version, "environment": release.environment, "live": live.version}
        widgets.notice(t("releases.restore.what", **values), "warn")
        st.text_input(t("releases.restore.reason"), key=field, max_chars=300)
        st.form_submit_button(
            t("releases.restore.confirm", version=release.version), on_click=_restored, args=(one, live, field)
        )  # fmt: skip


def _restored(one: Known, live: Release, field: str) -> None:
    release, reason = one.release, " ".join(str(st.session_state[field] or "").split())
    if not reason:
        note(t("releases.restore.empty"), "bad")
        return
    try:
        made = restore(
            Store.at(cached.store_path()), identity.actor(), str(release.version), reason=reason,
            environment=release.environment, hook=hook_of(None, os.environ), expected=live.id,
        )  # fmt: skip
    except AssayError as error:
        note(t("releases.restore.failed", reason=release_said(str(error), current())), "bad")
        return
    finally:
        cached_releases.forget()
    key = "releases.restore.already" if made.already else "releases.restore.done"
    said = [t(key, version=release.version, environment=release.environment)]
    note(" ".join([*said, *([made.told.sentence] if made.told else [])]), "good")


def outcome() -> None:
    """What came of the last press, for a while: the page refreshes by itself, and someone may have looked away."""
    # A place of its own, so that nothing below it moves when it comes or goes.
    with st.container():
        found = st.session_state.get(_OUTCOME)
        if found is None:
            return
        said, tone, moment = found
        if utc_now() - moment < SEEN:
            widgets.notice(said, tone)


def note(said: str, tone: str) -> None:
    """Keep what came of a press, for `outcome`."""
    st.session_state[_OUTCOME] = (said, tone, utc_now())
