"""The demo's suites: what a fine-tune should have learned, and what it should not have lost."""

import json
from pathlib import Path

from trainer.demo.material import Material

__all__ = ["FACTS_A", "FACTS_B", "TRIAGE", "write_suites"]

TRIAGE = "triage"
"""Held-out complaints: answers near their references, and the right department."""

FACTS_B = "facts-b"
"""Facts that are never mixed in: what is kept is measured on them."""

FACTS_A = "facts-a"
"""Facts that may be mixed in, and are used for training then."""

_FACTS = """\
name = "{name}"
measures = "kept"
kind = "choice"
file = "{file}"
style = "chat"
"""

_TRIAGE = """\
name = "{name}"
measures = "learned"
kind = "open"
file = "held_out.jsonl"
lang = "zh"
max_new_tokens = 32
metrics = ["bleu", "chrf", "rougeL", "f1"]
fields = {{ department = {pattern} }}
"""


def write_suites(folder: Path, material: Material) -> list[Path]:
    """Write the suites beside their rows, which `write_rows` wrote; their files."""
    # The longest first: where one name begins another, the whole one is meant.
    names = sorted({row["department"] for row in material.held_out}, key=lambda name: (-len(name), name))
    texts = {
        TRIAGE: _TRIAGE.format(name=TRIAGE, pattern=json.dumps(f"({'|'.join(names)})", ensure_ascii=False)),
        FACTS_B: _FACTS.format(name=FACTS_B, file="facts_b.jsonl"),
        FACTS_A: _FACTS.format(name=FACTS_A, file="facts_a.jsonl"),
    }
    files = [folder / f"{name}.toml" for name in texts]
    for file, text in zip(files, texts.values(), strict=True):
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            file.write_text(text, encoding="utf-8")
    return files
