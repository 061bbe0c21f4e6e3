"""What `evals.release` says no with, in the reader's language; see `gate_said`.

Those sentences it is known to say are told apart here, by one table; any other is shown as it is.
"""

import re

from dashboard.gate_said import gate_said
from dashboard.texts import TEXTS, Language, text

__all__ = ["FORMS", "release_said"]

FORMS = {
    key: re.compile(pattern)
    for key, pattern in {
        "releases.said.cannot": r"(?P<title>v\d+) of (?P<environment>\S+) cannot be put back: (?P<why>.+)",
        "releases.said.row": r"the row of (?P<title>v\d+) of (?P<environment>\S+) does not hold: (?P<why>.+)",
        "releases.said.row.changed": r"the row of (?P<title>v\d+) of (?P<environment>\S+) was changed: .+",
        "releases.said.folder.gone": r"its folder (?P<path>.+) is gone",
        "releases.said.folder.changed": r"its folder (?P<path>.+) was changed: (?P<why>.+)",
        "releases.said.checkpoint.gone": r"its checkpoint (?P<path>.+) is gone",
        "releases.said.checkpoint.changed": r"its checkpoint (?P<path>.+) was changed: (?P<why>.+)",
        "releases.said.base.gone": r"its base is gone from (?P<path>.+); put it back",
        "releases.said.base.other": r"its base in (?P<path>.+) is not the one it was trained on; put that one back",
        "releases.said.base.unknown": r"the digest of its base (?P<path>.+) was never known, .+",
        "releases.said.manifest": r"its manifest\.json is not the one that was sealed",
        "releases.said.missing": r"(?P<name>\S+) is missing",
        "releases.said.size": r"(?P<name>\S+) has another size",
        "releases.said.added": r"(?P<name>\S+) was added",
        "releases.said.signed": r"(?P<name>bundle\.json|README\.md) is not the one that was signed: .+",
        "releases.said.paper": r"(?P<path>.+) is not the one that was released; put it back as it was, or remove it",
    }.items()
}
"""Known sentences by the key of their words, the special ones before the general."""


def release_said(sentence: str, language: Language) -> str:
    """The sentence in a language; as it is where it is none of the known ones.

    >>> release_said("v1 of prod cannot be put back: config.json is missing", "zh")
    'v1（prod）不能重新上线：缺少 config.json'
    """
    for key, form in FORMS.items():
        found = form.fullmatch(sentence)
        if found:
            parts = found.groupdict()
            inner = {"why": release_said(parts["why"], language)} if "why" in parts else {}
            return text(key, language, **{**parts, **inner})
    return gate_said(sentence, language)


assert set(FORMS) <= set(TEXTS), "each sentence has its words"
