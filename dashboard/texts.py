"""All words on screen, Chinese and English, in one table; a test keeps it complete.

A text may hold `{names}`, filled by `text()`. Where a count changes the words, the key with `.one`
holds those for 1.
"""

from typing import Any, Literal, TypeAlias

from dashboard.text_tables import (
    actions,
    answers,
    audit,
    audit_actions,
    campaign_files,
    campaign_trust,
    campaigns,
    checkpoints,
    common,
    compare,
    curves,
    data,
    data_check,
    data_findings,
    entry,
    exports,
    forgetting,
    gate,
    home,
    lineage,
    log,
    release_check,
    releases,
    review,
    run,
    run_said,
    runs,
    samples,
    scores,
    spikes,
    story,
    waiting,
)
from dashboard.text_tables.shape import Text

__all__ = ["DEFAULT", "LANGUAGES", "TABLES", "TEXTS", "Language", "text"]

Language: TypeAlias = Literal["zh", "en"]


LANGUAGES: dict[str, str] = {"zh": "中文", "en": "English"}
"""Each language by its own name; what the switch shows."""

DEFAULT: Language = "en"
"""For a browser that asks for neither."""


def text(key: str, language: Language, **values: Any) -> str:
    """The words of a key.

    >>> text("step_of", "en", step="640", total="1,000"), text("step_of", "zh", step="640", total="1,000")
    ('step 640 of 1,000', '第 640 / 1,000 步')
    """
    one = f"{key}.one"
    chosen = one if values.get("count") == 1 and one in TEXTS else key
    return TEXTS[chosen][language].format(**values)


TABLES = (
    common.TEXTS,
    entry.TEXTS,
    home.TEXTS,
    waiting.TEXTS,
    runs.TEXTS,
    compare.TEXTS,
    run.TEXTS,
    lineage.TEXTS,
    actions.TEXTS,
    answers.TEXTS,
    run_said.TEXTS,
    curves.TEXTS,
    exports.TEXTS,
    spikes.TEXTS,
    checkpoints.TEXTS,
    samples.TEXTS,
    scores.TEXTS,
    forgetting.TEXTS,
    data.TEXTS,
    data_check.TEXTS,
    data_findings.TEXTS,
    campaign_files.TEXTS,
    campaigns.TEXTS,
    campaign_trust.TEXTS,
    log.TEXTS,
    review.TEXTS,
    gate.TEXTS,
    release_check.TEXTS,
    releases.TEXTS,
    audit.TEXTS,
    audit_actions.TEXTS,
    story.TEXTS,
)
"""A table a page; no key stands in two of them."""

TEXTS: dict[str, Text] = {key: words for table in TABLES for key, words in table.items()}
"""All texts by key."""
