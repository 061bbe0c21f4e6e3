"""Release check: the policy in words, and how it asks for less than the one that Assay brings."""

from dataclasses import asdict
from html import escape
from typing import Any, cast

import streamlit as st

from dashboard import widgets
from dashboard.language import t
from dashboard.views import campaign_words, plain
from evals.gate.policy import Policy, Weaker, default_policy, weaker_than

__all__ = ["setting", "show", "value", "warn"]

SECTIONS = ("review", "auto", "forgetting", "health", "approval")

DIGEST = 12
"""Characters of a digest on screen."""

SHARES = frozenset(
    {"alpha", "futility", "overlap", "max_skip", "critical_limit", "max_differing", "max_leaked"}
)  # fmt: skip
"""Settings that are shares, shown in percent."""

POINTS = frozenset({("review", "margin"), ("forgetting", "margin")})
"""Settings that are differences between shares, shown in points of a hundred."""


def warn(policy: Policy) -> None:
    """That the policy asks for less than the one Assay brings, setting by setting; nothing where it does not."""
    found = weaker_than(policy, default_policy())
    if not found:
        return
    listed = " ".join(f"<span>{escape(_weaker(one))}</span>" for one in found)  # a line may end between two
    head = escape(t("release.weaker", count=len(found)))
    st.html(f'<p class="a-notice a-weaker"><b class="a-warn">{head}</b> {listed}</p>')


def _weaker(one: Weaker) -> str:
    return t(
        "release.weaker.one", setting=setting(one.section, one.key), value=value(one.section, one.key, one.value),
        other=value(one.section, one.key, one.other),
    )  # fmt: skip


def show(policy: Policy) -> None:
    """All of it, folded away."""
    with st.expander(t("release.policy", digest=policy.sha256[:DIGEST])):
        widgets.notice(t("release.policy.what"))
        for section in SECTIONS:
            st.html(f'<p class="a-title">{escape(t(f"gate.section.{section}"))}</p>')
            given = asdict(getattr(policy, section))
            plain.facts([(setting(section, key), value(section, key, found)) for key, found in given.items()])


def setting(section: str, key: str) -> str:
    """What a setting is called."""
    return t(f"gate.setting.{section}.{key}")


def value(section: str, key: str, found: Any) -> str:
    """What it asks for."""
    if isinstance(found, bool):
        return t("gate.value.yes" if found else "gate.value.no")
    if isinstance(found, tuple | list):
        return _list(key, [str(each) for each in cast("tuple[str, ...]", found)])
    if (section, key) in POINTS:
        return t("gate.value.points", value=f"{100 * found:g}")
    return campaign_words.share(found) if key in SHARES else f"{found:g}"


def _list(key: str, found: list[str]) -> str:
    if key == "criteria":
        return ", ".join(map(campaign_words.criterion, found)) or t("gate.value.none")
    return ", ".join(found) or t("gate.value.all")
