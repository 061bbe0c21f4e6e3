"""The words in charts, in this viewer's language."""

from functools import cache

from dashboard.language import current
from dashboard.texts import TEXTS, Language, text

__all__ = ["chart_words"]


def chart_words() -> dict[str, str]:
    """Words by the names under which the charts ask for them; see `charts.loss`, `charts.small`, `charts.overlay`."""
    return _words(current())


@cache
def _words(language: Language) -> dict[str, str]:
    words = {key: entry[language] for key, entry in TEXTS.items() if key.startswith(("checkpoint.", "mark."))}
    words |= {key.removeprefix("curves."): entry[language] for key, entry in TEXTS.items() if key.startswith("curves.")}
    return words | {"step": text("curves.at_step", language), "branch": text("curves.of_branch", language)}
