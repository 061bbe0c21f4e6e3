"""Where messages go. An address is a secret: who knows it can write there, so it is shown masked everywhere."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import SplitResult, parse_qsl, urlsplit

from assay.errors import AssayError
from store.alerts.shapes import SHAPES

__all__ = ["ENV", "KIND_NAMES", "Target", "check_url", "is_masked", "kind_of", "masked", "target_of"]

ENV = "env:"
"""What stands before the name of an environment variable that holds the value."""

KIND_NAMES = ("auto", *SHAPES)
"""What a configuration may call the kind of a hook."""

_HOSTS = {
    "hooks.slack.com": "slack", "hooks.slack-gov.com": "slack",
    "open.feishu.cn": "feishu", "open.larksuite.com": "feishu",
    "oapi.dingtalk.com": "dingtalk",
    "qyapi.weixin.qq.com": "wecom",
}  # fmt: skip

_TITLES = {"json": "the webhook", "slack": "Slack", "feishu": "Feishu", "dingtalk": "DingTalk", "wecom": "WeCom"}

_HIDDEN = "…"

_LONG_ENOUGH = 16
"""Of a shorter path not even the last four characters are shown."""


@dataclass(frozen=True)
class Target:
    """One hook."""

    kind: str
    """Key of `SHAPES`."""

    url: str = field(repr=False)
    """Its address, with what is secret in it."""

    secret: str = field(default="", repr=False)
    """What messages are signed with, where the hook wants that; empty for none."""

    @property
    def title(self) -> str:
        """Service and masked address, for people."""
        return f"{_TITLES[self.kind]} at {masked(self.url)}"

    def hide(self, text: str) -> str:
        """A text that came back, without what is secret."""
        parts = urlsplit(self.url)
        pieces = [*parts.path.split("/"), *(value for _, value in parse_qsl(parts.query)), self.secret]
        for piece in [self.url, *(piece for piece in pieces if len(piece) >= 8)]:
            text = text.replace(piece, _HIDDEN)
        return text


def target_of(url: str, kind: str, secret: str, environ: Mapping[str, str]) -> Target:
    """The hook that an address, `env:NAME`, names; the kind auto is told from its host.

    Raises AssayError for a variable that is not set, and an address that is none.
    """
    address = _value(url, "alerts.url", environ)
    key = _value(secret, "alerts.secret", environ)
    if is_masked(address) or is_masked(key):
        what = masked(address) if is_masked(address) else "the signing secret"
        raise AssayError(
            f"no alerts go to {_host(address)}: what a run writes down does not hold its secrets ({what}); "
            f"give alerts.url again, or keep it in an environment variable, as in env:ASSAY_ALERT_URL"
        )
    check_url(address)
    return Target(kind_of(address) if kind == "auto" else kind, address, key)


def kind_of(url: str) -> str:
    """The service an address belongs to; json where its host is none we know.

    >>> kind_of("https://oapi.dingtalk.com/robot/send?access_token=x"), kind_of("http://10.0.0.5/hook")
    ('dingtalk', 'json')
    """
    return _HOSTS.get(urlsplit(url).hostname or "", "json")


def masked(url: str) -> str:
    """An address as it may be shown and written down: scheme, host and the last four characters.

    >>> masked("https://hooks.slack.com/services/T0/B0/qwertyuiop"), masked("env:HOOK"), masked("http://me/hook")
    ('https://hooks.slack.com/…uiop', 'env:HOOK', 'http://me/…')
    """
    if not url or url.startswith(ENV) or is_masked(url):
        return url
    parts = _split(url)
    if parts is None:
        return _HIDDEN
    rest = url.partition(parts.netloc)[2]
    end = rest[-4:] if len(rest) >= _LONG_ENOUGH else ""
    return f"{parts.scheme}://{_host(url)}/{_HIDDEN}{end}"


def is_masked(text: str) -> bool:
    """Whether this is what `masked` made."""
    return _HIDDEN in text


def check_url(url: str) -> None:
    """Raise AssayError where nothing can be posted to an address; the sentence does not hold it."""
    parts = _split(url)
    if parts is None or parts.scheme not in ("http", "https") or not parts.hostname:
        raise AssayError("alerts.url must be an http or https address, or env:NAME, and is something else")
    if not url.isascii() or re.search(r"[\s\x00-\x20\x7f<>|\"\\]", url):
        raise AssayError(f"alerts.url at {_host(url)} holds a space or a sign that no address has; copy it anew")
    if "@" in parts.netloc:
        raise AssayError(f"alerts.url at {_host(url)} holds a user name, which no webhook has; leave it out")


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        _ = parts.port  # looked at here, because a wrong one is told only then
    except ValueError:
        return None
    return parts if parts.netloc else None


def _host(url: str) -> str:
    parts = _split(url)
    return parts.netloc.rpartition("@")[2] if parts else "the hook"


def _value(text: str, key: str, environ: Mapping[str, str]) -> str:
    if not text.startswith(ENV):
        return text
    name = text.removeprefix(ENV)
    value = environ.get(name, "").strip()
    if not value:
        raise AssayError(f"{key} names the environment variable {name}, which is not set")
    return value
