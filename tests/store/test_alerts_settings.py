"""[alerts]: what it may say, and that what is secret in it is shown and written down nowhere."""

import pytest

from assay.errors import AssayError
from store.alerts.hooks import targets_of, usable_targets, without_secrets, written_down
from store.alerts.settings import alerts_from, read_alerts
from store.alerts.targets import Target, kind_of, masked
from trainer.config_file import as_dict, config_from, read_toml, to_toml, with_settings
from trainer.errors import ConfigError

SECRET = "T0AAAA/B0BBBB/qwertyuiopasdf"
SLACK = f"https://hooks.slack.com/services/{SECRET}"
DING = "https://oapi.dingtalk.com/robot/send?access_token=0123456789abcdef"
NAMED = {"model": {"path": "m"}, "data": {"train": "d.jsonl"}}


def refusal(table, make=alerts_from):
    with pytest.raises(AssayError) as caught:
        make(table)
    assert SECRET not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        (SLACK, "slack"), ("https://open.feishu.cn/open-apis/bot/v2/hook/1", "feishu"),
        ("https://open.larksuite.com/open-apis/bot/v2/hook/1", "feishu"), (DING, "dingtalk"),
        ("https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=1", "wecom"), ("https://HOOKS.slack.com/x", "slack"),
        ("http://me:8080/hook", "json"), ("https://evil.example/hooks.slack.com", "json"),
    ],
)  # fmt: skip
def test_the_host_tells_the_kind(url, kind):
    assert kind_of(url) == kind
    assert targets_of(alerts_from({"url": url}), {}) == [Target(kind, url)]


def test_a_kind_that_is_named_wins_and_each_hook_may_have_its_own():
    table = {"url": ["http://me/a", SLACK], "kind": ["wecom", "auto"], "secret": ["", "s"]}
    assert targets_of(alerts_from(table), {}) == [Target("wecom", "http://me/a"), Target("slack", SLACK, "s")]
    shared = {"url": ["http://me/a", DING], "secret": "s"}
    assert [target.secret for target in targets_of(alerts_from(shared), {})] == ["s", "s"]


def test_address_and_secret_may_stand_in_the_environment():
    config = alerts_from({"url": "env:HOOK", "secret": "env:KEY"})
    assert targets_of(config, {"HOOK": f" {DING}\n", "KEY": "s"}) == [Target("dingtalk", DING, "s")]
    with pytest.raises(AssayError, match=r"^alerts\.url names the environment variable HOOK, which is not set$"):
        targets_of(config, {"KEY": "s"})
    with pytest.raises(AssayError, match=r"^alerts\.secret names the environment variable KEY, which is not set$"):
        targets_of(config, {"HOOK": DING, "KEY": ""})
    with pytest.raises(AssayError, match=r"http or https address"):
        targets_of(config, {"HOOK": SECRET, "KEY": "s"})


def test_nothing_named_is_nobody_told():
    assert targets_of(alerts_from({}), {}) == []


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"ulr": SLACK}, "there is no key in [alerts] called ulr; did you mean url?"),
        ({"url": 3}, "alerts.url must be text or a list of texts"),
        ({"url": [SLACK, 3]}, "alerts.url must be text or a list of texts"),
        ({"url": f"ftp://me/{SECRET}"},
         "alerts.url must be an http or https address, or env:NAME, and is something else"),
        ({"url": SECRET}, "alerts.url must be an http or https address, or env:NAME, and is something else"),
        ({"url": f"https://me:port/{SECRET}"},
         "alerts.url must be an http or https address, or env:NAME, and is something else"),
        ({"url": f"{SLACK} "},
         "alerts.url at hooks.slack.com holds a space or a sign that no address has; copy it anew"),
        ({"url": f"https://me:pw@h/{SECRET}"}, "alerts.url at h holds a user name, which no webhook has; leave it out"),
        ({"url": SLACK, "kind": "teams"},
         "alerts.kind knows auto, json, slack, feishu, dingtalk, wecom, and not teams"),
        ({"kind": SLACK},
         "alerts.kind knows auto, json, slack, feishu, dingtalk, wecom, and not https://hooks.slack.com/…asdf"),
        ({"on": ["spike", "loss"]},
         "alerts.on knows spike, rollback, paused, finished, failed, stalled, disk_low, val_loss_rising, and not loss"),
        ({"on": "spike"}, "alerts.on must be a list of texts"),
        ({"url": [SLACK, DING], "secret": ["a"]}, "alerts.secret lists 1, and alerts.url 2: one for each"),
        ({"secret": 7}, "alerts.secret must be text or a list of texts"),
        ({"stalled_factor": 0.5}, "alerts.stalled_factor must be 1 or above, and is 0.5"),
        ({"disk_low_bytes": float("inf")}, "alerts.disk_low_bytes must be 0 or above, and is inf"),
        ({"val_loss_rising": 1.5}, "alerts.val_loss_rising must be a whole number"),
        ({"every_seconds": True}, "alerts.every_seconds must be a number"),
        ({"dashboard": "lab"},
         "alerts.dashboard must be an http or https address such as http://127.0.0.1:8501, and is lab"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_said_in_a_sentence_without_the_address(table, said):
    assert refusal(table) == said
    with pytest.raises(ConfigError) as caught:
        config_from({**NAMED, "alerts": table})
    assert str(caught.value) == said


def test_a_file_is_read_and_refused_in_a_sentence(tmp_path):
    file = tmp_path / "job.toml"
    file.write_text(f'[train]\nsteps = 5\n[alerts]\nurl = "{SLACK}"\ndisk_low_bytes = 10\n')
    assert read_alerts(file).disk_low_bytes == 10.0
    assert refusal(tmp_path / "no.toml", read_alerts) == f"there is no configuration file {tmp_path / 'no.toml'}"
    file.write_text("[train]\nsteps = 5\n")
    assert refusal(file, read_alerts).startswith(f"{file} names no webhook; give [alerts] url")
    file.write_text("alerts = 3\n")
    assert refusal(file, read_alerts) == "[alerts] must be a section, not a value"
    file.write_text("[alerts\n")
    assert refusal(file, read_alerts).startswith(f"{file} is no valid TOML: ")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (SLACK, "https://hooks.slack.com/…asdf"),
        (DING, "https://oapi.dingtalk.com/…cdef"),
        ("http://10.0.0.5:8080/hook", "http://10.0.0.5:8080/…"),
        ("https://user:password@host/hook-with-a-long-path", "https://host/…path"),
        ("env:HOOK", "env:HOOK"),
        ("", ""),
        ("no address at all", "…"),
    ],
)
def test_an_address_is_shown_by_its_host_and_last_four_characters(url, shown):
    assert masked(url) == shown
    assert masked(shown) == shown


def test_a_target_says_its_secrets_neither_as_text_nor_in_an_answer():
    target = Target("dingtalk", DING, "SECsecretsecret")
    assert "0123456789abcdef" not in repr(target)
    assert "SECsecret" not in repr(target)
    assert SECRET not in repr(alerts_from({"url": SLACK, "secret": "SECsecret"}))
    assert "SECsecret" not in repr(alerts_from({"url": SLACK, "secret": "SECsecret"}))
    assert target.title == "DingTalk at https://oapi.dingtalk.com/…cdef"
    said = target.hide(f"no token 0123456789abcdef, not SECsecretsecret at {DING}")
    assert said == "no token …, not … at …"


def test_what_a_run_writes_down_holds_no_secret(tmp_path):
    config = config_from({**NAMED, "alerts": {"url": [SLACK, "env:HOOK"], "secret": ["SECsecret", "env:KEY"]}})
    (tmp_path / "config.toml").write_text(to_toml(config), encoding="utf-8")
    written = (tmp_path / "config.toml").read_text(encoding="utf-8") + repr(as_dict(config)) + repr(config)
    assert SECRET not in written
    assert "SECsecret" not in written
    assert as_dict(config)["alerts"]["url"] == ["https://hooks.slack.com/…asdf", "env:HOOK"]
    assert as_dict(config)["alerts"]["secret"] == ["…", "env:KEY"]
    again = config_from(read_toml(tmp_path / "config.toml"))
    assert as_dict(again) == as_dict(config)
    assert config.alerts.urls[0] == SLACK


def test_a_run_that_goes_on_tells_the_hooks_it_can_and_says_which_it_cannot():
    config = written_down(alerts_from({"url": [SLACK, "env:HOOK", "env:NONE"]}))
    targets, troubles = usable_targets(config, {"HOOK": DING})
    assert targets == [Target("dingtalk", DING)]
    assert len(troubles) == 2
    assert troubles[0].startswith("no alerts go to hooks.slack.com: what a run writes down does not hold its secrets")
    assert troubles[1] == "alerts.url names the environment variable NONE, which is not set"
    with pytest.raises(AssayError, match="no alerts go to hooks"):
        targets_of(config, {"HOOK": DING, "NONE": DING})
    signed = written_down(alerts_from({"url": "env:HOOK", "secret": "SECsecret"}))
    assert usable_targets(signed, {"HOOK": DING})[0] == []


def test_command_line_and_difference_are_freed_of_secrets_wherever_they_stand():
    config = alerts_from({"url": [SLACK, "env:HOOK"], "secret": ["SECsecret", "env:KEY"]})
    facts = {
        "command": ["assay", "train", "--set", f"alerts.url={SLACK}", "--set", "alerts.secret=SECsecret"],
        "git": {"diff": f'+url = "{SLACK}"', "changed": True}, "model": None,
    }  # fmt: skip
    assert without_secrets(facts, config) == {
        "command": ["assay", "train", "--set", "alerts.url=https://hooks.slack.com/…asdf",
                    "--set", "alerts.secret=…"],
        "git": {"diff": '+url = "https://hooks.slack.com/…asdf"', "changed": True}, "model": None,
    }  # fmt: skip


def test_settings_on_the_command_line_reach_the_section():
    tables = with_settings(NAMED, [f"alerts.url={SLACK}", "alerts.kind=json", "alerts.on=['failed']"])
    alerts = config_from(tables).alerts
    assert (alerts.url, alerts.kind, alerts.on) == (SLACK, "json", ["failed"])
    many = config_from(with_settings(NAMED, [f"alerts.url=['{SLACK}', 'env:A']"])).alerts
    assert many.urls == [SLACK, "env:A"]
