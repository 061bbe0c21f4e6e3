"""What `evals.gate` says no with, in the reader's language.

It raises, and says of signatures that count no longer and of owners, plain English sentences. Those it is known to say
are told apart here, by one table; any other is shown as it is.
"""

import re

from dashboard.texts import TEXTS, Language, text

__all__ = ["FORMS", "gate_said"]

FORMS = {
    key: re.compile(pattern)
    for key, pattern in {
        "gate.void.changed": r"the evidence has changed since",
        "gate.void.role": r"the person is no lead any more",
        "gate.void.key.unknown": r"it was signed with a key that is not registered here",
        "gate.void.key.retired": r"it was signed with a key that was retired before",
        "gate.void.key.other": r"it was signed with another person's key",
        "gate.void.other": r"it was signed for another release",
        "gate.void.row": r"its row was changed after it was signed",
        "gate.void.broken": r"it is not what was signed: (?P<reason>.+)",
        "gate.against.owner": r"(?P<name>.+) owns the run of (?P<candidate>.+); somebody else must sign",
        "gate.against.grader": r"(?P<name>.+) graded in campaign (?P<campaign>.+) of (?P<candidate>.+); "
        r"somebody else must sign",
        "gate.owner.unknown": r'the owner "(?P<name>.+)" of (?P<run>\S+) is nobody known here, so the rule that owners '
        r"may not approve their own run cannot be applied to them; assay user ls lists everyone",
        "gate.account.unknown": r'the account "(?P<name>.+)" that trained (?P<run>\S+) is nobody known here, so the '
        r"rule that owners may not approve their own run cannot be applied to them; assay user ls lists everyone",
        "gate.refused.changed": r"the evidence has changed since you looked: it was (?P<was>\w+) and is (?P<now>\w+); "
        r"look again",
        "gate.refused.twice": r"(?P<name>.+) has signed this already \((?P<kind>\w+)\); another lead must sign",
        "gate.refused.short": r"an override needs a reason of (?P<least>\d+) characters at least without blanks, and "
        r"this one has (?P<n>\d+)",
        "gate.refused.hidden": r"the reason holds a sign that does not show \((?P<sign>U\+[0-9A-F]+)\); write it anew "
        r"without it",
        "gate.refused.reason": r"a refusal needs a reason; say in a sentence what must be different",
        "gate.refused.clock": r"this machine's clock says (?P<now>.+) UTC, which is before the last entry of the audit "
        r"log \((?P<last>.+) UTC\); set it right first",
        "gate.refused.role": r"this needs the role (?P<roles>.+); ask an admin for it",
    }.items()
}
"""Known sentences by the key of their words, the special ones before the general."""


def gate_said(sentence: str, language: Language) -> str:
    """The sentence in a language; as it is where it is none of the known ones.

    >>> gate_said("Li owns the run of triage@600; somebody else must sign", "zh"), gate_said("well", "zh")
    ('triage@600 这次运行属于 Li，须由别人签字', 'well')
    """
    for key, form in FORMS.items():
        found = form.fullmatch(sentence)
        if found:
            return text(key, language, **found.groupdict())
    return sentence


assert set(FORMS) <= set(TEXTS), "each sentence has its words"
