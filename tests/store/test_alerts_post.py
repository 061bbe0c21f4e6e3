"""One try, against a webhook on this machine: what the answer means, and that it holds no secret."""

import json
import socket
import threading
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from store.alerts.alert import Alert, alert_of
from store.alerts.post import Tried, judge, post
from store.alerts.shapes import SHAPES, dingtalk_sign, feishu_sign
from store.alerts.targets import Target
from tests.webhook import TOKEN, Answer, webhook

ALERT = Alert("spike", "alarm", "r: loss spike", "损失跳变", "r", 7)
WELL = {"json": "", "slack": "ok", "feishu": '{"code":0,"msg":"success","StatusCode":0}',
        "dingtalk": '{"errcode":0,"errmsg":"ok"}', "wecom": '{"errcode":0,"errmsg":"ok"}'}  # fmt: skip


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@pytest.fixture
def hook():
    with webhook() as made:
        yield made


@pytest.mark.parametrize("kind", SHAPES)
def test_each_service_gets_its_json_once_and_takes_it(hook, kind):
    hook.answers.append(Answer(body=WELL[kind]))
    tried = post(Target(kind, hook.url), ALERT, 30)
    assert (tried.delivered, tried.status, tried.again) == (True, 200, False)
    assert hook.bodies == [SHAPES[kind](ALERT)]
    assert hook.headers[0]["Content-Type"] == "application/json; charset=utf-8"
    assert hook.headers[0]["User-Agent"].startswith("assay/")
    assert hook.paths == [f"/hook?key={TOKEN}"]


def test_feishu_and_dingtalk_are_signed_with_the_time_of_the_try(hook, monkeypatch):
    monkeypatch.setattr("time.time", lambda: 1599360473.25)
    hook.answers.extend([Answer(body=WELL["feishu"]), Answer(body=WELL["dingtalk"])])
    assert post(Target("feishu", hook.url, "SECdemo"), ALERT, 30).delivered
    assert post(Target("dingtalk", hook.url, "SECdemo"), ALERT, 30).delivered
    assert (hook.bodies[0]["timestamp"], hook.bodies[0]["sign"]) == ("1599360473", feishu_sign("SECdemo", 1599360473))
    signed = dingtalk_sign("SECdemo", 1599360473250).replace("+", "%2B").replace("/", "%2F").replace("=", "%3D")
    assert hook.paths[1] == f"/hook?key={TOKEN}&timestamp=1599360473250&sign={signed}"


@pytest.mark.parametrize(
    ("kind", "body", "again"),
    [
        ("feishu", '{"code":19021,"msg":"sign match fail or timestamp is not within one hour"}', False),
        ("feishu", '{"StatusCode":19001,"StatusMessage":"param invalid"}', False),
        ("feishu", '{"code":11232,"msg":"frequency limited"}', True),
        ("feishu", '{"code":9499,"msg":"too many request"}', True),
        ("dingtalk", '{"errcode":310000,"errmsg":"keywords not in content"}', False),
        ("dingtalk", '{"errcode":130101,"errmsg":"send too fast"}', True),
        ("wecom", '{"errcode":93000,"errmsg":"invalid webhook url"}', False),
        ("wecom", '{"errcode":45009,"errmsg":"api freq out of limit"}', True),
    ],
)
def test_an_error_in_a_body_of_status_200_is_a_failure(hook, kind, body, again):
    hook.answers.append(Answer(body=body))
    assert post(Target(kind, hook.url), ALERT, 30) == Tried(False, f"refused: {body}", 200, again)


@pytest.mark.parametrize("body", ["", "<html>sign in to the network</html>", '{"errcode":"0"}', "[0]"])
def test_an_answer_without_the_service_s_word_is_no_promise(hook, body):
    hook.answers.append(Answer(body=body))
    sentence = f"the answer does not say that it was taken: {body or 'it is empty'}"
    assert post(Target("wecom", hook.url), ALERT, 30) == Tried(False, sentence, 200, True)


@pytest.mark.parametrize(
    ("status", "again"), [(400, False), (403, False), (404, False), (410, False), (408, True), (500, True), (503, True)]
)
def test_a_status_says_whether_to_try_again(hook, status, again):
    hook.answers.append(Answer(status, "channel_is_archived"))
    assert post(Target("slack", hook.url), ALERT, 30) == Tried(
        False, f"HTTP {status}: channel_is_archived", status, again
    )


def test_too_often_says_how_long_to_wait_in_seconds_or_as_a_date():
    target = Target("slack", "https://me/hook")
    assert judge(target, 429, b"", "30").wait == 30.0
    assert judge(target, 503, b"", "1e9").wait == 3600.0
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=100), usegmt=True)
    assert 90 < judge(target, 429, b"", later).wait <= 100
    assert judge(target, 429, b"", "soon").wait is None
    assert judge(target, 429, b"", "nan").wait is None
    assert judge(target, 429, b"", "-5").wait == 0.0
    assert judge(target, 429, b"").wait is None
    assert judge(target, 404, b"", "30").wait is None


def test_a_redirect_is_a_failure_and_nothing_is_asked_there(hook):
    hook.answers.append(Answer(302, "", {"Location": hook.url}))
    tried = post(Target("json", hook.url), ALERT, 30)
    assert tried == Tried(False, "HTTP 302: it leads elsewhere; name the address it leads to", 302, False)
    assert len(hook.paths) == 1


def test_an_answer_that_repeats_the_address_is_told_without_it(hook):
    hook.answers.append(Answer(404, f"no webhook with key {TOKEN}"))
    assert post(Target("slack", hook.url), ALERT, 30).sentence == "HTTP 404: no webhook with key …"


def test_a_long_answer_is_cut(hook):
    hook.answers.append(Answer(500, "x" * 100_000))
    assert post(Target("slack", hook.url), ALERT, 30).sentence == f"HTTP 500: {'x' * 200}"


def test_no_answer_in_time_can_be_tried_again(hook):
    hook.answers.append(Answer(hangs=True))
    assert post(Target("json", hook.url), ALERT, 0.05) == Tried(False, "no answer: it took too long", None, True)


def test_nobody_there_can_be_tried_again():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/{TOKEN}"
        tried = post(Target("json", url), ALERT, 30)
    assert tried == Tried(False, "no answer: Connection refused", None, True)


def test_a_host_that_is_no_name_is_no_answer():
    tried = post(Target("json", f"http://a..b/{TOKEN}"), ALERT, 30)
    assert (tried.delivered, tried.status) == (False, None)
    assert tried.sentence.startswith("no answer: ")
    assert TOKEN not in tried.sentence


@pytest.mark.parametrize("kind", SHAPES)
def test_a_sentence_with_a_path_that_is_no_utf_8_is_sent_all_the_same(hook, kind):
    hook.answers.append(Answer(body=WELL[kind]))
    broken = alert_of("failed", "r\udcff", "cannot write /data/\udcff", dashboard="http://h")
    assert post(Target(kind, hook.url), broken, 30).delivered
    assert "cannot write /data/?" in json.dumps(hook.bodies[0])


def test_an_answer_that_is_no_http_can_be_tried_again_and_a_cut_off_one_was_an_answer():
    tried = answered(b"hello\r\n\r\n", "json")
    assert (tried.delivered, tried.again, tried.status) == (False, True, None)
    cut = b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"
    assert answered(cut, "json").delivered
    assert answered(cut, "feishu") == Tried(False, "the answer does not say that it was taken: {", 200, True)


def answered(raw: bytes, kind: str) -> Tried:
    """What is made of an answer of these bytes."""

    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                came = b""
                while not came.endswith(b"}"):  # what is left unread when it closes would undo its answer
                    came += connection.recv(65536)
                connection.sendall(raw)

        thread = threading.Thread(target=serve)
        thread.start()
        tried = post(Target(kind, f"http://127.0.0.1:{server.getsockname()[1]}/{TOKEN}"), ALERT, 30)
        thread.join()
    return tried
