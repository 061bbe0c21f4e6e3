"""Which logged metrics share a chart: told by their names alone."""

from collections.abc import Iterable
from typing import NamedTuple

__all__ = ["Panel", "panels"]


class Panel(NamedTuple):
    """One chart."""

    group: str
    """First part of the names, which charts are gathered by; empty for names without parts."""

    title: str
    """What the chart shows, as logged."""

    labels: dict[str, str]
    """Metric name to the label of its line."""


def panels(names: Iterable[str]) -> list[Panel]:
    """Gather names into charts: `group/embed/grad_norm` and `group/last/grad_norm` are two lines of one
    chart, so are `loss/general` and `loss/medical`; all else has a chart of its own.

    >>> [
    ...     (panel.title, list(panel.labels.values()))
    ...     for panel in panels(["accuracy", "group/embed/rms", "group/last/rms", "loss/a", "loss/b/c", "system/cpu"])
    ... ]
    [('accuracy', ['accuracy']), ('rms', ['embed', 'last']), ('loss', ['a', 'b/c']), ('cpu', ['cpu'])]
    """
    found: dict[tuple[str, str], dict[str, str]] = {}
    for name in names:
        group, title, label = _parts(name)
        found.setdefault((group, title), {})[name] = label
    return [Panel(group, title, labels) for (group, title), labels in found.items()]


def _parts(name: str) -> tuple[str, str, str]:
    parts = name.split("/")
    if len(parts) == 1 or not parts[0]:
        return "", name, name
    if parts[0] == "loss":
        return parts[0], parts[0], "/".join(parts[1:])  # a source may be called by its folder too
    if len(parts) == 2:
        return parts[0], parts[1], parts[1]
    title = "/".join(parts[2:])
    # Two lines of a chart never have the same label: `eval/loss` and `eval/loss/loss` are two.
    return parts[0], title, parts[1] if parts[1] != title else f"{title}/{title}"
