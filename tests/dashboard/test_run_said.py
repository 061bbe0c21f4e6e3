"""How a run ended and what asks for a look, in the reader's language: every sentence that is written is known."""

import ast
import re
from pathlib import Path

import pytest

import trainer
from dashboard.run_said import FORMS, run_said
from tests.dashboard.sentences import constants_of, functions_of, named_in, sentences

ROOT = Path(trainer.__file__).parent.parent
RECORDERS = [
    *sorted((ROOT / "trainer").rglob("*.py")), ROOT / "assay" / "recording.py", ROOT / "store" / "watching.py",
    ROOT / "store" / "alerts" / "watch.py", ROOT / "evals" / "forgetting" / "light.py",
]  # fmt: skip

LEVELS = ("warning", "alarm")


def called(call):
    return ast.unparse(call.func).rpartition(".")[2]


def is_of_level(call):
    """Whether an event asks for a look; of some it is only known once they are told."""
    level = {word.arg: word.value for word in call.keywords}.get("level", call.args[2] if len(call.args) > 2 else None)
    return level is not None and (not isinstance(level, ast.Constant) or level.value in LEVELS)


def handed(call):
    """What a call hands on of a sentence that people read as a warning, or as what ended a run; None else."""
    name, given = called(call), call.args
    if name in ("event", "tell") and len(given) > 1 and is_of_level(call):
        return given[1]
    if name == "finish" and len(given) == 2:
        return given[1]
    if name == "Light":
        return given[2]
    # Sentences that are collected and recorded elsewhere.
    collected = name in ("TrainingError", "_warn", "record") or ast.unparse(call.func) in ("self._tell", "tell")
    return given[0] if collected and len(given) == 1 else None


def collected(function):
    """What is returned, yielded or appended, of what is recorded elsewhere."""
    for node in ast.walk(function):
        if isinstance(node, ast.Yield | ast.Return) and node.value is not None:
            yield node.value
        elif isinstance(node, ast.Call) and called(node) == "append":
            yield node.args[0]


def items(node):
    """The sentences' own nodes: of a list each, of a sentence with more beside it the sentence."""
    if isinstance(node, ast.List):
        return node.elts
    return node.elts[:1] if isinstance(node, ast.Tuple) else [node]


def written_in(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions, constants = functions_of(tree), constants_of(tree)
    for function in functions.values():
        named = {**constants, **named_in(function)}
        nodes = [found for call in ast.walk(function) if isinstance(call, ast.Call) and (found := handed(call))]
        if f"{path.stem}.{function.name}" in COLLECTING:
            nodes += [item for node in collected(function) for item in items(node)]
        yield from (words for node in nodes for words in sentences(node, named, functions))


COLLECTING = ("provenance._losses_of", "model.doubts", "job._packed", "data._obstacle", "changes.told")
"""Functions whose sentences are recorded by those that call them."""

OTHERWISE = re.compile(
    r"the guard (went|goes) back from .+"  # said from what was recorded with it
    r"|no sign of forgetting.+|.+ is green at .+"  # nothing to look at
    r"|.+; (trying again|still watching)"  # told on the terminal
)
"""Sentences that no page shows as they are."""

COLOURS = ("7 is 7 at step 7: 7", ("7 is red at step 7: 7", "7 is yellow at step 7: 7"))
"""A sentence that holds what another module says, and what that makes of it."""

FOUND = {words for path in RECORDERS for words in written_in(path)}

ALL = sorted(
    {
        words
        for words in [*FOUND, *(COLOURS[1] if COLOURS[0] in FOUND else ())]
        if re.search("[a-z]{3} [a-z]", words) and not OTHERWISE.fullmatch(words)
    }
)


def test_the_sentences_are_found_where_they_are_written():
    assert {
        "stopped at step 7 of 7 by 7", "stopped by Ctrl-C", "recording could not begin", "7 is red at step 7: 7",
        "no checkpoint could be written at step 7: 7", "nothing new in 7 for 7 minutes",
        "7 of 7 rows of 7 are left out: no token of an answer is left in them (rows 7, …)",
    } <= set(ALL)  # fmt: skip


@pytest.mark.parametrize("sentence", ALL)
def test_every_sentence_is_said_in_chinese_and_stays_what_it_is_in_english(sentence):
    assert run_said(sentence, "en") == sentence
    assert re.search("[一-鿿]", run_said(sentence, "zh"))


def everything_in(path):
    """Whatever a file has in quotes, numbers in its blanks: parts of sentences, and those that are handed far."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions, constants = functions_of(tree), constants_of(tree)
    for function in functions.values():
        named = {**constants, **named_in(function)}
        for node in ast.walk(function):
            if isinstance(node, ast.JoinedStr | ast.Constant):
                yield from sentences(node, named, functions)


def test_every_known_sentence_is_written_somewhere():
    written = {*ALL, *(words for path in RECORDERS for words in everything_in(path))}
    # Put together from several: by the loader, of how a run ended, and of what stood in the way of going back.
    written |= {
        "failed: 7", "1 point", "the guard has nothing to go back to", "the guard has nothing to go back to; 7",
        "7 is red at step 7, and it went back 7 times already",
        "7 is red at step 7, and there is no green checkpoint before it to go back to; 7",
    }  # fmt: skip
    missing = [key for key, form in FORMS.items() if not any(form.fullmatch(sentence) for sentence in written)]
    assert missing == []


def test_figures_are_set_apart_and_details_kept():
    ended = "stopped at step 2085 of 100000 by guard.max_forgetting: facts is red at step 2085"
    assert run_said(ended, "en") == ended.replace("2085", "2,085").replace("100000", "100,000")
    assert run_said(ended, "zh") == "由 guard.max_forgetting 在第 2,085 / 100,000 步停止：facts 在第 2,085 步为红灯"
    memory = "out of memory in the validation after step 1200 with one sample at a time (no room); lower it"
    assert run_said(memory, "zh").startswith("第 1,200 步之后的验证中每次只放一个样本仍内存不足（no room）")
    light = "facts is red at step 90: accuracy fell by 1 point against the base, p is 0.0004, at least half the margin "
    assert run_said(f"{light}of 2 points", "en") == f"{light}of 2 points"
    assert "低 1 个百分点（p 值：0.0004）" in run_said(f"{light}of 2 points", "zh")
    below = f"{light.replace('0.0004', 'below 0.0005')}of 2 points"
    assert run_said(below, "en") == below
    assert "（p 值：低于 0.0005）" in run_said(below, "zh")


def test_an_error_of_python_is_shown_as_it_is():
    assert run_said("ValueError: no such column", "zh") == "ValueError: no such column"
    assert run_said("failed: ValueError: no such column", "zh") == "失败：ValueError: no such column"
