"""`assay review open`: both models answer, the answers are looked at, the campaign is open."""

import json
import shutil
import signal
import time

import pytest

from assay.errors import AssayError
from evals.text.errors import DataError
from store.access import Actor
from store.artifacts import digest
from store.audit import first_broken
from store.database import Store
from store.loading import load_spools
from store.pins import holders_of_run
from store.requests import Request, ask
from store.runs import remove_run
from tests.trainer.asked import written
from tests.trainer.started import start
from trainer.answers import answers_file
from trainer.campaign import CampaignOrder, open_campaign
from trainer.campaign_request import open_requested, order_from
from trainer.config_file import config_from
from trainer.eval_watch import EvalWatch
from trainer.evaluator import Evaluator
from trainer.propose import propose
from trainer.session import start_run

COMMAND = ("review", "open", "--candidate", "r@6", "--baseline", "base")
ACTOR = Actor("command", None, "tester")
THINGS = ("apples", "boats", "clouds", "doors", "eggs", "forks", "goats", "hats", "islands", "jars", "kites", "lamps")
QUESTIONS = [
    {"id": f"q{n}", "question": f"How many {thing} are there if {n} more {thing} come to these {n}?"}
    for n, thing in enumerate(THINGS)
]  # fmt: skip


@pytest.fixture(scope="module")
def trained(model_folder, tmp_path_factory):
    """A store with a short run, trained once."""
    root = tmp_path_factory.mktemp("trained")
    rows = [{"instruction": f"What is {n} plus {n}?", "input": "", "output": f"It is {2 * n}."} for n in range(24)]
    config = config_from({
        "model": {"path": str(model_folder)}, "data": {"train": str(written(root / "sums.jsonl", rows))},
        "train": {"steps": 6, "batch_size": 4, "device": "cpu", "method": "lora"}, "checkpoint": {"every": 3},
        "run": {"name": "r"}, "optim": {"lr": 5e-2}, "record": {"system_seconds": 0}, "eval": {"samples": 0},
    })  # fmt: skip
    made = Store.at(root / "runs" / "assay.duckdb")
    made.create()
    start_run(config, made)
    load_spools(made)
    return root / "runs"


@pytest.fixture
def store(trained, tmp_path):
    shutil.copytree(trained, tmp_path / "runs")
    return Store.at(tmp_path / "runs" / "assay.duckdb")


@pytest.fixture
def questions(tmp_path):
    return written(tmp_path / "questions.jsonl", QUESTIONS)


def order(questions, **changes):
    return CampaignOrder(**{"candidate": "r@6", "baseline": "base", "questions": questions, "tokens": 6, **changes})


def opened(store, questions, **changes):
    told = []
    found = open_campaign(store, ACTOR, order(questions, **changes), progress=lambda *facts: told.append(facts))
    return found, told


def test_a_campaign_has_both_models_answers_and_holds_its_checkpoint(store, questions):
    found, told = opened(store, questions)
    assert found.campaign == 1
    [row] = store.rows("SELECT * FROM campaign")
    assert (row["name"], row["candidate"], row["baseline"]) == ("r@6 against base", "r@6", "the start of r@6")
    assert row["candidate_sha256"] == found.draft.candidate.sha256 != row["baseline_sha256"]
    states = store.rows("SELECT state, count(*) AS n FROM pair GROUP BY state ORDER BY state")
    assert sum(row["n"] for row in states) == 12
    assert {row["state"]: row["n"] for row in states}["practice"] == 3
    assert told[-1] == ("the start of r@6", 12, 12)
    assert [(pin.target, pin.holder_kind) for pin in holders_of_run(store, 1)] == [
        ("r/checkpoints/00000006-b1", "campaign")
    ]
    with pytest.raises(AssayError, match="held: r/checkpoints/00000006-b1 by campaign r@6 against base"):
        remove_run(store, "r")
    [entry] = store.rows("SELECT actor, role, object, payload FROM audit WHERE action = 'campaign-open'")
    assert (entry["actor"], entry["object"]) == ("command:tester", "campaign:1")
    assert json.loads(entry["payload"])["policy_sha256"] == row["policy_sha256"]
    assert store.snapshot(first_broken) is None


def test_a_run_against_an_earlier_checkpoint_holds_both(store, questions):
    found, _ = opened(store, questions, baseline="r@3")
    assert (found.draft.baseline.name, found.draft.baseline.checkpoint) == ("r@3", "r/checkpoints/00000003-b1")
    assert [pin.target[-11:] for pin in holders_of_run(store, 1)] == ["00000006-b1", "00000003-b1"]


def test_the_same_answers_come_again_and_no_model_is_asked_twice(store, questions, monkeypatch):
    first, _ = opened(store, questions)
    monkeypatch.setattr("trainer.answers.load_asked", lambda asked: pytest.fail(f"{asked.name} was asked again"))
    again, told = opened(store, questions, seed=1)
    assert again.campaign == 2
    assert told == [("r@6", 12, 12), ("the start of r@6", 12, 12)]
    texts = [
        {pair.item: (pair.candidate, pair.baseline) for pair in (*one.draft.pairs, *one.draft.practice)}
        for one in (first, again)
    ]
    assert texts[0] == texts[1]
    names = [row["name"] for row in store.rows("SELECT name FROM campaign ORDER BY id")]
    assert names == ["r@6 against base", "r@6 against base, 2"]


def test_looking_opens_nothing(store, questions):
    found = open_campaign(store, ACTOR, order(questions), progress=lambda *_: None, only_look=True)
    assert found.campaign is None
    assert found.findings.pairs + len(found.findings.identical) == 9
    assert store.rows("SELECT * FROM campaign UNION ALL BY NAME SELECT * FROM pair") == []


def release(store, text, environment="prod"):
    """Make what was proposed of a checkpoint live, as `assay release make` does."""
    made = propose(store, ACTOR, text)
    store.transaction(
        lambda transaction: transaction.execute(
            "INSERT INTO release SELECT coalesce(max(id), 0) + 1, $environment, 'release', coalesce(max(id), 0) + 1, "
            "$proposal, 1, $sha256, false, '', now(), 'user:1', 'lead', '{}', '{}', '' FROM release",
            {"environment": environment, "proposal": made.id, "sha256": made.sha256},
        )
    )


def test_a_candidate_is_judged_against_what_is_released(store, questions):
    release(store, "r@3")
    release(store, "r@6", "trial")
    found, _ = opened(store, questions, baseline="released")
    baseline = found.draft.baseline
    assert (baseline.name, baseline.checkpoint) == ("r@3", "r/checkpoints/00000003-b1")
    assert "released" not in found.draft.own_names
    [row] = store.rows("SELECT name, baseline, baseline_sha256 FROM campaign")
    assert (row["name"], row["baseline"]) == ("r@6 against r@3", "r@3")
    assert row["baseline_sha256"] == digest(store.root / "r/checkpoints/00000003-b1")


def test_what_is_released_is_not_judged_against_itself(store, questions):
    release(store, "r@3")
    release(store, "r@6")
    with pytest.raises(AssayError, match="r@6 and r@6 are the same model; compare it with another one"):
        opened(store, questions, baseline="released")


@pytest.mark.parametrize("spoil", ["gone", "swapped"])
def test_a_released_checkpoint_that_is_not_what_it_was_is_no_baseline(store, questions, spoil):
    release(store, "r@3")
    folder = store.root / "r" / "checkpoints" / "00000003-b1"
    if spoil == "gone":
        shutil.rmtree(folder)
    else:
        manifest = folder / "manifest.json"
        manifest.write_text(manifest.read_text().replace('"update": 3', '"update": 4'))
    with pytest.raises(AssayError, match=r"the checkpoint of what is released \(r@3\) is not in .* as it was; put it"):
        opened(store, questions, baseline="released")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"baseline": "released"}, "nothing is released yet; compare the candidate with --baseline base, or with"),
        ({"baseline": "r@6"}, "r@6 and r@6 are the same model; compare it with another one"),
        ({"candidate": "nobody@3"}, "there is no run nobody in"),
        ({"candidate": "r@4"}, "4"),
        ({"title": "Is Qwen better?"}, "the title says 'Qwen', which tells experts what they judge; leave it out"),
        ({"instructions": "One is DeepSeek."}, "the instructions says 'DeepSeek', which tells experts"),
        ({"name": "7"}, "a campaign called 7 would be taken for a number; give it a name with letters"),
        ({"language": "fr"}, "a campaign's language is zh or en, and not 'fr'"),
        ({"tokens": 100_000}, "answers of 100000 tokens leave no room for a question"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_before_anything_is_written(changes, sentence, store, questions):
    with pytest.raises(AssayError) as refused:
        opened(store, questions, **changes)
    assert sentence in str(refused.value)
    assert store.rows("SELECT id FROM campaign") == []
    assert not (store.root / ".evals" / "answers").exists()


def test_a_folder_is_no_candidate(store, questions, model_folder):
    with pytest.raises(AssayError, match=r"is no checkpoint of a run in .*; a candidate is RUN@STEP"):
        opened(store, questions, candidate=str(model_folder))


def test_a_candidate_that_answers_as_the_baseline_does_is_refused(store, questions, monkeypatch):
    monkeypatch.setattr("trainer.answers.reply", lambda *given, **_: ["The same."] * len(given[3]))
    with pytest.raises(AssayError, match="r@6 and the start of r@6 give the same answer to all 9 questions"):
        opened(store, questions)
    assert store.rows("SELECT id FROM campaign") == []


def test_a_name_that_is_taken_is_refused_before_any_model_is_asked(store, questions, monkeypatch):
    opened(store, questions, name="spring")
    monkeypatch.setattr("trainer.campaign.answers_of", lambda *_, **__: pytest.fail("asked"))
    with pytest.raises(AssayError, match="campaign 1 is called spring already; choose another name with --name"):
        opened(store, questions, name="spring")


@pytest.mark.slow
def test_of_two_that_open_the_same_name_at_once_one_is_refused(store, questions, assay):
    opened(store, questions)  # the answers are there, so that both are quick
    command = [*COMMAND, "--questions", questions, "--name", "spring", "--tokens", "6", "--store", store.path]
    started = [start(*command) for _ in range(2)]
    ended = sorted((one.communicate()[1], one.returncode) for one in started)
    assert sorted(code for _, code in ended) == [0, 2]
    refused = next(said for said, code in ended if code == 2)
    assert refused.strip() == "assay: campaign 2 is called spring already; choose another name with --name"
    assert len(store.rows("SELECT id FROM campaign WHERE name = 'spring'")) == 1


def test_a_try_that_is_stopped_writes_nothing_and_the_next_one_goes_on(store, questions, monkeypatch):
    from trainer.answers import reply  # noqa: PLC0415 - the real one

    batches = []

    def stopping(*given, **settings):
        batches.append(len(given[3]))
        if len(batches) == 3:
            raise KeyboardInterrupt
        return reply(*given, **settings)

    monkeypatch.setattr("trainer.answers.batch_size", lambda model: 5)
    monkeypatch.setattr("trainer.answers.reply", stopping)
    with pytest.raises(KeyboardInterrupt):
        opened(store, questions)
    assert store.rows("SELECT id FROM campaign") == []
    _, told = opened(store, questions)
    assert batches == [5, 5, 2, 2, 5, 5, 2]
    assert told[0] == ("r@6", 10, 12)


def test_a_line_left_half_written_is_asked_again(store, questions):
    found, _ = opened(store, questions)
    [one, _] = (store.root / ".evals" / "answers").iterdir()
    whole = one.read_text()
    one.write_text(whole[:-40])
    again, told = opened(store, questions, seed=3)
    assert min(done for _, done, _ in told) == 11
    assert {pair.item: pair.candidate for pair in (*again.draft.pairs, *again.draft.practice)} == {
        pair.item: pair.candidate for pair in (*found.draft.pairs, *found.draft.practice)
    }


def test_ctrl_c_says_so_in_one_line_and_leaves_no_campaign(store, tmp_path):
    many = [{"id": f"q{n}", "question": f"{thing} {n * n * 7919} {thing[::-1]}?"} for n, thing in enumerate(THINGS * 8)]
    questions = written(tmp_path / "many.jsonl", many)
    running = start(*COMMAND, "--questions", questions, "--tokens", "100", "--store", store.path)
    answers = store.root / ".evals" / "answers"
    for _ in range(1200):
        if answers.exists() and any(answers.iterdir()):
            break
        time.sleep(0.05)
    running.send_signal(signal.SIGINT)
    out, said = running.communicate()
    assert (out, said.strip(), running.returncode) == ("", "assay: stopped", 130)
    assert store.rows("SELECT id FROM campaign") == []


def test_the_command_prints_one_document_that_does_not_tell_which_is_which(store, questions, assay):
    done = assay(
        *COMMAND, "--questions", questions, "--tokens", "6", "--title", "Sums", "--json", "--store", store.path
    )
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    assert (found["campaign"], found["practice"], found["telling_apart"]) == (1, 3, None)
    assert any(
        said.startswith("whether the texts alone tell the models apart cannot be said") for said in found["warnings"]
    )
    assert not any("candidate's" in said or "baseline's" in said for said in found["warnings"])
    [row] = store.rows("SELECT title, instructions FROM campaign")
    assert row["title"] == "Sums"
    assert row["instructions"].startswith("Say which of the two answers is better")


def test_practice_may_come_from_a_file_of_its_own(store, questions, tmp_path):
    practice = [
        {"id": f"p{n}", "question": f"Name {n} of {thing}, please."}
        for n, thing in enumerate(("trees", "cars", "gods"))
    ]
    found, _ = opened(store, questions, practice=written(tmp_path / "practice.jsonl", practice))
    assert [pair.item for pair in found.draft.practice] == ["p0", "p1", "p2"]
    assert len(found.draft.pairs) == 12


def test_a_page_may_ask_for_a_campaign_and_the_evaluator_opens_it(store, questions):
    number = ask(
        store, "r", "open-campaign",
        {"candidate": "1@6", "baseline": "base", "questions": str(questions), "tokens": 6, "policy": ""},
        actor="command:lin",
    )  # fmt: skip
    told = []
    evaluator = Evaluator(store, [], say=told.append)
    watch = EvalWatch(store, "r", evaluator, lambda suites: evaluator, told.append)
    assert list(watch.once()) == []
    [row] = store.rows("SELECT done, result FROM request WHERE id = $number", {"number": number})
    assert row["result"].startswith("campaign 1 is open: ")
    assert store.rows("SELECT candidate, opened_by FROM campaign") == [
        {"candidate": "r/1@6", "opened_by": "command:lin"}
    ]


def test_what_a_page_asks_wrongly_is_refused_in_words(store):
    def said(**args):
        return open_requested(store, "r", Request(1, "open-campaign", args, "user:1"), lambda *_: None)

    assert (
        said()
        == "not opened: the campaign lacks candidate and baseline and questions; a candidate is compared on questions"
    )
    assert said(candidate=3) == "not opened: candidate of the campaign must be text"
    assert said(tokens="9") == "not opened: tokens of the campaign must be a whole number"
    assert said(wishes="none").startswith("not opened: a campaign is not opened with wishes; it takes candidate, ")


def test_whoever_asked_needs_the_role_when_it_opens(store, questions):
    args = {"candidate": "r@6", "baseline": "base", "questions": str(questions), "tokens": 6}
    said = open_requested(store, "r", Request(1, "open-campaign", args, "user:1"), lambda *_: None)
    assert said == "not opened: this needs the role engineer or lead; ask an admin for it"
    assert order_from(args, "r").candidate == "r@6"
    assert not (store.root / ".evals" / "answers").exists()


def test_a_question_of_an_open_campaign_is_not_answered_in_a_chat(store, questions, assay):
    opened(store, questions)
    said = QUESTIONS[2]["question"]
    done = assay("chat", "r@6", "--tokens", "4", "--store", store.path, text=f"{said.upper()}\n  {said}!\nWhat else?\n")
    refusal = "an open campaign asks this question, so its answers are seen when it is closed; ask another one"
    assert (done.returncode, done.stderr) == (0, f"{refusal}\n{refusal}\n")
    assert len(done.stdout.splitlines()) >= 1


def test_a_question_of_an_open_campaign_is_not_answered_on_a_page(store, questions):
    opened(store, questions)
    number = ask(store, "r", "evaluate", {"question": QUESTIONS[0]["question"], "places": ["1@6"]}, actor="command:lin")
    evaluator = Evaluator(store, [], say=print)
    list(EvalWatch(store, "r", evaluator, lambda suites: pytest.fail("asked"), print).once())
    [row] = store.rows("SELECT result FROM request WHERE id = $number", {"number": number})
    assert (
        row["result"]
        == "not done: a campaign that is open asks this question, and nobody sees its answers before it closes"
    )


def test_answers_of_another_model_or_length_lie_elsewhere(store):
    files = {answers_file(store.root, *named) for named in ((["a"], 6), (["a"], 7), (["b"], 6), (["a", "c"], 6))}
    assert len(files) == 4


def test_too_few_questions_are_refused_in_a_sentence(store, tmp_path):
    with pytest.raises(DataError, match="has 3 questions; it needs 4 at least: 3 to practise on and one to judge"):
        opened(store, written(tmp_path / "few.jsonl", QUESTIONS[:3]))
