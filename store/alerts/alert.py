"""One message about a run, whoever is told, and the kinds there are."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple
from urllib.parse import quote
from uuid import uuid4

__all__ = ["KINDS", "Alert", "Kind", "alert_of", "link_to"]


class Kind(NamedTuple):
    """What a kind of message is called and where it leads."""

    title: str
    """Words that follow the run's name in the title."""

    level: str
    """info, warning or alarm, as of events."""

    view: str
    """View of the run's page, by its name in the address."""


KINDS = {
    "spike": Kind("loss spike", "alarm", "spikes"),
    "rollback": Kind("rolled back", "warning", "spikes"),
    "paused": Kind("waits for a person", "alarm", "spikes"),
    "finished": Kind("finished", "info", "curves"),
    "failed": Kind("failed", "alarm", "log"),
    "stalled": Kind("stalled", "warning", "log"),
    "disk_low": Kind("disk is nearly full", "warning", "checkpoints"),
    "val_loss_rising": Kind("validation loss is rising", "warning", "curves"),
}
"""The kinds of messages, by the name a configuration gives them."""


@dataclass(frozen=True)
class Alert:
    """One message."""

    kind: str
    """Key of `KINDS`, or test."""

    level: str
    """info, warning or alarm."""

    title: str
    """The run and what happened to it, in a few words."""

    sentence: str
    """What happened, as a person would say it."""

    run: str = ""
    """Name of the run; empty where it is about none."""

    step: int | None = None
    """The step it is about."""

    link: str = ""
    """Address of its page in the dashboard."""

    time: datetime = field(default_factory=lambda: datetime.now(UTC))
    """When it happened, in UTC."""

    id: str = field(default_factory=lambda: uuid4().hex)
    """The same at every try, so that a receiver can tell a second delivery from a second message."""

    @property
    def moment(self) -> str:
        """The time, in ISO 8601."""
        return f"{self.time:%Y-%m-%dT%H:%M:%SZ}"


def alert_of(
    kind: str, run: str, sentence: str, *, step: int | None = None, dashboard: str = "", good_news: bool = False
) -> Alert:
    """Make a message of a kind; `good_news` says that what the kind names is over."""
    title, level, view = KINDS[kind]
    words, level = (f"no longer {title}", "info") if good_news else (title, level)
    return Alert(kind, level, f"{run}: {words}", sentence, run, step, link_to(dashboard, run, view))


def link_to(dashboard: str, run: str, view: str) -> str:
    """The address of a view of a run; empty where no dashboard is named.

    >>> link_to("http://127.0.0.1:8501/", "试 1", "spikes")
    'http://127.0.0.1:8501/run?run=%E8%AF%95%201&view=spikes'
    """
    return f"{dashboard.rstrip('/')}/run?run={quote(run, safe='', errors='replace')}&view={view}" if dashboard else ""
