"""`assay alert`: whether messages reach those who are to be told."""

import os
import sys
from pathlib import Path

import click

from assay.errors import AssayError
from store.alerts.alert import Alert
from store.alerts.hooks import targets_of
from store.alerts.post import Tried, post
from store.alerts.settings import AlertsConfig, alerts_from, read_alerts
from store.alerts.targets import KIND_NAMES, Target, masked
from store.commands.common import json_option, print_json

__all__ = ["alert"]

TIMEOUT = 10.0
"""Seconds to wait for an answer."""


@click.group()
def alert() -> None:
    """Try the webhooks that runs tell of spikes and ends."""


@alert.command("test")
@click.option("--config", type=click.Path(path_type=Path), metavar="CONFIG.toml", help="File whose [alerts] to try.")
@click.option("--url", metavar="URL", help="Address of a webhook, or env:NAME for the variable that holds it.")
@click.option(
    "--kind", type=click.Choice(KIND_NAMES), default="auto", show_default=True, help="What it reads; by its host."
)
@click.option("--secret", default="", metavar="TEXT", help="Signing secret of Feishu or DingTalk, or env:NAME.")
@json_option
def try_hooks(config: Path | None, url: str | None, kind: str, secret: str, as_json: bool) -> None:
    """Send a message to each webhook and say what came back; exit 1 where one did not take it."""
    settings = _settings(config, url, kind, secret)
    message = Alert(
        "test", "info", "a test message", "This is a test: alerts of your runs arrive here.", link=settings.dashboard
    )
    tried = [(target, post(target, message, TIMEOUT)) for target in targets_of(settings, os.environ)]
    delivered = all(result.delivered for _, result in tried)
    if as_json:
        print_json({"delivered": delivered, "hooks": [_row(*entry) for entry in tried]})
    else:
        for target, result in tried:
            came = "took the message" if result.delivered else "did not take the message"
            click.echo(f"{target.title} {came}: {result.sentence}")
    if not delivered:
        sys.exit(1)


def _settings(config: Path | None, url: str | None, kind: str, secret: str) -> AlertsConfig:
    if config is not None:
        if url is not None or kind != "auto" or secret:
            raise AssayError("--config says which webhooks to try; leave out --url, --kind and --secret")
        return read_alerts(config)
    if not url:
        raise AssayError("name what to try: --config CONFIG.toml, or --url URL")
    return alerts_from({"url": url, "kind": kind, "secret": secret})


def _row(target: Target, result: Tried) -> dict[str, object]:
    return {
        "hook": masked(target.url), "kind": target.kind, "delivered": result.delivered,
        "status": result.status, "answer": result.sentence,
    }  # fmt: skip
