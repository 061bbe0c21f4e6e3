"""One try to deliver a message, and what the answer means.

Feishu, DingTalk and WeCom answer HTTP 200 whatever came of it and say in the body whether they took the
message; what they do not say is counted as not taken.
"""

import json
import math
import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from typing import IO, Any, NamedTuple, cast
from urllib.error import URLError
from urllib.request import HTTPHandler, HTTPSHandler, OpenerDirector, ProxyHandler, Request

from assay.version import VERSION
from store.alerts.alert import Alert
from store.alerts.shapes import body_of, signed_url
from store.alerts.targets import Target

__all__ = ["Tried", "judge", "post"]

READ_BYTES = 16_384
"""Of an answer no more is read: a hook says one line."""

LONGEST_WAIT = 3_600.0
"""Seconds that a hook may ask us to wait."""

_CODES = {"feishu": ("code", "StatusCode"), "dingtalk": ("errcode",), "wecom": ("errcode",)}
"""Where the services say in the body what came of it; 0 is well."""

_TOO_FAST = {"feishu": (11232,), "dingtalk": (-1, 130101, 410100), "wecom": (-1, 45009, 45033)}
"""What they say there when they are busy, or were asked too often."""


class Tried(NamedTuple):
    """What came of one try."""

    delivered: bool
    """Whether the service took the message."""

    sentence: str
    """What it said, for people; without secrets."""

    status: int | None = None
    """HTTP status; None where no answer came."""

    again: bool = False
    """Whether another try may do better."""

    wait: float | None = None
    """Seconds that the service asked us to wait before that."""


def post(target: Target, alert: Alert, timeout: float) -> Tried:
    """Post a message once, waiting `timeout` seconds at most for each answer of the network; never raises."""
    now = time.time()
    request = Request(  # noqa: S310 - a target's address is http or https, `check_url` has seen to it
        signed_url(target.kind, target.url, target.secret, now),
        json.dumps(body_of(target.kind, alert, target.secret, now), ensure_ascii=False).encode("utf-8", "replace"),
        {"Content-Type": "application/json; charset=utf-8", "User-Agent": f"assay/{VERSION}"},
    )
    try:
        with _opener().open(request, timeout=timeout) as answer:
            return judge(target, answer.status, _read(answer), answer.headers.get("Retry-After"))
    except URLError as error:
        return Tried(False, target.hide(f"no answer: {_reason(error.reason)}"), again=True)
    except (OSError, HTTPException, UnicodeError) as error:  # a host that is no name raises the latter
        return Tried(False, target.hide(f"no answer: {_reason(error)}"), again=True)


def _opener() -> OpenerDirector:
    """Follows no redirect: urllib would make a GET of the POST, which nobody reads and which answers 200."""
    opener = OpenerDirector()
    for handler in (ProxyHandler(), HTTPHandler(), HTTPSHandler()):
        opener.add_handler(handler)
    return opener


def judge(target: Target, status: int, body: bytes, retry_after: str | None = None) -> Tried:
    """What an answer means; `retry_after` is its header of that name."""
    said = target.hide(" ".join(body.decode("utf-8", "replace").split())[:200])
    if status >= 300:
        more = "it leads elsewhere; name the address it leads to" if status < 400 else said
        again = status in (408, 425, 429) or status >= 500
        sentence = f"HTTP {status}{f': {more}' if more else ''}"
        return Tried(False, sentence, status, again, _asked(retry_after) if again else None)
    names = _CODES.get(target.kind, ())
    if not names:
        return Tried(True, said or f"HTTP {status}", status)
    code = _code(body, names)
    if code == 0:
        return Tried(True, said, status)
    again = code is None or code in _TOO_FAST[target.kind] or "too many request" in said.lower()
    what = "the answer does not say that it was taken" if code is None else "refused"
    return Tried(False, f"{what}: {said or 'it is empty'}", status, again)


def _code(body: bytes, names: tuple[str, ...]) -> int | None:
    try:
        answer = json.loads(body)
    except ValueError:
        return None
    found = cast("dict[str, Any]", answer) if isinstance(answer, dict) else {}
    return next((found[name] for name in names if type(found.get(name)) is int), None)


def _asked(header: str | None) -> float | None:
    """The seconds of a Retry-After, which says seconds or a date."""
    if header is None:
        return None
    try:
        seconds = float(header)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(header).astimezone(UTC) - datetime.now(UTC)).total_seconds()
        except ValueError:
            return None
    return min(max(seconds, 0.0), LONGEST_WAIT) if math.isfinite(seconds) else None


def _read(answer: IO[bytes]) -> bytes:
    """What can be read of an answer: once its status is there, it has been answered."""
    try:
        return answer.read(READ_BYTES)
    except (OSError, HTTPException):
        return b""


def _reason(error: Any) -> str:
    if isinstance(error, TimeoutError):
        return "it took too long"
    return str(getattr(error, "strerror", None) or error or type(error).__name__)
