"""What a trainer answers to requests, in the reader's language.

The trainer writes plain English sentences into the store. Those it is known to write are told apart here, by
one table; any other is shown as it is.
"""

import re

from dashboard.texts import TEXTS, Language, text

__all__ = ["FORMS", "answer"]

_BACK = r"went back from step (?P<left>\d+) to step (?P<step>\d+), on branch (?P<branch>\d+)"
_NOT_THERE = r"not done: there is no sealed checkpoint at step (?P<step>\d+)"

FORMS = {
    key: re.compile(pattern)
    for key, pattern in {
        "answer.stops": r"stops after step (?P<step>\d+) and saves",
        "answer.paused": r"paused after step (?P<step>\d+)",
        "answer.was_not_paused": r"it was not paused",
        "answer.goes_on": r"goes on",
        "answer.noted": r"noted",
        "answer.saved": r"saved as (?P<path>.+)",
        "answer.weight": r"no checkpoint was written at step (?P<step>\d+): a weight of the model is not a number",
        "answer.unsaved": r"no checkpoint could be written at step (?P<step>\d+): (?P<reason>.+)",
        "answer.back": _BACK,
        "answer.back_instead": rf"(?P<refused>.+); {_BACK}",
        "answer.no_checkpoints": rf"{_NOT_THERE}, nor any other",
        "answer.no_checkpoint": rf"{_NOT_THERE}; the nearest is at step (?P<nearest>\d+) \(there are (?P<steps>.+)\)",
        "answer.asked": r"not done: a campaign that is open asks this question, and nobody .+",
        "answer.no_step": r"not done: a rollback names the step of a checkpoint",
        "answer.empty_note": r"not done: the note was empty",
        "answer.ended": r"not done: the run had ended",
        "answer.refused": r"not done: (?P<reason>.+)",
        "answer.built": r"the folder (?P<digest>\w+) is built of (?P<candidate>.+)",
        "answer.not_built": r"not built: (?P<reason>.+)",
    }.items()
}
"""Known sentences by the key of their words, the special ones before the general."""


def answer(sentence: str, language: Language) -> str:
    """The sentence in a language; as it is where it is none of the known ones.

    >>> answer("paused after step 120", "zh"), answer("paused after step 120", "en"), answer("well", "zh")
    ('已在第 120 步后暂停', 'paused after step 120', 'well')
    """
    for key, form in FORMS.items():
        found = form.fullmatch(sentence)
        if found:
            return text(key, language, **found.groupdict())
    return sentence


assert set(FORMS) <= set(TEXTS), "each sentence has its words"
