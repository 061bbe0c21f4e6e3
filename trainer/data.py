"""From data files to examples: read, encode, hold out, mix."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from evals.prompt import ChatTemplate
from evals.text import Sample, locate, read_samples, words_of
from evals.text.errors import DataError
from evals.text.near import near_groups
from trainer.config import DataConfig
from trainer.errors import ConfigError
from trainer.examples import Encode, Example, encoder, pair_encoder
from trainer.pairs import Pair, prompt_words, read_pairs
from trainer.plan import Stream, held_out
from trainer.ranking import locate_pairs
from trainer.sources import GENERAL, names_of

__all__ = ["DataFile", "TrainingData", "load_data", "streams_of"]

MOST_SOURCES = 20
"""Where rows name more sources than this, the file is the source: a curve for each would be unreadable."""


@dataclass(frozen=True)
class DataFile:
    """One data file, read and encoded."""

    path: Path
    """Where it is."""

    name: str
    """What it is called among the sources."""

    role: str
    """train, general or validation."""

    sha256: str
    """Digest of its bytes."""

    first_row: int
    """Number of its row 0 among all rows of the run."""

    samples: Sequence[Sample]
    """Its rows."""

    examples: list[Example]
    """Those that can be learned from."""

    cut: list[int]
    """Rows whose end was cut off."""

    parted: dict[int, int]
    """In how many parts each row that is too long to be read at once is read."""

    without_answer: list[int]
    """Rows left out because no token of an answer is left in them."""

    undecided: list[int] = field(default_factory=list[int])
    """Preferences left out because both answers are the same, as far as they are read."""

    def words(self) -> dict[int, str]:
        """By what each row is compared with others, by its number in the run; of a preference by its prompt."""
        compared = [prompt_words(sample) if isinstance(sample, Pair) else words_of(sample) for sample in self.samples]
        return {self.first_row + sample.row: said for sample, said in zip(self.samples, compared, strict=True)}


@dataclass(frozen=True)
class TrainingData:
    """What a run learns from and what it is measured on."""

    files: list[DataFile]
    """All files, in the order of their rows' numbers."""

    train: list[Example]
    """What is learned."""

    validation: list[Example]
    """What is held out; empty for no validation."""

    not_held_out: str = ""
    """Why nothing is held out although a share was asked for; empty where that is not so."""

    alike: int = 0
    """Rows of the validation file left out because they stand, nearly the same, in the training data."""

    @property
    def digest(self) -> str:
        """One digest of all files that decide what is learned."""
        parts = [f"{file.role} {file.sha256}" for file in self.files if file.role != "validation"]
        return parts[0].split()[1] if len(parts) == 1 else hashlib.sha256("\n".join(parts).encode()).hexdigest()

    @cached_property
    def sources(self) -> list[str]:
        """Names of the sources of what is learned, in order."""
        return list(dict.fromkeys(example.source for example in self.train))

    @cached_property
    def reading(self) -> str:
        """One digest of all that is read, learned or held out: which rows, as which tokens."""
        found = hashlib.sha256()
        for example in sorted([*self.train, *self.validation], key=lambda item: item.row):
            for ids, answer in [example[2:4], *([example.rejected] if example.rejected else [])]:
                found.update(f"{example.row} {len(ids)} ".encode() + ids.numpy().tobytes() + answer.numpy().tobytes())
        return found.hexdigest()


def load_data(
    config: DataConfig, template: ChatTemplate, seed: int, *, every_token: bool = False, pairs: bool = False
) -> TrainingData:
    """Read, encode and split the data of a run; `pairs` are rows of preferences. Raises DataError.

    Where every token is learned, rows longer than `data.max_length` are read in parts; else their end is cut off.
    """
    encode = pair_encoder(config, template) if pairs else encoder(config, template, every_token=every_token)
    files: list[DataFile] = []
    for place in _places(config, pairs=pairs):
        first = files[-1].first_row + len(files[-1].samples) if files else 0
        files.append(_read(place, first, config, encode))
    mixed = ("train", "general") if config.general_ratio else ("train",)
    learned = [file for file in files if file.role in mixed]
    examples = [example for file in learned for example in file.examples]
    if other := [file for file in files if file.role == "validation"]:
        return _beside(files, examples, learned, other[0])
    return _split(files, examples, learned, float(config.validation or 0), seed)


def streams_of(config: DataConfig, data: TrainingData) -> list[Stream]:
    """The streams the plan draws from: one where no shares are given, else one a source.

    Raises ConfigError for a weight of a source that is not there, or of which nothing is learned.
    """
    general = any(file.role == "general" for file in data.files)
    starts = sorted(((file.first_row, file.role, file.name) for file in data.files), reverse=True)
    places: dict[str, list[int]] = {"train": [], "general": []}
    members: dict[str, list[int]] = {}
    for place, example in enumerate(data.train):
        _, role, name = next(item for item in starts if item[0] <= example.row)
        places[role].append(place)
        if role == "train":
            members.setdefault(name, []).append(place)
    _check_weights(config.weights, data, members)
    share = 1 - config.general_ratio if general else 1.0
    streams = _weighted(config, data, members, share) if config.weights else [Stream("train", share, places["train"])]
    if general and config.general_ratio > 0:
        streams.append(Stream(GENERAL, config.general_ratio, places["general"], counts=False))
    return streams


class _Place(NamedTuple):
    """A data file that is named, yet to be read."""

    role: str
    path: Path
    columns: Mapping[str, str]
    name: str

    read: Callable[[Path, Mapping[str, str]], Sequence[Sample]]


def _places(config: DataConfig, *, pairs: bool) -> list[_Place]:
    locate_one, read = (_located_pairs, read_pairs) if pairs else (_located, read_samples)
    located = [(role, *locate_one(spec, role, config)) for role, spec in _specs(config)]
    train, general = ([path for of, path, _ in located if of == role] for role in ("train", "general"))
    names = iter(names_of(train, general))
    return [
        _Place(role, path, columns, path.stem if role == "validation" else next(names), read)
        for role, path, columns in located
    ]


def _specs(config: DataConfig) -> list[tuple[str, str]]:
    train = [config.train] if isinstance(config.train, str) else config.train
    general = [config.general] if isinstance(config.general, str) else config.general
    validation = [config.validation] if isinstance(config.validation, str) else []
    named = [("train", train), ("general", general), ("validation", validation)]
    return [(role, spec) for role, specs in named for spec in specs if spec]


def _located(spec: str, role: str, config: DataConfig) -> tuple[Path, Mapping[str, str]]:
    # General data is someone else's: it has columns of its own, or a dataset_info.json that says what they are.
    place = locate(spec, config.columns if role != "general" else None)
    return place.path.expanduser().absolute(), place.columns


def _located_pairs(spec: str, _role: str, config: DataConfig) -> tuple[Path, Mapping[str, str]]:
    place = locate_pairs(spec, config.columns)
    return place.path.expanduser().absolute(), place.columns


def _read(place: _Place, first_row: int, config: DataConfig, encode: Encode) -> DataFile:
    path, samples = place.path, place.read(place.path, place.columns)
    try:
        encoded = encode(samples)
    except DataError as error:
        raise DataError(f"{path} {error}") from error
    pairs = list(zip(samples, encoded, strict=True))
    named = {sample.source for sample in samples}
    examples = [
        item.example(first_row + sample.row, (sample.source if len(named) <= MOST_SOURCES else None) or place.name)
        for sample, parts in pairs
        for item in parts
        if item.has_answer and not item.is_undecided
    ]
    undecided = [sample.row for sample, parts in pairs if any(item.has_answer and item.is_undecided for item in parts)]
    if not examples and undecided:
        raise DataError(
            f"no row of {path} prefers an answer: both are the same in their first {config.max_length} tokens"
        )
    if not examples:
        raise DataError(
            f"no row of {path} has an answer left to learn from in its first {config.max_length} tokens, the lesser of "
            f"data.max_length and the model's context; raise the lower one, or see whether the answers are empty"
        )
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return DataFile(
        path=path, name=place.name, role=place.role, sha256=sha256, first_row=first_row, samples=samples,
        examples=examples, cut=[sample.row for sample, parts in pairs if any(item.cut for item in parts)],
        parted={sample.row: len(parts) for sample, parts in pairs if len(parts) > 1},
        without_answer=[sample.row for sample, parts in pairs if not any(item.has_answer for item in parts)],
        undecided=undecided,
    )  # fmt: skip


def _split(
    files: list[DataFile], examples: list[Example], learned: list[DataFile], share: float, seed: int
) -> TrainingData:
    """Hold a share of the rows out, one row at least; general data that is mixed in is learned whole.

    Nothing where `_obstacle` stands in the way, which the data then tells.
    """
    domain = [example for file in learned if file.role == "train" for example in file.examples]
    general = examples[len(domain) :]
    if share == 0:
        return TrainingData(files, examples, [])
    groups = _near(_words(learned), examples)
    rows = _rows_of(domain)
    # What has its like in the general data is learned there, so it cannot be held out here.
    mixed_in = {groups[row] for row in _rows_of(general)}
    free = [row for row in rows if groups[row] not in mixed_in]
    of_free = [groups[row] for row in free]
    chosen = held_out(of_free, share * len(rows) / max(1, len(free)), seed)
    if not chosen:
        return TrainingData(files, examples, [], not_held_out=_obstacle(len(rows), of_free))
    apart = {free[number] for number in chosen}
    kept = [example for example in domain if example.row not in apart]
    return TrainingData(files, [*kept, *general], [example for example in domain if example.row in apart])


def _obstacle(rows: int, free: Sequence[int]) -> str:
    """Why none of so many rows is held out; `free` are the groups of those that have not their like in general data."""
    if rows == 1:
        return "there is only one row"
    if len(set(free)) < 2:
        return "the rows are nearly the same, as each other or as the general data"
    return "rows that are nearly the same stay together, and no such group is as small as the share"


def _beside(files: list[DataFile], examples: list[Example], learned: list[DataFile], other: DataFile) -> TrainingData:
    """Leave out of a validation file what is, nearly, in the training data: it would measure memory."""
    groups = _near(_words([*learned, other]), [*examples, *other.examples])
    seen = {groups[row] for row in _rows_of(examples)}
    kept = [example for example in other.examples if groups[example.row] not in seen]
    if not kept:
        raise DataError(
            f"every row of {other.path} is, nearly the same, in the training data; name a validation file of other rows"
        )
    return TrainingData(files, examples, kept, alike=len(_rows_of(other.examples)) - len(_rows_of(kept)))


def _rows_of(examples: Sequence[Example]) -> list[int]:
    """The rows of examples in order, each once."""
    return list(dict.fromkeys(example.row for example in examples))


def _near(words: Mapping[int, str], examples: Sequence[Example]) -> dict[int, int]:
    """The group of near-duplicates that each row of some examples is in."""
    rows = _rows_of(examples)
    return dict(zip(rows, near_groups([words[row] for row in rows]), strict=True))


def _words(files: Sequence[DataFile]) -> dict[int, str]:
    return {row: said for file in files for row, said in file.words().items()}


def _check_weights(weights: Mapping[str, float], data: TrainingData, members: Mapping[str, list[int]]) -> None:
    known = dict.fromkeys(file.name for file in data.files if file.role == "train")
    if odd := sorted(weights.keys() - known):
        raise ConfigError(f"data.weights names {odd[0]}, which is no file of data.train; they are {', '.join(known)}")
    if gone := sorted(weights.keys() - members):
        raise ConfigError(
            f"data.weights names {gone[0]}, of which every row is held out for the validation loss; "
            f"leave its weight out, or lower data.validation"
        )


def _weighted(config: DataConfig, data: TrainingData, members: dict[str, list[int]], share: float) -> list[Stream]:
    """A stream a file; one without a weight has that of its own length among the others."""
    tokens = {name: sum(data.train[place].length for place in places) for name, places in members.items()}
    named = sum(tokens[name] for name in config.weights)
    given = sum(config.weights.values())
    weight = {name: config.weights.get(name, given * tokens[name] / named) for name in members}
    total = sum(weight.values())
    return [Stream(name, share * weight[name] / total, places) for name, places in members.items()]
