"""What the demo's model reads: sentences and questions made of the tables in sample/."""

import csv
import json
import random
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

__all__ = ["Material", "make_material", "write_rows"]

SAMPLE = Path(__file__).parent / "sample"

LANGUAGES = ("zh", "en")

Row = dict[str, Any]


class Material(NamedTuple):
    """All rows, in a fixed order."""

    base: list[Row]
    """What to pre-train on, in both languages: general facts, each as a sentence and as a question with its
    answer; and sentences about the domain, as a book would have them.
    """

    triage: list[Row]
    """Complaints with the department to go to, as conversations."""


def make_material() -> Material:
    """Put the tables into sentences.

    >>> material = make_material()
    >>> material.base[0]["text"], material.triage[0]["messages"][0]["content"]
    ('中国的首都是北京。', '咳嗽有痰一周，应该挂哪个科？')
    """
    wordings = tomllib.loads((SAMPLE / "wordings.toml").read_text(encoding="utf-8"))
    base = [row for fact in _table("facts") for row in _fact_rows(fact, wordings[fact["kind"]])]
    base += [row for case in _table("triage") for row in _domain_rows(case, wordings["domain"])]
    triage = [row for case in _table("triage") for row in _triage_rows(case, wordings["triage"])]
    return Material(_numbered(base, "base"), _numbered(triage, "triage"))


def write_rows(path: Path, rows: list[Row], seed: int) -> None:
    """Write rows to a JSONL file, in an order that depends on the seed alone."""
    shuffled = random.Random(seed).sample(rows, len(rows))  # noqa: S311 - an order, no secret
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in shuffled), encoding="utf-8")


def _table(name: str) -> Iterable[dict[str, str]]:
    with (SAMPLE / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _fact_rows(fact: dict[str, str], wording: dict[str, Any]) -> Iterable[Row]:
    for language in LANGUAGES:
        about, answer = fact[language], fact[f"answer_{language}"]
        labels = {"source": "general", "task": fact["kind"]}
        for sentence in wording[language]:
            yield {**labels, "text": sentence.format(a=about, b=answer)}
        question = wording[f"ask_{language}"].format(a=about)
        yield {**labels, "text": f"<|user|>{question}<|end|><|assistant|>{answer}"}


def _domain_rows(case: dict[str, str], wording: dict[str, Any]) -> Iterable[Row]:
    for language in LANGUAGES:
        for sentence in wording[language]:
            text = sentence.format(a=case[language], b=case[f"department_{language}"])
            yield {"source": "domain", "task": "book", "text": text}


def _triage_rows(case: dict[str, str], wording: dict[str, Any]) -> Iterable[Row]:
    for language in LANGUAGES:
        answer = wording[f"answer_{language}"].format(b=case[f"department_{language}"])
        for question in wording[f"ask_{language}"]:
            yield {
                "source": "triage",
                "task": case["department_en"],
                "messages": [
                    {"role": "user", "content": question.format(a=case[language])},
                    {"role": "assistant", "content": answer},
                ],
            }


def _numbered(rows: list[Row], name: str) -> list[Row]:
    return [{"id": f"{name}-{number}", **row} for number, row in enumerate(rows)]
