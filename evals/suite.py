r"""Suites: what a model is asked, and how it is scored. A suite is a TOML file beside its rows.

    name = "triage"                 the file's name where it is left out
    measures = "learned"            or "kept": what it should not have lost; or "shown": answers to look at
    kind = "open"                   "open" questions with references, "choice" questions, general "text"
    file = "triage.jsonl"           beside the TOML file
    lang = "zh"                     of open questions: zh or en
    metrics = ["bleu", "own.py:score"]
    fields = { department = "科室：(\\S+)" }

A bare file of choice questions is a suite as well: one of what should be kept.
"""

import hashlib
import json
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeAlias, get_args

from evals.choice_items import ChoiceItem, read_items
from evals.leak import Probe
from evals.suite_rows import OpenItem, TextItem, read_open, read_texts
from evals.text.errors import DataError, hint
from evals.text.record import as_list, as_object

__all__ = ["METRICS", "Item", "Kind", "Measures", "Settings", "Style", "Suite", "choice_suite", "read_suite"]

Measures: TypeAlias = Literal["learned", "kept", "shown"]
Kind: TypeAlias = Literal["open", "choice", "text"]
Style: TypeAlias = Literal["plain", "chat", "letter"]
Item: TypeAlias = OpenItem | ChoiceItem | TextItem

METRICS = ("bleu", "chrf", "rouge1", "rouge2", "rougeL", "exact_match", "f1")
"""Metrics by name; others are `file.py:function`."""


@dataclass(frozen=True, slots=True)
class Settings:
    """A suite's TOML file; each field is a key of it."""

    name: str
    """What the suite is called."""

    measures: Measures
    """Whether it asks for what should have been learned, for what should not have been lost, or for answers that are
    only shown."""

    kind: Kind
    """What its rows are."""

    file: str
    """File of its rows, relative to the suite's."""

    lang: str = ""
    """Language of open questions, zh or en."""

    style: Style = "plain"
    """How a question is put: as text that goes on, as a turn of a chat, or with lettered choices."""

    few_shot: int = 0
    """Examples before each question."""

    examples: str = ""
    """File of the examples, relative to the suite's; the first ones are shown."""

    max_new_tokens: int = 256
    """Longest answer to an open question."""

    metrics: tuple[str, ...] = METRICS
    """How answers to open questions are scored."""

    fields: Mapping[str, str] | None = None
    """Fields that must be right: a regular expression each, read in answer and reference."""

    size: int | None = None
    """Questions that are asked, a nested subset; None for all."""

    margin: float = 0.03
    """Drop that is put up with, 0 to 1."""

    seed: int = 0
    """Seed of the subset."""


@dataclass(frozen=True)
class Suite:
    """Settings with their rows."""

    settings: Settings
    """The TOML file, as it takes effect."""

    path: Path
    """The suite's file."""

    items: tuple[Item, ...]
    """All of its rows, in file order."""

    examples: tuple[Item, ...]
    """What is shown before each question."""

    digest: str
    """SHA-256 of all that a score hangs on: settings but names, rows, examples, metrics of one's own."""

    @property
    def probes(self) -> list[Probe]:
        """Its items for the leak check: a question with its right answer."""
        return [Probe(item.id, _words(item)) for item in self.items]

    @property
    def metrics(self) -> tuple[str, ...]:
        """Its metrics, those of one's own with the whole path of their file."""
        folder = self.path.absolute().parent
        return tuple(str(folder / metric) if ":" in metric else metric for metric in self.settings.metrics)


def read_suite(path: str | Path) -> Suite:
    """Read a suite: a TOML file, or a bare file of choice questions, which is one of what should be kept.

    Raises DataError naming the file, the line of a row, and the nearest right name of an unknown one.
    """
    file = Path(path)
    if file.suffix.lower() != ".toml":
        return choice_suite(file)
    settings = _settings(_tables(file), file)
    rows, folder = READERS[settings.kind], file.parent
    items = tuple(rows(folder / settings.file))
    shown = tuple(rows(folder / settings.examples))[: settings.few_shot] if settings.few_shot else ()
    if len(shown) < settings.few_shot:
        raise DataError(f"{folder / settings.examples} has {len(shown)} rows, and few_shot is {settings.few_shot}")
    asked = {_words(item) for item in items}
    for example in shown:
        if _words(example) in asked:
            raise DataError(
                f"{folder / settings.examples}: the example {example.id} is asked as well; show another one"
            )
    return Suite(settings, file, items, shown, _digest(settings, folder))


def choice_suite(path: Path, style: Style = "plain") -> Suite:
    """The suite that a bare file of choice questions is. Raises DataError as `read_items` does."""
    settings = Settings(path.stem, "kept", "choice", path.name, style=style)
    return Suite(settings, path, tuple(read_items(path)), (), _digest(settings, path.parent))


READERS: dict[Kind, Callable[[Path], list[Any]]] = {"open": read_open, "choice": read_items, "text": read_texts}
"""Reader of each kind of rows."""


class _Rule(NamedTuple):
    """What a key's value must be."""

    holds: Callable[[Any], bool]
    words: str
    kinds: tuple[str, ...] = get_args(Kind)


def _one_of(*words: str, kinds: tuple[str, ...] = get_args(Kind)) -> _Rule:
    def holds(value: Any) -> bool:
        return value in words

    return _Rule(holds, f"{', '.join(words[:-1])} or {words[-1]}", kinds)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and value.strip() != ""


def _are_texts(value: Any) -> bool:
    values = as_list(value)
    return bool(values) and all(_is_text(item) for item in values or ())


def _is_share(value: Any) -> bool:
    return type(value) in (int, float) and 0 < value < 1


def _is_table_of_texts(value: Any) -> bool:
    table = as_object(value)
    return bool(table) and all(_is_text(item) for item in (table or {}).values())


def _whole(least: int) -> Callable[[Any], bool]:
    return lambda value: type(value) is int and value >= least


_ASKED = ("open", "choice")

_RULES: dict[str, _Rule] = {
    "name": _Rule(_is_text, "text"),
    "measures": _one_of(*get_args(Measures)),
    "kind": _one_of(*get_args(Kind)),
    "file": _Rule(_is_text, "the name of a file"),
    "lang": _one_of("zh", "en"),
    "style": _one_of(*get_args(Style), kinds=("choice",)),
    "few_shot": _Rule(_whole(0), "a whole number, 0 or above", _ASKED),
    "examples": _Rule(_is_text, "the name of a file", _ASKED),
    "max_new_tokens": _Rule(_whole(1), "a whole number above 0", ("open",)),
    "metrics": _Rule(_are_texts, "a list of names", ("open",)),
    "fields": _Rule(_is_table_of_texts, "a table of regular expressions", ("open",)),
    "size": _Rule(_whole(1), "a whole number above 0", ("choice",)),
    "margin": _Rule(_is_share, "above 0 and below 1", ("choice",)),
    "seed": _Rule(_whole(0), "a whole number, 0 or above", ("choice",)),
}


def _tables(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise DataError(f"there is no suite {path}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"cannot read {path}: {error}") from error
    except tomllib.TOMLDecodeError as error:
        raise DataError(f"{path} is no valid TOML: {error}") from error


def _settings(tables: Mapping[str, Any], path: Path) -> Settings:
    for key in tables:
        if key not in _RULES:
            raise DataError(f"{path}: there is no key called {key}; {hint(key, _RULES)}")
    missing = [key for key in ("measures", "kind", "file") if key not in tables]
    if missing:
        raise DataError(f"{path} lacks {', '.join(missing)}; a suite has measures, kind and file")
    for key, value in tables.items():
        rule = _RULES[key]
        if not rule.holds(value):
            shown = json.dumps(value, default=str, ensure_ascii=False)
            raise DataError(f"{path}: {key} must be {rule.words}, and is {shown}")
        if tables["kind"] in get_args(Kind) and tables["kind"] not in rule.kinds:
            raise DataError(f"{path}: {key} is for {' and '.join(rule.kinds)} suites, and kind is {tables['kind']}")
    given: dict[str, Any] = {"name": path.stem, **tables}
    settings = Settings(**given)
    if settings.measures == "shown":
        settings = _only_shown(settings, tables, path)
    return _checked(replace(settings, metrics=tuple(settings.metrics), margin=float(settings.margin)), path)


def _only_shown(settings: Settings, tables: Mapping[str, Any], path: Path) -> Settings:
    if settings.kind != "open" or "metrics" in tables or "fields" in tables:
        raise DataError(f"{path}: answers that are only shown are those of open questions, without metrics or fields")
    return replace(settings, metrics=())


def _checked(settings: Settings, path: Path) -> Settings:
    """What hangs on more than one key."""
    if settings.kind == "open" and not settings.lang:
        raise DataError(f'{path} lacks lang, by which answers are cut into words; write lang = "zh" or "en"')
    if settings.few_shot and not settings.examples:
        raise DataError(f"{path}: few_shot is {settings.few_shot}, and no examples are named; give a file of them")
    for metric in settings.metrics:
        _check_metric(metric, path)
    for field, pattern in (settings.fields or {}).items():
        _check_pattern(field, pattern, path)
    return settings


def _check_metric(metric: str, path: Path) -> None:
    file, colon, function = metric.rpartition(":")
    if not colon and metric not in METRICS:
        raise DataError(
            f"{path}: there is no metric called {metric}; {hint(metric, METRICS)}, or write file.py:function"
        )
    if colon and not function.isidentifier():
        raise DataError(f"{path}: the metric {metric} names no function; write file.py:function")
    if colon and not (path.parent / file).is_file():
        raise DataError(f"{path}: there is no file {path.parent / file}, which the metric {metric} names")


def _check_pattern(field: str, pattern: str, path: Path) -> None:
    try:
        groups = re.compile(pattern).groups
    except re.error as error:
        raise DataError(f"{path}: fields.{field} is no regular expression: {error}") from error
    if groups != 1:
        raise DataError(f"{path}: fields.{field} has {groups} groups; write one, around the field")


def _digest(settings: Settings, folder: Path) -> str:
    named = {key: value for key, value in asdict(settings).items() if key not in ("name", "file", "examples")}
    own = [metric.rpartition(":")[0] for metric in settings.metrics if ":" in metric]
    files = [settings.file, *([settings.examples] if settings.few_shot else []), *own]
    contents = [hashlib.sha256((folder / file).read_bytes()).hexdigest() for file in files]
    return hashlib.sha256(json.dumps([named, contents], sort_keys=True).encode()).hexdigest()


def _words(item: Item) -> str:
    if isinstance(item, TextItem):
        return item.text
    answer = item.reference if isinstance(item, OpenItem) else item.choices[item.answer]
    return f"{item.question}\n{answer}"
