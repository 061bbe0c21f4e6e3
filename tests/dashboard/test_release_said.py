"""Why a candidate is not released, in the reader's language: each reason that `evals.release.refusal` gives."""

import re
import shutil
from dataclasses import replace

import pytest

from dashboard.release_said import FORMS, release_said
from dashboard.texts import TEXTS
from evals.gate import approvals
from evals.gate.looking import look
from evals.gate.types import Check
from evals.gate.words import SAYS
from evals.gate.words_zh import SAYS_ZH, said_in
from evals.release.refusal import refusal, say_evidence_changed
from tests.evals.gate.passing import copied, passing_store, sign

LONG = "The clinic opens tomorrow, and nothing else answers."


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return passing_store(tmp_path_factory.mktemp("passing") / "runs")


@pytest.fixture
def made(whole, tmp_path):
    return copied(whole, tmp_path / "runs")


def seen(made):
    return look(made.store, made.sun, made.candidate)


def both(sentence):
    """The sentence in Chinese; in English it is the same."""
    assert release_said(sentence, "en") == sentence
    return release_said(sentence, "zh")


def test_without_a_folder_it_is_said_in_chinese(made):
    found = both(refusal(replace(seen(made), proposal=None)))
    assert found == "还没有由 triage@400 生成文件夹，没有东西可发布；请先提议：assay gate check triage@400"


def test_that_somebody_refused_is_said_in_chinese(made):
    approvals.refuse(made.store, made.li, seen(made), "It is rude: twice.")
    assert re.fullmatch(r"Li 于 [\d-]+ [\d:]+ UTC 拒绝了 triage@400：It is rude: twice\.", both(refusal(seen(made))))


def test_that_approvals_are_missing_and_why_one_is_void_is_said_in_chinese(made):
    how = "；由负责人在“发布审核”页批准，或用 assay gate approve triage@400 --key FILE"
    assert both(refusal(seen(made))) == f"triage@400 需要 2 个批准，还缺 2 个{how}"
    sign(made, made.li)
    made.store.transaction(lambda tx: tx.execute("UPDATE role SET revoked = granted WHERE user_id = $li", {
        "li": made.li.user
    }))  # fmt: skip
    said = both(refusal(seen(made)))
    assert said.startswith("triage@400 需要 2 个批准，还缺 2 个；Li 于 ")
    assert said.endswith(f" UTC 签的不算数：签字人已不是负责人{how}")


def test_that_the_gate_does_not_pass_is_said_in_chinese_with_its_check(made):
    folder = made.folder
    shutil.rmtree(made.checkpoint)
    gone = "triage@400 的审核结论是“不通过”：检查点文件：检查点的文件夹 triage/checkpoints/00000400-b1 不在了"
    assert both(refusal(seen(made))).startswith(gone)
    approvals.override(made.store, made.li, seen(made), LONG)
    assert both(refusal(seen(made))).endswith("；2 位负责人中已有 1 位强制放行，还缺 1 位")
    shutil.rmtree(folder)
    assert "；另有 1 项没有通过" in both(refusal(seen(made)))


def test_that_the_evidence_changed_is_said_in_chinese(made):
    found = seen(made)
    said = both(say_evidence_changed(found, replace(found, digest="f" * 64)))
    assert (
        said == f"triage@400 的证据在发布途中有变化：原来是 {found.digest[:12]}，现在是 ffffffffffff；请批准现在的证据"
    )


@pytest.mark.parametrize("key", sorted(SAYS))
def test_a_check_is_known_by_its_english_text(key):
    words = {name: f"{number}7" for number, name in enumerate(re.findall(r"\{(\w+)\}", SAYS[key]))}
    told = Check("any", None, None, "fail", key, words).says
    assert said_in("zh", told) == SAYS_ZH[key].format(**words)
    assert said_in("en", told) == told


@pytest.mark.parametrize("key", FORMS)
def test_every_known_sentence_has_its_words_in_both_languages(key):
    for words in TEXTS[key].values():
        assert set(re.findall(r"\{(\w+)\}", words)) <= set(FORMS[key].groupindex)
