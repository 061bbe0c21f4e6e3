"""The words in charts, in this viewer's language."""

from dashboard.language import current, t, words
from dashboard.texts import TEXTS

__all__ = ["chart_words"]


def chart_words() -> dict[str, str]:
    """Words by the names under which the charts ask for them; see `charts.loss`, `charts.small`, `charts.overlay`."""
    language = current()
    kinds = {key: entry[language] for key, entry in TEXTS.items() if key.startswith(("checkpoint.", "mark."))}
    return words("curves.") | kinds | {"step": t("curves.at_step"), "branch": t("curves.of_branch")}
