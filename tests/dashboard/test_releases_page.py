"""The page Releases: what is live, whether it runs, the time line, and putting an earlier one back, by role."""

import re
from datetime import date, timedelta
from html import escape

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from dashboard import identity
from dashboard.pages import page_path
from dashboard.release_said import FORMS, release_said
from dashboard.texts import TEXTS
from evals.release.countersigning import countersign
from evals.release.making import make
from evals.release.restoring import restore
from store.clock import utc_now
from tests.dashboard.opening import APP, open_page
from tests.dashboard.released import WHY, again
from tests.evals.gate.passing import COMMAND, passing_store, sign


@pytest.fixture
def made(whole_releases, tmp_path):
    return again(whole_releases, tmp_path / "runs")


def page(monkeypatch, store, lang="en", who=None, **asked):
    """The page, as whoever sits at the machine sees it, or someone else."""
    st.cache_data.clear()
    monkeypatch.setenv("ASSAY_STORE", str(store.path))
    if who is not None:
        monkeypatch.setattr(identity, "actor", lambda: who)
    return open_page("releases", {"lang": lang, **asked})


def said(app):
    return "\n".join([*(block.body for block in app.html), *(block.value for block in app.code)])


def labels(app):
    buttons = [button.label for button in (*app.button, *app.get("download_button"))]
    return [*buttons, *(block.proto.popover.label for block in app.get("popover"))]


def press(app, label):
    next(button for button in app.button if button.label == label).click().run()
    assert not app.exception
    return said(app)


def sql(store, statement, **values):
    store.transaction(lambda tx: tx.execute(statement, values))


def test_what_is_live_is_said_with_who_released_and_who_signed(monkeypatch, whole_releases):
    words = said(page(monkeypatch, whole_releases.store))
    assert "<h1>Live in prod: v1, triage@400</h1>" in words
    assert f"Put back by Li: {escape(WHY)}. Approved by Li and Zhao." in words
    assert TEXTS["demo_store"]["en"] not in words


def test_released_and_confirmed_running_are_told_apart(monkeypatch, whole_releases):
    words = said(page(monkeypatch, whole_releases.store))
    assert "Confirmed running by gpu-1." in words
    assert "1 server says that it runs something else." in words
    hosts = re.findall(r"<tr><td[^>]*>(gpu-\d)</td><td[^>]*>([^<]+)</td><td[^>]*>([^<]+)</td>", words)
    assert hosts == [("gpu-1", "confirmed running", "v1"), ("gpu-2", "not what is live", "v2")]


def test_that_no_server_has_confirmed_is_said_with_the_command(monkeypatch, made):
    sql(made.store, "DELETE FROM confirmation")
    words = said(page(monkeypatch, made.store))
    assert "No server has confirmed that it runs it" in words
    assert f"assay release confirm --digest sha256:{made.first.proposal.sha256}" in words
    assert "Confirmed running by" not in words


def test_what_a_server_said_before_the_release_confirms_nothing(monkeypatch, made):
    sql(made.store, "UPDATE confirmation SET created = created - INTERVAL 1 DAY")
    words = said(page(monkeypatch, made.store))
    assert words.count("said before the release, nothing since") == 2
    assert "something else" not in words
    assert "No server has confirmed" in words


def test_the_time_line_has_every_release_and_restore_the_newest_first(monkeypatch, whole_releases):
    app = page(monkeypatch, whole_releases.store)
    links = [link.proto.label.replace("\\", "") for link in app.get("page_link")]
    assert [label for label in links if label.startswith("v")] == [
        "v1  triage@400", "v2  triage@600", "v1  triage@400",
    ]  # fmt: skip
    facts = [block.body for block in app.html if block.body.startswith('<div class="a-facts">')]
    assert facts == [
        '<div class="a-facts">put back by Li · “v2 answered &lt;in&gt; English”</div>',
        '<div class="a-facts">released by Zhao · approved by Li and Sun</div>',
        '<div class="a-facts">released by Zhao · approved by Li and Zhao · “the first one”</div>',
    ]
    assert len(app.get("vega_lite_chart")) == 1


def test_a_row_that_is_not_what_was_signed_is_told_on_the_day_it_was_live(monkeypatch, made):
    sql(made.store, "UPDATE release SET created = created - INTERVAL 1 HOUR WHERE id = 1")
    assert "the row of v1 of prod was changed: it is not what was signed" in said(page(monkeypatch, made.store))
    assert "数据文件中 v1（prod）的记录被改过" in said(page(monkeypatch, made.store, lang="zh"))


def test_it_is_said_in_chinese(monkeypatch, whole_releases):
    words = said(page(monkeypatch, whole_releases.store, lang="zh"))
    assert "prod 线上：v1，triage@400" in words
    assert "Li、Zhao 批准。" in words
    assert "已确认在运行：gpu-1。" in words
    assert "今天可以重新上线" in words


def test_a_lead_puts_a_version_back_with_a_reason_and_a_second_press(monkeypatch, made):
    app = page(monkeypatch, made.store, who=made.first.zhao)
    assert labels(app).count("Put back…") == 1
    assert "Say why it is put back." in press(app, "Put v2 back")
    app.text_input(key="restore-reason-2").set_value("v1 was  slower")
    words = press(app, "Put v2 back")
    assert "v2 is live in prod again." in words
    assert "Live in prod: v2, triage@600" in words
    row = made.store.rows("SELECT kind, version, reason, created_by FROM release ORDER BY id DESC LIMIT 1")[0]
    assert row == {"kind": "restore", "version": 2, "reason": "v1 was slower", "created_by": made.first.zhao.named}
    told = made.store.rows("SELECT actor, role, object FROM audit WHERE action = 'restore' ORDER BY seq DESC LIMIT 1")
    assert [tuple(one.values()) for one in told] == [(made.first.zhao.named, "lead", "proposal:2")]


def test_a_second_lead_confirms_a_restore_with_one_press(monkeypatch, made):
    app = page(monkeypatch, made.store, who=made.first.zhao)
    assert "Not yet confirmed by a second lead; due by " in said(app)
    words = press(app, "Confirm as second lead")
    assert "You confirmed v1 of prod." in words
    assert "Confirmed by Zhao, a second lead, on " in words
    assert "Confirm as second lead" not in labels(app)
    assert "第二位负责人 Zhao 已于 " in said(page(monkeypatch, made.store, "zh", who=made.first.li))


def test_a_press_means_what_was_on_the_page(monkeypatch, made):
    app = page(monkeypatch, made.store, who=made.first.zhao)
    restore(made.store, made.first.li, "v2", reason="the other one after all")
    restore(made.store, made.first.sun, "v1", reason="and back")
    words = press(app, "Confirm as second lead")
    assert "Not confirmed: since you looked, v1 of prod was made live by Sun; look again" in words
    assert made.store.rows("SELECT count(*) AS n FROM audit WHERE action = 'countersign'") == [{"n": 0}]
    app.text_input(key="restore-reason-2").set_value("v1 was slower")
    restore(made.store, made.first.li, "v2", reason="once more")
    restore(made.store, made.first.li, "v1", reason="and back again")
    assert "Not put back: since you looked, v1 of prod was made live by Li" in press(app, "Put v2 back")
    assert made.store.rows("SELECT max(id) AS id FROM release") == [{"id": 7}]


def test_what_a_command_put_back_waits_for_two_leads(monkeypatch, made):
    restore(made.store, COMMAND, "v2", reason="the other one after all")
    app = page(monkeypatch, made.store, who=made.first.zhao)
    assert "It was put back at the command line without a key, so two leads must confirm it." in said(app)
    words = press(app, "Confirm as second lead")
    assert "Your word on v2 of prod is kept; another lead must still confirm it." in words
    assert "Zhao confirmed it and counts as who did that, so another lead must confirm it." in words
    assert "Confirm as second lead" not in labels(app)
    app = page(monkeypatch, made.store, who=made.first.li)
    assert "Confirmed by Li, a second lead, on " in press(app, "Confirm as second lead")


@pytest.mark.parametrize("name", ["li", "chen", "qian"])
def test_nobody_confirms_their_own_and_only_leads_do(monkeypatch, whole_releases, name):
    app = page(monkeypatch, whole_releases.store, who=getattr(whole_releases.first, name))
    assert "Not yet confirmed by a second lead" in said(app)
    assert "Confirm as second lead" not in labels(app)


def test_a_restore_that_nobody_confirmed_in_a_day_is_red_and_stays_live(monkeypatch, made):
    sql(made.store, "UPDATE release SET created = created - INTERVAL 25 HOUR WHERE id = 3")
    words = said(page(monkeypatch, made.store, who=made.first.zhao))
    assert '<p class="a-notice a-bad">No second lead confirmed this restore within 24 hours (by ' in words
    assert "Live in prod: v1" in words


def test_home_tells_other_leads_of_a_restore_until_it_is_confirmed_and_every_lead_once_it_is_late(monkeypatch, made):
    def told(who):
        return "no second lead yet" in home(monkeypatch, made.store, who)

    first = made.first
    assert [told(who) for who in (first.zhao, first.li, first.chen, first.qian)] == [True, False, False, False]
    sql(made.store, "UPDATE release SET created = created - INTERVAL 25 HOUR WHERE id = 3")
    assert [told(who) for who in (first.zhao, first.li, first.qian)] == [True, True, False]
    assert '<span class="a-status a-bad">no second lead yet</span>' in home(monkeypatch, made.store, first.li)
    countersign(made.store, first.zhao)
    assert not told(first.li)


@pytest.mark.parametrize("name", ["chen", "qian"])
def test_who_is_no_lead_sees_all_and_puts_nothing_back(monkeypatch, whole_releases, name):
    app = page(monkeypatch, whole_releases.store, who=getattr(whole_releases.first, name))
    assert "can be put back today" in said(app)
    assert "Put back…" not in labels(app)
    assert "Verify" in labels(app)
    assert "Report, Chinese" in labels(app)


def test_a_lead_whose_role_is_taken_back_is_refused_at_the_press(monkeypatch, made):
    app = page(monkeypatch, made.store, who=made.first.zhao)
    sql(made.store, "UPDATE role SET revoked = granted WHERE user_id = $user", user=made.first.zhao.user)
    app.text_input(key="restore-reason-2").set_value("v1 was slower")
    press(app, "Put v2 back")
    assert made.store.rows("SELECT max(id) AS id FROM release") == [{"id": 3}]


def test_an_expert_has_no_such_page(monkeypatch, whole_releases):
    monkeypatch.setattr(identity, "actor", lambda: whole_releases.first.wang)
    monkeypatch.setenv("ASSAY_STORE", str(whole_releases.store.path))
    app = AppTest.from_file(str(APP), default_timeout=60).run()
    assert "triage@400" not in said(app)
    with pytest.raises(Exception, match="releases"):
        app.switch_page(page_path("releases")).run()


def test_what_cannot_be_put_back_says_why(monkeypatch, made):
    (made.second.folder / "adapter_model.safetensors").write_text("x")
    app = page(monkeypatch, made.store)
    path = made.second.folder.relative_to(made.store.root).as_posix()
    why = f"its folder {path} was changed: adapter_model.safetensors has another size"
    assert f"cannot be put back today: {why}" in said(app)
    assert "Put back…" not in labels(app)
    words = said(page(monkeypatch, made.store, lang="zh"))
    assert f"今天不能重新上线：它的文件夹 {path} 被改过：adapter_model.safetensors 的大小变了" in words


def test_what_is_changed_between_two_looks_is_refused_at_the_press(monkeypatch, made):
    app = page(monkeypatch, made.store)
    (made.second.folder / "adapter_model.safetensors").write_text("adapter of triage@60x")
    app.text_input(key="restore-reason-2").set_value("v1 was slower")
    assert "Not put back: v2 of prod cannot be put back:" in press(app, "Put v2 back")
    assert made.store.rows("SELECT max(id) AS id FROM release") == [{"id": 3}]


def test_verifying_reads_everything_and_says_whose_keys_were_used(monkeypatch, whole_releases):
    app = page(monkeypatch, whole_releases.store)
    assert "Everything holds" not in said(app)
    app.button(key="verify-live-3").click().run()
    words = said(app)
    assert "Everything holds: 6 files were read, the signatures are good" in words
    assert "A verifier must use public keys that came by another way" in words
    assert f"assay release verify {whole_releases.first.folder} --keys KEYS_FOLDER" in words


def test_verifying_names_what_does_not_hold(monkeypatch, made):
    (made.first.folder / "tokenizer.json").write_text('{"version": "1.1"}')
    app = page(monkeypatch, made.store)
    app.button(key="verify-live-3").click().run()
    assert "It does not hold: tokenizer.json" in said(app)


def test_a_bundle_that_was_changed_in_the_store_is_told_and_gives_no_report(monkeypatch, made):
    sql(made.store, "UPDATE release SET bundle = '{}' WHERE version = 1")
    app = page(monkeypatch, made.store)
    assert "Its bundle in the store is damaged" in said(app)
    keys = [button.proto.id for button in app.get("download_button")]
    assert all("-2-" in key for key in keys), keys


def test_an_override_stays_red_and_is_said(monkeypatch, made):
    sql(made.store, "UPDATE release SET override = true WHERE version = 1")
    app = page(monkeypatch, made.store)
    words = said(app)
    # The head, twice what was live today, and two rows of the time line.
    assert words.count('<span class="a-status a-bad">override</span>') == 5
    assert '<span class="a-status a-bad">live</span>' in words
    assert "The gate did not pass; Li and Zhao overrode it." in words
    assert "overridden by Li and Zhao" in words


def test_a_demo_store_is_marked_on_every_release(monkeypatch, tmp_path):
    demo = passing_store(tmp_path / "demo", demo=True)
    sign(demo, demo.li)
    sign(demo, demo.zhao)
    make(demo.store, demo.li, demo.candidate)
    words = said(page(monkeypatch, demo.store))
    assert words.count('<span class="a-status a-bad">demo store</span>') == 4


def test_what_was_live_on_a_day_is_answered_with_who_signed_and_one_file(monkeypatch, made):
    sql(made.store, "UPDATE release SET created = created - to_days(CAST(40 - 10 * id AS INTEGER))")
    today = utc_now().date()
    app = page(monkeypatch, made.store, on=(today - timedelta(days=25)).isoformat())
    words = said(app).split("What was live on")[1]
    assert "<b>v1 triage@400</b>" in words.split("a-notice")[0].split("Time line")[0]
    assert "all day" in words
    assert "signed by Li (" in words
    app.date_input(key="releases-on").set_value(today - timedelta(days=20)).run()
    words = said(app)
    assert "<b>v2 triage@600</b>" in words
    assert app.query_params["on"] == (today - timedelta(days=20)).isoformat()
    app.date_input(key="releases-on").set_value(date(2020, 1, 1)).run()
    assert "2020-01-01: nothing was live in prod; the first release was on" in said(app)


def test_another_environment_is_chosen_and_stays_in_the_address(monkeypatch, made):
    sql(made.store, "UPDATE release SET environment = 'staging' WHERE version = 2")
    app = page(monkeypatch, made.store)
    assert "Live in prod: v1" in said(app)
    picker = next(group for group in app.get("button_group") if "staging" in group.options)
    picker.set_value("staging").run()
    assert app.query_params["env"] == "staging"
    assert "Live in staging: v2, triage@600" in said(app)


def test_before_the_first_release_the_page_says_how_to_make_one(monkeypatch, full_store):
    app = page(monkeypatch, full_store)
    words = said(app)
    assert "Nothing was ever released in prod." in words
    assert "assay release make RUN@STEP" in words
    assert "To the release check" in [link.proto.label for link in app.get("page_link")]


def home(monkeypatch, store, who=None):
    st.cache_data.clear()
    monkeypatch.setenv("ASSAY_STORE", str(store.path))
    if who is not None:
        monkeypatch.setattr(identity, "actor", lambda: who)
    app = AppTest.from_file(str(APP), default_timeout=60)
    app.query_params["lang"] = "en"
    app.run()
    assert not app.exception
    return said(app)


def test_home_tells_of_servers_that_run_something_else(monkeypatch, made):
    words = home(monkeypatch, made.store, made.first.qian)
    assert "gpu-2 said since that they run something else" in words
    sql(made.store, "DELETE FROM confirmation WHERE host = 'gpu-2'")
    assert "something else" not in home(monkeypatch, made.store, made.first.qian)


def test_home_tells_of_a_release_that_nobody_confirms_where_servers_confirm_at_all(monkeypatch, made):
    sql(made.store, "UPDATE confirmation SET created = created - INTERVAL 1 DAY")
    assert "no server has confirmed" not in home(monkeypatch, made.store)
    sql(made.store, "UPDATE release SET created = created - INTERVAL 1 HOUR WHERE id = 3")
    assert "no server has confirmed since that it runs it" in home(monkeypatch, made.store)
    sql(made.store, "DELETE FROM confirmation")
    assert "no server has confirmed" not in home(monkeypatch, made.store)


@pytest.mark.parametrize(
    ("sentence", "chinese"),
    [
        ("its base is gone from /models/base; put it back", "/models/base 里的基座不见了，请放回去"),
        ("v1 of prod cannot be put back: its checkpoint a/b is gone", "v1（prod）不能重新上线：它的检查点 a/b 不见了"),
        (
            "Sun put v1 of prod back; another lead must confirm it",
            "v1（prod）是 Sun 重新上线的，须由另一位负责人确认",
        ),
        (
            "Li has confirmed v1 of prod already, on 2026-11-29 08:30 UTC",
            "Li 已于 2026-11-29 08:30 UTC 确认了 v1（prod）",
        ),
        (
            "Li counts as who put v1 of prod back; another lead must confirm it",
            "Li 算作让 v1（prod）重新上线的人，须由另一位负责人确认",
        ),
        (
            "since you looked, v2 of prod was made live by Li; look again",
            "在你查看之后，Li 让 v2（prod）上线了；请重新查看",
        ),
        ("an odd sentence", "an odd sentence"),
    ],
)
def test_what_a_release_says_no_with_is_said_in_chinese(sentence, chinese):
    assert release_said(sentence, "zh") == chinese
    assert release_said(sentence, "en") == sentence


def test_every_sentence_that_is_known_has_its_blanks(made):
    for key, form in FORMS.items():
        blanks = set(re.findall(r"\{(\w+)\}", TEXTS[key]["zh"]))
        assert blanks <= set(form.groupindex), key
