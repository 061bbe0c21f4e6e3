"""`assay alert test`, and `assay watch --alert`: what a person is told, and with which exit code."""

import json

import pytest

from assay.cli import main
from store.alerts.settings import alerts_from
from store.readers import find_source
from store.watch_run import hold_run
from store.watching import Follower, Recording
from tests.watched import line, logged, shown
from tests.webhook import TOKEN, Answer, webhook


@pytest.fixture
def hook(monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with webhook() as made:
        yield made


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as caught:
        main(["alert", "test", *map(str, arguments)])
    return caught.value.code


def test_a_message_that_arrives_is_exit_0(hook, capsys):
    assert run("--url", hook.url) == 0
    out = capsys.readouterr().out
    assert out.startswith("the webhook at http://127.0.0.1:")
    assert out.endswith("…wxyz took the message: ok\n")
    (body,) = hook.bodies
    assert (body["kind"], body["title"], body["run"]) == ("test", "Assay · a test message", None)
    assert body["link"] == "http://127.0.0.1:8501"


def test_a_message_that_is_refused_in_a_body_of_status_200_is_exit_1(hook, capsys):
    hook.answers.append(Answer(body='{"code":19021,"msg":"sign match fail"}'))
    assert run("--url", hook.url, "--kind", "feishu", "--secret", "SECdemo", "--json") == 1
    caught = capsys.readouterr()
    report = json.loads(caught.out)
    assert report["delivered"] is False
    assert report["hooks"] == [{
        "hook": report["hooks"][0]["hook"], "kind": "feishu", "delivered": False, "status": 200,
        "answer": 'refused: {"code":19021,"msg":"sign match fail"}',
    }]  # fmt: skip
    assert hook.bodies[0]["sign"]
    assert TOKEN not in caught.out + caught.err
    assert "SECdemo" not in caught.out + caught.err


def test_nobody_there_is_exit_1_and_says_so(capsys):
    assert run("--url", f"http://127.0.0.1:9/{TOKEN}") == 1
    assert capsys.readouterr().out.endswith("did not take the message: no answer: Connection refused\n")


def test_every_hook_of_a_configuration_is_tried_and_one_refusal_is_exit_1(hook, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("ASSAY_TEST_HOOK", hook.url)
    hook.answers.extend([Answer(500, "down"), Answer()])
    config = tmp_path / "job.toml"
    config.write_text(f'[model]\npath = "m"\n[alerts]\nurl = ["env:ASSAY_TEST_HOOK", "{hook.url}"]\n')
    assert run("--config", config, "--json") == 1
    report = json.loads(capsys.readouterr().out)
    assert [(item["delivered"], item["answer"]) for item in report["hooks"]] == [
        (False, "HTTP 500: down"),
        (True, "ok"),
    ]
    assert len(hook.bodies) == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "name what to try: --config CONFIG.toml, or --url URL"),
        (("--url", f"ftp://me/{TOKEN}"), "alerts.url must be an http or https address, or env:NAME"),
        (("--url", "env:ASSAY_NO_SUCH_HOOK"), "alerts.url names the environment variable ASSAY_NO_SUCH_HOOK, which is"),
        (("--url", "http://me/x", "--kind", "teams"), "Invalid value for '--kind'"),
        (("--config", "no.toml", "--url", "http://me/x"), "--config says which webhooks to try; leave out --url"),
        (("--config", "no.toml"), "there is no configuration file no.toml"),
    ],
)
def test_bad_input_is_exit_2_with_one_sentence(arguments, said, capsys):
    assert run(*arguments) == 2
    caught = capsys.readouterr()
    assert caught.out == ""
    assert caught.err.startswith(f"assay: {said}")
    assert TOKEN not in caught.err


def followed(root, source, url, *moves) -> list[str]:
    said: list[str] = []
    waiting = iter(moves)
    found = find_source(source)
    with hold_run(root, source, found, None) as folder:
        recording = Recording(folder, source, found)
        config = alerts_from({"url": url, "val_loss_rising": 2, "disk_low_bytes": 0})
        Follower(
            recording, said.append, lambda: None, every=0.0, alerts=config,
            sleep=lambda _: (next(waiting, lambda: None)(), None)[1],
        ).run()  # fmt: skip
    return said


def test_a_watched_run_tells_that_its_loss_rises_and_that_it_has_ended(hook, root, tmp_path):
    def measured(step, loss):
        row = {"current_steps": step, "total_steps": 6, "eval_loss": loss}
        return lambda: logged(tmp_path / "a", json.dumps(row) + "\n", mode="a")

    log = logged(tmp_path / "a", line(1, 2.5, 6))
    moves = [measured(step, loss) for step, loss in ((2, 1.0), (3, 1.1), (4, 1.2))]
    assert followed(root, log, hook.url, *moves, lambda: logged(tmp_path / "a", line(6, 2.0, 6), mode="a")) == []
    assert [(body["kind"], body["run"], body["step"]) for body in hook.bodies] == [
        ("val_loss_rising", "a", 4), ("finished", "a", 6),
    ]  # fmt: skip
    assert hook.bodies[1]["sentence"] == "step 6, loss 2; its log says that it has ended"
    assert hook.bodies[1]["link"] == "http://127.0.0.1:8501/run?run=a&view=curves"


def test_what_a_watched_run_could_not_tell_is_an_event_without_the_address(hook, root, tmp_path):
    hook.otherwise = Answer(404, "no_service")
    log = logged(tmp_path / "a", line(1, 2.5, 3))
    said = followed(root, log, hook.url, lambda: logged(tmp_path / "a", line(3, 2.0, 3), mode="a"))
    events = [event for event in shown(root, "a")["events"] if event["kind"] == "alert"]
    assert [event["message"] for event in events] == said
    assert said[0].endswith('…wxyz was not told "a: finished": HTTP 404: no_service')
    written = b"".join(path.read_bytes() for path in root.rglob("*") if path.is_file())
    assert TOKEN.encode() not in written


def test_a_run_that_is_stopped_by_hand_tells_nobody(hook, root, tmp_path):
    def stop():
        raise KeyboardInterrupt

    followed(root, logged(tmp_path / "a", line(1, 2.5)), hook.url, stop)
    assert hook.bodies == []
    assert shown(root, "a")["status"] == "paused"


def test_a_log_that_had_ended_before_tells_nobody_when_it_is_watched_again(hook, root, tmp_path):
    log = logged(tmp_path / "a", line(3, 2.5, 3))
    followed(root, log, hook.url)
    followed(root, log, hook.url)
    assert [body["kind"] for body in hook.bodies] == ["finished"]


def test_watch_takes_an_address_or_a_file(hook, root, tmp_path, capsys):
    job = tmp_path / "job.toml"
    job.write_text(f'[alerts]\nurl = "{hook.url}"\n')
    for name, named in (("a", hook.url), ("b", str(job))):
        logged(tmp_path / name, line(3, 2.5, 3))
        with pytest.raises(SystemExit) as caught:
            main(["watch", str(tmp_path / name), "--every", "0.01", "--alert", named, "--store", str(root)])
        assert caught.value.code == 0
    assert [body["run"] for body in hook.bodies] == ["a", "b"]
    assert TOKEN not in "".join(capsys.readouterr())


def test_watch_once_has_nothing_to_tell(root, tmp_path, capsys):
    logged(tmp_path / "a", line(3, 2.5, 3))
    with pytest.raises(SystemExit) as caught:
        main(["watch", str(tmp_path / "a"), "--once", "--alert", "http://me/hook", "--store", str(root)])
    assert caught.value.code == 2
    assert "leave out --once" in capsys.readouterr().err
    assert list(root.iterdir()) == []
