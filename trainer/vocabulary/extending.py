"""A model folder with a longer vocabulary, written whole or not at all, and measured beside the old one."""

import json
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import torch
from safetensors import SafetensorError
from transformers import GenerationConfig

from assay.errors import AssayError
from assay.version import VERSION
from evals.data.publishing import workshop
from trainer.config import ModelConfig
from trainer.errors import ModelError
from trainer.model import fingerprint, load_model, load_tokenizer, longest_input
from trainer.vocabulary.corpus import Corpus
from trainer.vocabulary.folder import new_tokens_of, tokens_of, write_note
from trainer.vocabulary.learning import NewToken
from trainer.vocabulary.measuring import BATCH, LONGEST_PART, MEASURED, Measure, Side, part_texts
from trainer.vocabulary.report import Report, Shown
from trainer.vocabulary.rows import add_rows
from trainer.vocabulary.tokens import FILE, Source

__all__ = ["Progress", "Wanted", "extend"]

Progress = Callable[[str, int, int], None]
"""Is told what is being done, how much of it is done, and of how much."""

BESIDE = (
    "tokenizer_config.json", "special_tokens_map.json", "chat_template.jinja", "chat_template.json",
    "generation_config.json",
)  # fmt: skip
"""Files of a model folder that stay as they are. Older forms of the vocabulary (vocab.json, merges.txt,
tokenizer.model) are left out: they would say something else than tokenizer.json."""

TEMPLATES = "additional_chat_templates"

REPORT = "assay_vocabulary_report.json"


class Wanted(NamedTuple):
    """What is to be made."""

    model: Path
    """Folder of the model."""

    source: Source
    """Its tokenizer."""

    corpus: Corpus
    """What the tokens were learned from."""

    learned: list[NewToken]
    """They."""

    seed: int
    """Seed of what is random."""

    steps: int
    """Steps of the short pre-training; 0 for none."""


def extend(wanted: Wanted, out: Path, progress: Progress = lambda *_: None) -> Report:
    """Write the model with the new tokens to the folder `out`, which is not there yet. Raises AssayError."""
    with _writing(out) as folder:
        progress("writing the model", 0, 1)
        _write(wanted, folder)
        progress("writing the model", 1, 1)
        old, new = load_tokenizer(_config(wanted.model)), load_tokenizer(_config(folder))
        _check_reads_alike(wanted, old, new)
        write_note(folder, _note(wanted))
        report = _measured(wanted, folder, (old, new), progress)
        (folder / REPORT).write_text(
            json.dumps(report.as_dict(), ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
        )
        _settle(folder)
        # A folder that is empty would be replaced without a word.
        if out.exists():
            raise AssayError(f"{out} was made by someone else meanwhile; name another folder with --out")
        folder.rename(out)
    return report


@contextmanager
def _writing(out: Path) -> Iterator[Path]:
    """A folder to write in, gone afterwards; what the disk refuses is said in a sentence."""
    try:
        with workshop(out) as place:
            folder = place / out.name
            folder.mkdir()
            yield folder
    except (OSError, SafetensorError) as error:
        said = getattr(error, "strerror", None) or error
        raise AssayError(f"cannot write {out}: {said}; make room there, or name another place with --out") from error


def _write(wanted: Wanted, folder: Path) -> None:
    model: Any = load_model(str(wanted.model), _config(wanted.model), "auto")
    rows = model.get_input_embeddings().weight.shape[0]
    if wanted.source.size > rows:
        raise ModelError(
            f"the tokenizer in {wanted.model} has {wanted.source.size} tokens, the model {rows}; they do not belong "
            f"together"
        )
    add_rows(model, wanted.source.pieces(wanted.learned), wanted.source.size)
    # What the model's own file says of sampling could keep it from being saved; that file is copied.
    model.generation_config = GenerationConfig()
    model.save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)
    for name in BESIDE:
        if (wanted.model / name).is_file():
            shutil.copyfile(wanted.model / name, folder / name)
    if (wanted.model / TEMPLATES).is_dir():
        shutil.copytree(wanted.model / TEMPLATES, folder / TEMPLATES)
    raw = wanted.source.extended(wanted.learned)
    (folder / FILE).write_text(json.dumps(raw, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def _check_reads_alike(wanted: Wanted, old: Any, new: Any) -> None:
    """Raise ModelError where the tokenizer that was written splits an old token, or loses or changes text."""
    source, texts = wanted.source, wanted.corpus.held_out
    spelled = [item.token for item in wanted.learned]
    for text, was, now in zip(texts, _encoded(old, texts), _encoded(new, texts), strict=True):
        (before, ends), (after, fewer) = source.bounds(was, spelled), source.bounds(now, spelled)
        is_used = any(number >= source.size for number in now)
        if before != after or not fewer <= ends or (not is_used and was != now):
            raise ModelError(
                f"transformers reads the tokenizer of {wanted.model} otherwise than its {FILE} says, as in "
                f"{text[:40]!r}; nothing is written"
            )


def _measured(wanted: Wanted, folder: Path, tokenizers: tuple[Any, Any], progress: Progress) -> Report:
    longest, corpus = longest_input(_config(wanted.model)), wanted.corpus
    measure = Measure(
        part_texts(corpus.learned, longest, wanted.steps * BATCH * LONGEST_PART),
        part_texts(corpus.held_out, longest, MEASURED), wanted.seed, wanted.steps,
    )  # fmt: skip
    old, new = tokenizers
    first = wanted.source.size
    size = first + len(wanted.learned)
    # One model after the other: two may not fit.
    decoding = _side(folder, new, measure).decoding(old)
    fast, slow = decoding.speeds
    before = _shown(
        _side(wanted.model, old, measure), measure, Known(old, first, slow), corpus,
        partial(progress, "training, old vocabulary"),
    )  # fmt: skip
    after = _shown(
        _side(folder, new, measure), measure, Known(new, size, fast), corpus,
        partial(progress, "training, new vocabulary"),
    )  # fmt: skip
    met = Counter(number for ids in _encoded(new, corpus.learned) for number in ids if number >= first)
    uses = [met[number] for number in range(first, size)]
    return Report(before, after, decoding.faster, uses, wanted.steps, measure.read, measure.characters)


class Known(NamedTuple):
    """What is known of a vocabulary before its model is asked."""

    tokenizer: Any
    """Its tokenizer."""

    tokens: int
    """Tokens of its own."""

    speed: float
    """Characters decoded a second."""


def _side(folder: Path, tokenizer: Any, measure: Measure) -> Side:
    # As in training: what is trained is float32, and a processor is no faster with less.
    dtype = "auto" if torch.cuda.is_available() else torch.float32
    return Side(load_model(str(folder), _config(folder), dtype), tokenizer, measure, new_tokens_of(folder))


def _shown(side: Side, measure: Measure, known: Known, corpus: Corpus, progress: Callable[[int, int], None]) -> Shown:
    characters = sum(map(len, corpus.held_out))
    return Shown(
        tokens=known.tokens, tokens_a_character=sum(map(len, _encoded(known.tokenizer, corpus.held_out))) / characters,
        loss=side.loss(), characters_a_second=known.speed,
        loss_after=side.trained(lambda step: progress(step, measure.steps)) if measure.steps else None,
    )  # fmt: skip


def _encoded(tokenizer: Any, texts: Sequence[str]) -> list[list[int]]:
    return tokenizer(list(texts), add_special_tokens=False)["input_ids"]


def _note(wanted: Wanted) -> dict[str, Any]:
    """What is written down beside the model: of earlier extensions too, as their rows may not be trained yet."""
    source, corpus = wanted.source, wanted.corpus
    spelling, pieces = source.spelling, source.pieces(wanted.learned)
    tokens = [
        {
            "id": source.size + number, "token": item.token, "pieces": pieces[number], "occurrences": item.occurrences,
            "text": spelling.bytes_of(item.token).decode(errors="replace"),
        }
        for number, item in enumerate(wanted.learned)
    ]  # fmt: skip
    return {
        "format": 1, "program": f"assay {VERSION}",
        "model_sha256": fingerprint(_config(wanted.model)), "seed": wanted.seed,
        "corpus": corpus.files, "characters": corpus.characters, "characters_looked_at": corpus.looked_at,
        "tokens": [*tokens_of(wanted.model), *tokens],
    }  # fmt: skip


def _settle(folder: Path) -> None:
    """Make all files safe on disk before the folder gets its name."""
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                os.fsync(file.fileno())


def _config(folder: Path) -> ModelConfig:
    return ModelConfig(path=str(folder))
