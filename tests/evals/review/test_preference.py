"""Verdicts as preference data, and the questions that are used for training since."""

import json
import math
import shutil

import pytest
from pyarrow import parquet

from evals.review.errors import CampaignError
from evals.review.exporting import export_preferences
from evals.review.gathered import JudgedPair
from evals.review.judged import FoundError, Judged
from evals.review.preference import disagreement, label_smoothing, preferences
from evals.review.questions import Question
from evals.review.service import close_campaign
from evals.review.used import used_among
from store.access import AccessError
from store.audit import first_broken
from store.clock import utc_now
from store.database import Store
from tests.evals.review.campaigns import add_role, add_user
from tests.evals.review.drafts import LEAD, draft, judge, opened, stored

SCORES = {"win": 1.0, "tie": 0.5, "both_bad": 0.5, "loss": 0.0}
PROMPT = [{"role": "user", "content": "What?"}]
CANDIDATE, BASELINE = ([{"role": "assistant", "content": text}] for text in ("Yes.", "No."))


def verdict(outcome, grader=1, errors=(), item="a"):
    found = tuple(FoundError(side, "wrong-fact", "x") for side in errors)
    return Judged(
        1, item, "", grader, outcome, SCORES[outcome], {}, (), found, "", 1.0, "left", utc_now(), unblinded=False
    )


def made(*verdicts, systems=None):
    return preferences([JudgedPair("a", "What?", "", "Yes.", "No.")], verdicts, systems or {})


@pytest.mark.parametrize(
    ("outcomes", "margin", "chosen"),
    [
        (["win"], 1.0, CANDIDATE),
        (["loss"], 1.0, BASELINE),
        (["win", "tie"], 0.5, CANDIDATE),
        (["loss", "both_bad"], 0.5, BASELINE),
        (["win", "win"], 1.0, CANDIDATE),
    ],
)
def test_the_better_answer_is_chosen_with_its_margin(outcomes, margin, chosen):
    found = made(*(verdict(outcome, grader) for grader, outcome in enumerate(outcomes)))
    [row] = found.paired
    assert row == {
        "prompt": PROMPT, "chosen": chosen, "margin": margin,
        "rejected": BASELINE if chosen == CANDIDATE else CANDIDATE,
    }  # fmt: skip
    assert found.unpaired == ()


@pytest.mark.parametrize("outcomes", [["tie"], ["win", "loss"], ["tie", "tie"]])
def test_a_tie_chooses_nothing(outcomes):
    found = made(*(verdict(outcome, grader) for grader, outcome in enumerate(outcomes)))
    assert (found.paired, found.unpaired, found.ties) == ((), (), 1)


def test_both_unacceptable_are_two_answers_not_to_learn_from():
    found = made(verdict("both_bad"))
    assert (found.paired, found.ties) == ((), 1)
    assert found.unpaired == (
        {"prompt": PROMPT, "completion": CANDIDATE, "label": False},
        {"prompt": PROMPT, "completion": BASELINE, "label": False},
    )


def test_an_answer_with_a_critical_error_is_never_chosen():
    found = made(verdict("win", errors=["candidate"]))
    assert (found.paired, found.withheld) == ((), 1)
    assert found.unpaired == ({"prompt": PROMPT, "completion": CANDIDATE, "label": False},)
    [row] = made(verdict("win", errors=["baseline"])).paired
    assert row["chosen"] == CANDIDATE


def test_an_item_without_verdicts_is_no_row_and_a_system_prompt_is_part_of_the_prompt():
    assert made() == preferences([], [], {})
    [row] = made(verdict("win"), systems={"a": "Be brief."}).paired
    assert row["prompt"] == [{"role": "system", "content": "Be brief."}, *PROMPT]


def test_how_often_labels_are_flipped_follows_from_disagreement():
    pairs = [("win", "win")] * 6 + [("win", "loss")] * 2 + [("tie", "win")] * 5
    said = [verdict(one, n % 2, item=f"i{n // 2}") for n, one in enumerate(sum(pairs, ()))]
    found = disagreement(said)
    assert found == (8, 0.25)
    assert label_smoothing(found.share) == pytest.approx((1 - math.sqrt(0.5)) / 2)
    assert disagreement([verdict("win")]) == (0, None)
    assert label_smoothing(0.6) is None


@pytest.fixture(scope="module")
def whole(tmp_path_factory, blank):
    """Two graders on eight pairs, all of which overlap: fresh wins q0 to q3, ties q4, both bad q5, stale q6 and q7."""
    store = Store.at(shutil.copy(blank, tmp_path_factory.mktemp("judged")))
    number = opened(store, pairs=8, identical=1, policy="[review]\noverlap = 1.0\ncriteria = []\n")

    def add(transaction):
        people = [add_user(transaction, f"Dr {name}") for name in ("Wang", "Li")]
        for person in people:
            add_role(transaction, person, "expert", number)
        return people

    said = ["fresh", "fresh", "fresh", "fresh", "tie", "both_bad", "stale", "stale"]
    one, other = store.transaction(add)
    judge(store, number, one, lambda n: said[n], errors=lambda n: "stale" if n == 7 else None)
    judge(store, number, other, lambda n: "stale" if n == 0 else said[n])
    return store, number


@pytest.fixture
def judged(store, whole):
    """That campaign's number, in a store of the test's own."""
    filled, number = whole
    shutil.copytree(filled.root, store.root, dirs_exist_ok=True)
    return number


def read(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_an_open_campaign_is_not_exported(store, judged, tmp_path):
    with pytest.raises(CampaignError, match="is open, and an export would show who wins; close it first"):
        export_preferences(store, LEAD, judged, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    assert store.rows("SELECT * FROM used_item") == []


def closed(store, number):
    if store.rows("SELECT closed FROM campaign WHERE id = $n", {"n": number})[0]["closed"] is None:
        close_campaign(store, LEAD, number, "enough")


def test_a_closed_campaign_becomes_a_folder_and_its_questions_are_used(store, judged, tmp_path):
    closed(store, judged)
    out = tmp_path / "out"
    done = export_preferences(store, LEAD, judged, out)
    assert sorted(path.name for path in out.iterdir()) == [
        "preference.jsonl", "report.json", "unpaired.jsonl", "votes.parquet",
    ]  # fmt: skip
    rows = read(out / "preference.jsonl")
    assert len(rows) == 4  # q1 to q3 and q6: q0 is split, q7's better answer is wrong
    assert {row["margin"] for row in rows} == {1.0}
    assert [row["chosen"][0]["content"][:5] for row in rows].count("Stale") == 1
    assert [row["completion"][0]["content"] for row in read(out / "unpaired.jsonl")].count("Stale hats 7.") == 1
    report = json.loads((out / "report.json").read_text())
    assert report == done.report
    assert (report["preference"], report["unpaired"], report["ties_dropped"]) == (4, 3, 3)
    assert (report["withheld_critical_error"], report["identical_dropped"], report["graders"]) == (1, 1, 2)
    assert report["disagreement"] == pytest.approx(1 / 6)
    used = store.rows("SELECT item, exported_by FROM used_item ORDER BY item")
    assert used == [{"item": f"q{n}", "exported_by": "command:lin"} for n in range(8)]
    [entry] = store.rows("SELECT payload FROM audit WHERE action = 'export'")
    assert json.loads(entry["payload"])["items"] == 8
    assert store.snapshot(first_broken) is None


def test_votes_have_no_names_and_comments_only_when_asked(store, judged, tmp_path):
    closed(store, judged)
    export_preferences(store, LEAD, judged, tmp_path / "one")
    export_preferences(store, LEAD, judged, tmp_path / "two", comments=True)
    one, two = (parquet.read_table(tmp_path / name / "votes.parquet") for name in ("one", "two"))
    assert "comment" not in one.column_names
    assert set(two["comment"].to_pylist()) == {f"no {n}" for n in range(8)}
    assert one.num_rows == 16
    assert set(one["grader"].to_pylist()) == {1, 2}
    assert {"Wang", "Li"} & set(str(two.to_pylist()).split()) == set()
    first = [row for row in one.to_pylist() if row["item"] == "q0"]
    assert sorted(row["verdict"] for row in first) == ["baseline", "candidate"]
    assert {row["candidate_side"] for row in one.to_pylist()} == {"left", "right"}
    assert "created" not in one.column_names
    assert len(store.rows("SELECT * FROM used_item")) == 8


def test_the_folder_is_whole_or_not_there(store, judged, tmp_path, monkeypatch):
    closed(store, judged)
    (tmp_path / "there").mkdir()
    with pytest.raises(CampaignError, match="exists already; name a new folder with --out"):
        export_preferences(store, LEAD, judged, tmp_path / "there")
    (tmp_path / "file").write_text("")
    with pytest.raises(CampaignError, match=r"cannot write .*; name another folder with --out"):
        export_preferences(store, LEAD, judged, tmp_path / "file" / "out")

    def failing(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("evals.review.exporting.parquet.write_table", failing)
    with pytest.raises(CampaignError, match="No space left on device"):
        export_preferences(store, LEAD, judged, tmp_path / "out")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "runs", "there"]
    assert store.rows("SELECT * FROM used_item") == []


def test_only_a_lead_exports(store, judged, tmp_path):
    closed(store, judged)
    grader = store.transaction(lambda transaction: add_user(transaction, "nobody"))
    store.transaction(lambda transaction: add_role(transaction, grader, "engineer"))
    with pytest.raises(AccessError, match="this needs the role lead"):
        export_preferences(store, grader, judged, tmp_path / "out")


def test_without_verdicts_there_is_nothing_to_export(store, tmp_path):
    number = opened(store)
    closed(store, number)
    with pytest.raises(CampaignError, match="has no verdicts, so there is nothing to export"):
        export_preferences(store, LEAD, number, tmp_path / "out")


def test_exported_questions_are_refused_by_later_campaigns_also_when_changed_a_little(store, judged, tmp_path):
    closed(store, judged)
    export_preferences(store, LEAD, judged, tmp_path / "out")
    with pytest.raises(CampaignError) as refused:
        opened(store, pairs=2)
    assert str(refused.value) == (
        "2 of 2 questions were used for training, so a candidate may know the answers "
        "(the first is q0, a question of r@6 against base); leave them out"
    )
    near = stored(20, question=f"{stored(3).question.upper()} Please.")
    with pytest.raises(CampaignError, match=r"1 of 2 questions was used for training.*q20, nearly a question of"):
        opened(store, pairs=[stored(21), near])
    assert opened(store, pairs=[stored(21), stored(22)]) == 2
    questions = [Question(pair.item, pair.question) for pair in draft(pairs=9).pairs]
    found = store.snapshot(lambda snapshot: used_among(snapshot, questions))
    assert [one.question.id for one in found] == [f"q{n}" for n in range(8)]
