"""Chinese rows whose language came from elsewhere: by translation, with a template, from a rewriting machine."""

from collections.abc import Callable, Sequence
from functools import partial

from evals.data.finding import Finding, first_of, found
from evals.data.row import DataRow
from evals.data.translation import BEGINNING, LISTS, Origin, han_share, telling

__all__ = ["translation"]

CHINESE = 0.5
"""Share of Chinese characters above which an answer counts as Chinese; a question with a foreign template has fewer."""


def translation(rows: Sequence[DataRow]) -> list[Finding]:
    """Chinese rows that read like translations, hold English templates, or had words put for others by a machine."""
    chinese = [row for row in rows if han_share("\n".join(row.learned)[:BEGINNING]) >= CHINESE]
    return [found(check, "warning", chinese, _shows(check, origin)) for check, origin in LISTS.items()]


def _shows(check: str, origin: Origin) -> Callable[[DataRow], str | None]:
    of = partial(telling, origin=origin)
    if check == "translationese":
        return lambda row: first_of(row.learned, of)
    return lambda row: first_of(row.words, of)
