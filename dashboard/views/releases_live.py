"""Releases: what is live, since when, by whom, and whether servers say that they run it."""

from html import escape
from pathlib import Path

import streamlit as st

from dashboard import cached, cached_releases, widgets
from dashboard.cached_releases import Known, Stamp
from dashboard.language import current, t
from dashboard.views import lineage, plain
from dashboard.views import releases_words as words
from dashboard.views.checkpoints import store_option
from dashboard.views.plain import Column
from dashboard.words import ago
from evals.gate.live import ENVIRONMENT
from evals.release.confirming import Running
from store.clock import utc_now

__all__ = ["head", "running", "strip"]

DIGEST = 12
"""Characters of a digest on screen."""

HOST = ("releases.host", "releases.host.state", "releases.host.runs", "releases.host.when")
"""Heads of the table of servers."""


def head(one: Known) -> None:
    """What is live, in one line, and how it came there, in a sentence."""
    release = one.release
    title = t("releases.live", environment=release.environment, version=release.version, candidate=release.candidate)
    since = t("releases.live.since", when=words.when(release.created), time=words.since(release.created))
    chips = " ".join(words.chips(one, live=False))
    st.html(
        f'<div class="a-head"><h1>{escape(title)}</h1>{chips}</div>'
        f'<div class="a-head"><span class="a-step">{escape(since)}</span></div>'
    )
    st.html(f'<p class="a-verdict">{escape(words.sentences(_how(one)))}</p>')


def _how(one: Known) -> list[str]:
    release = one.release
    key = "releases.by.restored" if release.kind == "restore" else "releases.by"
    said = [t(key, name=words.by(one), reason=release.reason.rstrip(".。"))]
    if one.signed is None:
        return [*said, t("releases.signed.unknown")]
    key = "releases.overrode" if release.override else "releases.approved"
    return [*said, t(key, names=words.signed(one.signed))]


def strip(one: Known) -> None:
    """Where it comes from."""
    lineage.strip_for(one.release.candidate, one.place["checkpoint_sha256"], one.place["run_id"])


def running(one: Known, stamp: Stamp) -> None:
    """What servers say; released and confirmed running are told apart."""
    release = one.release
    said = cached_releases.running(cached.store_path(), release.environment, stamp)
    right = [host.host for host in said if host.is_live]
    wrong = [host for host in said if not host.is_live and host.created >= release.created]
    if right:
        widgets.notice(t("releases.running", hosts=words.listed(right)), "good")
    else:
        widgets.notice(t("releases.running.none"), "warn")
        st.code(_command(one), language="bash", wrap_lines=True)
    if wrong:
        widgets.notice(t("releases.running.not", count=len(wrong)), "bad")
    if said:
        columns = [Column(t(key)) for key in HOST]
        plain.table(columns, [_host(host, one) for host in said])


def _host(host: Running, one: Known) -> list[str | tuple[str, str]]:
    unknown = t("releases.host.unknown", digest=host.sha256[:DIGEST])
    runs = unknown if host.version is None else f"v{host.version}"
    later = host.created >= one.release.created
    state = "releases.host.live" if host.is_live else "releases.host.other" if later else "releases.host.before"
    when = ago(host.created, utc_now(), current())
    return [host.host, t(state), (runs, host.sha256), (when, words.when(host.created))]


def _command(one: Known) -> str:
    release = one.release
    where = [] if release.environment == ENVIRONMENT else ["--env", release.environment]
    option = store_option(Path(cached.store_path()))
    return " ".join(["assay release confirm --digest", f"sha256:{release.sha256}", *where, *option])
