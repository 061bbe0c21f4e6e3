"""What the demo's model reads and is asked, made of the sample data in sample/."""

import json
import random
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from trainer.demo.tiny import as_text

__all__ = ["SAMPLE", "Material", "Row", "make_material", "sample_rows", "write_file", "write_rows"]

SAMPLE = Path(__file__).parent / "sample"

Row = dict[str, Any]


class Material(NamedTuple):
    """All rows, each list in an order of the seed; the fields are the names of the files they are written to."""

    base: list[Row]
    """What the base is made from: every fact as a sentence and, twice, as a question with its answer; and which
    department symptoms belong to, as anyone's model has read somewhere."""

    handbook: list[Row]
    """What it reads of the domain: paragraphs of the handbook and its headings."""

    triage: list[Row]
    """What it is fine-tuned on, as conversations."""

    broken: list[Row]
    """A few more of these, as a broken export left them."""

    mix: list[Row]
    """General data to mix in, as conversations: the facts of half A."""

    facts_a: list[Row]
    """Four-choice questions on the facts that are mixed in."""

    facts_b: list[Row]
    """Four-choice questions on those that never are: what is kept is measured on them."""

    held_out: list[Row]
    """Open questions of the domain, never trained on."""

    choice: list[Row]
    """Four-choice questions of the domain."""


def make_material(seed: int) -> Material:
    """Read the sample data and split the facts in two halves of like categories.

    >>> material = make_material(0)
    >>> len(material.facts_a), len(material.facts_b)
    (224, 224)
    """
    facts = sample_rows("facts")
    half_a, half_b = _halves(facts, seed)
    asked = [_conversation(row, row["question"], row["choices"][row["answer"]], task="facts") for row in half_a]
    base = [row for fact in facts for row in _fact_texts(fact)]
    base += [
        _said(row, f"索引：{row['symptom']}，看{row['department']}。", "domain") for row in sample_rows("symptoms")
    ]
    rows = Material(
        base=base,
        handbook=[row for paragraph in sample_rows("handbook") for row in _handbook_rows(paragraph)],
        triage=sample_rows("triage"),
        broken=sample_rows("broken"),
        mix=asked,
        facts_a=half_a,
        facts_b=half_b,
        held_out=sample_rows("triage_held_out"),
        choice=sample_rows("triage_choice"),
    )
    return Material(*(random.Random(f"{seed}/{name}").sample(found, len(found)) for name, found in _named(rows)))  # noqa: S311 - an order, no secret


def write_rows(folder: Path, material: Material) -> None:
    """Write each list to a JSONL file of its name; a file that says the same already is left alone."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in _named(material):
        write_file(folder / f"{name}.jsonl", rows)


def write_file(path: Path, rows: list[Row]) -> None:
    """Write rows to a JSONL file, unless it says the same already."""
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def sample_rows(name: str) -> list[Row]:
    """Rows of one file of the sample data."""
    return [json.loads(line) for line in (SAMPLE / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]


def _named(material: Material) -> Iterable[tuple[str, list[Row]]]:
    return zip(Material._fields, material, strict=True)


def _halves(facts: list[Row], seed: int) -> tuple[list[Row], list[Row]]:
    """Half of each language and category on either side."""
    kinds: dict[tuple[str, str], list[Row]] = {}
    for fact in facts:
        kinds.setdefault((fact["lang"], fact["category"]), []).append(fact)
    halves: tuple[list[Row], list[Row]] = ([], [])
    for kind in sorted(kinds):
        order = random.Random(f"{seed}/{kind}").sample(kinds[kind], len(kinds[kind]))  # noqa: S311 - an order, no secret
        halves[0].extend(order[::2])
        halves[1].extend(order[1::2])
    return halves


def _handbook_rows(row: Row) -> Iterable[Row]:
    yield _said(row, row["text"], "handbook")
    if row["department"]:
        yield {**_said(row, f"{row['chapter']}，看{row['department']}。", "handbook"), "id": f"{row['id']}-heading"}


def _said(row: Row, text: str, source: str) -> Row:
    return {"id": row["id"], "source": source, "task": row["department"], "text": text}


def _fact_texts(fact: Row) -> Iterable[Row]:
    labels = {"source": "general", "task": fact["category"]}
    answer = fact["choices"][fact["answer"]]
    turns = [{"role": "user", "content": fact["question"]}, {"role": "assistant", "content": answer}]
    yield {"id": f"{fact['id']}-said", **labels, "text": fact["statement"]}
    for way in ("asked", "asked-again"):
        yield {"id": f"{fact['id']}-{way}", **labels, "text": as_text(turns)}


def _conversation(row: Row, question: str, answer: str, *, task: str) -> Row:
    turns = [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
    return {"id": row["id"], "source": "general", "task": task, "messages": turns}
