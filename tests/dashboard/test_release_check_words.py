"""The gate's names, settings and sentences are on the page in both languages, whatever it may say."""

from dataclasses import asdict, replace

import pytest

from dashboard.gate_said import FORMS, gate_said
from dashboard.texts import LANGUAGES, TEXTS
from dashboard.views import release_check_policy as policy_words
from dashboard.views import release_check_table
from dashboard.views import release_check_what as what
from dashboard.views import release_check_words as words
from evals.gate import signed
from evals.gate.approvals import GateError, approve, conflict, override, refuse, require_clock
from evals.gate.gate import gate
from evals.gate.looking import look
from evals.gate.policy import AutoPolicy, ForgettingPolicy, default_policy
from evals.gate.types import Check
from store.access import AccessError
from store.clock import utc_now
from tests.evals.gate.made_evidence import EVIDENCE, POLICY
from tests.evals.gate.passing import copied, passing_store, sign


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return passing_store(tmp_path_factory.mktemp("passing") / "runs")


@pytest.fixture
def made(whole, tmp_path):
    return copied(whole, tmp_path / "runs")


def every_check():
    """The checks of evidence that is whole, of none at all, and of suites that are missing."""
    nothing = {**EVIDENCE, "scores": [], "forgetting": [], "review": None, "proposal": None}
    named = replace(POLICY, auto=AutoPolicy(suites=("a",)), forgetting=ForgettingPolicy(suites=("b",)))
    return [*gate(POLICY, EVIDENCE), *gate(POLICY, nothing), *gate(named, nothing)]


def test_every_check_has_a_name_and_a_group():
    for check in every_check():
        assert f"gate.check.{check.name.partition('/')[0]}" in TEXTS
        assert words.group_of(check) in words.GROUPS
    assert {kind for kinds in words.GROUPS.values() for kind in kinds} == {
        check.name.partition("/")[0] for check in every_check()
    }


def test_every_result_and_group_has_a_word():
    assert {f"gate.result.{result}" for result in words.WEAKEST} <= set(TEXTS)
    assert {f"gate.group.{group}" for group in words.GROUPS} <= set(TEXTS)
    assert {f"release.evidence.{group}" for group in words.GROUPS} <= set(TEXTS)


def test_every_setting_of_a_policy_has_words():
    policy = default_policy()
    settings = {
        f"gate.setting.{section}.{key}" for section in policy_words.SECTIONS for key in asdict(getattr(policy, section))
    }
    assert settings == {key for key in TEXTS if key.startswith("gate.setting.")}
    assert {f"gate.section.{section}" for section in policy_words.SECTIONS} <= set(TEXTS)


@pytest.mark.parametrize(
    ("section", "key", "found", "said"),
    [
        ("review", "alpha", 0.05, "5 %"), ("review", "margin", 0.15, "15 points"), ("review", "n_max", 300, "300"),
        ("review", "waive_agreement", True, "yes"), ("review", "criteria", (), "none"),
        ("review", "criteria", ("accurate", "kind"), "accurate, kind"), ("auto", "suites", (), "all, at least one"),
        ("auto", "min_gain", 0.0, "0"), ("forgetting", "margin", 0.03, "3 points"),
        ("forgetting", "suites", ("facts-b",), "facts-b"), ("forgetting", "max_leaked", 0.1, "10 %"),
        ("review", "max_position_z", 3.0, "3"),
    ],
)  # fmt: skip
def test_a_setting_is_said_as_people_would(section, key, found, said):
    assert policy_words.value(section, key, found) == said


def test_the_table_shows_markup_as_it_is_and_marks_what_does_not_pass():
    check = Check("alarms", 1, 0, "fail", "alarms.open", {"run": "r", "step": 3, "message": "<b>jump</b>"})
    html = release_check_table.table_html("Training <1>", [check])
    assert "Training &lt;1&gt;" in html
    assert "&lt;b&gt;jump&lt;/b&gt;" in html
    assert '<span class="a-status a-bad">fail</span>' in html
    assert "<th>check</th>" not in html
    assert "<th>check</th>" in release_check_table.table_html("Training", [check], head=True)


def test_a_digest_is_there_whole_to_be_copied():
    assert what.digest_html("a" * 64) == f'<code class="a-digest" title="{"a" * 64}">{"a" * 64}</code>'
    assert what.digest_html(None) == '<span class="a-quiet">–</span>'


def in_chinese(sentence):
    """The sentence in Chinese; the test fails for one that is not known."""
    said = gate_said(sentence, "zh")
    assert said != sentence, sentence
    return said


def refusal_of(act, *arguments, error=GateError, **named):
    with pytest.raises(error) as caught:
        act(*arguments, **named)
    return str(caught.value)


def test_whoever_may_not_sign_is_told_why_in_chinese(made):
    proposal = made.proposal

    def why(user):
        return made.store.snapshot(lambda snapshot: conflict(snapshot, user, proposal))

    assert in_chinese(why(made.chen.user)) == "triage@400 这次运行属于 Chen，须由别人签字"
    assert in_chinese(why(made.wang.user)).startswith("Dr Wang 在 triage@400 的盲评 ")


def test_what_signing_is_refused_with_is_known_in_chinese(made):
    seen = look(made.store, made.li, made.candidate)
    assert "拒绝需要理由" in in_chinese(refusal_of(refuse, made.store, made.li, seen, " "))
    sign(made, made.li)
    again = look(made.store, made.li, made.candidate)
    assert "Li 已经签过（approve）" in in_chinese(refusal_of(approve, made.store, made.li, again))
    other = replace(seen, digest="f" * 64)
    assert "你看过之后证据有变化" in in_chinese(refusal_of(approve, made.store, made.li, other))
    failing = replace(seen, decision="fail")
    short = in_chinese(refusal_of(override, made.store, made.li, failing, "short"))
    assert "至少 30 个字符（空格不算），现在是 5 个" in short
    hidden = in_chinese(refusal_of(override, made.store, made.li, failing, "\u200b"))
    assert hidden == "理由里有看不见的字符（U+200B）；请重写，不要带它"
    refused = refusal_of(approve, made.store, made.qian, seen, error=AccessError)
    assert in_chinese(refused) == "这需要角色 lead，请找管理员"
    early = utc_now().replace(year=2020)
    behind = refusal_of(made.store.snapshot, lambda snapshot: require_clock(snapshot, early))
    assert "早于审计日志的最后一行" in in_chinese(behind)


def test_every_reason_that_voids_a_signature_is_known_in_chinese(made):
    sign(made, made.li)
    proposal = made.proposal
    digest = look(made.store, made.li, made.candidate).digest

    def void(change="", evidence=digest):
        def read(transaction):
            if change:
                transaction.execute(change)
            return signed.standing(transaction, proposal, "prod", evidence, 2).void[0].void

        found = []
        with pytest.raises(ZeroDivisionError):
            made.store.transaction(lambda transaction: found.append(read(transaction)) or 1 / 0)
        return in_chinese(found[0])

    assert void(evidence="0" * 64) == "证据此后有变化"
    assert void("UPDATE role SET revoked = granted") == "签字人已不是负责人"
    assert void("DELETE FROM signing_key") == "签字用的密钥未在这里登记"
    assert void("UPDATE signing_key SET retired = created") == "签字用的密钥当时已停用"
    assert void("UPDATE signing_key SET user_id = 4711") == "签字用的是别人的密钥"
    assert void("UPDATE approval SET envelope = '{}'").startswith("内容不是当时所签：")
    assert void("UPDATE approval SET reason = 'another'") == "签字之后记录被改过"
    assert void(f"UPDATE approval SET evidence_sha256 = '{'1' * 64}'", "1" * 64) == "签的是另一个发布"


def test_a_sentence_that_is_not_known_is_shown_as_it_is():
    assert gate_said("something else", "zh") == "something else"


@pytest.mark.parametrize("key", FORMS)
def test_a_known_sentence_is_the_same_in_english(key):
    blanks = FORMS[key].groupindex
    told = TEXTS[key]["en"].format(**dict.fromkeys(blanks, "7"))
    assert gate_said(told, "en") == told
    assert set(TEXTS[key]) == set(LANGUAGES)
