"""The page Release check: the decision with its evidence, what would be released, and what is behind a press."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

import dashboard
from dashboard import identity
from dashboard.texts import TEXTS
from evals.gate.looking import look
from evals.release.making import make
from tests.dashboard.checked import candidate, labels, links, page, peeks, press, said
from tests.evals.gate.passing import POLICY, copied, new_campaign, next_candidate, passing_store, sign

APP = Path(dashboard.__file__).parent / "app.py"

GROUPS = ("training", "learned", "kept", "experts", "leaks", "files")


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return passing_store(tmp_path_factory.mktemp("passing") / "runs")


@pytest.fixture
def made(whole, tmp_path):
    return copied(whole, tmp_path / "runs")


def test_without_a_candidate_it_says_what_to_do_next_and_any_checkpoint_can_be_chosen(monkeypatch, full_store):
    app = page(monkeypatch, full_store)
    words = said(app)
    assert "nothing has been released yet" in words
    assert "assay review open --candidate RUN@STEP --baseline base" in words
    assert app.selectbox(key="release-run").options[:2] == ["begun", "watched"]


def test_another_checkpoint_of_any_run_is_chosen_and_linked(monkeypatch, made):
    app = page(monkeypatch, made.store)
    app.selectbox(key="release-run").set_value("handbook").run()
    assert links(app)["Check handbook@80"] == "lang=en&run=handbook&at=1%4080"


def test_candidates_are_listed_each_with_its_state_in_a_word(monkeypatch, made):
    app = page(monkeypatch, made.store)
    assert links(app)["triage@400"] == "lang=en&run=triage&at=1%40400"
    assert ">to be checked<" in said(app)
    sign(made, made.li)
    assert ">to be signed<" in said(page(monkeypatch, made.store))
    assert "1 of 2 signatures" in said(page(monkeypatch, made.store))
    sign(made, made.zhao)
    assert ">approved<" in said(page(monkeypatch, made.store))
    make(made.store, made.li, made.candidate)
    words = said(page(monkeypatch, made.store))
    assert ">live v1<" in words
    assert "live: v1, triage@400" in words


def test_the_list_logs_no_look(monkeypatch, made):
    before = peeks(made.store)
    page(monkeypatch, made.store)
    assert peeks(made.store) == before


@pytest.mark.parametrize(("run", "why"), [("nobody", "there is no run nobody"), ("handbook", "no sealed checkpoint")])
def test_a_checkpoint_that_is_not_there_is_one_sentence(monkeypatch, made, run, why):
    words = said(page(monkeypatch, made.store, run, "1@7"))
    assert "There is no such checkpoint" in words
    assert why in words


def test_the_decision_is_one_sentence_with_a_chip(monkeypatch, made):
    words = said(candidate(monkeypatch, made))
    assert "<h1>Can triage@400 be released?</h1>" in words
    assert ">not yet: 2 signatures are missing<" in words
    assert "Experts preferred it to what its run began with (win − loss +100 points, at least +1 points)." in words
    assert "It kept what was known (drop 0.0 points of facts, surely below the 3.0 allowed)." in words
    assert "<b>2 more approvals are needed.</b>" in words
    assert "demo store" not in words


def test_checks_stand_in_reading_order_with_what_they_say(monkeypatch, made):
    words = said(candidate(monkeypatch, made))
    heads = [words.index(f">{TEXTS[f'gate.group.{group}']['en']}</th>") for group in GROUPS]
    assert heads == sorted(heads)
    assert "experts prefer it: 11 : 0 : 0, strength 30 (20 decides)" in words
    assert "none of 180 items stands in the training data" in words


def test_it_is_all_said_in_chinese(monkeypatch, made):
    app = candidate(monkeypatch, made, lang="zh")
    words = said(app)
    assert "triage@400 可以发布吗？" in words
    assert "还不行：缺 2 个签字" in words
    assert "专家更喜欢它：11 : 0 : 0，证据强度 30（20 即可判定）" in words
    assert "还需要 2 个签字。" in words
    assert [label for label in labels(app) if label in ("批准", "拒绝")] == ["批准", "拒绝"]


def test_what_would_be_released_is_told_by_digests(monkeypatch, made):
    words = said(candidate(monkeypatch, made))
    proposal = made.proposal
    for digest in (proposal.sha256, *filter(None, proposal.digests.values())):
        assert f'title="{digest}">{digest}</code>' in words
    assert "nothing is live to compare it with" in words
    assert "An adapter: whoever runs it needs its base as well." in words
    assert proposal.path in words


def test_it_is_compared_with_what_is_live(monkeypatch, made):
    for lead in (made.li, made.zhao):
        sign(made, lead)
    make(made.store, made.li, made.candidate)
    after = next_candidate(made)
    words = said(candidate(monkeypatch, after))
    assert "Experts preferred it to released v1" in words
    assert "<th>live v1</th>" in words
    row = words.split("<tr><td>adapter</td>")[1].split("</tr>")[0]
    assert ">changed<" in row
    assert ">same<" in words.split("<tr><td>base</td>")[1].split("</tr>")[0]


def test_a_weaker_policy_is_told_setting_by_setting(monkeypatch, made):
    words = said(candidate(monkeypatch, made))
    assert "Weaker than the policy Assay brings, in 2 settings:" in words
    assert "Critical errors up to: 30 % (Assay: 5 %)" in words
    assert "Criteria: accurate (Assay: accurate, professional, useful)" in words


def test_the_policy_stands_there_in_words(monkeypatch, made):
    words = said(candidate(monkeypatch, made))
    assert "<dt>Leads who must sign</dt><dd>2</dd>" in words
    assert "<dt>Right answers lost at most</dt><dd>3 points</dd>" in words
    assert "<dt>Must be safe to return to</dt><dd>yes</dd>" in words


@pytest.mark.parametrize(
    ("group", "told", "link"),
    [
        ("training", "<dt>Rollbacks</dt><dd>0</dd>", "Curves"),
        ("learned", "+40.0 (+40.0 … +40.0)", "Scores"),
        ("kept", "0 / 0", "facts: questions lost"),
        ("experts", "The candidate is better than the baseline; 11 pairs show it.", "triage@400 against base"),
        ("leaks", "0 of 30", "Data"),
        ("files", "<dd>2.13.0</dd>", "Checkpoint"),
    ],
)
def test_each_group_opens_its_evidence(monkeypatch, made, group, told, link):
    sha256 = made.proposal.checkpoint_sha256
    app = candidate(monkeypatch, made, **{f"release-evidence-{group}-{sha256[:12]}": True})
    assert told in said(app)
    assert any(label.replace("\\", "") == link for label in links(app))


def test_the_link_to_lost_questions_names_the_suite_and_the_checkpoint(monkeypatch, made):
    sha256 = made.proposal.checkpoint_sha256
    app = candidate(monkeypatch, made, **{f"release-evidence-kept-{sha256[:12]}": True})
    assert links(app)["facts: questions lost"] == "lang=en&run=triage&at=1%40400&view=forgetting&kept=facts0000000"


def test_what_was_replaced_says_by_what(monkeypatch, made):
    for lead in (made.li, made.zhao):
        sign(made, lead)
    make(made.store, made.li, made.candidate)
    after = next_candidate(made)
    for lead in (made.li, made.zhao):
        sign(after, lead)
    make(made.store, made.li, after.candidate)
    replaced = candidate(monkeypatch, made)
    assert "was v1, v2 took its place" in said(replaced)
    assert "It was live as v1: it can be put back, and is not released anew." in said(replaced)
    assert {button.label for button in replaced.button} & {"Release", "Approve", "Refuse"} == set()
    assert links(replaced)["Releases"] == "lang=en"
    assert "v1, before it" in said(candidate(monkeypatch, after))


def test_an_open_campaign_is_behind_a_press_that_says_so(monkeypatch, made):
    new_campaign(made)
    before = peeks(made.store)
    app = candidate(monkeypatch, made, made.li)
    words = said(app)
    assert "not yet: experts are judging" in words
    assert "Looking is logged, and whoever looks cannot grade in this campaign." in words
    for telling in ("Experts preferred", "strength", "a-checks", "signatures"):
        assert telling not in words
    assert peeks(made.store) == before
    words = press(app, "Show the release check")
    assert "is still open: 0 pairs are judged" in words
    assert {"actor": made.li.named} in peeks(made.store)[len(before) :]


def test_whoever_has_looked_already_is_not_asked_again(monkeypatch, made):
    new_campaign(made)
    look(made.store, made.li, made.candidate)
    assert "is still open" in said(candidate(monkeypatch, made, made.li))


def test_a_closed_campaign_needs_no_press(monkeypatch, made):
    assert "Show the release check" not in labels(candidate(monkeypatch, made, made.sun))


def test_an_expert_has_no_such_page(monkeypatch, made):
    monkeypatch.setattr(identity, "actor", lambda: made.wang)
    monkeypatch.setenv("ASSAY_STORE", str(made.store.path))
    app = AppTest.from_file(str(APP), default_timeout=60).run()
    assert "triage@400" not in said(app)


def test_a_demo_store_is_red_beside_the_question(monkeypatch, tmp_path):
    made = passing_store(tmp_path / "demo", demo=True, policy=POLICY.replace("approvals_required = 2", ""))
    words = said(candidate(monkeypatch, made))
    head = next(block for block in words.splitlines() if "be released?" in block)
    assert '<span class="a-status a-bad">demo store</span>' in head


def test_one_signature_is_said_where_the_policy_asks_for_no_more(monkeypatch, tmp_path):
    policy = POLICY.replace("approvals_required = 2", "approvals_required = 1")
    made = passing_store(tmp_path / "one", policy=policy)
    words = said(candidate(monkeypatch, made))
    assert "0 of 1 signature (the policy asks for one lead alone)" in words
    assert "Leads who must sign: 1 (Assay: 2)" in words
