"""[alerts] of a configuration: what it may say, checked in words; no sentence holds an address or a secret."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any, cast

from assay.errors import AssayError
from store.alerts.alert import KINDS
from store.alerts.targets import ENV, KIND_NAMES, check_url, is_masked, masked

__all__ = ["AlertsConfig", "Texts", "alerts_from", "listed", "read_alerts"]

Texts = str | list[str]
"""One text, or several."""


@dataclass(frozen=True)
class AlertsConfig:
    """[alerts]: who is told by webhook, and of what."""

    url: Texts = field(default="", repr=False)
    """Address of a webhook, or several; env:NAME takes it from an environment variable, so that no secret lies
    in a file. Empty: nobody is told."""

    kind: Texts = "auto"
    """What the hook reads: json, slack, feishu, dingtalk or wecom; auto tells it from the host. One for all, or
    one for each address."""

    secret: Texts = field(default="", repr=False)
    """What Feishu and DingTalk call the signing secret, or env:NAME. One for all, or one for each address."""

    on: list[str] = field(default_factory=lambda: list(KINDS))
    """What is told: spike, rollback, paused, finished, failed, stalled, disk_low, val_loss_rising. Default: all."""

    dashboard: str = "http://127.0.0.1:8501"
    """Address of the dashboard as those who are told reach it; links begin with it. Empty: no links."""

    stalled_factor: float = 10.0
    """A run is stalled when no step has ended for so many times its median step."""

    stalled_seconds: float = 120.0
    """And for so many seconds."""

    disk_low_bytes: float = 5e9
    """Free bytes on the disk of the run's folder below which that is told; 0 for never."""

    val_loss_rising: int = 3
    """Measurements in a row above the lowest validation loss after which that is told."""

    every_seconds: float = 600.0
    """Seconds between two messages of a kind, unless it gets worse; how many were held back is told with the next."""

    @property
    def urls(self) -> list[str]:
        """The addresses, as they are written."""
        return [self.url] if isinstance(self.url, str) and self.url else list(self.url)


def alerts_from(table: Mapping[str, Any]) -> AlertsConfig:
    """Make the section of a TOML table. Raises AssayError, without a secret in it."""
    known = {entry.name: entry.type for entry in fields(AlertsConfig)}
    values: dict[str, Any] = {}
    for key, value in table.items():
        if key not in known:
            near = get_close_matches(key, known, n=1, cutoff=0.5)
            hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"
            raise AssayError(f"there is no key in [alerts] called {key}; {hint}")
        values[key] = _typed(key, value, known[key])
    config = AlertsConfig(**values)
    _check(config)
    return config


def read_alerts(path: Path) -> AlertsConfig:
    """Read the section of a configuration file. Raises AssayError where it cannot be read or names no hook."""
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise AssayError(f"there is no configuration file {path}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise AssayError(f"cannot read {path}: {error}") from error
    except tomllib.TOMLDecodeError as error:
        raise AssayError(f"{path} is no valid TOML: {error}") from error
    table = tables.get("alerts", {})
    if not isinstance(table, dict):
        raise AssayError("[alerts] must be a section, not a value")
    config = alerts_from(cast("dict[str, Any]", table))
    if not config.urls:
        raise AssayError(f'{path} names no webhook; give [alerts] url = "env:NAME" or an address')
    return config


def _typed(key: str, value: Any, kind: Any) -> Any:
    """A value of the type of its key; what is wrong with a secret is told without it."""
    if kind is float and type(value) is int:
        value = float(value)
    text = isinstance(value, str)
    texts = isinstance(value, list) and all(isinstance(item, str) for item in cast("list[Any]", value))
    number, whole = type(cast("object", value)) is float, type(cast("object", value)) is int
    fits = {str: text, float: number, int: whole, list[str]: texts, Texts: text or texts}
    if not fits[kind]:
        words = {
            str: "text", float: "a number", int: "a whole number",
            list[str]: "a list of texts", Texts: "text or a list of texts",
        }  # fmt: skip
        raise AssayError(f"alerts.{key} must be {words[kind]}")
    return cast("Any", value)


_LOWEST = {
    "stalled_factor": 1, "stalled_seconds": 1, "disk_low_bytes": 0, "val_loss_rising": 1, "every_seconds": 0,
}  # fmt: skip


def _check(config: AlertsConfig) -> None:
    for url in config.urls:
        if not url.startswith(ENV) and not is_masked(url):
            check_url(url)
    for name in listed(config.kind):
        _one_of("alerts.kind", name, KIND_NAMES)
    for name in config.on:
        _one_of("alerts.on", name, tuple(KINDS))
    for key, lowest in _LOWEST.items():
        if not lowest <= getattr(config, key) < float("inf"):
            raise AssayError(f"alerts.{key} must be {lowest} or above, and is {getattr(config, key)}")
    _check_counts(config)
    _check_dashboard(config.dashboard)


def _check_counts(config: AlertsConfig) -> None:
    for key, value in (("kind", config.kind), ("secret", config.secret)):
        if isinstance(value, list) and len(value) != len(config.urls):
            raise AssayError(f"alerts.{key} lists {len(value)}, and alerts.url {len(config.urls)}: one for each")


def _one_of(key: str, name: str, known: tuple[str, ...]) -> None:
    if name not in known:
        said = masked(name) if "://" in name else name
        raise AssayError(f"{key} knows {', '.join(known)}, and not {said}")


def _check_dashboard(address: str) -> None:
    try:
        check_url(address or AlertsConfig.dashboard)
    except AssayError as error:
        raise AssayError(
            f"alerts.dashboard must be an http or https address such as http://127.0.0.1:8501, and is {address}"
        ) from error


def listed(value: Texts) -> list[str]:
    """The texts."""
    return [value] if isinstance(value, str) else value
