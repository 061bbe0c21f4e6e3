"""The hooks that a configuration names, and what of it may be written down."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, cast

from assay.errors import AssayError
from store.alerts.settings import AlertsConfig, Texts, listed
from store.alerts.targets import ENV, Target, masked, target_of

__all__ = ["targets_of", "usable_targets", "without_secrets", "written_down"]


def targets_of(config: AlertsConfig, environ: Mapping[str, str]) -> list[Target]:
    """The hooks that are told. Raises AssayError where one of them cannot be."""
    return [target_of(*entry, environ) for entry in _entries(config)]


def usable_targets(config: AlertsConfig, environ: Mapping[str, str]) -> tuple[list[Target], list[str]]:
    """The hooks that can be told, and a sentence about each that cannot: a run that goes on at night is
    not to fail for that.
    """
    targets, troubles = list[Target](), list[str]()
    for entry in _entries(config):
        try:
            targets.append(target_of(*entry, environ))
        except AssayError as error:
            troubles.append(str(error))
    return targets, troubles


def written_down(config: AlertsConfig) -> AlertsConfig:
    """The section as a run may write it down: addresses masked, signing secrets left out, env:NAME kept."""
    return replace(config, url=_each(config.url, masked), secret=_each(config.secret, _masked_secret))


def without_secrets(value: Any, config: AlertsConfig) -> Any:
    """A text, or the texts in lists and dictionaries, with every address and secret of the section masked."""
    if isinstance(value, str):
        for url in config.urls:
            value = value.replace(url, masked(url))
        for secret in listed(config.secret):
            value = value.replace(secret, _masked_secret(secret)) if secret else value
        return value
    if isinstance(value, list):
        return [without_secrets(item, config) for item in cast("list[Any]", value)]
    if isinstance(value, dict):
        return {key: without_secrets(item, config) for key, item in cast("dict[str, Any]", value).items()}
    return value


def _masked_secret(secret: str) -> str:
    return secret if not secret or secret.startswith(ENV) else "…"


def _entries(config: AlertsConfig) -> list[tuple[str, str, str]]:
    """Address, kind and secret of each hook."""
    urls = config.urls
    kinds, secrets = (_for_each(value, len(urls)) for value in (config.kind, config.secret))
    return list(zip(urls, kinds, secrets, strict=True))


def _for_each(value: Texts, count: int) -> list[str]:
    return [value] * count if isinstance(value, str) else value


def _each(value: Texts, change: Callable[[str], str]) -> Texts:
    return change(value) if isinstance(value, str) else [change(item) for item in value]
