"""Files of preferences, in every format they come in; what is no preference is named by its row."""

import json
from pathlib import Path

import pytest

from evals.review.gathered import JudgedPair
from evals.review.judged import Judged
from evals.review.preference import preferences
from evals.text import Turn
from evals.text.errors import DataError
from tests.trainer import preferred
from trainer.data import load_data
from trainer.job import prepare
from trainer.pairs import pair_texts, read_pairs
from trainer.ranking import locate_pairs

ASKED = (Turn("user", "What colour is the sky?"),)
CHOSEN, REJECTED = "It is blue.", "It is green."
TOLD = (Turn("system", "Be brief."), *ASKED)


def written(path, rows):
    return Path(preferred.written(path, rows))


def turns(*said, first="user"):
    roles = ("user", "assistant") if first == "user" else ("assistant", "user")
    return [{"role": roles[place % 2], "content": text} for place, text in enumerate(said)]


SKY = ASKED[0].content
EXPLICIT = {"prompt": turns(SKY), "chosen": turns(CHOSEN, first="a"), "rejected": turns(REJECTED, first="a")}
FORMATS = {
    "TRL, conversations": (EXPLICIT, ASKED),
    "TRL, texts": ({"prompt": SKY, "chosen": CHOSEN, "rejected": REJECTED}, ASKED),
    "TRL, implicit": ({"chosen": turns(SKY, CHOSEN), "rejected": turns(SKY, REJECTED)}, ASKED),
    "said twice": ({"prompt": SKY, "chosen": turns(SKY, CHOSEN), "rejected": turns(SKY, REJECTED)}, ASKED),
    "LLaMA-Factory, alpaca": (
        {"instruction": "What colour is", "input": "the sky?", "chosen": CHOSEN, "rejected": REJECTED},
        (Turn("user", "What colour is\nthe sky?"),),
    ),
    "LLaMA-Factory, alpaca with all": (
        {
            "system": "Be brief.", "history": [["1?", "1."]], "instruction": SKY, "input": None, "output": "",
            "chosen": CHOSEN, "rejected": REJECTED,
        },
        (TOLD[0], Turn("user", "1?"), Turn("assistant", "1."), *ASKED),
    ),
    "LLaMA-Factory, sharegpt": (
        {
            "conversations": [{"from": "human", "value": SKY}], "system": "Be brief.",
            "chosen": {"from": "gpt", "value": CHOSEN}, "rejected": {"from": "gpt", "value": REJECTED},
        },
        TOLD,
    ),
    "an exchange that both share": (
        EXPLICIT
        | {name: turns("Which?", SKY, said, first="a") for name, said in (("chosen", CHOSEN), ("rejected", REJECTED))},
        (*ASKED, Turn("assistant", "Which?"), *ASKED),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_comes_to_the_same_pair(tmp_path, name):
    row, prompt = FORMATS[name]
    path = written(tmp_path / "rows.jsonl", [{**row, "id": 7, "source": "x", "margin": 1.0}])
    (pair,) = read_pairs(path, {})
    assert pair.turns == (*prompt, Turn("assistant", CHOSEN))
    assert (pair.rejected, pair.id, pair.source, pair.row) == (REJECTED, "7", "x", 0)
    assert pair.other.turns == (*prompt, Turn("assistant", REJECTED))


def test_our_own_export_of_verdicts_is_read(tmp_path):
    judged = JudgedPair("i", SKY, "", CHOSEN, REJECTED)
    said = {"item": "i", "grader": 1, "outcome": "loss", "score": 0.0, "errors": ()}
    verdict = Judged(**{**dict.fromkeys(Judged._fields), **said})
    (row,) = preferences([judged], [verdict], {"i": "Be brief."}).paired
    (pair,) = read_pairs(written(tmp_path / "preference.jsonl", [row]), {})
    assert (pair.turns, pair.rejected) == ((*TOLD, Turn("assistant", REJECTED)), CHOSEN)


def test_a_pair_is_known_by_both_answers(tmp_path):
    rows = [EXPLICIT, {**EXPLICIT, "rejected": turns("It is red.", first="a")}, EXPLICIT]
    one, other, again = read_pairs(written(tmp_path / "rows.jsonl", rows), {})
    assert one.hash == again.hash != other.hash
    (text, *_) = pair_texts(str(tmp_path / "rows.jsonl"), {})
    assert text.text == f"{SKY}\n{CHOSEN}\n{REJECTED}"


LACKS = (
    "a row of preferences has chosen and rejected, beside prompt, instruction or conversations; "
    "this one has the columns"
)
ONE_EACH = (
    ": `chosen` and `rejected` must each be one answer of the assistant behind the turns they share, and share 0 of"
)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"prompt": SKY, "chosen": CHOSEN}, f" lacks rejected: {LACKS} prompt, chosen"),
        (
            {"prompt": SKY, "completion": "x", "label": True},
            f" lacks chosen, rejected: {LACKS} prompt, completion, label",
        ),
        ({"prompt": SKY, "chosen": 3, "rejected": REJECTED}, ": chosen must be text, and is a number"),
        ({"prompt": SKY, "chosen": CHOSEN, "rejected": None}, ": rejected must be text, and is null"),
        ({"prompt": 3, "chosen": CHOSEN, "rejected": REJECTED}, ": prompt must be text, and is a number"),
        (
            {**EXPLICIT, "chosen": [{"role": "robot", "content": "x"}]},
            ": turn 1 of `chosen` is by 'robot'; known are system, user, human, assistant, gpt, chatgpt, bing, bard",
        ),
        (
            {"chosen": CHOSEN, "rejected": REJECTED},
            (
                ": the prompt must end with a question of the user, and there is none; give a column prompt, or begin "
                "both answers with the turns before them"
            ),
        ),
        (
            {**EXPLICIT, "prompt": turns(SKY, "Well.")},
            ": the prompt must end with a question of the user, and ends with a turn of the assistant",
        ),
        ({"chosen": turns(SKY, CHOSEN), "rejected": turns("What?", REJECTED)}, f"{ONE_EACH} 2 and 2 turns"),
        ({**EXPLICIT, "chosen": turns(CHOSEN)}, f"{ONE_EACH} 1 and 1 turns"),
        (
            {**EXPLICIT, "chosen": turns("What?", CHOSEN), "rejected": turns("What?", REJECTED)},
            ": `chosen` and `rejected` begin with another conversation than `prompt`; leave one of them out",
        ),
    ],
)
def test_what_is_no_preference_is_named_by_its_row(tmp_path, row, said):
    path = written(tmp_path / "rows.jsonl", [EXPLICIT, row])
    with pytest.raises(DataError) as refused:
        read_pairs(path, {})
    assert str(refused.value) == f"{path} line 2{said}"


def test_columns_of_any_name_are_read_once_they_are_named(tmp_path):
    path = written(tmp_path / "rows.jsonl", [{"question": SKY, "good": CHOSEN, "bad": REJECTED}])
    named = {"prompt": "question", "chosen": "good", "rejected": "bad"}
    (pair,) = read_pairs(path, named)
    assert (pair.turns, pair.rejected) == ((*ASKED, Turn("assistant", CHOSEN)), REJECTED)
    with pytest.raises(DataError) as refused:
        read_pairs(path, {**named, "rejected": "worse"})
    missing = "has no column worse, which the column mapping names for rejected; it has the columns question, good, bad"
    assert str(refused.value) == f"{path} {missing}"
    with pytest.raises(DataError) as refused:
        read_pairs(path, {"choosen": "good"})
    said = "the column mapping names choosen, which Assay does not know; did you mean chosen?"
    assert str(refused.value) == said


def described(tmp_path, **entry):
    (tmp_path / "dataset_info.json").write_text(
        json.dumps({"d": {"file_name": "rows.jsonl", "ranking": True, **entry}})
    )
    return f"{tmp_path}/dataset_info.json:d"


def test_ranking_data_of_a_description_is_read_as_it_says(tmp_path):
    names = {"prompt": "q", "query": "more", "chosen": "good", "rejected": "bad"}
    written(tmp_path / "rows.jsonl", [{"q": SKY, "more": "", "good": CHOSEN, "bad": REJECTED, "system": "not named"}])
    place = locate_pairs(described(tmp_path, columns=names), {})
    (pair,) = read_pairs(place.path, place.columns)
    assert (pair.turns, pair.rejected) == ((*ASKED, Turn("assistant", CHOSEN)), REJECTED)
    said = {"who": "human", "what": SKY}, {"who": "gpt", "what": CHOSEN}, {"who": "gpt", "what": REJECTED}
    written(tmp_path / "rows.jsonl", [{"turns": said[:1], "good": said[1], "bad": said[2], "rule": "Be brief."}])
    sharegpt = {"messages": "turns", "system": "rule", "chosen": "good", "rejected": "bad"}
    tags = {"role_tag": "who", "content_tag": "what"}
    place = locate_pairs(described(tmp_path, formatting="sharegpt", columns=sharegpt, tags=tags), {})
    (pair,) = read_pairs(place.path, place.columns)
    assert (pair.turns, pair.rejected) == ((*TOLD, Turn("assistant", CHOSEN)), REJECTED)


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"num_samples": 5}, " asks for num_samples, which Assay does not read; take it out, or make a file without"),
        ({"formatting": "csv"}, " has the formatting 'csv'; Assay reads alpaca, sharegpt and openai"),
        ({"columns": {"prompt": 1}}, "must be an object of texts"),
        ({"file_name": "", "hf_hub_url": "a/b"}, " is elsewhere (hf_hub_url), and Assay reads local files"),
    ],
)
def test_a_description_that_asks_for_more_is_refused(tmp_path, entry, said):
    with pytest.raises(DataError) as refused:
        locate_pairs(described(tmp_path, **entry), {})
    assert said in str(refused.value)


def data_of(config_for, tmp_path, rows, **settings):
    path = written(tmp_path / "rows.jsonl", rows)
    config = config_for(train__stage="dpo", data__train=str(path), **settings)
    return load_data(config.data, prepare(config).template, 0, pairs=True)


def numbered(number, chosen, rejected):
    return {"prompt": f"What is {number} times {7 * number}?", "chosen": chosen, "rejected": rejected}


def test_pairs_without_a_preference_are_left_out(config_for, tmp_path):
    rows = [numbered(1, "One.", "Two."), numbered(2, "Two.", "Two."), numbered(3, " ", "Two."), numbered(4, "One.", "")]
    (file,) = data_of(config_for, tmp_path, rows, data__validation=0.0).files
    assert [pair.row for pair in file.examples] == [0]
    assert (file.undecided, file.without_answer) == ([1], [2, 3])


def test_answers_that_differ_behind_what_is_read_are_no_preference(config_for, tmp_path):
    long = "It is so, and it is not otherwise, as it is " * 3
    rows = [numbered(1, "One.", "Two."), numbered(2, f"{long}one.", f"{long}two.")]
    (file,) = data_of(config_for, tmp_path, rows, data__validation=0.0, data__max_length=40).files
    assert ([pair.row for pair in file.examples], file.undecided, file.cut) == ([0], [1], [1])
    with pytest.raises(DataError, match="prefers an answer: both are the same in their first 40 tokens"):
        data_of(config_for, tmp_path, rows[1:], data__validation=0.0, data__max_length=40)


def test_pairs_of_one_prompt_are_held_out_together(config_for, tmp_path):
    prompts = ["Who was Caesar?", "Where does the fox live in winter?", "Why is the sea salt?", "How old is the moon?"]
    rows = [
        {"prompt": prompt, "chosen": f"{n} {prompt}", "rejected": f"No {n}."} for prompt in prompts for n in range(3)
    ]
    data = data_of(config_for, tmp_path, rows, data__validation=0.25)
    apart = {pair.row // 3 for pair in data.validation}
    assert len(data.validation) == 3
    assert len(apart) == 1
    assert not apart & {pair.row // 3 for pair in data.train}
