"""Figures and states of campaigns in words."""

import math
from datetime import datetime
from html import escape

from dashboard.language import t
from dashboard.words import count
from evals.review.progress import Status
from evals.review.results import Results
from evals.review.settling import BY_RULES, EXPIRED

__all__ = [
    "CRITERIA", "DECISIONS", "ERRORS", "TONES", "criterion", "date", "decides", "error", "least", "marks", "pace",
    "points", "progress", "reason", "sentence", "share", "state", "strength",
]  # fmt: skip

CRITERIA = {
    "accurate": "campaigns.criterion.accurate", "professional": "campaigns.criterion.professional",
    "useful": "campaigns.criterion.useful",
}  # fmt: skip
"""Texts of the criteria that the default policy has; others are shown as they are written."""

ERRORS = {
    "wrong-fact": "campaigns.error.wrong-fact", "dangerous-advice": "campaigns.error.dangerous-advice",
    "missed-emergency": "campaigns.error.missed-emergency", "made-up-source": "campaigns.error.made-up-source",
    "other": "campaigns.error.other",
}  # fmt: skip
"""Texts of the kinds of critical errors."""

SENTENCES = {
    "superior": "campaigns.says.superior", "superior.early": "campaigns.says.superior.early",
    "not_worse": "campaigns.says.not_worse", "not_worse.early": "campaigns.says.not_worse.early",
    "harm.critical": "campaigns.says.harm.critical", "harm.criterion": "campaigns.says.harm.criterion",
    "harm.overall": "campaigns.says.harm.overall", "futile": "campaigns.says.futile",
    "inconclusive": "campaigns.says.inconclusive", "stopped": "campaigns.says.stopped",
    "continue": "campaigns.says.continue", "criterion": "campaigns.says.criterion", "nothing": "campaigns.says.nothing",
}  # fmt: skip

DECISIONS = {
    "superior": "campaigns.decision.superior", "not_worse": "campaigns.decision.not_worse",
    "harm": "campaigns.decision.harm", "futile": "campaigns.decision.futile",
    "inconclusive": "campaigns.decision.inconclusive", "continue": "campaigns.decision.continue",
}  # fmt: skip
"""Texts of the decisions in a word or two."""

TONES = {
    "superior": "good", "not_worse": "good", "harm": "bad", "futile": "warn", "inconclusive": "warn",
    "continue": "quiet",
}  # fmt: skip
"""Which colour goes with each decision."""


def state(one: Status) -> str:
    """Whether it is open, as a word with its colour, in HTML."""
    tone, words = ("quiet", t("campaigns.closed")) if one.closed else ("good", t("campaigns.open"))
    return f'<span class="a-status a-{tone}">{escape(words)}</span>'


def marks(one: Status, *, demo: bool = False) -> str:
    """What makes its verdicts no evidence, in red, in HTML; `demo`: also that the store is a demo store."""
    said = [t("campaigns.simulated")] * one.simulated + [t("demo_store")] * (demo and one.demo)
    return "".join(f' <span class="a-status a-bad">{escape(words)}</span>' for words in said)


def progress(one: Status) -> str:
    """A bar of the pairs that are judged, in HTML."""
    return f'<progress class="a-progress" max="{max(one.pairs, 1)}" value="{one.judged}"></progress>'


def reason(one: Status) -> str:
    """Why it was closed."""
    known = {BY_RULES: t("campaigns.by_rules"), EXPIRED: t("campaigns.expired")}
    return known.get(one.reason, one.reason)


def pace(value: float) -> str:
    """Verdicts a day.

    >>> pace(2.25), pace(14.6)
    ('2.2', '15')
    """
    return f"{value:.1f}" if value < 10 else f"{value:.0f}"


def date(moment: datetime) -> str:
    """A day, in UTC.

    >>> date(datetime(2026, 12, 5, 18, 0))
    '2026-12-05'
    """
    return f"{moment:%Y-%m-%d}"


def points(value: float) -> str:
    """A win difference, in points with its sign."""
    return t("campaigns.points", value=f"{100 * value:+.0f}".replace("-", "\u2212"))


def share(value: float) -> str:
    """A share in percent.

    >>> share(0.05), share(0.0312), share(1.0), share(0.00002)
    ('5 %', '3.1 %', '100 %', '0 %')
    """
    return f"{f'{100 * value:.1f}'.removesuffix('.0')} %"


def strength(value: float) -> str:
    """Strength of evidence.

    >>> [strength(value) for value in (0.0421, 1.0, 19.94, 312.4, 65000.0, 3e9)]
    ['0.04', '1', '19.9', '312', '65,000', '10^9.5']
    """
    if value >= 1e6:
        return f"10^{math.log10(value):.1f}"
    return f"{value:,.0f}" if value >= 100 else f"{value:.2f}" if value < 0.995 else f"{value:.3g}"


def decides(found: Results) -> str:
    """The strength that decides."""
    return strength(found.decides_at)


def criterion(name: str) -> str:
    """A criterion."""
    return t(CRITERIA[name]) if name in CRITERIA else name


def error(kind: str) -> str:
    """A kind of critical error."""
    return t(ERRORS[kind]) if kind in ERRORS else kind


def sentence(found: Results) -> str:
    """What is decided, in one sentence."""
    n = found.overall.n if found.overall else 0
    margin = t("campaigns.points", value=f"{100 * found.margin:.0f}")
    judged = next((part.share.n for part in found.criteria if part.name == found.criterion), 0)
    return t(
        SENTENCES[found.sentence], n=n, margin=margin, limit=share(found.critical.limit),
        errors=found.critical.candidate, criterion=criterion(found.criterion or ""), judged=judged, least=least(found),
    )  # fmt: skip


def least(found: Results) -> str:
    """Why it goes on though there is good news, in one sentence."""
    key = "campaigns.says.least" if found.there >= found.least else "campaigns.says.least.short"
    return t(key, least=count(found.least), there=count(found.there))
