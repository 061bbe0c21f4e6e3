"""What each service wants to read: the JSON body of a message, and where it is signed.

    json       an object with the fields of the message, for a program of one's own
    slack      https://api.slack.com/messaging/webhooks
    feishu     https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot
    dingtalk   https://open.dingtalk.com/document/robots/custom-robot-access
    wecom      https://developer.work.weixin.qq.com/document/path/91770

Every title begins with "Assay": the robots of Feishu and DingTalk may be set to pass on only what holds
a certain word.
"""

import base64
import hashlib
import hmac
from collections.abc import Callable
from typing import Any
from urllib.parse import quote_plus

from store.alerts.alert import Alert

__all__ = ["SHAPES", "body_of", "dingtalk_sign", "feishu_sign", "signed_url"]

SENTENCE_CHARACTERS = 2_500
"""Longest sentence; Slack takes 3,000 characters in a block."""

TITLE_CHARACTERS = 140
"""Longest title; Slack takes 150 characters in a header."""

WECOM_BYTES = 4_096
"""Longest text of WeCom's markdown, in UTF-8."""

Body = dict[str, Any]


def body_of(kind: str, alert: Alert, secret: str = "", now: float = 0.0) -> Body:
    """The JSON body of a message for a service; `now` in seconds since 1970 signs it where there is a secret."""
    body = SHAPES[kind](alert)
    if kind == "feishu" and secret:
        return {"timestamp": str(int(now)), "sign": feishu_sign(secret, int(now)), **body}
    return body


def signed_url(kind: str, url: str, secret: str, now: float) -> str:
    """The address to post to; DingTalk's carries the signature, with `now` in seconds since 1970."""
    if kind != "dingtalk" or not secret:
        return url
    moment = int(now * 1000)
    between = "&" if "?" in url else "?"
    return f"{url}{between}timestamp={moment}&sign={quote_plus(dingtalk_sign(secret, moment))}"


def feishu_sign(secret: str, seconds: int) -> str:
    """Feishu's signature: HMAC-SHA256 of nothing, the time and the secret being its key."""
    return _base64(hmac.new(f"{seconds}\n{secret}".encode(), b"", hashlib.sha256).digest())


def dingtalk_sign(secret: str, milliseconds: int) -> str:
    """DingTalk's signature: HMAC-SHA256 of the time and the secret, the secret being its key."""
    return _base64(hmac.new(secret.encode(), f"{milliseconds}\n{secret}".encode(), hashlib.sha256).digest())


def _base64(digest: bytes) -> str:
    return base64.b64encode(digest).decode()


def _json(alert: Alert) -> Body:
    return {
        "source": "assay", "version": 1, "id": alert.id, "kind": alert.kind, "level": alert.level,
        "title": _title(alert), "sentence": alert.sentence, "run": alert.run or None, "step": alert.step,
        "time": alert.moment, "link": alert.link or None,
    }  # fmt: skip


def _slack(alert: Alert) -> Body:
    link = f"<{_slack_text(alert.link)}|Open in Assay>" if alert.link else ""
    foot = " · ".join(filter(None, (_slack_text(_when(alert)), link)))
    return {
        "text": _slack_text(f"{_title(alert)}\n{_sentence(alert)}"),
        "blocks": [
            {"type": "header", "text": {"type": "plain_text", "text": _title(alert), "emoji": False}},
            {"type": "section", "text": {"type": "plain_text", "text": _sentence(alert), "emoji": False}},
            {"type": "context", "elements": [{"type": "mrkdwn", "text": foot}]},
        ],
    }


def _slack_text(text: str) -> str:
    """Slack's three escapes; without them a text could call a whole channel."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


_FEISHU_COLORS = {"info": "green", "warning": "orange", "alarm": "red"}


def _feishu(alert: Alert) -> Body:
    elements: list[Body] = [
        {"tag": "div", "text": {"tag": "plain_text", "content": _sentence(alert)}},
        {"tag": "note", "elements": [{"tag": "plain_text", "content": _when(alert)}]},
    ]
    if alert.link:
        words = {"tag": "plain_text", "content": "Open in Assay"}
        button = {"tag": "button", "text": words, "url": alert.link, "type": "default"}
        elements.insert(1, {"tag": "action", "actions": [button]})
    header = {
        "title": {"tag": "plain_text", "content": _title(alert)},
        "template": _FEISHU_COLORS[alert.level],
    }
    card = {"config": {"wide_screen_mode": True}, "header": header, "elements": elements}
    return {"msg_type": "interactive", "card": card}


def _dingtalk(alert: Alert) -> Body:
    title = _flat(_title(alert))
    parts = [f"#### {title}", _flat(_sentence(alert)), f"> {_flat(_when(alert))}"]
    if alert.link:
        parts.append(f"[Open in Assay]({alert.link})")
    return {"msgtype": "markdown", "markdown": {"title": title, "text": "\n\n".join(parts)}}


_WECOM_COLORS = {"info": "info", "warning": "warning", "alarm": "warning"}


def _wecom(alert: Alert) -> Body:
    head = f'<font color="{_WECOM_COLORS[alert.level]}">**{_flat(_title(alert))}**</font>\n'
    foot = f"\n> {_flat(_when(alert))}"
    if alert.link:
        foot += f"\n[Open in Assay]({alert.link})"
    room = WECOM_BYTES - len((head + foot).encode())
    return {"msgtype": "markdown", "markdown": {"content": f"{head}{_cut_bytes(_flat(_sentence(alert)), room)}{foot}"}}


SHAPES: dict[str, Callable[[Alert], Body]] = {
    "json": _json, "slack": _slack, "feishu": _feishu, "dingtalk": _dingtalk, "wecom": _wecom,
}  # fmt: skip
"""The services, by the name a configuration gives them, each with what makes its body."""


def _title(alert: Alert) -> str:
    return _cut(f"Assay · {alert.title}", TITLE_CHARACTERS)


def _sentence(alert: Alert) -> str:
    return _cut(alert.sentence, SENTENCE_CHARACTERS) or alert.title


def _when(alert: Alert) -> str:
    step = f"step {alert.step:,} · " if alert.step is not None else ""
    return f"{step}{alert.time:%Y-%m-%d %H:%M:%S} UTC"


_FLAT = str.maketrans({"<": "＜", ">": "＞", "[": "［", "]": "］", "\n": " ", "\r": " "})


def _flat(text: str) -> str:
    """Markdown without links, pictures and mentions: these robots know no escapes, so the signs are widened."""
    return text.translate(_FLAT)


def _cut(text: str, limit: int) -> str:
    text = text.encode("utf-8", "replace").decode()  # a path that is no UTF-8 may stand in it
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def _cut_bytes(text: str, limit: int) -> str:
    data = text.encode()
    return text if len(data) <= limit else f"{data[: limit - 3].decode(errors='ignore')}…"
