"""The page Release check: building the folder, signing what is on screen, releasing it; and who may not."""

import json

import pytest
import streamlit as st

from evals.gate.approvals import override, refuse
from evals.gate.looking import look
from evals.release.making import make
from store.access import Actor
from store.requests import finish, take
from store.users import grant
from tests.dashboard.checked import alarm, approvals, candidate, home, labels, page, press, said
from tests.evals.gate.passing import copied, new_campaign, passing_store, sign

REASON = "The hospital needs it today, and the old one is worse."


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return passing_store(tmp_path_factory.mktemp("passing") / "runs")


@pytest.fixture
def made(whole, tmp_path):
    return copied(whole, tmp_path / "runs")


def test_a_lead_approves_what_is_on_screen_with_a_second_press(monkeypatch, made):
    app = candidate(monkeypatch, made, made.li)
    digest = look(made.store, made.li, made.candidate).digest
    words = press(app, "Approve")
    assert approvals(made.store) == []
    assert "You approve the release of triage@400 to prod." in words
    assert digest in words
    app.text_area[0].set_value("Good work.")
    words = press(app, "Sign: approve")
    assert approvals(made.store) == [
        {"kind": "approve", "user_id": made.li.user, "evidence_sha256": digest, "way": "oidc", "reason": "Good work."}
    ]
    assert "not yet: 1 signature is missing" in words
    assert "<b>Li</b>" in words
    assert "by the server&#x27;s key, after a login" in words
    assert "Approve" not in labels(app)


def test_a_press_can_be_taken_back(monkeypatch, made):
    app = candidate(monkeypatch, made, made.li)
    press(app, "Approve")
    press(app, "Cancel")
    assert "Approve" in labels(app)
    assert approvals(made.store) == []


def test_what_changed_between_the_two_presses_is_not_signed(monkeypatch, made):
    app = candidate(monkeypatch, made, made.li)
    press(app, "Approve")
    alarm(made)
    st.cache_data.clear()
    app.run()
    words = said(app)
    assert "Sign: approve" not in labels(app)
    assert "no: 1 check fails" in words


def test_evidence_that_changes_under_the_panel_is_told_with_both_digests(monkeypatch, made):
    app = candidate(monkeypatch, made, made.li)
    press(app, "Refuse")
    before = look(made.store, made.li, made.candidate).digest
    alarm(made)
    st.cache_data.clear()
    app.run()
    now = look(made.store, made.li, made.candidate).digest
    assert f"The evidence has just changed, from {before[:12]} to {now[:12]}" in said(app)
    assert "Sign: refuse" not in labels(app)
    press(app, "I have looked again")
    assert "Refuse" in labels(app)


def test_a_signature_on_other_evidence_is_void_and_says_why(monkeypatch, made):
    sign(made, made.li)
    alarm(made)
    words = said(candidate(monkeypatch, made))
    assert "void: the evidence has changed since" in words
    assert "作废：证据此后有变化" in said(candidate(monkeypatch, made, lang="zh"))


def test_a_refusal_needs_a_reason_and_holds_it_up(monkeypatch, made):
    app = candidate(monkeypatch, made, made.li)
    press(app, "Refuse")
    assert "Not signed: a refusal needs a reason" in press(app, "Sign: refuse")
    app.text_area[0].set_value("The <b>doses</b> are wrong.")
    words = press(app, "Sign: refuse")
    assert "no: refused by Li" in words
    assert "Li refused it: The &lt;b&gt;doses&lt;/b&gt; are wrong." in words
    assert [row["kind"] for row in approvals(made.store)] == ["refuse"]


def test_what_does_not_pass_can_be_overridden_and_stays_red(monkeypatch, made):
    alarm(made)
    app = candidate(monkeypatch, made, made.li)
    assert [label for label in labels(app) if label in ("Approve", "Refuse", "Override")] == ["Refuse", "Override"]
    press(app, "Override")
    app.text_area[0].set_value("short")
    assert "Not signed: an override needs a reason of 30 characters at least without blanks" in press(
        app, "Sign: override"
    )
    app.text_area[0].set_value(REASON)
    words = press(app, "Sign: override")
    assert '<span class="a-status a-bad">override</span>' in words
    override(made.store, made.zhao, look(made.store, made.zhao, made.candidate), REASON)
    words = said(candidate(monkeypatch, made, made.li))
    assert "overridden: it may be released" in words
    assert "Leads override it though one check does not pass: Alarms." in words


def test_what_was_released_by_override_is_red_for_ever(monkeypatch, made):
    alarm(made)
    for lead in (made.li, made.zhao):
        override(made.store, lead, look(made.store, lead, made.candidate), REASON)
    make(made.store, made.li, made.candidate)
    made.store.transaction(lambda tx: tx.execute("DELETE FROM event WHERE level = 'alarm'"))
    words = said(candidate(monkeypatch, made))
    assert '<span class="a-status a-bad">released as v1, live since' in words
    assert '<span class="a-status a-bad">override</span>' in words
    assert '<span class="a-status a-bad">live v1</span>' not in words
    assert '<span class="a-status a-bad">override</span>' in said(page(monkeypatch, made.store))


def test_two_approvals_let_a_lead_release_it(monkeypatch, made):
    for lead in (made.li, made.zhao):
        sign(made, lead)
    app = candidate(monkeypatch, made, made.sun)
    words = said(app)
    assert "it can be released" in words
    assert "Nothing is missing; it can be released." in words
    press(app, "Release")
    assert made.store.rows("SELECT * FROM release") == []
    words = press(app, "Release it")
    assert made.store.rows("SELECT version, created_by FROM release") == [{"version": 1, "created_by": made.sun.named}]
    assert "Released as v1." in words
    assert "released as v1, live since" in words
    assert "It is live; nobody has to sign any more." in words
    assert "What exactly was released" in words


def test_a_release_that_the_files_speak_against_is_refused_in_place(monkeypatch, made):
    for lead in (made.li, made.zhao):
        sign(made, lead)
    app = candidate(monkeypatch, made, made.li)
    (made.folder / "tokenizer.json").write_text('{"version": "9.9"}')
    press(app, "Release")
    assert "Not released: " in press(app, "Release it")
    assert made.store.rows("SELECT * FROM release") == []


@pytest.mark.parametrize(
    ("who", "role", "why"),
    [
        ("chen", "lead", "You may not sign: Chen owns the run of triage@400; somebody else must sign."),
        ("wang", "lead", "You may not sign: Dr Wang graded in campaign"),
        ("qian", None, "Leads sign; by your role you may look, and not sign."),
        ("chen", None, "Leads sign; by your role you may look, and not sign."),
    ],
)
def test_whoever_may_not_sign_sees_why(monkeypatch, made, who, role, why):
    actor = getattr(made, who)
    if role:
        grant(made.store, Actor("command", None, "root"), NAMES[who], role, None)
    app = candidate(monkeypatch, made, actor)
    assert why in said(app)
    assert {"Approve", "Refuse", "Override", "Release"} & set(labels(app)) == set()


NAMES = {"chen": "Chen", "wang": "Dr Wang"}


def test_the_reason_against_somebody_is_said_in_chinese(monkeypatch, made):
    grant(made.store, Actor("command", None, "root"), "Chen", "lead", None)
    assert "您不能签字：triage@400 这次运行属于 Chen，须由别人签字。" in said(
        candidate(monkeypatch, made, made.chen, lang="zh")
    )


@pytest.mark.parametrize(
    ("lang", "told"),
    [("en", "the owner &quot;Chne&quot; of triage is nobody known here"), ("zh", "属于“Chne”，这里没有")],
)
def test_an_owner_whom_nobody_here_is_is_told_of_and_hinders_nobody(monkeypatch, made, lang, told):
    sql = """UPDATE run SET config = '{"run": {"owner": "Chne"}}' WHERE name = 'triage'"""
    made.store.transaction(lambda tx: tx.execute(sql))
    app = candidate(monkeypatch, made, made.li, lang=lang)
    assert told in said(app)
    assert len(labels(app)) > 1


def test_a_role_that_was_taken_back_signs_nothing(monkeypatch, made):
    app = candidate(monkeypatch, made, made.li)
    press(app, "Approve")
    made.store.transaction(
        lambda tx: tx.execute("UPDATE role SET revoked = granted WHERE user_id = $id", {"id": made.li.user})
    )
    next(button for button in app.button if button.label == "Sign: approve").click().run()
    assert approvals(made.store) == []


def unproposed(made):
    made.store.transaction(lambda tx: tx.execute("DELETE FROM proposal"))
    return made


def test_without_a_folder_it_says_how_to_build_one(monkeypatch, made):
    words = said(candidate(monkeypatch, unproposed(made)))
    assert "There is no folder to be released yet" in words
    assert "assay gate check triage@400 --store" in words
    assert "There is nothing to sign before the folder is built." in words
    assert "not yet: 3 checks are missing" in words


def test_the_button_asks_an_evaluator_to_build_it(monkeypatch, made):
    app = candidate(monkeypatch, unproposed(made), made.chen)
    words = press(app, "Have an evaluator build it")
    rows = made.store.rows("SELECT q.kind, q.args, q.actor, r.name FROM request q JOIN run r ON r.id = q.run_id")
    assert [(row["kind"], row["name"], row["actor"]) for row in rows] == [("propose", "triage", made.chen.named)]
    assert json.loads(rows[0]["args"]) == {"place": "1@400"}
    assert "triage@400: waits for an evaluator" in words
    assert "assay eval triage --watch" in words
    assert next(button for button in app.button if button.label == "Have an evaluator build it").disabled
    [request] = take(made.store, "triage", ("propose",))
    finish(made.store, request.id, "not built: no room is left")
    assert "triage@400 已答复：没有生成：no room is left" in said(candidate(monkeypatch, made, made.chen, lang="zh"))


def test_merged_weights_can_be_asked_for(monkeypatch, made):
    app = candidate(monkeypatch, unproposed(made), made.chen)
    app.checkbox[0].check().run()
    press(app, "Have an evaluator build it")
    rows = made.store.rows("SELECT args FROM request")
    assert json.loads(rows[0]["args"]) == {"place": "1@400", "merge": True}


def test_an_auditor_cannot_ask_for_it(monkeypatch, made):
    assert "Have an evaluator build it" not in labels(candidate(monkeypatch, unproposed(made), made.qian))


def test_home_tells_a_lead_of_what_waits_for_a_signature_until_it_is_given(monkeypatch, made):
    assert "check it and sign" in home(monkeypatch, made.store, made.li)
    sign(made, made.li)
    assert "signatures; yours is missing" not in home(monkeypatch, made.store, made.li)
    assert "1 of 2 signatures; yours is missing" in home(monkeypatch, made.store, made.zhao)
    sign(made, made.zhao)
    assert "signed by all who must; release it" in home(monkeypatch, made.store, made.li)
    make(made.store, made.li, made.candidate)
    assert "release it" not in home(monkeypatch, made.store, made.li)


def test_home_tells_nobody_of_what_they_may_not_sign(monkeypatch, made):
    assert "check it and sign" not in home(monkeypatch, made.store, made.chen)
    assert "check it and sign" not in home(monkeypatch, made.store, made.qian)
    grant(made.store, Actor("command", None, "root"), "Chen", "lead", None)
    assert "check it and sign" not in home(monkeypatch, made.store, made.chen)
    refuse(made.store, made.li, look(made.store, made.li, made.candidate), "Not yet.")
    assert "check it and sign" not in home(monkeypatch, made.store, made.zhao)


def test_home_waits_for_nobody_while_experts_judge(monkeypatch, made):
    new_campaign(made)
    assert "check it and sign" not in home(monkeypatch, made.store, made.li)
