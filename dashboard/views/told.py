"""What an event of a run tells, in the reader's language, wherever it stands: on Home, in the log."""

from collections.abc import Mapping
from typing import Any

from dashboard.language import current, t
from dashboard.run_said import run_said
from dashboard.spike_story import alarm_of, try_of
from dashboard.views import spikes_words
from dashboard.words import count

__all__ = ["told", "told_at"]


def told(row: Mapping[str, Any]) -> str:
    """Of a spike and of what the guard did about it from what was recorded with it, as in the view Spikes; else the
    sentence itself. `row` has kind, step, branch, message, data (JSON) and time.
    """
    alarm = alarm_of(row) if row["kind"] == "spike" else None
    if alarm is not None and alarm.rule in spikes_words.WHAT:
        said = spikes_words.what(alarm)
        if spikes_words.was_skipped(alarm):
            return t("log.skipped", said=said)
        return said if alarm.acts or alarm.is_found or alarm.action == "amber" else t("log.watched_only", said=said)
    tried = try_of(row) if row["kind"] == "guard" else None
    return run_said(row["message"], current()) if tried is None else spikes_words.way(tried)


def told_at(row: Mapping[str, Any]) -> str:
    """The same for where no step stands beside it: of a spike with its step; other sentences name it themselves."""
    said = told(row)
    is_bare = row["kind"] == "spike" and said != row["message"]
    return t("told.at", step=count(row["step"]), said=said) if is_bare else said
