"""`assay review status`, `results`, `hours`, `close`, `export` and `simulate`: one document, or one sentence."""

import csv
import io
import json
import shutil
from datetime import UTC, datetime

import pytest

from assay.cli import main
from evals.review.hours import hours
from evals.review.peeks import has_peeked
from store.access import AccessError
from store.database import Store
from store.users import local_user
from tests.evals.review.campaigns import add_role, add_user, make_campaign
from tests.evals.review.drafts import LEAD, judge, opened
from tests.evals.review.judged import judge as judge_table


@pytest.fixture
def run(capsys, store):
    """Runs a command on the store: exit code, stdout, stderr."""

    def command(*arguments):
        with pytest.raises(SystemExit) as ended:
            main(["review", *map(str, arguments), "--store", str(store.path)])
        printed = capsys.readouterr()
        return ended.value.code, printed.out, printed.err

    return command


@pytest.fixture(scope="module")
def whole(tmp_path_factory, blank):
    """A campaign of twelve pairs, eleven of which one grader has found better: store, number, grader."""
    store = Store.at(shutil.copy(blank, tmp_path_factory.mktemp("judged")))

    def add(transaction):
        person = add_user(transaction, "=Wang")
        add_role(transaction, person, "expert")
        return person

    grader = store.transaction(add)
    number = opened(store, pairs=12, practice=3, identical=1, name="spring")
    judge(store, number, grader, lambda n: "tie" if n == 3 else "fresh")
    return store, number, grader


@pytest.fixture
def judged(store, whole):
    """That campaign's number, in a store of the test's own."""
    filled, number, _ = whole
    shutil.copytree(filled.root, store.root, dirs_exist_ok=True)
    return number


@pytest.fixture
def grader(whole):
    return whole[2]


def sentence(run, *arguments):
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    return err.removeprefix("assay: ").strip()


def test_status_counts_and_does_not_tell_who_wins(run, store, judged):
    code, out, err = run("status", "spring", "--json")
    found = json.loads(out)
    assert (code, err) == (0, "")
    assert (found["pairs"], found["judged"], found["final"], found["identical"], found["graders"]) == (12, 12, 12, 1, 1)
    assert not {"decision", "overall", "theta"} & found.keys()
    assert store.rows("SELECT * FROM audit WHERE action = 'peek'") == []
    _, out, _ = run("status", "--json")
    assert json.loads(out) == [found]
    code, out, _ = run("status")
    assert code == 0
    assert "spring" in out
    code, out, err = run("status", "1")
    assert out.startswith("spring (1): r@6 against the start of r@6")
    assert "note: 1 of 13 pairs have the same answer twice: set aside as ties" in err


def test_status_of_nothing_says_what_to_do(run):
    assert run("status", "--json")[:2] == (0, "[]\n")
    assert run("status") == (0, "", "no campaign yet; `assay review open` opens one\n")
    assert sentence(run, "status", "autumn") == "there is no campaign autumn; assay review status lists them"


def test_results_say_what_is_decided_and_that_somebody_looked(run, store, judged):
    local = local_user(store)
    code, out, _ = run("results", "spring", "--json")
    found = json.loads(out)
    assert (code, found["decision"], found["overall"]["wins"], found["overall"]["ties"]) == (0, "superior", 11, 1)
    [entry] = store.rows("SELECT actor, object FROM audit WHERE action = 'peek'")
    assert entry["object"] == "campaign:1"
    assert store.snapshot(lambda snapshot: has_peeked(snapshot, local, judged))
    code, out, _ = run("results", 1)
    assert code == 0
    assert out.startswith(
        "superior: the candidate is better than the baseline.\nspring: r@6 against the start of r@6\n"
    )
    assert "better than the baseline" in out
    assert "missing: no pair had two graders" in out


def test_results_say_how_far_to_trust_them_and_that_they_are_made_up(run, store):
    made = make_campaign(store, 6, overlap=[0, 1, 2], simulated=True)
    judge_table(store, made.campaign, made.graders[0], "wwwwww", guesses=dict.fromkeys(range(3), "right"))
    judge_table(store, made.campaign, made.graders[1], "www")
    code, out, _ = run("results", made.campaign)
    assert code == 0
    lines = out.splitlines()
    assert lines[0] == "simulated: these verdicts are made up by a program"
    same = "undefined, as all verdicts are the same (3 pairs with two graders)"
    assert f"graders: 2; agreement (Krippendorff's alpha): {same}" in lines
    [blinding] = [line for line in lines if line.startswith("blinding: ")]
    assert blinding.startswith("blinding: too few guesses; index +1.00 (")
    assert blinding.endswith("guesses: 3")
    [position] = [line for line in lines if line.startswith("position: ")]
    assert position.endswith(": within what the policy allows")
    assert "skipped for good: 0.0 % of the pairs; θ is 1.00, 1.00 with them as ties, 1.00 with them as losses" in lines


EARLY = "superior: good so far: the candidate is better than the baseline; "


def test_good_news_that_waits_for_more_pairs_says_why_and_the_status_does_not_tell(run, store):
    made = make_campaign(store, 80)
    judge_table(store, made.campaign, made.graders[0], "w" * 12)
    _, out, _ = run("status", made.campaign)
    sentence = (
        "by its rules a candidate that does well is judged on 59 pairs at least, so that critical errors are known "
        "well enough"
    )
    assert " ".join(out.split()).endswith(sentence)
    assert "good so far" not in out
    _, out, _ = run("results", made.campaign)
    assert " ".join(out.split()).startswith(
        f"{EARLY}at least 59 pairs are judged, so that critical errors are known well enough. campaign-1: "
    )
    found = json.loads(run("results", made.campaign, "--json")[1])
    assert (found["decision"], found["sentence"], found["ended_at"]) == ("superior", "superior.early", None)
    assert (found["least"], found["needed"]["pairs"]) == (59, 47)


def test_where_too_few_are_left_for_that_it_says_so(run, store):
    made = make_campaign(store, 59, graders=1)
    judge_table(store, made.campaign, made.graders[0], "ss" + "w" * 12)
    _, out, _ = run("results", made.campaign)
    assert " ".join(out.split()).startswith(
        f"{EARLY}to know critical errors well enough takes 59 pairs, but only 57 can be judged. "
    )


def test_the_status_of_few_pairs_or_of_a_closed_campaign_does_not_speak_of_more(run, store, judged):
    make_campaign(store, 58)
    assert "known well enough" not in run("status", 2)[1]
    made = make_campaign(store, 80)
    run("close", made.campaign, "--reason", "enough")
    assert "known well enough" not in run("status", made.campaign)[1]


def test_results_before_the_first_verdict_say_so(run, store):
    opened(store)
    code, out, _ = run("results", "1")
    assert (code, out.splitlines()[0]) == (0, "continue: nothing is judged yet.")


def test_closing_needs_a_reason_and_is_said_once(run, store):
    number = opened(store, name="spring")
    assert sentence(run, "close", "spring") == "a campaign is closed with a reason; say why with --reason"
    assert (
        sentence(run, "close", "spring", "--reason", "  ")
        == "a campaign is closed with a reason; say why with --reason"
    )
    assert sentence(run, "close", "spring", "--let-go") == (
        "campaign 1 is open and needs its checkpoints; close it with --reason"
    )
    code, out, _ = run("close", "spring", "--reason", "no  time", "--json")
    assert (code, json.loads(out)) == (0, {"campaign": number, "closed": True, "let_go": []})
    assert store.rows("SELECT reason, closed_by FROM campaign")[0]["reason"] == "no time"
    assert sentence(run, "close", "1", "--reason", "again").startswith("campaign 1 is closed already, since 20")
    assert run("close", "1", "--let-go")[0] == 0


def test_hours_are_the_first_verdicts_times_no_longer_than_the_lease(run, store, judged, grader):
    store.transaction(lambda transaction: transaction.execute(
        "UPDATE verdict SET seconds = if(item = 'q0', 99999, 60), created = if(item = 'q1', $then, created)",
        {"then": datetime(2026, 1, 31, 23, 59, tzinfo=UTC).replace(tzinfo=None)},
    ))  # fmt: skip
    # A change of mind is a row of its own and no more time.
    store.transaction(lambda transaction: transaction.execute(
        "INSERT INTO verdict SELECT * REPLACE (id + 1000 AS id, 5000 AS seconds) FROM verdict WHERE item = 'q2'"
    ))  # fmt: skip
    code, out, _ = run("hours", "spring", "--json")
    january, later = json.loads(out)
    assert code == 0
    assert (january["month"], january["verdicts"], january["seconds"], january["hours"]) == ("2026-01", 1, 60, 1 / 60)
    assert (later["grader"], later["verdicts"], later["seconds"]) == ("=Wang", 11, 25 * 60 + 10 * 60)
    _, out, _ = run("hours", "--csv")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert [row["grader"] for row in rows] == ["'=Wang"] * 2
    assert rows[1]["hours"] == "0.58"
    assert sentence(run, "hours", "--csv", "--json") == "take --csv or --json, not both"
    with pytest.raises(AccessError):
        hours(store, grader)
    assert len(hours(store, LEAD)) == 2


def test_simulated_work_is_not_paid(store, judged):
    store.transaction(lambda transaction: transaction.execute("UPDATE campaign SET simulated = true"))
    assert hours(store, LEAD) == []


def test_an_export_is_told_in_one_document(run, store, judged, tmp_path):
    assert sentence(run, "export", "spring", "--out", tmp_path / "out").startswith("spring is open, and an export")
    run("close", "spring", "--reason", "enough")
    code, out, _ = run("export", "spring", "--out", tmp_path / "out", "--json")
    found = json.loads(out)
    assert (code, found["format"], found["preference"], found["ties_dropped"]) == (0, "trl", 11, 1)
    assert (found["disagreement"], found["label_smoothing"]) == (None, None)
    code, out, _ = run("export", "spring", "--out", tmp_path / "again")
    assert "11 preferences" in out
    assert sentence(run, "export", "spring", "--out", tmp_path / "out").endswith(
        "exists already; name a new folder with --out"
    )


def test_a_plan_is_one_document(capsys):
    with pytest.raises(SystemExit) as ended:
        main(
            ["review", "simulate", "--theta", "0.65", "--pairs", "60", "--graders", "1", "--campaigns", "40", "--json"]
        )
    found = json.loads(capsys.readouterr().out)
    assert ended.value.code == 0
    assert found["simulated"] is True
    assert (found["planned_pairs"], found["campaigns"], found["graders"]) == (60, 40, 1)
    assert found["weeks"]["mean"] == pytest.approx(found["verdicts"]["mean"] / 20)
    assert sum(found["decisions"].values()) == pytest.approx(1)


def test_a_plan_says_from_how_many_pairs_on_good_news_ends_a_campaign(capsys, tmp_path):
    def simulate(*more):
        with pytest.raises(SystemExit):
            main(["review", "simulate", "--theta", "0.9", "--ties", "0", "--campaigns", "20", *more])
        return capsys.readouterr().out

    assert "good news ends none before 59 pairs, so that critical errors are known well enough" in simulate()
    assert json.loads(simulate("--json"))["least_pairs"] == 59
    (tmp_path / "pol.toml").write_text("[review]\ncritical_limit = 1\n")
    assert "good news ends none" not in simulate("--policy", str(tmp_path / "pol.toml"))


def test_one_made_up_campaign_lies_in_a_store_of_its_own(capsys, tmp_path, store):
    def simulate(folder, *more):
        with pytest.raises(SystemExit) as ended:
            main(
                [
                    "review",
                    "simulate",
                    "--theta",
                    "1",
                    "--ties",
                    "0",
                    "--pairs",
                    "12",
                    "--graders",
                    "1",
                    "--store",
                    str(folder),
                    *more,
                ]
            )
        return ended.value.code, *capsys.readouterr()

    code, out, _ = simulate(tmp_path / "made-up", "--json")
    found = json.loads(out)
    assert (code, found["decision"], found["closed"], found["simulated"]) == (0, "superior", True, True)
    assert simulate(store.root)[2] == (
        f"assay: {store.root} holds real runs, and verdicts are made up in demo stores alone; name a new folder\n"
    )
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "notes.txt").write_text("")
    assert simulate(tmp_path / "other")[2] == (
        f"assay: {tmp_path / 'other'} has other files in it; name a new folder with --store\n"
    )
    assert store.rows("SELECT * FROM campaign") == []


def test_a_plan_of_chances_that_cannot_be_is_refused(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["review", "simulate", "--theta", "0.95"])
    printed = capsys.readouterr()
    assert (ended.value.code, printed.out) == (2, "")
    assert printed.err.startswith("assay: θ = 0.95 with 0.2 of ties cannot be;")
