"""The gate in Chinese: every sentence is there, with the same words in it, and no English bit is left."""

import re

import pytest

from evals.gate.types import Check
from evals.gate.words import SAYS
from evals.gate.words_zh import SAYS_ZH, says_in


def words_of(sentence):
    return sorted(re.findall(r"\{(\w+)\}", sentence))


def test_every_sentence_is_there_in_chinese():
    assert sorted(SAYS_ZH) == sorted(SAYS)


@pytest.mark.parametrize("key", sorted(SAYS))
def test_a_sentence_has_the_same_words_in_both_languages(key):
    assert words_of(SAYS_ZH[key]) == words_of(SAYS[key])
    assert re.search(r"[\u4e00-\u9fff]", SAYS_ZH[key])


@pytest.mark.parametrize(
    ("sentence", "words", "said"),
    [
        ("digests.unknown", {"what": "chat template"}, "缺少对话模板的摘要，说不清要发布的是什么"),
        ("files.changed", {"what": "state.json has another size"}, "检查点与封存时不一致：state.json 大小不同"),
        (
            "files.changed", {"what": "its manifest.json is not the one that was sealed"},
            "检查点与封存时不一致：manifest.json 不是封存时的那一份",
        ),
        ("proposal.changed", {"what": "evil.py was added"}, "要发布的文件夹与生成时不一致：多出 evil.py"),
        (
            "exact.waived", {"said": "steps that were done again did not come to the same numbers (1 of 3 times)"},
            "重做的步没有得到相同的数（3 次中有 1 次不同）；规则不要求这一项",
        ),
        (
            "campaign.baseline", {"name": "base", "against": "the start of triage", "baseline": "released v3"},
            "盲评 base 是与 triage 的起点 相比，而不是与它要取代的 已发布的 v3 相比",
        ),
        (
            "scores.kept", {
                "suite": "triage", "digest": "3f9a61c07b2e", "n": 84, "metric": "bleu", "difference": "+6.6",
                "low": "+4.6", "high": "+8.5", "version": 1,
            },
            "triage（3f9a61c07b2e，84 题）的 bleu 与线上版本 v1 相差 +6.6（+4.6 … +8.5）",
        ),
        (
            "experts.counted",
            {"said": "experts prefer it: 22 : 5 : 7, strength 32 (20 decides)", "n": 34, "later": 6},
            "专家更喜欢它：22 : 5 : 7，证据强度 32（20 即可判定）；前 34 对已判定，此后评的 6 对不计入",
        ),
        (
            "experts.not_worse", {"margin": "15.0 points", "wins": 3, "ties": 2, "losses": 1},
            "专家认为它不差过 15.0 个百分点：3 : 2 : 1",
        ),
        (
            "campaign.none", {"candidate": "triage@400", "baseline": "base"},
            "还没有专家评过：assay review open --candidate triage@400 --baseline base --questions FILE",
        ),
    ],
)  # fmt: skip
def test_bits_of_a_sentence_are_said_in_chinese_and_names_stay(sentence, words, said):
    check = Check("any", None, None, "fail", sentence, words)
    assert says_in("zh", check) == said
    assert says_in("en", check) == SAYS[sentence].format(**words)
