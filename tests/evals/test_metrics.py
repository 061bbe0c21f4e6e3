"""BLEU, chrF and ROUGE are those of their libraries, see all of a mixed text, and give equal texts 100."""

import pytest
import sacrebleu
from hypothesis import given, settings
from hypothesis import strategies as st
from rouge_score.rouge_scorer import RougeScorer

from evals.metrics.answers import answer_tokens, exact_match, f1
from evals.metrics.ngrams import bleu, chrf
from evals.metrics.rouge import common_subsequence, rouge
from evals.metrics.scores import measure_texts, score_texts
from evals.metrics.tokens import TOKENIZERS, mixed
from evals.text.errors import DataError

SAID = ["发热三天，建议多喝水并复查血常规。", "请挂呼吸内科门诊。", "服用 5 mg aspirin 每日一次"]
WANTED = ["患者发热三天，应当多饮水，复查血常规。", "建议挂呼吸内科。", "服用 5 mg 布洛芬 每日两次"]
ENGLISH = ["The patient should take 5 mg twice a day.", "See a doctor, soon!"]
ENGLISH_WANTED = ["A patient takes 5 mg of it once a day.", "Please see the doctor soon."]

texts = st.lists(st.text("的一是 ab5.，\n\u2028é", max_size=12), min_size=1, max_size=5)
pairs = st.lists(
    st.tuples(st.text("一二三 ab.", max_size=12), st.text("一二三 ab.", max_size=12)), min_size=1, max_size=5
)


@pytest.mark.parametrize("lang", ["zh", "zh-CN", "en"])
def test_equal_texts_score_100_in_everything(lang):
    wanted = ENGLISH if lang == "en" else WANTED
    found = score_texts(wanted, wanted, lang, resamples=50)
    assert [(score.score, score.low, score.high) for score in found.scores.values()] == [(100.0, 100.0, 100.0)] * 7


def test_equal_short_chinese_answers_score_100_although_they_have_no_four_grams():
    found = score_texts(["骨科", "心内科"], ["骨科", "心内科"], "zh")
    assert {score.score for score in found.scores.values()} == {100.0}
    assert "eff:yes" in found.scores["bleu"].signature
    assert sacrebleu.corpus_bleu(["骨科", "心内科"], [["骨科", "心内科"]], tokenize="zh").score == 0


def test_a_short_prediction_of_a_long_text_keeps_the_usual_bleu():
    found = bleu(["发热"], ["发热三天，应当多饮水。"], "zh")
    assert (found.score, "eff:no" in found.signature) == (0.0, True)


def test_rouge_sees_chinese_where_rouge_score_alone_deletes_it():
    alone = RougeScorer(["rouge1"]).score(WANTED[0], WANTED[0])["rouge1"].fmeasure
    assert (alone, rouge(WANTED[:1], WANTED[:1])["rouge1"].score) == (0.0, 100.0)


def test_mixed_text_is_scored_on_all_of_it():
    said, wanted = "服用 5 mg aspirin 每日", "服用 5 mg 布洛芬 每日"
    alone = RougeScorer(["rouge1"]).score(wanted, said)["rouge1"].fmeasure
    # 6 of 7 and of 9 tokens are shared; what is left without Chinese is 2 of 3 and of 2.
    assert alone == pytest.approx(0.8)
    assert rouge([said], [wanted])["rouge1"].score == pytest.approx(100 * 12 / 16)


def test_tokenizer_13a_sees_one_word_in_a_line_of_chinese():
    said, wanted = ["发热三天，应当多饮水。"], ["患者发热三天，多饮水。"]
    assert sacrebleu.corpus_bleu(said, [wanted]).score == 0
    assert measure_texts(said, wanted, "zh")["bleu"].score > 30


@pytest.mark.parametrize(
    ("said", "wanted", "tokenize"), [(SAID, WANTED, "zh"), (ENGLISH, ENGLISH_WANTED, "13a"), (SAID, WANTED, "char")]
)
def test_bleu_and_chrf_are_those_of_sacrebleu(said, wanted, tokenize):
    ours, theirs = bleu(said, wanted, tokenize), sacrebleu.metrics.BLEU(tokenize=tokenize)
    assert ours.score == theirs.corpus_score(said, [wanted]).score
    assert ours.signature == str(theirs.get_signature())
    chars = sacrebleu.metrics.CHRF()
    assert chrf(said, wanted).score == chars.corpus_score(said, [wanted]).score
    assert chrf(said, wanted).signature == str(chars.get_signature())


@settings(deadline=None)
@given(pairs)
def test_every_item_is_what_sacrebleu_gives_the_sentence(drawn):
    said, wanted = map(list, zip(*drawn, strict=True))
    sentence = sacrebleu.metrics.BLEU(tokenize="zh", effective_order=True)
    assert list(bleu(said, wanted, "zh").items) == pytest.approx(
        [sentence.sentence_score(one, [other]).score for one, other in drawn]
    )
    assert list(chrf(said, wanted).items) == pytest.approx(
        [sacrebleu.sentence_chrf(one, [other]).score for one, other in drawn]
    )


@settings(deadline=None)
@given(pairs)
def test_the_score_of_all_texts_is_that_of_their_summed_statistics(drawn):
    said, wanted = map(list, zip(*drawn, strict=True))
    for found in measure_texts(said, wanted, "zh").values():
        assert found.of_sums(found.statistics.sum(axis=0, keepdims=True))[0] == pytest.approx(found.score)
        assert ((found.items >= 0) & (found.items <= 100)).all()


@settings(deadline=None)
@given(texts, texts, st.sampled_from(sorted({*TOKENIZERS} - {"jieba"})))
def test_rouge_is_that_of_rouge_score_with_the_same_tokens(said, wanted, name):
    count = min(len(said), len(wanted))
    ours = rouge(said[:count], wanted[:count], name)
    theirs = RougeScorer(["rouge1", "rouge2", "rougeL"], tokenizer=TOKENIZERS[name])
    rows = [theirs.score(other, one) for one, other in zip(said[:count], wanted[:count], strict=True)]
    for kind, found in ours.items():
        assert list(found.items) == [100 * row[kind].fmeasure for row in rows]


@given(st.text("abc", max_size=80), st.text("abcd", max_size=80))
def test_the_common_subsequence_is_as_long_as_the_tables(one, other):
    row = [0] * (len(other) + 1)
    for token in one:
        above = row
        row = [0]
        for place, wanted in enumerate(other):
            row.append(above[place] + 1 if token == wanted else max(above[place + 1], row[place]))
    assert common_subsequence(one, other) == row[-1]


def test_on_plain_english_the_tokens_are_those_of_rouge_score():
    theirs = RougeScorer(["rouge1"])._tokenizer
    for text in [*ENGLISH, "snake_case, 3.5 x-ray\tU.S.A."]:
        assert mixed(text) == theirs.tokenize(text)


def test_words_of_other_scripts_stay_whole_and_their_marks_with_them():
    assert mixed("Доза ÉTÉ हिन्दी カタ 한국어 e\u0301") == ["доза", "été", "हिन्दी", "カ", "タ", "한국어", "e\u0301"]


def test_jieba_words_can_be_asked_for():
    found = rouge(["发热三天 复查血常规"], ["复查血常规"], "jieba")
    # 发热, 三天, 复查, 血常规 beside 复查, 血常规
    assert found["rouge1"].score == pytest.approx(100 * 4 / 6)


def test_an_empty_prediction_is_scored_and_not_dropped():
    found = score_texts(["", WANTED[1]], WANTED[:2], "zh", resamples=50)
    assert (found.n, found.scores["exact_match"].score, found.scores["rouge1"].score) == (2, 50.0, 50.0)
    nothing = score_texts(["", ""], WANTED[:2], "zh", resamples=50)
    assert {score.score for score in nothing.scores.values()} == {0.0}


def test_bleu_and_chrf_see_the_text_as_it_is_given_and_answers_are_normalised():
    found = measure_texts(["ＡＢＣ１２３，好"], ["ABC123,好"], "zh")
    assert found["exact_match"].score == found["f1"].score == 100.0
    assert (found["bleu"].items[0] < 100, found["chrf"].score < 100) == (True, True)


@pytest.mark.parametrize(
    ("lang", "one", "other", "same"),
    [
        ("en", "The answer: Paris!", "answer  paris", True),
        ("en", "0.5 mg", "05 mg", False),
        ("en", "<5", ">5", False),
        ("zh", "心 内科。", "心内科", True),
        ("zh", "服用５ＭＧ", "服用 5mg", True),
        ("zh", "a", "", False),
        ("fr", "a", "", False),
        ("en", "A", "", False),
        ("en", "a", "A.", True),
        ("zh", "。", "", False),
    ],
)
def test_exact_match_looks_past_form_and_at_nothing_else(lang, one, other, same):
    assert exact_match([one], [other], lang).score == 100.0 * same


def test_f1_counts_words_and_for_chinese_characters():
    assert f1(["the cat sat"], ["a cat sat down"], "en").score == pytest.approx(100 * 4 / 5)
    assert f1(["心内科"], ["心血管内科"], "zh").score == pytest.approx(100 * 6 / 8)
    assert answer_tokens("...", "en") == ["..."]
    assert f1(["", "x", ""], ["", "", "A"], "en").items.tolist() == [100.0, 0.0, 0.0]


def test_texts_that_cannot_be_paired_are_refused():
    with pytest.raises(DataError, match="there are 1 predictions and 2 references"):
        score_texts(["a"], ["a", "b"], "en")
    with pytest.raises(DataError, match="there are no predictions to score"):
        score_texts([], [], "en")
