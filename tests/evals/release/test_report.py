"""The printed report: complete in both languages, every text escaped, nothing from elsewhere."""

import re
import shutil
import time
from html.parser import HTMLParser

import pytest

from evals.gate.approvals import override
from evals.gate.looking import look
from evals.gate.policy import whole_policy
from evals.release.confirming import confirm
from evals.release.errors import RefusedError
from evals.release.report import report_html
from evals.release.report_words import WORDS, words_of
from evals.release.reporting import local_and_utc, reported
from evals.release.restoring import restore
from store.access import AccessError
from store.loading import load_spools
from tests.evals.gate.passing import evaluate, new_campaign, passing_store
from tests.evals.release.world import release, signed, sql, world_of

EVIL = "<script>alert('x')</script> & \"more\""


class Texts(HTMLParser):
    """The tags of a page, and its texts."""

    def __init__(self) -> None:
        super().__init__()
        self.tags, self.texts, self.attributes = [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data):
        self.texts.append(data)


def page_of(world, language="en", named=None):
    html = report_html(reported(world.store, world.made.qian, named), language)
    found = Texts()
    found.feed(html)
    return html, " ".join(" ".join(found.texts).split()), found


@pytest.mark.parametrize("key", sorted(WORDS))
def test_every_word_is_there_in_both_languages_with_the_same_figures_in_it(key):
    assert sorted(WORDS[key]) == ["en", "zh"]
    inside = [sorted(re.findall(r"\{(\w+)\}", WORDS[key][language])) for language in ("en", "zh")]
    assert inside[0] == inside[1]
    if key not in ("brand", "digests.bundle"):
        assert WORDS[key]["zh"] != WORDS[key]["en"]
        assert re.search(r"[\u4e00-\u9fff]", WORDS[key]["zh"])


def test_every_check_of_the_gate_has_a_name(both):
    names = {one["name"] for one in reported(both.store, both.made.li, None).bundle["checks"]}
    for language in ("en", "zh"):
        assert all(words_of(language).name_of(name) for name in names)
    assert words_of("zh").name_of("scores/letters") == "自动评分 · letters"


def test_the_report_says_what_was_decided_who_signed_and_how_to_verify_it(both):
    _, said, _ = page_of(both)
    assert "Release report: v2 of prod" in said
    assert "Live now, since " in said
    assert "all 23 checks pass, and 2 of 2 required leads approved." in said
    assert "live until then: v1 (triage@400)" in said
    assert "Answers are better." in said
    assert "own key " in said
    assert "assay release verify triage@600-" in said
    assert "approvals_required = 2" in said
    assert "letters.jsonl" in said
    assert "handbook@80" in said
    assert "No server has confirmed what it runs" in said


def test_the_report_in_chinese_has_no_english_sentence(both):
    html, said, found = page_of(both, "zh")
    assert '<html lang="zh">' in html
    assert "发布报告：prod v2" in said
    assert "23 项检查全部通过，2 位负责人签字（规则要求 2 位）" in said
    assert "检查点可回滚" in said
    rows = [text.strip() for text in found.texts if text.strip()]
    checks = rows[rows.index("逐项检查") : rows.index("专家盲评")]
    assert [text for text in checks if re.fullmatch(r"[A-Za-z ,.]{25,}", text)] == []


@pytest.mark.parametrize("language", ["zh", "en"])
def test_it_holds_no_script_and_nothing_from_elsewhere(both, language):
    html, _, found = page_of(both, language)
    assert set(found.tags) & {"script", "img", "link", "iframe", "object", "svg", "form"} == set()
    assert [name for name, _ in found.attributes if name in ("src", "href") or name.startswith("on")] == []
    assert "url(" not in html
    assert "@import" not in html
    assert "default-src 'none'; style-src 'unsafe-inline'" in html
    assert "@page { size: A4;" in html


def test_every_text_is_escaped(approved):
    sql(approved.store, "UPDATE \"user\" SET name = $name WHERE name = 'Sun'", name=EVIL)
    approved.make(reason=EVIL)
    confirm(approved.store, approved.made.chen, "0" * 64, host=EVIL)
    html, said, found = page_of(approved)
    assert "script" not in found.tags
    assert EVIL in said
    assert "<script" not in html
    assert "<script" not in (approved.folder / "README.md").read_text()


def test_critical_errors_stand_there_with_their_texts(passing):
    quote = "Stale advice 3."
    candidate = passing.store.rows("SELECT candidate FROM mapping WHERE item = 'q003'")[0]["candidate"]
    side = "second" if candidate == "first" else "first"
    errors = f'[{{"answer": "{side}", "type": "wrong-fact", "quote": "{quote}"}}]'
    sql(passing.store, "UPDATE verdict SET errors = $errors WHERE item = 'q003' AND superseded IS NULL", errors=errors)
    world = release(signed(passing))
    for language, kind in (("en", "wrong fact"), ("zh", "事实错误")):
        _, said, _ = page_of(world, language)
        assert kind in said
        assert quote in said
        assert "What would you do in case 23757?" in said


def test_an_override_is_red_and_says_which_checks_do_not_pass(passing):
    evaluate(passing.store, 400, lost=30, suites=("facts",))
    sql(passing.store, "DELETE FROM eval_run WHERE suite = 'facts' AND step = 400")
    load_spools(passing.store)
    for lead in (passing.made.li, passing.made.zhao):
        override(passing.store, lead, passing.look(), "The clinic opens tomorrow, and nothing else answers.")
    passing.make()
    html, said, _ = page_of(passing)
    assert html.count('<p class="red">') == 1
    assert "though 1 of 22 checks do not pass: 2 of 2 required leads overrode the gate." in said
    assert '<span class="badge fail">fail</span>' in html
    assert "overrode the gate" in said
    assert "越过审核放行" in page_of(passing, "zh")[1]


def test_as_many_leads_are_said_to_be_required_as_the_gate_asked_for(passing):
    policy = whole_policy("[approval]\napprovals_required = 1\n")
    for lead in (passing.made.li, passing.made.zhao):
        seen = look(passing.store, lead, passing.made.candidate, policy=policy)
        override(passing.store, lead, seen, "The clinic opens tomorrow, and nothing else answers.")
    passing.make(policy=policy)
    _, said, _ = page_of(passing)
    assert "checks do not pass: 2 of 2 required leads overrode the gate." in said
    assert "The policy asks for one lead's signature only." not in said


def test_a_demo_store_is_red_and_one_signature_is_said(tmp_path):
    policy = '[review]\nn_max = 40\ncriteria = ["accurate"]\ncritical_limit = 0.3\n[approval]\napprovals_required = 1\n'
    world = release(signed(world_of(passing_store(tmp_path / "runs", demo=True, policy=policy), tmp_path)))
    html, said, _ = page_of(world)
    assert html.count('<p class="red">') == 2
    assert "Demo store: one person may have played every role" in said
    assert "The policy asks for one lead's signature only." in said
    new_campaign(world.made)
    assert "The policy asks for one lead's signature only." in page_of(world)[1]
    assert "演示数据" in page_of(world, "zh")[1]


def test_a_report_of_what_was_put_back_names_every_time_it_was_live(superseded):
    restore(superseded.store, superseded.made.sun, "v1", reason="v2 is worse")
    confirm(superseded.store, superseded.made.chen, reported_sha(superseded), host="gpu-1")
    _, said, _ = page_of(superseded, named="v2")
    assert "Not live now; it was live: " in said
    _, said, _ = page_of(superseded)
    assert "Release report: v1 of prod" in said
    assert "Nothing was live in prod before." in said
    assert "gpu-1 v1 " in said


def reported_sha(world):
    return reported(world.store, world.made.li, None).release.sha256


def test_a_folder_that_is_gone_does_not_take_the_report_with_it(superseded):
    shutil.rmtree(superseded.folder)
    assert "Release report: v2 of prod" in page_of(superseded)[1]


def test_nothing_is_reported_of_a_row_that_was_changed(superseded):
    sql(superseded.store, "UPDATE release SET bundle = replace(bundle, 'Answers are better.', 'All is well.')")
    with pytest.raises(RefusedError, match=r"the row of v2 of prod does not hold: bundle.json is not the one"):
        page_of(superseded)


def test_nothing_live_is_said(passing):
    with pytest.raises(RefusedError, match="nothing is live in prod; assay release make RUN@STEP releases"):
        reported(passing.store, passing.made.li, None)


def test_experts_read_no_report(both):
    with pytest.raises(AccessError):
        reported(both.store, both.made.wang, None)


def test_times_are_told_here_and_in_utc(monkeypatch):
    monkeypatch.setenv("TZ", "Asia/Shanghai")
    time.tzset()
    try:
        assert local_and_utc("2026-11-29T23:20:05Z") == "2026-11-30 07:20 (+08:00) · 2026-11-29 23:20 UTC"
    finally:
        monkeypatch.undo()
        time.tzset()
