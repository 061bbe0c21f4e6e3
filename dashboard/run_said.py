"""What a run's trainer and recorder wrote down of how it ended and of what asks for a look, in the reader's language.

They write plain English sentences into the store. Those they are known to write are told apart here, by one table;
any other, and an error's own words, are shown as they are.
"""

import re

from dashboard.texts import TEXTS, Language, text
from dashboard.words import count

__all__ = ["FORMS", "run_said"]

_STOPPED = r"stopped at step (?P<step>\d+) of (?P<total>\d+) by (?P<by>[^:]+)"
_RED = r"(?P<suite>[^:;]+) is red at step (?P<step>\d+)"
_NOWHERE = r"and there is no green checkpoint before it to go back to"
_UNSOUND = r"memory or a link of its machine is not sound, so nothing was sealed; leave that machine out, and go on .+"
_LEFT_OUT = r"(?P<n>\d+) of (?P<of>\d+) rows of (?P<file>.+) are left out"
_DROP = r"accuracy fell by (?P<points>[\d.-]+ points?) against the base, p is (?P<p>.+?)"

FORMS = {
    key: re.compile(pattern)
    for key, pattern in {
        # how a run ended
        "said.failed": r"failed: (?P<why>.+)",
        "said.stopped": _STOPPED,
        "said.stopped.why": rf"{_STOPPED}: (?P<why>.+)",
        "said.ctrl_c": r"stopped by Ctrl-C",
        "said.early": r"stopped early at step (?P<step>\d+): the lowest validation loss is that of step (?P<best>.+)",
        "said.useless": r"stopped at step (?P<step>\d+): for (?P<n>\d+) steps in a row the loss or the gradient was "
        r"not a number; .+",
        "said.not_begun": r"recording could not begin",
        "said.broken": r"recording stopped: (?P<why>.+)",
        "said.memory.adapter": r"out of memory (?P<where>.+?) \((?P<reason>.+)\); train an adapter .+",
        "said.memory.one": r"out of memory (?P<where>.+?) with one sample at a time \((?P<reason>.+)\); lower .+",
        "said.where.optimizer": r"for the optimizer's state at step (?P<step>\d+)",
        "said.where.validation": r"in the validation after step (?P<step>\d+)",
        "said.where.reference": r"at the reference",
        "said.where.step": r"at step (?P<step>\d+)",
        "said.where.beginning": r"before the first step",
        "said.apart": r"process (?P<rank>\d+) no longer holds the same as process 0, first in (?P<name>.+): "
        rf"{_UNSOUND}",
        "said.other_part": rf"process (?P<rank>\d+) holds another part of (?P<name>.+) than was gathered of it: "
        rf"{_UNSOUND}",
        "said.other_rows": r"the parts of (?P<name>.+) that the processes hold have (?P<n>\d+) rows together, and "
        r"(?P<of>\d+) were gathered: .+",
        "said.no_probability": r"the model gives an answer of row (?P<row>\d+) of (?P<file>.+) no probability before "
        r"the first step; .+",
        # checkpoints, and where they are copied to
        "said.weight": r"no checkpoint was written at step (?P<step>\d+): a weight of the model is not a number",
        "said.unwritten": r"no checkpoint could be written at step (?P<step>\d+): (?P<reason>.+)",
        "said.unsealed": r"the checkpoint at step (?P<step>\d+) could not be sealed: (?P<reason>.+)",
        "said.none_sealed": r"no checkpoint of this training is sealed: (?P<reason>.+)",
        "said.put_aside": r"(?P<folder>.+) did not hold what was learned at its step; it is kept as (?P<aside>.+), "
        r"and written anew",
        "said.unrecorded": r"(?P<folder>.+) was sealed, but the run was killed before its step was recorded; "
        r"that is done again",
        "said.undeletable": r"(?P<folder>.+) cannot be deleted: (?P<reason>.+)",
        "said.unpinned": r"(?P<folder>.+) is not held against deletion: (?P<reason>.+)",
        "said.uncopied": r"not copied to (?P<place>.+): (?P<reason>.+)",
        "said.other_mirror": r"(?P<place>.+) was the mirror of another run of this name; it is kept as (?P<aside>.+)",
        # the steps
        "said.memory.fewer": r"out of memory: from here on (?P<n>\d+) samples at once, (?P<times>\d+) times a step",
        "said.frozen": r"(?P<names>.+), which is not trained, had changed in memory; the model was read again",
        "said.asks": r"step (?P<step>\d+): (?P<why>.+) against the spike at step (?P<onset>\d+); the run waits: .+",
        "said.guard.done": r"the guard has done what it may",
        "said.guard.nowhere": r"the guard has nothing to go back to",
        "said.guard.nowhere.why": r"the guard has nothing to go back to; (?P<reason>.+)",
        "said.replay.rows": r"step (?P<step>\d+), done again, read other samples than before",
        "said.replay.loss": r"step (?P<step>\d+), done again, came to a loss of (?P<now>\S+) and not (?P<was>\S+): "
        r"(?P<reason>.+)",
        "said.replay.gradient": r"step (?P<step>\d+), done again, came to another gradient than before: (?P<reason>.+)",
        "said.resharded": r"goes on in (?P<now>.+), where the checkpoint was written by (?P<was>.+): from here on not "
        r"bit for bit",
        "said.config": r"config\.toml is not what it was at the checkpoint: (?P<changes>.+); the run goes on with what "
        r"is there",
        # data and model
        "said.nothing_left": rf"{_LEFT_OUT}: no token of an answer is left in them \(rows (?P<rows>.+)\)",
        "said.undecided": rf"{_LEFT_OUT}: both answers are the same, as far as they are read \(rows (?P<rows>.+)\)",
        "said.cut": r"(?P<n>\d+) of (?P<of>\d+) rows of (?P<file>.+) are longer than (?P<most>\d+) tokens and are cut "
        r"at their end; data\.max_length or the model decides \(rows (?P<rows>.+)\)",
        "said.parted": r"(?P<n>\d+) of (?P<of>\d+) rows of (?P<file>.+) were longer than (?P<most>\d+) tokens and are "
        r"read in (?P<parts>\d+) parts \(rows (?P<rows>.+)\)",
        "said.no_validation": r"data\.validation is (?P<share>\S+), but nothing is held out, so there is no validation "
        r"loss: (?P<why>.+); a file of other rows can be named, --validation FILE",
        "said.one_row": r"there is only one row",
        "said.rows_alike": r"the rows are nearly the same, as each other or as the general data",
        "said.rows_together": r"rows that are nearly the same stay together, and no such group is as small as "
        r"the share",
        "said.alike": r"(?P<n>\d+) rows of the validation file stand, nearly the same, in the training data; .+",
        "said.no_place": r"(?P<n>\d+) weights in (?P<folder>.+) have no place in the model and are left out "
        r"\((?P<names>.+)\)",
        "said.unpacked": r"each document is read in a row of its own, as this model does not keep packed ones apart",
        "said.tokens": r"the tokenizer has (?P<n>\d+) tokens and the model (?P<of>\d+), (?P<more>\d+) more than "
        r"padding takes; .+",
        "said.end_token": r"the tokenizer ends an answer with token (?P<token>\d+) \((?P<name>.+)\), and eos_token_id "
        r"in (?P<file>\S+) is (?P<there>.+); .+",
        # what was scored and forgotten
        "said.unscored": r"(?P<suite>.+) was not scored (?P<where>at step \d+|before the first step): (?P<reason>.+)",
        "said.leaks": r"the suites were not looked for in the training data: (?P<reason>.+)",
        "said.forgot.times": rf"{_RED}, and it went back (?P<times>\d+) times already",
        "said.forgot.nowhere": rf"{_RED}, {_NOWHERE}(?P<more>.*)",
        "said.forgot": _RED,
        "said.forgot.stops": r"guard\.max_forgetting stops the run: (?P<why>.+)",
        "said.forgot.back": r"went back from step (?P<left>\d+) to step (?P<step>\d+), the last green one: "
        r"(?P<why>.+); now: (?P<now>.+)",
        "said.light.red": r"(?P<suite>[^:;]+) is red at step (?P<step>\d+): (?P<why>.+)",
        "said.light.yellow": r"(?P<suite>[^:;]+) is yellow at step (?P<step>\d+): (?P<why>.+)",
        "said.red": r"(?P<suite>[^:;,]+) is red, (?P<why>[^;]+)",
        "said.light.severe": rf"{_DROP}, at least half the margin of (?P<margin>\S+ points?)",
        "said.light.twice": rf"{_DROP}, and below (?P<limit>\S+) at the checkpoint before as well",
        "said.light.once": rf"{_DROP}; one checkpoint alone can be chance",
        "said.p.below": r"below (?P<limit>[\d.]+)",
        "said.point": r"1 point",
        "said.points": r"(?P<n>[\d.-]+) points",
        "said.light.drift": r"the right answers became less likely, though few of them were lost so far",
        # messages to people, and a log that is watched
        "said.untold.tries": r'(?P<target>.+) was not told "(?P<title>.+)" after (?P<tries>\d+) tries: (?P<reason>.+)',
        "said.untold": r'(?P<target>.+) was not told "(?P<title>.+)": (?P<reason>.+)',
        "said.host_silent": r"the host logs nothing \(logging_strategy is no\), so no step is recorded and nothing "
        r"guards this training; .+",
        "said.silent": r"nothing new in (?P<file>.+) for (?P<minutes>\d+) minutes",
    }.items()
}
"""Known sentences by the key of their words, the special ones before the general."""

_SENTENCES = ("why", "where", "points", "margin", "p")
"""Groups that hold such a sentence themselves."""

_NAMES = ("token",)
"""Groups of digits that are no figure."""


def run_said(sentence: str, language: Language) -> str:
    """The sentence in a language, its figures as on all pages; as it is where it is none of the known ones.

    >>> run_said("stopped at step 2085 of 100000 by root", "zh"), run_said("ValueError: no", "zh")
    ('由 root 在第 2,085 / 100,000 步停止', 'ValueError: no')
    """
    for key, form in FORMS.items():
        found = form.fullmatch(sentence)
        if found:
            parts = found.groupdict().items()
            return text(key, language, **{name: _part(name, part, language) for name, part in parts})
    return sentence


def _part(name: str, part: str, language: Language) -> str:
    if name in _SENTENCES:
        return run_said(part, language)
    return count(int(part)) if part.isdecimal() and name not in _NAMES else part


assert set(FORMS) <= set(TEXTS), "each sentence has its words"
