"""From data files to batches: read, encode, hold out, pad."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import torch

from evals.prompt import ChatTemplate, Encoded
from evals.text import Sample, read_samples
from evals.text.errors import DataError
from trainer.config import DataConfig
from trainer.plan import held_out

__all__ = ["Batch", "DataFile", "Example", "TrainingData", "collate", "encode_samples", "load_data"]


class Example(NamedTuple):
    """A sample as the model reads it."""

    row: int
    """Row in its file."""

    ids: torch.Tensor
    """Token ids, int32 [tokens]."""

    answer: torch.Tensor
    """Which of them are learned, bool [tokens]."""


@dataclass(frozen=True)
class DataFile:
    """One data file, read and encoded."""

    path: Path
    """Where it is."""

    sha256: str
    """Digest of its bytes."""

    samples: list[Sample]
    """Its rows."""

    examples: list[Example]
    """Those that can be learned from."""

    cut: list[int]
    """Rows whose end was cut off."""

    without_answer: list[int]
    """Rows left out because no token of an answer is left in them."""


@dataclass(frozen=True)
class TrainingData:
    """What a run learns from and what it is measured on."""

    file: DataFile
    """The training file."""

    train: list[Example]
    """What is learned."""

    validation: list[Example]
    """What is held out; empty for no validation."""

    validation_file: DataFile | None
    """The validation file, where it is one of its own."""


class Batch(NamedTuple):
    """Padded examples."""

    ids: torch.Tensor
    """Token ids, int64 [samples, tokens]."""

    mask: torch.Tensor
    """1 for a token, 0 for padding, int64 [samples, tokens]."""

    learned: torch.Tensor
    """Which tokens are learned, bool [samples, tokens]; never a first one, which nothing predicts."""


def load_data(config: DataConfig, template: ChatTemplate, seed: int) -> TrainingData:
    """Read, encode and split the data of a run. Raises DataError."""
    file = _read(Path(config.train), template, config.max_length)
    if isinstance(config.validation, str) and config.validation:
        other = _read(Path(config.validation), template, config.max_length)
        return TrainingData(file, file.examples, other.examples, other)
    apart = held_out(len(file.examples), float(config.validation or 0), seed)
    train = [example for place, example in enumerate(file.examples) if place not in apart]
    return TrainingData(file, train, [file.examples[place] for place in sorted(apart)], None)


def encode_samples(samples: Sequence[Sample], template: ChatTemplate, max_length: int) -> list[Encoded]:
    """Encode samples in order. Raises DataError naming the row the template refuses."""
    found: list[Encoded] = []
    for sample in samples:
        try:
            found.append(template.encode(sample.turns, max_length))
        except DataError as error:
            raise DataError(f"row {sample.row}: {error}") from error
    return found


def collate(examples: Sequence[Example]) -> Batch:
    """Pad examples to the longest of them; a pure function of the examples."""
    shape = len(examples), max(len(example.ids) for example in examples)
    ids, mask, learned = torch.zeros(shape, dtype=torch.long), torch.zeros(shape, dtype=torch.long), torch.zeros(shape)
    for place, example in enumerate(examples):
        length = len(example.ids)
        ids[place, :length] = example.ids
        mask[place, :length] = 1
        learned[place, 1:length] = example.answer[1:]
    return Batch(ids, mask, learned.bool())


def _read(path: Path, template: ChatTemplate, max_length: int) -> DataFile:
    path = path.expanduser().absolute()
    samples = read_samples(path)
    try:
        encoded = encode_samples(samples, template, max_length)
    except DataError as error:
        raise DataError(f"{path} {error}") from error
    examples = [
        Example(sample.row, torch.tensor(item.ids, dtype=torch.int32), torch.tensor(item.answer))
        for sample, item in zip(samples, encoded, strict=True)
        if item.has_answer
    ]
    if not examples:
        raise DataError(
            f"no row of {path} has an answer left to learn from at data.max_length = {max_length}; "
            f"raise it, or see whether the answers are empty"
        )
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    pairs = list(zip(samples, encoded, strict=True))
    return DataFile(
        path=path, sha256=sha256, samples=samples, examples=examples,
        cut=[sample.row for sample, item in pairs if item.cut],
        without_answer=[sample.row for sample, item in pairs if not item.has_answer],
    )  # fmt: skip
