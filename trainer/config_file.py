"""Read a configuration: TOML, `--set section.key=value`, checks in words, and back to TOML."""

import copy
import dataclasses
import json
import tomllib
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NamedTuple

from assay.errors import AssayError
from store.alerts.hooks import written_down
from store.alerts.settings import AlertsConfig, alerts_from
from store.moved import found_again
from trainer.config import Config, DataConfig, DpoConfig, LoraConfig
from trainer.errors import ConfigError

__all__ = ["as_dict", "config_from", "read_toml", "to_toml", "with_settings"]

_INNER = {"remedies": "guard.remedies"}
"""Sections within another one, by their field of `Config`."""

SECTIONS: dict[str, Any] = {
    _INNER.get(entry.name, entry.name): entry.default_factory for entry in dataclasses.fields(Config)
}
"""The dataclass of each section."""

PATHS = (
    "model.path", "model.adapter", "data.train", "data.general", "data.validation", "checkpoint.mirror", "eval.suites",
    "eval.samples",
)  # fmt: skip
"""Keys that name files or folders."""

Tables = Mapping[str, Any]


def read_toml(path: Path) -> dict[str, Any]:
    """Read a configuration file; its relative paths are relative to its folder. Raises ConfigError."""
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ConfigError(f"there is no configuration file {path}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read {path}: {error}") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} is no valid TOML: {error}") from error
    folder = path.absolute().parent
    for name in PATHS:
        section, key = name.split(".")
        table = tables.get(section)
        if isinstance(table, dict) and key in table:
            table[key] = _each(table[key], lambda text: _beside(folder, found_again(text, folder)))
    return tables


def with_settings(tables: Tables, settings: Sequence[str]) -> dict[str, Any]:
    """Apply `section.key=value` settings, the last one wins. Raises ConfigError."""
    changed = _flat(copy.deepcopy(dict(tables)))
    for setting in settings:
        name, equals, text = setting.partition("=")
        section, dot, key = name.strip().rpartition(".")
        if not (equals and dot and section and key):
            raise ConfigError(f"--set {setting}: write --set section.key=value, as in --set optim.lr=2e-5")
        _known(section, SECTIONS, "section")
        kind = _known(key, _types(section), f"key in [{section}]")
        table = changed.setdefault(section, {})
        if not isinstance(table, dict):
            raise ConfigError(f"[{section}] must be a section, not a value")
        table[key] = _value_of(text.strip(), kind)
    return changed


def config_from(tables: Tables) -> Config:
    """Make a configuration of tables. Raises ConfigError for an unknown key (with the nearest right
    one), a value of the wrong type, or one that cannot be meant.
    """
    sections: dict[str, Any] = {}
    for section, table in _flat(tables).items():
        make = _known(section, SECTIONS, "section")
        if not isinstance(table, dict):
            raise ConfigError(f"[{section}] must be a section, not a value")
        if section == "alerts":
            sections[section] = _alerts(table)
            continue
        types_of = _types(section)
        values = {
            key: _checked(f"{section}.{key}", value, _known(key, types_of, f"key in [{section}]"))
            for key, value in table.items()
        }
        sections[section.rpartition(".")[2]] = make(**values)
    config = Config(**sections)
    _check_together(config)
    return _with_absolute_paths(config)


def as_dict(config: Config) -> dict[str, Any]:
    """The configuration as it takes effect, a dictionary a section; keys without a value are left out."""
    tables = {_INNER.get(name, name): table for name, table in dataclasses.asdict(config).items()}
    tables["optim"]["lr"] = config.lr
    tables["alerts"] = dataclasses.asdict(written_down(config.alerts))
    return {
        section: {key: value for key, value in table.items() if value is not None} for section, table in tables.items()
    }


def to_toml(config: Config) -> str:
    """Write the configuration as it takes effect, to be read by `read_toml` again."""
    lines: list[str] = []
    for section, table in as_dict(config).items():
        lines.append(f"[{section}]")
        lines += [f"{key} = {_toml_value(value)}" for key, value in table.items()]
        lines.append("")
    return "\n".join(lines)


def _alerts(table: Tables) -> AlertsConfig:
    """[alerts] checks itself: what is said of a webhook's address must not hold it, it is a secret."""
    try:
        return alerts_from(table)
    except AssayError as error:
        raise ConfigError(str(error)) from error


def _flat(tables: Tables) -> dict[str, Any]:
    """The tables with each inner section beside the one it stands in."""
    flat = dict(tables)
    for name in _INNER.values():
        section, _, key = name.partition(".")
        outer = flat.get(section)
        if isinstance(outer, Mapping) and key in outer:
            flat[section] = {other: value for other, value in outer.items() if other != key}
            flat[name] = outer[key]
    return flat


def _toml_value(value: Any) -> str:
    if isinstance(value, dict):
        pairs = ", ".join(f"{json.dumps(key, ensure_ascii=False)} = {_toml_value(item)}" for key, item in value.items())
        return f"{{ {pairs} }}" if pairs else "{}"
    return json.dumps(value, ensure_ascii=False)


def _types(section: str) -> dict[str, Any]:
    return typing.get_type_hints(SECTIONS[section])


def _known(name: str, table: Mapping[str, Any], what: str) -> Any:
    if name in table:
        return table[name]
    near = get_close_matches(name, table, n=1, cutoff=0.5) or _elsewhere(name)
    hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(table)}"
    raise ConfigError(f"there is no {what} called {name}; {hint}")


def _elsewhere(key: str) -> list[str]:
    """The key in another section, for one who put it in the wrong one."""
    return [f"{section}.{key}" for section in SECTIONS if key in _types(section)]


def _value_of(text: str, kind: Any) -> Any:
    if kind is str:
        return text
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _checked(name: str, value: Any, kind: Any) -> Any:
    for accepted in _alternatives(kind):
        if accepted is float and type(value) is int:
            value = float(value)
        if accepted == dict[str, float] and isinstance(value, dict):
            value = {key: float(item) if type(item) is int else item for key, item in value.items()}
        if _is_a(value, accepted):
            break
    else:
        words = " or ".join(_WORDS[accepted] for accepted in _alternatives(kind) if accepted in _WORDS)
        raise ConfigError(f"{name} must be {words}, and is {json.dumps(value, default=str, ensure_ascii=False)}")
    rule = _RULES.get(name)
    if rule is not None and not rule.holds(value):
        raise ConfigError(f"{name} must be {rule.words}, and is {json.dumps(value, ensure_ascii=False)}")
    return value


def _alternatives(kind: Any) -> tuple[Any, ...]:
    return typing.get_args(kind) if isinstance(kind, types.UnionType) else (kind,)


def _is_a(value: Any, kind: Any) -> bool:
    if kind == list[str]:
        return isinstance(value, list) and all(isinstance(item, str) for item in value)
    if kind == list[list[int]]:
        return isinstance(value, list) and all(
            isinstance(pair, list) and len(pair) == 2 and all(type(item) is int for item in pair) for pair in value
        )
    if kind in (dict[str, str], dict[str, float]):
        inner = typing.get_args(kind)[1]
        return isinstance(value, dict) and all(type(item) is inner for item in value.values())
    return type(value) is kind


_WORDS = {
    str: "text", int: "a whole number", float: "a number", bool: "true or false", list[str]: "a list of texts",
    list[list[int]]: "a list of pairs of steps, as in [[401, 450]]",
    dict[str, str]: 'a table of texts, as in { output = "answer" }',
    dict[str, float]: "a table of numbers, as in { name = 0.5 }",
}  # fmt: skip


class _Rule(NamedTuple):
    """What a value must be beyond its type."""

    holds: Callable[[Any], bool]
    words: str


def _one_of(*words: str) -> _Rule:
    return _Rule(lambda value: value in words, f"{', '.join(words[:-1])} or {words[-1]}")


_POSITIVE = _Rule(lambda value: 0 < value < float("inf"), "above 0")
_NOT_NEGATIVE = _Rule(lambda value: 0 <= value < float("inf"), "0 or above")
_SHARE = _Rule(lambda value: 0 <= value <= 1, "between 0 and 1")
_BELOW_ONE = _Rule(lambda value: 0 <= value < 1, "0 or above and below 1")

_FACTOR = _Rule(lambda value: 0 < value <= 1, "above 0 and at most 1")

REMEDIES = (
    "lr", "shallow_update", "shallow_gradient", "embedding_gradient", "eps", "loss_scale", "loss_scale_interval",
)  # fmt: skip
"""What `guard.remedies.from_start` may name."""

_RULES = {
    "model.dtype": _one_of("auto", "float32", "bfloat16"),
    "data.validation": _Rule(
        lambda value: isinstance(value, str) or 0 <= value < 1, "a file, or a share of the rows below 1"
    ),
    "data.max_length": _Rule(lambda value: value >= 2, "at least 2"),
    "data.general_ratio": _Rule(lambda value: 0 <= value < 1, "0 or above and below 1"),
    "data.weights": _Rule(lambda value: all(0 < item < float("inf") for item in value.values()), "numbers above 0"),
    "train.stage": _one_of("sft", "cpt", "dpo", "pretrain"),
    "train.method": _one_of("lora", "full", "qlora"),
    "train.epochs": _POSITIVE,
    "train.steps": _POSITIVE,
    "train.batch_size": _POSITIVE,
    "train.micro_batch": _POSITIVE,
    "train.eval_every": _POSITIVE,
    "train.seed": _Rule(lambda value: 0 <= value < 2**32, "0 or above and below 2^32"),
    "train.device": _one_of("auto", "cpu", "cuda"),
    "train.precision": _one_of("auto", "fp32", "bf16", "fp16"),
    "train.parallel": _one_of("ddp", "fsdp"),
    "train.early_stop": _POSITIVE,
    "optim.lr": _POSITIVE,
    "optim.schedule": _one_of("cosine", "linear", "constant"),
    "optim.warmup": _SHARE,
    "optim.min_lr_ratio": _SHARE,
    "optim.clip": _NOT_NEGATIVE,
    "optim.weight_decay": _NOT_NEGATIVE,
    "optim.beta1": _BELOW_ONE,
    "optim.beta2": _BELOW_ONE,
    "optim.eps": _POSITIVE,
    "lora.rank": _POSITIVE,
    "lora.alpha": _POSITIVE,
    "lora.dropout": _BELOW_ONE,
    "dpo.beta": _POSITIVE,
    "dpo.label_smoothing": _Rule(lambda value: 0 <= value < 0.5, "0 or above and below 0.5"),
    "checkpoint.every": _POSITIVE,
    "checkpoint.keep": _POSITIVE,
    "checkpoint.keep_every": _POSITIVE,
    "checkpoint.stable_after": _POSITIVE,
    "guard.mode": _one_of("act", "watch"),
    "guard.skip_after": _NOT_NEGATIVE,
    "guard.rollbacks": _NOT_NEGATIVE,
    "guard.rollbacks_in_run": _NOT_NEGATIVE,
    "guard.max_forgetting": _Rule(lambda value: value in ("", "stop", "rollback"), "stop, rollback or empty"),
    "guard.remedies.lr": _FACTOR,
    "guard.remedies.rewarm": _NOT_NEGATIVE,
    "guard.remedies.shallow_update": _FACTOR,
    "guard.remedies.shallow_gradient": _FACTOR,
    "guard.remedies.embedding_gradient": _FACTOR,
    "guard.remedies.eps": _POSITIVE,
    "guard.remedies.loss_scale": _POSITIVE,
    "guard.remedies.loss_scale_interval": _POSITIVE,
    "guard.remedies.from_start": _Rule(
        lambda value: set(value) <= set(REMEDIES), f"a list of some of {', '.join(REMEDIES)}"
    ),
    "guard.remedies.leave_out": _Rule(
        lambda value: all(1 <= first <= last for first, last in value), "pairs of steps from 1 up, the first one first"
    ),
    "eval.every": _NOT_NEGATIVE,
    "eval.samples": _Rule(
        lambda value: value != "" if isinstance(value, str) else value >= 0, "a JSONL file, or a number from 0 up"
    ),
    "eval.sample_tokens": _POSITIVE,
    "record.system_seconds": _Rule(lambda value: value == 0 or 0.1 <= value <= 86400, "0 for none, or 0.1 to 86400"),
}


def _check_together(config: Config) -> None:
    if not config.model.path:
        raise ConfigError("no model is named; give [model] path, or --model DIR")
    if not config.data.train:
        raise ConfigError("no data is named; give [data] train, or --data FILE")
    if config.train.early_stop and not config.data.validation:
        raise ConfigError("train.early_stop watches the validation loss, and data.validation is 0; give it rows")
    for name in config.remedies.from_start:
        if getattr(config.remedies, name) is None:
            raise ConfigError(f"guard.remedies.from_start names {name}, and guard.remedies.{name} is not given")
    if config.data.general_ratio not in (0, DataConfig.general_ratio) and not config.data.general:
        raise ConfigError(f"data.general_ratio is {config.data.general_ratio}, and no data.general is named to mix in")
    _check_stage(config)


def _check_stage(config: Config) -> None:
    """Raise ConfigError for what a stage of preferences cannot have, and for what only it has."""
    if config.train.stage != "dpo":
        if config.dpo != DpoConfig():
            raise ConfigError(f'[dpo] is for train.stage = "dpo", and that is "{config.train.stage}"; leave it out')
        return
    if config.data.general:
        raise ConfigError(
            "data.general has no preferences to learn, so a dpo stage takes none; leave it out, and see with an eval "
            "suite of what should be kept whether the model forgets"
        )
    if config.train.is_adapter and config.lora.dropout not in (0, LoraConfig.dropout):
        raise ConfigError(
            f"lora.dropout is {config.lora.dropout}, and dpo drops nothing, as the reference it compares with does "
            f"not; leave it out"
        )


def _with_absolute_paths(config: Config) -> Config:
    """What a run names is found again from any folder."""
    changed: dict[str, Any] = {}
    for name in PATHS:
        section, key = name.split(".")
        table = changed.get(section, getattr(config, section))
        changed[section] = dataclasses.replace(table, **{key: _each(getattr(table, key), _absolute)})
    mirror = config.checkpoint.mirror  # it may be a folder that is yet to be made
    if mirror:
        absolute = str(Path(mirror).expanduser().absolute())
        changed["checkpoint"] = dataclasses.replace(changed["checkpoint"], mirror=absolute)
    return dataclasses.replace(config, **changed)


def _each(value: Any, change: Callable[[str], str]) -> Any:
    """Change the text, or every text of a list; a number stays."""
    if isinstance(value, list):
        return [_each(item, change) for item in value]
    return change(value) if isinstance(value, str) and value else value


def _absolute(text: str) -> str:
    return _beside(Path.cwd(), text)


def _beside(folder: Path, text: str) -> str:
    """An absolute path, where the text names something that exists; the part behind `.json:` is a data set's name."""
    name, colon, rest = text, "", ""
    if ".json:" in text:
        name, colon, rest = text.rpartition(":")
    path = folder / Path(name).expanduser()
    return f"{path}{colon}{rest}" if path.exists() else text
