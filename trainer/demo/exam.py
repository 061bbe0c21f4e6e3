"""What the demo asks its models: facts that may be mixed in, facts that never are, and the domain."""

import json
from pathlib import Path
from typing import Any, NamedTuple

from evals.choice import accuracy, score_items
from evals.choice_items import read_items
from evals.generate import answer
from evals.prompt import ChatTemplate
from trainer.config import ModelConfig
from trainer.model import load_adapter, load_model, load_tokenizer

__all__ = ["Marks", "first_department", "sit"]

ANSWER_TOKENS = 40


class Marks(NamedTuple):
    """Shares of questions answered rightly, 0 to 1."""

    facts_a: float
    """Facts that may be mixed into fine-tuning."""

    facts_b: float
    """Facts that never are: what is kept."""

    department: float
    """Open questions whose answer names the right department first."""


def sit(model: Path, material: Path, *, adapter: Path | None = None) -> Marks:
    """Ask a model, with its adapter where it has one, everything in the files of `material`."""
    config = ModelConfig(path=str(model))
    asked: Any = load_model(config.path, config, "auto")
    if adapter:
        asked = load_adapter(asked, adapter)
    tokenizer = load_tokenizer(config)
    facts_a, facts_b = (
        accuracy(score_items(asked, tokenizer, read_items(material / name), style="chat", batch_size=16))
        for name in ("facts_a.jsonl", "facts_b.jsonl")
    )
    rows = [json.loads(line) for line in (material / "held_out.jsonl").read_text(encoding="utf-8").splitlines()]
    said = answer(
        asked, tokenizer, ChatTemplate(tokenizer), [row["question"] for row in rows],
        max_new_tokens=ANSWER_TOKENS, batch_size=28,
    )  # fmt: skip
    names = sorted({row["department"] for row in rows})
    right = [first_department(text, names) == row["department"] for text, row in zip(said, rows, strict=True)]
    return Marks(facts_a, facts_b, sum(right) / len(right))


def first_department(text: str, names: list[str]) -> str | None:
    """The department an answer names first; None where it names none.

    >>> first_department("先去骨科，再看眼科。", ["眼科", "骨科"])
    '骨科'
    """
    found = [(text.index(name), name) for name in names if name in text]
    return min(found)[1] if found else None
