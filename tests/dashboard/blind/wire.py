"""What the server said, decoded: Streamlit's messages without what is drawn at random for each browser."""

import json
import re
from typing import Any

from google.protobuf.json_format import MessageToDict
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from tests.dashboard.blind.recorder import Socket

__all__ = ["decoded", "said", "strings"]

_OF_A_SESSION = ("user_info", "session_id", "script_run_id", "environment_info")

_KINDS = "submit|skip|flag|guess|draft|undo|open|next|finish|more|close|begin|campaign|again"

_OWN_IDS = (
    (re.compile(rf"\b({_KINDS})-[0-9a-z]{{8,9}}-[0-9a-z]+"), r"\1-ID"),
    (re.compile(r'("(?:saved|known)": )\d+(\.\d+)?'), r"\1WHEN"),
)
"""Ids that the browser gives its messages, and when it kept a draft."""


def strings(data: bytes) -> list[str]:
    """All texts in one message, for a search; none where it is no message of Streamlit's."""
    found: list[str] = []
    _collect(MessageToDict(ForwardMsg.FromString(data)), found)
    return found


def _collect(value: Any, into: list[str]) -> None:
    if isinstance(value, dict):
        for name, each in value.items():
            into.append(str(name))
            _collect(each, into)
    elif isinstance(value, list):
        for each in value:
            _collect(each, into)
    elif isinstance(value, str):
        into.append(value)


def said(sockets: list[Socket], tokens: list[str]) -> list[str]:
    """What the server said on these connections, as texts; `tokens`, drawn at random, by their order.

    What is said again without a change, at the same place of the page, is said once: how often the browser saves a
    draft depends on how busy the machine is, and each time the page is drawn anew.
    """
    messages: list[str] = []
    for socket in sockets:
        known: dict[str, dict[str, Any]] = {}
        newest: dict[str, str] = {}
        for data in socket.received:
            message = decoded(data, known)
            text = _without_tokens(json.dumps(message, sort_keys=True), tokens) if message else ""
            if message and newest.get(place := _place(message)) != text:
                newest[place] = text
                messages.append(text)
    return messages


def _place(message: dict[str, Any]) -> str:
    kinds = sorted(message.keys() - {"metadata"})
    return json.dumps([kinds, message.get("metadata", {}).get("delta_path"), "run" in message.get("metadata", {})])


def decoded(data: bytes, known: dict[str, dict[str, Any]]) -> dict[str, Any] | None:
    """One message; `known` are those before it, by the hash by which a message is sent again."""
    message = ForwardMsg.FromString(data)
    if message.WhichOneof("type") == "ref_hash":
        return known[message.ref_hash]
    if message.WhichOneof("type") not in ("delta", "new_session", "navigation", "page_config_changed",
                                          "page_info_changed", "page_not_found", "logo", "parent_message"):  # fmt: skip
        return None
    whole = MessageToDict(message, preserving_proto_field_name=True)
    _drop(whole)
    known[whole.pop("hash", "")] = whole
    return whole


def _drop(value: Any) -> None:
    if isinstance(value, dict):
        for name in _OF_A_SESSION:
            value.pop(name, None)
        if "component_name" in value:
            # The page's data; but not which of its messages the browser knows to have arrived.
            value["json"] = {name: each for name, each in json.loads(value["json"]).items() if name != "acked"}
        for each in value.values():
            _drop(each)
    elif isinstance(value, list):
        for each in value:
            _drop(each)


def _without_tokens(text: str, tokens: list[str]) -> str:
    for number, token in enumerate(tokens):
        text = text.replace(token, f"TOKEN {number}")
    for pattern, put in _OWN_IDS:
        text = pattern.sub(put, text)
    return text
