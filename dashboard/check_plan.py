"""What `assay data check` is to look at where a run's data is checked: its files as the run named them."""

import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from dashboard.fields import listed, part
from evals.data.kept import key_of
from evals.text.errors import DataError
from evals.text.ranking import locate_pairs

__all__ = ["Plan", "plan_of"]


class Plan(NamedTuple):
    """A check of the data of a run."""

    files: Mapping[str, str]
    """Digest of each file when the run read it, by its path; in the order of their rows."""

    specs: tuple[str, ...]
    """What names each of them on the command line: its path, or where a dataset_info.json describes it."""

    left_out: tuple[str, ...]
    """Paths that are not looked at: general data beside files whose columns are named, which has columns of its own."""

    columns: Mapping[str, str]
    """The files' names of our columns."""

    max_length: int | None
    """Tokens of a row that the run reads; None where that is not known."""

    model: Path | None
    """The folder of its model, which may hold a tokenizer."""

    suites: tuple[Path, ...]
    """The suites of its configuration."""

    def key(self, digests: Iterable[str], beside: Iterable[str] = ()) -> str:
        """Name of the result for files with these digests, and with those of what is used beside them."""
        return key_of(list(digests), self.columns, self.max_length, list(beside))

    def beside(self, *, tokens: bool) -> tuple[Path, ...]:
        """The files that are used beside the data, as `arguments` says: tokenizer, suites, and rows of suites."""
        suites = [file for suite in filter(Path.is_file, self.suites) for file in _files_of(suite)]
        return (*filter(None, [self._tokenizer(tokens=tokens)]), *suites)

    def _tokenizer(self, *, tokens: bool) -> Path | None:
        file = self.model / "tokenizer.json" if tokens and self.model else None
        return file if file and file.is_file() else None

    def arguments(self, *, tokens: bool) -> list[str]:
        """What follows `assay data check`; suites and a tokenizer that are gone are left out, and with it `tokens`,
        which says whether tokens can be counted here.
        """
        options = ["--json"]
        for ours, theirs in sorted(self.columns.items()):
            options += ["--column", f"{ours}={theirs}"]
        for suite in filter(Path.is_file, self.suites):
            options += ["--suite", str(suite)]
        if tokenizer := self._tokenizer(tokens=tokens):
            options += ["--tokenizer", str(tokenizer.parent)]
            options += [] if self.max_length is None else ["--max-length", str(self.max_length)]
        return [*options, "--", *self.specs]


def plan_of(datasets: Iterable[Mapping[str, Any]], origin: Mapping[str, Any]) -> Plan | None:
    """The plan for rows of `queries.data.datasets` and a run's origin; None where the run recorded no file."""
    rows = list(datasets)
    config, provenance = part(origin, "config"), part(origin, "provenance")
    data = part(config, "data")
    columns = {str(ours): str(theirs) for ours, theirs in part(data, "columns").items()}
    learned = {row["path"] for row in rows if row["role"] != "general"}
    known: dict[str, str] = {row["path"]: row["sha256"] for row in rows}
    files = {path: digest for path, digest in known.items() if path in learned or not columns}
    if not files:
        return None
    folder = Path(str(provenance.get("folder", "/")))
    described = _described(folder, data)
    length, model = data.get("max_length"), part(provenance, "model").get("path")
    return Plan(
        files, tuple(described.get(path, path) for path in files), tuple(path for path in known if path not in files),
        columns, length if isinstance(length, int) else None, folder / str(model) if model else None,
        tuple(_in(folder, suite) for suite in listed(part(config, "eval").get("suites"))),
    )  # fmt: skip


def _files_of(suite: Path) -> list[Path]:
    """A suite's file, and that of its rows, which it names; a bare file of rows is both."""
    try:
        named: object = tomllib.loads(suite.read_text("utf-8")).get("file") if suite.suffix == ".toml" else None
    except (OSError, ValueError):
        named = None
    rows = suite.parent / named if isinstance(named, str) else None
    return [suite, rows] if rows and rows.is_file() else [suite]


def _described(folder: Path, data: Mapping[str, Any]) -> dict[str, str]:
    """By path, what names those files that a dataset_info.json describes."""
    found: dict[str, str] = {}
    for name in ("train", "general", "validation"):
        for spec in (spec for spec in listed(data.get(name)) if isinstance(spec, str) and spec):
            asked = str(_in(folder, spec))
            try:
                path = str(locate_pairs(asked, {}).path.absolute())
            except DataError:
                continue
            if path != asked:
                found[path] = asked
    return found


def _in(folder: Path, named: object) -> Path:
    return folder / Path(str(named)).expanduser()
