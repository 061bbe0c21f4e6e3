"""What each service is sent, byte for byte, and how it is signed."""

import base64
import hashlib
import json
from datetime import UTC, datetime

import pytest

from store.alerts.alert import KINDS, Alert, alert_of
from store.alerts.shapes import SHAPES, body_of, dingtalk_sign, feishu_sign, signed_url

LINK = "http://127.0.0.1:8501/run?run=sft-1&view=spikes"
SPIKE = Alert(
    "spike", "alarm", "sft-1: loss spike", "the loss jumped from 1.2 to 9.8", "sft-1", 1200, LINK,
    datetime(2026, 3, 1, 9, 30, 12, tzinfo=UTC), "0123",
)  # fmt: skip


def hmac_sha256(key: bytes, message: bytes) -> bytes:
    """RFC 2104, written out."""
    key = (hashlib.sha256(key).digest() if len(key) > 64 else key).ljust(64, b"\0")
    inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in key) + message).digest()
    return hashlib.sha256(bytes(byte ^ 0x5C for byte in key) + inner).digest()


def test_generic_json_has_every_field_of_the_message():
    assert body_of("json", SPIKE) == {
        "source": "assay", "version": 1, "id": "0123", "kind": "spike", "level": "alarm",
        "title": "Assay · sft-1: loss spike", "sentence": "the loss jumped from 1.2 to 9.8",
        "run": "sft-1", "step": 1200, "time": "2026-03-01T09:30:12Z", "link": LINK,
    }  # fmt: skip


def test_slack_gets_a_text_and_blocks_with_a_link():
    assert body_of("slack", SPIKE) == {
        "text": "Assay · sft-1: loss spike\nthe loss jumped from 1.2 to 9.8",
        "blocks": [
            {"type": "header", "text": {"type": "plain_text", "text": "Assay · sft-1: loss spike", "emoji": False}},
            {"type": "section",
             "text": {"type": "plain_text", "text": "the loss jumped from 1.2 to 9.8", "emoji": False}},
            {"type": "context", "elements": [{
                "type": "mrkdwn",
                "text": "step 1,200 · 2026-03-01 09:30:12 UTC · "
                "<http://127.0.0.1:8501/run?run=sft-1&amp;view=spikes|Open in Assay>",
            }]},
        ],
    }  # fmt: skip


def test_feishu_gets_a_card_in_the_color_of_the_level_with_a_button():
    assert body_of("feishu", SPIKE) == {
        "msg_type": "interactive",
        "card": {
            "config": {"wide_screen_mode": True},
            "header": {"title": {"tag": "plain_text", "content": "Assay · sft-1: loss spike"}, "template": "red"},
            "elements": [
                {"tag": "div", "text": {"tag": "plain_text", "content": "the loss jumped from 1.2 to 9.8"}},
                {"tag": "action", "actions": [{
                    "tag": "button", "text": {"tag": "plain_text", "content": "Open in Assay"},
                    "url": LINK, "type": "default",
                }]},
                {"tag": "note", "elements": [
                    {"tag": "plain_text", "content": "step 1,200 · 2026-03-01 09:30:12 UTC"},
                ]},
            ],
        },
    }  # fmt: skip


def test_dingtalk_gets_markdown():
    assert body_of("dingtalk", SPIKE) == {
        "msgtype": "markdown",
        "markdown": {
            "title": "Assay · sft-1: loss spike",
            "text": "#### Assay · sft-1: loss spike\n\nthe loss jumped from 1.2 to 9.8\n\n"
            f"> step 1,200 · 2026-03-01 09:30:12 UTC\n\n[Open in Assay]({LINK})",
        },
    }


def test_wecom_gets_markdown_in_its_own_colors():
    assert body_of("wecom", SPIKE) == {
        "msgtype": "markdown",
        "markdown": {
            "content": '<font color="warning">**Assay · sft-1: loss spike**</font>\n'
            f"the loss jumped from 1.2 to 9.8\n> step 1,200 · 2026-03-01 09:30:12 UTC\n[Open in Assay]({LINK})"
        },
    }


def test_feishu_is_signed_in_the_body_with_the_time_and_secret_as_the_key():
    signed = "UNvK0aHeWrPUMl0ySOUpIoYdvBDU1mnjgkbX5JtMxkk="  # openssl dgst -mac HMAC, the key in hex, of nothing
    assert feishu_sign("SECdemo", 1599360473) == signed
    body = body_of("feishu", SPIKE, "SECdemo", 1599360473.9)
    assert (body["timestamp"], body["sign"]) == ("1599360473", signed)
    assert body["card"] == body_of("feishu", SPIKE)["card"]


def test_dingtalk_is_signed_in_the_address_with_the_secret_as_the_key():
    signed = "tGWkA5eQOQNCNPDgphtxIoNLO+/gD8Lcb705KQoRzeY="  # openssl dgst -hmac SECdemo
    assert dingtalk_sign("SECdemo", 1599360473000) == signed
    assert signed_url("dingtalk", "https://oapi.dingtalk.com/robot/send?access_token=t", "SECdemo", 1599360473.0) == (
        "https://oapi.dingtalk.com/robot/send?access_token=t&timestamp=1599360473000"
        "&sign=tGWkA5eQOQNCNPDgphtxIoNLO%2B%2FgD8Lcb705KQoRzeY%3D"
    )
    assert signed_url("dingtalk", "https://me/hook", "SECdemo", 1.0).startswith("https://me/hook?timestamp=1000&sign=")


@pytest.mark.parametrize("secret", ["s", "密钥", "x" * 80])
def test_signatures_are_hmac_sha256_as_written_in_its_rfc(secret):
    feishu = hmac_sha256(f"1700000000\n{secret}".encode(), b"")
    dingtalk = hmac_sha256(secret.encode(), f"1700000000\n{secret}".encode())
    assert feishu_sign(secret, 1700000000) == base64.b64encode(feishu).decode()
    assert dingtalk_sign(secret, 1700000000) == base64.b64encode(dingtalk).decode()


@pytest.mark.parametrize("kind", ["json", "slack", "wecom"])
def test_where_nothing_is_signed_a_secret_changes_nothing(kind):
    assert body_of(kind, SPIKE, "s", 1.0) == body_of(kind, SPIKE)
    assert signed_url(kind, "https://me/hook", "s", 1.0) == "https://me/hook"


@pytest.mark.parametrize("kind", SHAPES)
def test_a_message_without_run_step_or_link_has_no_holes(kind):
    bare = Alert("test", "info", "a test message", "it works")
    text = json.dumps(body_of(kind, bare), ensure_ascii=False)
    assert "it works" in text
    assert "Open in Assay" not in text
    assert "None" not in text


@pytest.mark.parametrize("text", ["损失升高" * 3000, "x" * 9000, "a\U0001f600" * 3000])
def test_long_sentences_are_cut_to_what_each_service_takes(text):
    long = Alert("spike", "alarm", f"{'长' * 40}: loss spike", text, "长" * 40, 7, LINK)
    content = body_of("wecom", long)["markdown"]["content"]
    assert len(content.encode()) <= 4096
    assert content.endswith(f"[Open in Assay]({LINK})")
    assert "…\n>" in content
    slack = body_of("slack", long)["blocks"]
    assert len(slack[0]["text"]["text"]) <= 150
    assert len(slack[1]["text"]["text"]) <= 3000
    assert len(body_of("dingtalk", long)["markdown"]["text"].encode()) <= 20_000
    assert len(json.dumps(body_of("feishu", long), ensure_ascii=False).encode()) <= 20 * 1024


def test_no_text_can_call_a_channel_or_place_a_link():
    nasty = Alert("spike", "alarm", "r: loss spike", "<!channel> <@all> ![x](http://evil/p.png)\nnext", "r")
    assert "<!channel>" not in body_of("slack", nasty)["text"]
    assert "&lt;!channel&gt;" in body_of("slack", nasty)["text"]
    assert body_of("slack", nasty)["blocks"][1]["text"]["type"] == "plain_text"
    for kind in ("wecom", "dingtalk"):
        body = body_of(kind, nasty)["markdown"]
        text = body.get("content") or body["text"]
        assert "<@all>" not in text
        assert "](http" not in text
        assert "\nnext" not in text
    assert body_of("feishu", nasty)["card"]["elements"][0]["text"]["tag"] == "plain_text"


def test_a_message_leads_to_its_page():
    made = alert_of("spike", "试金 1/2", "s", step=3, dashboard="https://lab.example/assay/")
    assert made.link == "https://lab.example/assay/run?run=%E8%AF%95%E9%87%91%201%2F2&view=spikes"
    assert (made.title, made.level, made.step) == ("试金 1/2: loss spike", "alarm", 3)
    assert alert_of("failed", "r", "s", dashboard="http://h").link == "http://h/run?run=r&view=log"
    assert alert_of("failed", "r", "s").link == ""


def test_the_end_of_a_stall_is_good_news():
    made = alert_of("stalled", "r", "steps go on", good_news=True)
    assert (made.title, made.level) == ("r: no longer stalled", "info")


def test_every_kind_has_a_level_that_events_have():
    assert {kind.level for kind in KINDS.values()} == {"info", "warning", "alarm"}
    assert len({alert_of("spike", "r", "s").id for _ in range(100)}) == 100
