"""The column as LLaMA-Factory computes it, and the classes of `evaluate`: the same numbers as the originals."""

import sys
from statistics import fmean

import pytest

from evals.metrics.llamafactory import as_llamafactory
from evals.metrics.scores import score_texts

SAID = ["发热三天，建议多喝水。复查 血常规。\n", "请挂呼吸内科门诊。", "", "服用 5 mg aspirin", " "]
WANTED = ["患者发热三天，应当多饮水。复查血常规。", "建议挂呼吸内科。", "多休息", "服用 5 mg 布洛芬", "好"]


def test_without_its_packages_the_column_is_null(monkeypatch):
    monkeypatch.setitem(sys.modules, "rouge_chinese", None)
    assert as_llamafactory(SAID, WANTED) is None
    assert score_texts(SAID, WANTED, "zh", parity=True, resamples=10).as_dict()["llamafactory"] is None


def test_the_column_is_what_llama_factory_computes():
    nltk = pytest.importorskip("nltk.translate.bleu_score")
    rouge_chinese = pytest.importorskip("rouge_chinese")
    jieba = pytest.importorskip("jieba")
    kept = {"bleu-4": [], "rouge-1": [], "rouge-2": [], "rouge-l": []}
    for said, wanted in zip(SAID, WANTED, strict=True):
        smooth = nltk.SmoothingFunction().method3
        kept["bleu-4"].append(round(100 * nltk.sentence_bleu([list(wanted)], list(said), smoothing_function=smooth), 4))
        words = [" ".join(jieba.cut(text)) for text in (said, wanted)]
        blank = not words[0].split() or not words[1].split()
        f = dict.fromkeys(kept, 0.0) if blank else {
            name: value["f"] for name, value in rouge_chinese.Rouge().get_scores(*words)[0].items()
        }  # fmt: skip
        for name in ("rouge-1", "rouge-2", "rouge-l"):
            kept[name].append(round(100 * f[name], 4))
    found = as_llamafactory(SAID, WANTED)
    assert list(found) == ["bleu4", "rouge1", "rouge2", "rougeL"]
    assert list(found.values()) == pytest.approx([fmean(values) for values in kept.values()])
    assert found["rougeL"] > 10


def test_the_column_is_there_only_when_asked_for():
    pytest.importorskip("rouge_chinese")
    plain, asked = (score_texts(SAID, WANTED, "zh", parity=parity, resamples=10) for parity in (False, True))
    assert (plain.llamafactory, asked.llamafactory) == (None, as_llamafactory(SAID, WANTED))


def test_the_classes_of_evaluate_give_the_same_scores_and_write_no_cache(tmp_path, monkeypatch):
    config = pytest.importorskip("evaluate").config
    monkeypatch.setattr(config, "HF_METRICS_CACHE", str(tmp_path / "cache"))
    from evals.metrics.classes import METRICS  # noqa: PLC0415 - it loads torch

    found = {}
    for metric in METRICS:
        found |= metric("zh", resamples=20).compute(predictions=SAID, references=WANTED)
    plain = score_texts(SAID, WANTED, "zh", resamples=20).as_dict()
    assert found == {name: plain[name] for name in found}
    assert list(found) == ["bleu", "chrf", "rouge1", "rouge2", "rougeL", "exact_match", "f1"]
    assert list(tmp_path.iterdir()) == []
