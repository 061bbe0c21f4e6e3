"""What of a run may change while it goes on, and what is told of what did."""

from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from store.alerts.settings import AlertsConfig
from trainer.config import Config
from trainer.config_file import as_dict, config_from, read_toml
from trainer.errors import ConfigError, ResumeError

__all__ = ["CHANGEABLE", "begins_anew", "changed", "check_adapter", "check_changeable", "told"]

CHANGEABLE = (
    "run.tags", "run.project", "train.steps", "train.epochs", "train.eval_every", "train.early_stop",
    "train.micro_batch", "train.device", "train.parallel", "checkpoint.every", "checkpoint.keep",
    "checkpoint.keep_every", "checkpoint.stable_after", "checkpoint.mirror",
    "record.groups", "record.sources", "record.system_seconds",
    *(f"alerts.{entry.name}" for entry in fields(AlertsConfig)),
    "guard.mode", "guard.skip_after", "guard.rollbacks", "guard.rollbacks_in_run", "guard.max_forgetting",
    "eval.suites", "eval.every", "eval.samples", "eval.sample_tokens",
)  # fmt: skip
"""What may be set anew when a run goes on; all else would make it another run."""

_OTHER_START = ("model.path", "model.adapter", "lora.", "train.method")
"""What weights that were trained cannot take on any more."""

_OTHER_ORDER = ("data.", "train.stage", "train.batch_size", "train.seed")
"""What would read other samples, or read them otherwise."""

_ARITHMETIC = ("train", "optim", "lora", "dpo", "data", "guard.remedies")


def check_changeable(run: str, settings: Sequence[str], was: Config, now: Config) -> None:
    """Raise ConfigError where one of the `settings` would make it another run, saying what it would take."""
    for setting in settings:
        name = setting.partition("=")[0].strip()
        before, after = _value(was, name), _value(now, name)
        if name not in CHANGEABLE and before != after:
            raise ConfigError(
                f"{name} was {_shown(before)} and is {_shown(after)}, and run {run} goes on as it began; "
                f"{_what_it_takes(run, name, setting)}"
            )


def check_adapter(checkpoint: Path, config: Config) -> None:
    """Raise ResumeError where a configuration that was edited asks for other weights than the checkpoint's."""
    was = _config_of(checkpoint)
    for name in changed(config, checkpoint):
        if name == "train.method" or (name.startswith("lora.") and was.train.is_adapter):
            raise ResumeError(
                f"{name} was {_shown(_value(was, name))} when the checkpoint was written, and is "
                f"{_shown(_value(config, name))} in config.toml; weights keep the shape they were trained in, "
                f"so put it back, or start a run with `assay train CONFIG`"
            )


def changed(config: Config, checkpoint: Path) -> list[str]:
    """Settings of the arithmetic that are not those the checkpoint was trained with."""
    was, now = as_dict(_config_of(checkpoint)), as_dict(config)
    names = [(section, key) for section in _ARITHMETIC for key in now[section] | was[section]]
    return [
        f"{section}.{key}" for section, key in names
        if now[section].get(key) != was[section].get(key) and key not in ("early_stop", "eval_every")
    ]  # fmt: skip


def begins_anew(config: Config, checkpoint: Path) -> str | None:
    """Why the guard begins its baselines anew where a run goes on from a checkpoint, as settings make another loss the
    usual one; None where none do.
    """
    found = [
        name for name in changed(config, checkpoint)
        if name.startswith(("optim.", "dpo.", "data.")) or name in ("train.steps", "train.epochs")
    ]  # fmt: skip
    return f"{', '.join(found)} was set anew" if found else None


def told(config: Config, checkpoint: Path, settings: Sequence[str]) -> list[str]:
    """A sentence on what of the arithmetic is not as at the checkpoint, and not among the `settings`; none else."""
    was, named = _config_of(checkpoint), {setting.partition("=")[0].strip() for setting in settings}
    found = [name for name in changed(config, checkpoint) if name not in named]
    if not found:
        return []
    listed = [f"{name} was {_shown(_value(was, name))} and is {_shown(_value(config, name))}" for name in found]
    return [
        f"config.toml is not what it was at the checkpoint: {', '.join(listed)}; the run goes on with what is there"
    ]


def _what_it_takes(run: str, name: str, setting: str) -> str:
    if name.startswith(_OTHER_START):
        return "other weights take a run from the start, `assay train CONFIG`"
    if name.startswith(_OTHER_ORDER):
        return f"a new run from its weights takes it, `assay train --data FILE --from {run} --set {setting}`"
    return f"a new run that goes on from its checkpoint takes it, `assay train --from {run} --set {setting}`"


def _config_of(checkpoint: Path) -> Config:
    return config_from(read_toml(checkpoint / "config.toml"))


def _value(config: Config, name: str) -> Any:
    section, _, key = name.rpartition(".")
    return as_dict(config)[section].get(key)


def _shown(value: Any) -> str:
    return "not given" if value is None else str(value)
