"""The page Campaigns: progress for all who may see it, results after a press only, and a form that asks for one."""

import json

import pytest

from assay.errors import AssayError
from dashboard.texts import TEXTS
from dashboard.views import campaign_form
from evals.review.offline import Offline
from store.database import Statement
from tests.dashboard.campaign_page import home, page, press, said
from tests.dashboard.reviewed import QUOTE, copied, reviewed_store
from tests.evals.review.campaigns import add_role, add_user, make_campaign
from tests.evals.review.judged import judge


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return reviewed_store(tmp_path_factory.mktemp("reviewed") / "runs")


@pytest.fixture
def made(whole, tmp_path):
    return copied(whole, tmp_path / "runs")


def audited(store, action):
    return store.rows("SELECT actor, object FROM audit WHERE action = $action ORDER BY seq", {"action": action})


def test_all_campaigns_are_listed_with_how_far_they_are(monkeypatch, made):
    app = page(monkeypatch, made.store)
    words = said(app)
    assert "12 of 60 pairs judged" in words
    assert "12 of 20 pairs judged" in words
    assert words.count(">closed<") == 2
    assert "simulated: a program made the verdicts up" in words
    assert "Which answer helps more?" in words
    assert audited(made.store, "peek") == []


def test_a_lead_of_one_campaign_is_not_told_who_asked_for_others(monkeypatch, made):
    drawn = []
    monkeypatch.setattr(campaign_form, "requests", lambda: drawn.append(1))
    lead = made.store.transaction(lambda tx: add_user(tx, "bound"))
    made.store.transaction(lambda tx: add_role(tx, lead, "lead", 1))
    page(monkeypatch, made.store, who=lead)
    assert drawn == []
    made.store.transaction(lambda tx: add_role(tx, lead, "lead"))
    page(monkeypatch, made.store, who=lead)
    assert drawn == [1]


def test_the_status_tells_progress_and_not_who_wins(monkeypatch, made):
    words = said(page(monkeypatch, made.store, made.going))
    assert "12 of 60 pairs" in words
    assert "secret-run@40 against secret-base@0" in words
    assert "2 of 2" in words
    assert "Looking is logged" in words
    for telling in ("Win difference", "dangerous advice", "won", "better", "a-decision"):
        assert telling not in words


def test_results_are_shown_after_a_press_and_the_look_is_logged(monkeypatch, made):
    app = page(monkeypatch, made.store, made.going)
    assert audited(made.store, "peek") == []
    words = press(app, "Show results")
    assert len(audited(made.store, "peek")) == 1
    assert "Nothing is decided yet" in words
    assert "Win difference" in words
    assert "Krippendorff" in words
    assert "Another 2 pairs have the same answer twice" in words
    assert len(app.get("vega_lite_chart")) == 1
    words = press(app, "Hide results")
    assert "Win difference" not in words
    press(app, "Show results")
    assert len(audited(made.store, "peek")) == 1


def test_critical_errors_are_shown_with_their_texts_as_plain_text(monkeypatch, made):
    words = press(page(monkeypatch, made.store, made.going), "Show results")
    assert "<b>Take</b>" not in words
    assert "&lt;b&gt;Take&lt;/b&gt; ten." in words
    assert "dangerous advice" in words
    assert "What of item-03?" in words
    assert "Second answer 3. It is that." in words
    assert "Candidate 1 of" in words
    assert QUOTE not in words


def test_what_was_decided_is_said_in_one_sentence(monkeypatch, made):
    words = press(page(monkeypatch, made.store, made.won), "Show results")
    assert "The candidate is better than the baseline; 11 pairs show it." in words
    assert "by its rules" in words
    assert ">none<" in words


@pytest.mark.parametrize(
    ("lang", "press_on", "words"),
    [
        ("en", "Show results", "3 of 12 verdicts came from offline packs, imported by &lt;b&gt;Wang, ann"),
        ("zh", "查看结果", "12 次评判中有 3 次来自离线文件，由 &lt;b&gt;Wang, ann 导入"),
    ],
)
def test_verdicts_that_came_by_packs_are_said_with_who_imported_them(monkeypatch, made, lang, press_on, words):
    found = Offline(3, 12, ("<b>Wang", "ann"))
    monkeypatch.setattr("evals.review.gathered.offline", lambda *_: found)
    assert words in press(page(monkeypatch, made.store, made.won, lang=lang), press_on)


def test_inconclusive_is_said_as_such_and_marked_where_it_is_simulated(monkeypatch, made):
    words = press(page(monkeypatch, made.store, made.stopped), "Show results")
    assert "after 2 pairs, which do not tell; that is not the same as no difference" in words
    assert "2 verdicts by people who had seen results (unblinded)" in words
    assert "simulated" in words
    assert "the &lt;wrong&gt; questions" in words


def test_it_is_said_in_chinese(monkeypatch, made):
    words = press(page(monkeypatch, made.store, made.won, lang="zh"), "查看结果")
    assert "候选优于基线：11 对评判足以证明。" in words


WHY = "At least 59 pairs are judged, so that critical errors are known well enough."

EARLY = {
    "en": (
        f"Good so far: the candidate is better than the baseline; 12 pairs show it. {WHY}",
        f"Good so far. {WHY}",
        "47",
    ),
    "zh": (
        "目前是好结果：候选优于基线，12 对评判足以证明。至少评 59 对，才能足够了解严重错误。",
        "目前是好结果。至少评 59 对，才能足够了解严重错误。",
        "47 对",
    ),
}


@pytest.mark.parametrize(("lang", "press_on"), [("en", "Show results"), ("zh", "查看结果")])
def test_good_news_that_waits_for_more_pairs_says_why(monkeypatch, made, lang, press_on):
    waiting = make_campaign(made.store, 80)
    judge(made.store, waiting.campaign, waiting.graders[0], "w" * 12)
    app = page(monkeypatch, made.store, waiting, lang=lang)
    for told in EARLY[lang]:
        assert f">{told}<" not in said(app)
    words = press(app, press_on)
    for told in EARLY[lang]:
        assert f">{told}<" in words
    assert not made.store.rows("SELECT 1 FROM campaign WHERE id = $id AND closed IS NOT NULL", {"id": waiting.campaign})


@pytest.mark.parametrize(
    ("lang", "press_on", "words"),
    [
        ("en", "Show results", "2 more are final, but come behind one"),
        ("zh", "查看结果", "另有 2 对已定稿，但按抽定的顺序"),
    ],
)
def test_what_is_final_behind_a_pair_that_is_not_is_said_to_be_not_weighed(monkeypatch, made, lang, press_on, words):
    gap = make_campaign(made.store, 6, policy="[review]\nn_max = 300\ncriteria = []\n")
    judge(made.store, gap.campaign, gap.graders[0], "w-ww")
    assert words in press(page(monkeypatch, made.store, gap, lang), press_on)


def test_not_worse_so_far_says_that_more_pairs_are_judged(monkeypatch, made):
    waiting = make_campaign(made.store, 80)
    judge(made.store, waiting.campaign, waiting.graders[0], "w" * 9 + "l" * 16)
    words = press(page(monkeypatch, made.store, waiting), "Show results")
    assert (
        "Good so far: the candidate is not worse by more than 15 points; that it is better is not shown (25 pairs). "
        f"{WHY}" in words
    )


def test_where_too_few_pairs_are_left_to_know_critical_errors_it_says_so(monkeypatch, made):
    short = make_campaign(made.store, 59, graders=1)
    judge(made.store, short.campaign, short.graders[0], "ss" + "w" * 12)
    words = press(page(monkeypatch, made.store, short), "Show results")
    assert "To know critical errors well enough takes 59 pairs, but only 57 can be judged." in words
    words = press(page(monkeypatch, made.store, short, lang="zh"), "查看结果")
    assert "要足够了解严重错误，需要评 59 对，但能评的只有 57 对。" in words


def test_the_status_says_the_least_pairs_of_the_rules_whoever_wins(monkeypatch, made):
    told, both = [], [make_campaign(made.store, 80) for _ in range(2)]
    made.store.transaction(lambda tx: tx.execute("UPDATE campaign SET opened = opened - INTERVAL 30 HOUR"))
    for one, outcomes in zip(both, ("w" * 12, "wltt" * 3), strict=True):
        judge(made.store, one.campaign, one.graders[0], outcomes)
        words = said(page(monkeypatch, made.store, one)).replace(f"campaign-{one.campaign}", "campaign")
        assert "at this pace; earlier once it is decided (with good news from 59 pairs on)" in words
        assert "59 pairs, to know critical errors well enough" in words
        told.append(words)
    assert told[0] == told[1]
    few = said(page(monkeypatch, made.store, made.won))
    assert "With good news at least" in few
    assert "to know critical errors well enough" not in few


def test_once_as_many_are_final_the_forecast_speaks_of_them_no_more(monkeypatch, made):
    one = make_campaign(made.store, 80)
    judge(made.store, one.campaign, one.graders[0], "wltt" * 15)
    words = said(page(monkeypatch, made.store, one))
    assert "at this pace; earlier once it is decided" in words
    assert "with good news from" not in words


def test_a_lead_closes_a_campaign_with_a_reason(monkeypatch, made):
    app = page(monkeypatch, made.store, made.going)
    assert "Say why it is closed." in press(app, "Close it for good")
    app.text_input(key=f"campaign-reason-{made.going.campaign}").set_value("no time")
    words = press(app, "Close it for good")
    assert "no time" in words
    assert "Close it for good" not in [button.label for button in app.button]
    row = made.store.rows("SELECT reason FROM campaign WHERE id = $id", {"id": made.going.campaign})
    assert row == [{"reason": "no time"}]


@pytest.mark.parametrize(
    ("role", "opens", "closes"), [("engineer", True, False), ("auditor", False, False), ("lead", True, True)]
)
def test_what_a_role_may_not_do_is_not_there(monkeypatch, made, role, opens, closes):
    who = made.store.transaction(lambda tx: add_user(tx, role))
    made.store.transaction(lambda tx: add_role(tx, who, role))
    app = page(monkeypatch, made.store, made.going, who=who)
    labels = [button.label for button in app.button]
    assert ("Close it for good" in labels) == closes
    assert "Show results" in labels
    app = page(monkeypatch, made.store, who=who)
    assert ("Ask for it" in [button.label for button in app.button] or "assay review open" in said(app)) == opens


def test_an_expert_has_no_such_page(monkeypatch, made):
    app = home(monkeypatch, made.store, made.going.graders[0])
    assert "secret" not in said(app)
    assert "campaign-" not in said(app)


def test_a_number_without_a_campaign_is_said(monkeypatch, made):
    class Nothing:
        campaign = 77

    assert "There is no campaign 77." in said(page(monkeypatch, made.store, Nothing))


def checkpoint(store, step=40):
    store.transaction(
        lambda tx: tx.execute(
            "INSERT INTO checkpoint (run_id, branch, step, state, path, sha256, created, changed) "
            "SELECT id, 1, $step, 'sealed', 'triage/checkpoints/x', 'aa', created, created FROM run",
            {"step": step},
        )
    )


def questions(folder):
    file = folder / "questions.jsonl"
    asked = ["Fever since Monday?", "How is gout treated?", "When does a lease end?", "What is a tort?", "Who is heir?"]
    rows = [json.dumps({"id": f"q{number}", "question": text}) for number, text in enumerate(asked)]
    file.write_text("\n".join(rows), encoding="utf-8")
    return file


def test_the_form_asks_the_evaluator_of_the_candidates_run(monkeypatch, made, tmp_path):
    checkpoint(made.store)
    app = page(monkeypatch, made.store)
    app.text_input(key="campaign-questions").set_value(str(questions(tmp_path)))
    words = press(app, "Ask for it")
    rows = made.store.rows("SELECT q.kind, q.args, r.name FROM request q JOIN run r ON r.id = q.run_id")
    assert [(row["kind"], row["name"]) for row in rows] == [("open-campaign", "triage")]
    assert json.loads(rows[0]["args"]) == {
        "candidate": "triage/1@40", "baseline": "base", "questions": f"{tmp_path}/questions.jsonl", "language": "en",
    }  # fmt: skip
    assert "triage/1@40 against base: waits for an evaluator" in words
    assert "assay eval triage --watch" in words


def release(store):
    """Something is live in prod, and something newer elsewhere."""
    proposal = """INSERT INTO proposal VALUES
        (1, NULL, 'triage@20', 1, 20, 'x', 'aa', 'y', 'bb', false, '{}', '[]', now(), 'user:1', '{}')"""
    row = """INSERT INTO release VALUES
        ($id, $where, 'release', $version, 1, 1, 'bb', false, '', now(), 'user:1', 'lead', '', '', '')"""
    store.transact([
        Statement(proposal), Statement(row, {"id": 1, "where": "prod", "version": 3}),
        Statement(row, {"id": 2, "where": "trial", "version": 9}),
    ])  # fmt: skip


def test_what_is_live_is_the_first_baseline_to_choose(monkeypatch, made, tmp_path):
    checkpoint(made.store)
    before = page(monkeypatch, made.store).selectbox(key="campaign-baseline")
    assert before.options == ["base (the start of its run)", "triage/1@40"]
    release(made.store)
    app = page(monkeypatch, made.store)
    baselines = app.selectbox(key="campaign-baseline")
    assert baselines.options == ["Released v3 (triage@20)", "base (the start of its run)", "triage/1@40"]
    app.text_input(key="campaign-questions").set_value(str(questions(tmp_path)))
    assert "triage/1@40 against released: waits for an evaluator" in press(app, "Ask for it")
    [row] = made.store.rows("SELECT args FROM request")
    assert json.loads(row["args"])["baseline"] == "released"


def test_what_would_fail_there_is_said_at_once(monkeypatch, made, tmp_path):
    checkpoint(made.store)
    app = page(monkeypatch, made.store)
    assert "Not asked: Name the file of questions." in press(app, "Ask for it")
    app.text_input(key="campaign-questions").set_value(str(tmp_path / "none.jsonl"))
    assert "none.jsonl" in press(app, "Ask for it")
    assert made.store.rows("SELECT * FROM request") == []


def test_a_lead_from_elsewhere_names_files_of_the_stores_folder_alone(monkeypatch, made, tmp_path_factory):
    checkpoint(made.store)
    app = page(monkeypatch, made.store, who=made.going.lead)
    elsewhere = questions(tmp_path_factory.mktemp("elsewhere"))
    for named in (elsewhere, elsewhere.parent / "none.jsonl"):
        app.text_input(key="campaign-questions").set_value(str(named))
        assert "Not asked: From elsewhere only files in the store" in press(app, "Ask for it")
    file = questions(made.store.root)
    app.text_input(key="campaign-questions").set_value(file.name)
    assert "the lead, " in press(app, "Ask for it")
    rows = made.store.rows("SELECT actor, json_extract_string(args, '$.questions') AS questions FROM request")
    assert rows == [{"actor": made.going.lead.named, "questions": str(file.resolve())}]


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"baseline": "triage/1@40"}, "Candidate and baseline are the same checkpoint"),
        ({"title": "triage against base"}, "tells experts what they judge"),
        ({"policy": "no.toml"}, "cannot read the policy no.toml"),
    ],
)
def test_fields_that_cannot_be_are_refused(tmp_path, fields, why):
    given = {"candidate": "triage/1@40", "baseline": "base", "questions": str(questions(tmp_path)), "language": "en"}
    assert campaign_form.checked(given) == "triage"
    with pytest.raises(AssayError, match=why):
        campaign_form.checked({**given, **fields})


def test_without_a_campaign_the_page_says_how_to_open_one(monkeypatch, full_store):
    words = said(page(monkeypatch, full_store))
    assert "No blind review yet" in words
    assert "assay review open --candidate RUN@STEP --baseline base --questions questions.jsonl" in words


def test_home_tells_a_lead_of_campaigns_that_ended_until_they_are_looked_at(monkeypatch, made):
    words = said(home(monkeypatch, made.store))
    assert "you have not looked at its results" in words
    assert TEXTS["waiting.nothing"]["en"] not in words.split("a-heading")[1]
    for ended in (made.stopped, made.won):
        press(page(monkeypatch, made.store, ended), "Show results")
    assert "you have not looked at its results" not in said(home(monkeypatch, made.store))


def test_home_tells_nobody_else_of_them(monkeypatch, made):
    who = made.store.transaction(lambda tx: add_user(tx, "engineer"))
    made.store.transaction(lambda tx: add_role(tx, who, "engineer"))
    assert "you have not looked at its results" not in home(monkeypatch, made.store, who)
