"""Read data files for check, build and mix: as training reads them, and files in GB18030 as well, which it refuses.

Preferences are read as `evals.text.pairs` reads them: each is the conversation with the answer that was chosen.

A file in GB18030 (GBK, GB2312) is written again as UTF-8 into a temporary folder and read from there.
"""

import codecs
import hashlib
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any, Literal, TypeAlias

from evals.data.row import DataRow
from evals.text import Located, Sample, locate, read_samples
from evals.text.columns import renamed
from evals.text.errors import DataError
from evals.text.files import FILES
from evals.text.formats import format_of
from evals.text.pairs import ANSWERS, are_pairs, read_pairs
from evals.text.ranking import is_ranking, locate_pairs

__all__ = ["PREFERENCES", "DataFile", "Encoding", "read_data", "refuse_preferences"]

Encoding: TypeAlias = Literal["UTF-8", "GB18030"]

PREFERENCES = "preferences"
"""The format of rows with an answer that was chosen and one that was rejected."""

CHUNK = 1 << 20

TABLES = (".jsonl", ".json", ".csv", ".tsv")
"""Files of text, which have an encoding."""


@dataclass(frozen=True)
class DataFile:
    """A data file that was read."""

    name: str
    """What it is called in findings: the name of its file, longer where two files have the same."""

    path: Path
    """Where it is."""

    encoding: Encoding
    """How its characters are written."""

    format: str
    """What its rows are: chat, ShareGPT, Alpaca, pairs, plain text or preferences."""

    sha256: str
    """Digest of its bytes."""

    samples: list[Sample]
    """Its rows."""

    source: str
    """What training calls it as a source: its stem, with as many folders as tell it from the others."""

    @property
    def facts(self) -> dict[str, Any]:
        """What a manifest says of it."""
        return {
            "file": self.name, "sha256": self.sha256, "rows": len(self.samples), "encoding": self.encoding,
            "format": self.format,
        }  # fmt: skip

    @property
    def rows(self) -> list[DataRow]:
        """Its rows with its name."""
        return [DataRow(self.name, sample) for sample in self.samples]


def read_data(
    specs: list[str], columns: Mapping[str, str] | None = None, others: Sequence[str] = ()
) -> Iterator[DataFile]:
    """Read files, or data sets of a dataset_info.json, one after the other. Raises DataError as `read_samples` does.

    `columns` are those of `read_samples`; `others` are read behind `specs`, and have columns of their own. A file that
    is named twice is refused.
    """
    places = [*(_place(spec, columns or {}) for spec in specs), *(_place(spec, {}) for spec in others)]
    paths = [place.path for place in places]
    for number, path in enumerate(paths):
        if path.resolve() in [other.resolve() for other in paths[:number]]:
            raise DataError(f"{path} is named twice; name each file once")
    for place, name, source in zip(places, _names(paths), _sources(paths), strict=True):
        yield _read(place, name, source)


def refuse_preferences(file: DataFile) -> None:
    """Raise DataError for a file of preferences, where rows are to be written."""
    if file.format == PREFERENCES:
        raise DataError(
            f'{file.name} has preferences (chosen, rejected), which training reads as they are with stage = "dpo"; '
            f"look at them with `assay data check`"
        )


def _place(spec: str, columns: Mapping[str, str]) -> Located:
    return locate_pairs(spec, columns) if set(ANSWERS) & set(columns) or is_ranking(spec) else locate(spec, columns)


def _names(paths: list[Path]) -> list[str]:
    """File names, with as many folders before them as tell them apart."""
    depth = 1
    names = [path.name for path in paths]
    while len(set(names)) < len(names) and depth < max(len(path.absolute().parts) for path in paths):
        depth += 1
        names = ["/".join(path.absolute().parts[-depth:]) for path in paths]
    return names


def _sources(paths: list[Path]) -> list[str]:
    """Stems, each with as many folders, or its suffix, as tell it from all others."""
    tails = [list(_tails(path.absolute())) for path in paths]
    return [
        next((tail for tail in own if all(tail not in other for other in tails if other is not own)), own[-1])
        for own in tails
    ]


def _tails(path: Path) -> Iterator[str]:
    """The ends of a path, shortest first, without its suffix and then with it."""
    for whole in (path.with_suffix(""), path):
        for length in range(1, len(whole.parts)):
            yield PurePath(*whole.parts[-length:]).as_posix()


def _read(place: Located, name: str, source: str) -> DataFile:
    try:
        return _read_as(place, name, source)
    except OSError as error:
        raise DataError(f"cannot read {place.path}: {error.strerror}") from error


def _read_as(place: Located, name: str, source: str) -> DataFile:
    path = place.path
    if not path.is_file() or path.suffix.lower() not in TABLES or _is_utf8(path) or not _looks_like_gb18030(path):
        samples, form = _rows(path, place.columns)
        encoding: Encoding = "UTF-8"
    else:
        samples, form = _read_gb18030(path, place.columns)
        encoding = "GB18030"
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return DataFile(name, path, encoding, form, sha256, samples, source)


def _rows(path: Path, columns: Mapping[str, str]) -> tuple[list[Sample], str]:
    """The rows of a file in UTF-8, and the name of their format."""
    if are_pairs(path, columns):
        return list[Sample](read_pairs(path, columns)), PREFERENCES
    return read_samples(path, columns), _format(path, columns)


def _format(path: Path, columns: Mapping[str, str]) -> str:
    """The name of the format of a file that `read_samples` has read."""
    first = next(FILES[path.suffix.lower()](path))
    here = {ours: theirs for ours, theirs in columns.items() if not theirs or theirs in first.fields}
    fields = renamed([first], here, path)[0].fields
    found = format_of({*fields, "output"}, [ours for ours, theirs in columns.items() if theirs])
    return found.name if found else ""


def _is_utf8(path: Path) -> bool:
    return _decodes(path, "utf-8")


def _decodes(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        with path.open("rb") as file:
            while chunk := file.read(CHUNK):
                decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


_PAIR = re.compile(rb"[\x81-\xfe][\x40-\x7e\x80-\xfe]")
_USUAL = re.compile(rb"[\xa1-\xa3\xb0-\xd7][\xa1-\xfe]")
"""The signs and the commoner half of the characters of GB2312: nearly all of a Chinese text."""


def _looks_like_gb18030(path: Path) -> bool:
    """Whether a file reads as Chinese in GB18030; broken UTF-8 decodes as well, to rare characters."""
    with path.open("rb") as file:
        pairs = _PAIR.findall(file.read(CHUNK))
    usual = sum(1 for pair in pairs if _USUAL.match(pair))
    return bool(pairs) and usual >= 0.7 * len(pairs) and _decodes(path, "gb18030")


def _read_gb18030(path: Path, columns: Mapping[str, str]) -> tuple[list[Sample], str]:
    with tempfile.TemporaryDirectory(prefix="assay-data-") as folder:
        copy = Path(folder) / path.name
        with (
            path.open(encoding="gb18030", newline="") as source,
            copy.open("w", encoding="utf-8", newline="") as target,
        ):
            while text := source.read(CHUNK):
                target.write(text)
        try:
            return _rows(copy, columns)
        except DataError as error:
            raise DataError(str(error).replace(str(copy), str(path))) from error
