"""A model's answers to the questions of a campaign: greedy, kept as they come, so that a second try goes on.

A file below `.evals/answers` holds a line an answer. It is named by the model's digest and by all else that an answer
hangs on; what a process that was stopped left half-written is no line, and asked again.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

from assay.version import VERSION
from evals.generate import reply, room_for
from evals.prompt import ChatTemplate
from evals.review.questions import Question
from evals.run import batch_size
from evals.text.sample import Turn
from store.evaluations import FOLDER
from trainer.asked import Asked, load_asked

__all__ = ["Answered", "answers_file", "answers_of"]

FORMAT = 1


class Answered(NamedTuple):
    """What a model said to one question."""

    text: str
    """Its words, without blanks around them."""

    is_full: bool
    """Whether it took as many tokens as it was given, so that it may be cut."""

    is_cut: bool
    """Whether the question was longer than the model reads."""


def answers_file(root: Path, artifacts: Sequence[str | None], tokens: int) -> Path:
    """The file of a model's answers; `artifacts` are the digests of the model and of what it stands on."""
    made = [FORMAT, VERSION, version("transformers"), tokens, *artifacts]
    key = hashlib.sha256(json.dumps(made).encode()).hexdigest()[:32]
    return root / FOLDER / "answers" / f"{key}.jsonl"


def answers_of(
    asked: Asked, questions: Sequence[Question], file: Path, *, tokens: int, progress: Callable[[int, int], None]
) -> list[Answered]:
    """The answers to all questions, in their order; the model is loaded where some are not in the file yet.

    `progress` is told how many there are, and of how many. Raises AssayError where the model cannot be asked, OSError
    where an answer cannot be written.
    """
    known = _read(file)
    missing = [question for question in questions if _key(question) not in known]
    progress(len(questions) - len(missing), len(questions))
    if missing:
        _ask(asked, missing, file, tokens, lambda done: progress(len(questions) - len(missing) + done, len(questions)))
        known = _read(file)
    return [known[_key(question)] for question in questions]


def _ask(asked: Asked, questions: Sequence[Question], file: Path, tokens: int, progress: Callable[[int], None]) -> None:
    model, tokenizer = load_asked(asked)
    template, size, room = ChatTemplate(tokenizer), batch_size(model), room_for(model, tokens)
    lengths = {question.id: len(template.prompt(_turns(question))) for question in questions}
    # Longest first: less padding, and what does not fit in memory fails at once.
    ordered = sorted(questions, key=lambda question: -lengths[question.id])
    file.parent.mkdir(parents=True, exist_ok=True)
    for begin in range(0, len(ordered), size):
        batch = ordered[begin : begin + size]
        texts = reply(model, tokenizer, template, list(map(_turns, batch)), max_new_tokens=tokens, batch_size=size)
        rows = [
            _line(
                question, Answered(text, _is_full(tokenizer, text, tokens), bool(room) and lengths[question.id] > room)
            )
            for question, text in zip(batch, texts, strict=True)
        ]
        _append(file, rows)
        progress(begin + len(batch))


def _turns(question: Question) -> list[Turn]:
    system = [Turn("system", question.system)] if question.system else []
    return [*system, Turn("user", question.question)]


def _is_full(tokenizer: Any, text: str, tokens: int) -> bool:
    """Blanks around the words are gone, and may have been a token."""
    return len(tokenizer(text, add_special_tokens=False)["input_ids"]) >= tokens - 1


def _line(question: Question, answered: Answered) -> str:
    return json.dumps({"key": _key(question), **answered._asdict()}, ensure_ascii=False) + "\n"


def _append(file: Path, lines: Sequence[str]) -> None:
    with file.open("ab") as out:
        # Behind what a process that was stopped left half-written.
        out.write(b"".join([b"\n", *(line.encode("utf-8", "replace") for line in lines)]))


def _key(question: Question) -> str:
    asked = json.dumps([question.system, question.question], ensure_ascii=False)
    return hashlib.sha256(asked.encode()).hexdigest()


def _read(file: Path) -> dict[str, Answered]:
    found: dict[str, Answered] = {}
    if not file.is_file():
        return found
    for line in file.read_bytes().splitlines():
        with suppress(ValueError, KeyError, TypeError):
            row = json.loads(line)
            found[row["key"]] = Answered(str(row["text"]), bool(row["is_full"]), bool(row["is_cut"]))
    return found
