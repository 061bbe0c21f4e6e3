"""What `evals.release` says no with, in the reader's language; see `gate_said`.

Those sentences it is known to say are told apart here, by one table; any other is shown as it is.
"""

import re
from collections.abc import Callable, Mapping

from dashboard.gate_said import gate_said
from dashboard.texts import TEXTS, Language, text
from evals.gate.words_zh import said_in

__all__ = ["FORMS", "release_said"]

FORMS = {
    key: re.compile(pattern)
    for key, pattern in {
        "releases.said.cannot": r"(?P<title>v\d+) of (?P<environment>\S+) cannot be put back: (?P<why>.+)",
        "releases.said.row": r"the row of (?P<title>v\d+) of (?P<environment>\S+) does not hold: (?P<why>.+)",
        "releases.said.row.changed": r"the row of (?P<title>v\d+) of (?P<environment>\S+) was changed: .+",
        "releases.said.told": r"the releases of (?P<environment>\S+) are not what the audit log tells: (?P<why>.+); "
        r"compare the store with a backup",
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
        "releases.said.unbuilt": r"no folder was built from (?P<candidate>\S+), so there is nothing to release; "
        r"propose it: assay gate check (?P<named>\S+)",
        "releases.said.refused": r"(?P<name>.+) refused (?P<candidate>\S+) on (?P<when>[\d-]+ [\d:]+) UTC: "
        r"(?P<reason>.+)",
        "releases.said.evidence": r"the evidence of (?P<candidate>\S+) changed while it was being released: it was "
        r"(?P<was>\w+) and is (?P<now>\w+); approve what it is now",
        "releases.said.approvals": r"(?P<missing>\d+) of (?P<required>\d+) approvals are missing for (?P<candidate>\S+)"
        r"(?P<lapsed>; what .+ does not count: .+)?; leads approve it on the page Release check, or by assay gate "
        r"approve (?P<named>\S+) --key FILE",
        "releases.said.lapsed": r"; what (?P<name>.+) signed on (?P<when>[\d-]+ [\d:]+) UTC does not count: "
        r"(?P<void>.+)",
        "releases.said.gate": r"the gate says (?P<decision>fail|inconclusive) for (?P<candidate>\S+): "
        r"(?P<check>[a-z_]+(?:/.+?)?): (?P<says>.+?)(?P<more>, and \d+ more checks do not pass)?"
        r"(?P<over>; \d+ of \d+ leads overrode it, \d+ missing)?",
        "releases.said.own.first": r"(?P<name>.+) counts as who put (?P<title>v\d+) of (?P<environment>\S+) back; "
        r"another lead must confirm it",
        "releases.said.own": r"(?P<name>.+) put (?P<title>v\d+) of (?P<environment>\S+) back; another lead must "
        r"confirm it",
        "releases.said.moved": r"since you looked, (?P<title>v\d+) of (?P<environment>\S+) was made live by "
        r"(?P<by>.+); look again",
        "releases.said.confirmed": r"(?P<name>.+) has confirmed (?P<title>v\d+) of (?P<environment>\S+) already, on "
        r"(?P<when>[\d-]+ [\d:]+) UTC",
        "releases.said.more": r", and (?P<n>\d+) more checks do not pass",
        "releases.said.over": r"; (?P<given>\d+) of (?P<required>\d+) leads overrode it, (?P<missing>\d+) missing",
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
            return text(key, language, **_parts(found.groupdict(), language))
    return gate_said(sentence, language)


def _parts(parts: Mapping[str, str | None], language: Language) -> dict[str, str]:
    """What stands in a sentence; sentences in it are told likewise, and what is not there is nothing."""
    return {name: _INNER.get(name, _kept)(said, language) if said else "" for name, said in parts.items()}


def _kept(said: str, _: Language) -> str:
    return said


def _check(said: str, language: Language) -> str:
    """A check by its name; in English it is said as commands say it."""
    kind, _, suite = said.partition("/")
    if language == "en" or f"gate.check.{kind}" not in TEXTS:
        return said
    return f"{text(f'gate.check.{kind}', language)}{f' · {suite}' if suite else ''}"


def _decision(said: str, language: Language) -> str:
    return said if language == "en" else text(f"gate.result.{said}", language)


def _says(said: str, language: Language) -> str:
    return said_in(language, said)


_INNER: dict[str, Callable[[str, Language], str]] = {
    "why": release_said, "more": release_said, "over": release_said, "lapsed": release_said, "void": gate_said,
    "check": _check, "decision": _decision, "says": _says,
}  # fmt: skip

assert set(FORMS) <= set(TEXTS), "each sentence has its words"
