"""`assay probe`: a model's answers, what it lost against its base, and the light."""

import json
import shutil
from types import SimpleNamespace

import pytest

import assay.cli
from evals.choice import ChoiceScore, score_items
from evals.choice_items import ChoiceItem, read_items
from evals.leak import Leak, LeakReport
from evals.suite import choice_suite
from store.database import Store
from trainer import probing
from trainer.asked import earlier, find_asked, load_asked
from trainer.probing import Probe
from trainer.session import start_run

ITEMS = [
    {
        "id": f"q{number}", "lang": "en", "category": "even" if number % 2 == 0 else "odd",
        "question": f"What is {number} plus {number}?",
        "choices": [f"It is {2 * number + shift}." for shift in range(4)], "answer": number % 4,
    }
    for number in range(30)
]  # fmt: skip


@pytest.fixture
def items_file(tmp_path):
    path = tmp_path / "items.jsonl"
    path.write_text("".join(json.dumps(item) + "\n" for item in ITEMS))
    return path


@pytest.fixture
def run(config_for, store):
    """A run whose high rate changes many answers."""
    start_run(config_for(train__method="full", optim__lr=0.1), store)
    return "r"


@pytest.fixture
def call(store, capsys):
    """Calls the command line; its exit status, stdout and stderr."""

    def run(*arguments):
        code = 0
        capsys.readouterr()
        try:
            assay.cli.main(["probe", *map(str, arguments), "--store", str(store.path)])
        except SystemExit as ended:
            code = ended.code
        out, err = capsys.readouterr()
        return code, out, err

    return run


def test_a_checkpoint_is_compared_with_what_its_run_began_with(run, call, items_file, model_folder, store):
    code, out, _ = call(f"{run}@6", "--items", items_file, "--json")
    found = json.loads(out)
    items = read_items(items_file)
    tuned = score_items(*load_asked(find_asked("r@6", store)), items)
    base = score_items(*load_asked(find_asked(str(model_folder), store)), items)
    assert (code, found["n"], found["compared_with"]) == (0, 30, "the start of r@6")
    assert [item["id"] for item in found["items"]] == [item["id"] for item in ITEMS]
    assert [item["lls"] for item in found["items"]] == [pytest.approx(score.lls, abs=1e-4) for score in tuned]
    assert found["acc"] == sum(score.correct for score in tuned) / 30
    assert found["baseline"]["acc"] == sum(score.correct for score in base) / 30
    lost = [one.id for one, other in zip(base, tuned, strict=True) if one.correct and not other.correct]
    assert found["baseline"]["lost_items"] == lost
    assert lost
    assert found["baseline"]["drop"] == pytest.approx(found["baseline"]["acc"] - found["acc"])
    assert {name: part["n"] for name, part in found["categories"].items()} == {"even": 15, "odd": 15}


FRESH = [
    {**ITEMS[number], "question": f"Which of these did Caesar defeat in his campaign number {number}?",
     "choices": ["Pompey the Great", "the Helvetii", "Ariovistus", "Vercingetorix"]}
    for number in range(5)
]  # fmt: skip
COPIED = [
    {"id": f"copy{number}", "lang": "en", "category": "sums", "question": f"What is {number} plus {number}?",
     "choices": [f"It is {2 * number}.", "It is not known."], "answer": 0}
    for number in (11, 12)
]  # fmt: skip


@pytest.fixture
def partly(tmp_path):
    path = tmp_path / "partly.jsonl"
    path.write_text("".join(json.dumps(item) + "\n" for item in [*FRESH, *COPIED]))
    return path


def test_questions_that_stand_in_the_runs_training_data_are_counted_and_left_out(run, call, partly, data_file):
    found = json.loads(call(f"{run}@6", "--items", partly, "--json")[1])
    told = found["leaked"]
    assert (told["status"], told["rows"], told["n"]) == ("leaked", 24, 2)
    assert [item["id"] for item in told["items"]] == ["copy11", "copy12"]
    assert {item["source"] for item in told["items"]} == {str(data_file)}
    clean = [item["correct"] for item in found["items"] if not item["id"].startswith("copy")]
    assert (told["without"]["n"], told["without"]["acc"]) == (5, sum(clean) / 5)
    # What was said before is as it was: of all questions.
    assert (found["n"], found["acc"]) == (7, sum(item["correct"] for item in found["items"]) / 7)
    code, out, err = call(f"{run}@6", "--items", partly)
    assert (code, err) == (0, "")
    assert "2 of 7 questions found in the training data (24 rows)\n" in out
    assert f"without them: {100 * told['without']['acc']:.1f} % of the other 5 right, drop " in out
    assert f"without them it would be {told['without']['light']}: " in out


def test_a_checkpoint_that_is_named_by_its_folder_is_looked_into_and_nothing_is_made(run, store, partly, tmp_path):
    folder = find_asked("r@6", store).folder
    elsewhere = Store.at(tmp_path / "none" / "assay.duckdb")
    found = probing.leaks_in(find_asked(str(folder), elsewhere), choice_suite(partly), elsewhere)
    assert (found.rows, sorted(found.ids)) == (24, ["copy11", "copy12"])
    assert not elsewhere.root.exists()


def test_what_was_trained_on_is_not_always_known(run, call, partly, data_file, model_folder):
    unknown = {"status": "unchecked", "rows": 0, "n": 0, "items": [], "without": None}
    assert json.loads(call(model_folder, "--items", partly, "--json")[1])["leaked"] == unknown
    assert "not checked for leaks: no training data is known\n" in call(model_folder, "--items", partly)[1]
    data_file.unlink()
    code, out, err = call(f"{run}@6", "--items", partly, "--json")
    assert (code, json.loads(out)["leaked"]) == (0, unknown)
    assert err.startswith("not checked for leaks: ")
    assert str(data_file) in err.replace("\n", "")


def test_a_folder_has_no_base_unless_one_is_named(call, items_file, model_folder):
    alone = json.loads(call(model_folder, "--items", items_file, "--json")[1])
    same = json.loads(call(model_folder, "--items", items_file, "--baseline", model_folder, "--json")[1])
    assert alone["baseline"] is None
    assert alone["items"] == same["items"]
    kept = same["baseline"]
    assert (kept["drop"], kept["lost_items"], kept["mid_p"], kept["light"]) == (0.0, [], 1.0, "green")


def test_what_was_found_is_told_in_words(run, call, items_file):
    code, out, _ = call(run, "--items", items_file)
    assert code == 0
    assert out.startswith("r@6: ")
    assert "smallest drop this test could see: " in out
    assert "lost questions (" in out


def test_an_adapter_without_its_base_and_other_wrong_things_are_one_sentence(
    config_for, store, call, items_file, model_folder, tmp_path
):
    moved = shutil.copytree(model_folder, tmp_path / "moved")
    start_run(config_for(model__path=str(moved), train__method="lora"), store)
    double = tmp_path / "double.jsonl"
    double.write_text(json.dumps(ITEMS[0]) + "\n" + json.dumps(ITEMS[0]) + "\n")
    beyond = tmp_path / "beyond.jsonl"
    beyond.write_text(json.dumps({**ITEMS[3], "answer": 4}) + "\n")
    shutil.rmtree(moved)
    said = {
        what: call(asked, "--items", file)
        for what, asked, file in [
            ("base", "r@6", items_file), ("run", "ghost", items_file), ("step", "r@5", items_file),
            ("twice", model_folder, double), ("answer", model_folder, beyond), ("file", model_folder, tmp_path / "no"),
        ]
    }  # fmt: skip
    assert {code for code, _, _ in said.values()} == {2}
    assert {out for _, out, _ in said.values()} == {""}
    assert {what: err.count("\n") for what, (_, _, err) in said.items()} == dict.fromkeys(said, 1)
    assert "which is not there; put it back" in said["base"][2]
    assert "no run ghost" in said["run"][2]
    assert "no sealed checkpoint at step 5; there are: 3, 6" in said["step"][2]
    assert "q0" in said["twice"][2]
    assert "answer must be the place of a choice, 0 to 3, and is 4" in said["answer"][2]


def test_the_checkpoint_before_is_the_one_of_the_same_path(run, store):
    last = find_asked("r@6", store)
    before = earlier(last)
    assert before.name == "r@3"
    assert earlier(before) is None


@pytest.fixture
def scripted(monkeypatch):
    """Models that fail the questions they are told to; what each was asked is kept."""
    asked = {}

    def prepare(**wrong):
        def score(model, _tokenizer, items, **_):
            asked.setdefault(model, []).extend(item.id for item in items)
            return [ChoiceScore(item.id, [0.0, 0.0], 0, 0, int(item.id) not in wrong[model], True) for item in items]

        monkeypatch.setattr(probing, "require_base", lambda _: None)
        monkeypatch.setattr(probing, "load_asked", lambda model: (model.name, None))
        monkeypatch.setattr(probing, "score_items", score)
        monkeypatch.setattr(probing, "earlier", lambda _: SimpleNamespace(name="before") if "before" in wrong else None)
        return asked

    return prepare


def questions(count):
    return [ChoiceItem(str(number), "en", "", "?", ("a", "b"), 0) for number in range(count)]


def probed(count, size=None, leaks=None):
    models = (SimpleNamespace(name="now"), SimpleNamespace(name="base"))
    return probing.probe(*models, Probe(questions(count), size=size, leaks=leaks), lambda *_: None)


def leaked(count, ids):
    found = tuple(Leak(str(number), 0.9, "/data/sums.jsonl", number) for number in ids)
    return LeakReport(count, 50, found, "leaked" if found else "clean")


def test_what_was_lost_is_told_without_leaked_questions_too(scripted):
    asked = scripted(base=set(), now=set(range(9)), before=set(range(8)))
    found = probed(1000, leaks=leaked(1000, range(7)))
    assert (found.light.colour, found.leaked) == ("red", [str(number) for number in range(7)])
    told = found.as_dict()["leaked"]
    assert (told["status"], told["rows"], told["n"]) == ("leaked", 50, 7)
    assert told["items"][0] == {"id": "0", "coverage": 0.9, "source": "/data/sums.jsonl", "row": 0}
    without = told["without"]
    # Two of 993 are lost without them: one in four of those that changed by chance alone, half of it.
    assert (without["n"], without["acc"], without["drop"], without["mid_p"]) == (993, 991 / 993, 2 / 993, 0.125)
    assert without["light"] == "green"
    # The checkpoint before decided of all questions, and is not asked again.
    assert len(asked["before"]) == 1000


def test_leaked_questions_that_were_not_asked_do_not_count(scripted):
    scripted(base=set(), now={0})
    few = [item.id for item in probing.subset(questions(600), 100)]
    others = [number for number in range(600) if str(number) not in few]
    found = probed(600, size=100, leaks=leaked(600, others))
    assert found.as_dict()["leaked"] == {"status": "clean", "rows": 50, "n": 0, "items": [], "without": None}


def test_nothing_is_left_where_every_question_is_leaked(scripted):
    scripted(base=set(), now={0})
    found = probed(10, leaks=leaked(10, range(10)))
    assert (found.without, found.as_dict()["leaked"]["n"]) == (None, 10)


def test_a_subset_is_deepened_while_it_is_yellow_and_asks_nothing_twice(scripted):
    few = {item.id for item in probing.subset(questions(600), 100)}
    asked = scripted(base=set(), now=set(map(int, sorted(few)[:5])))
    found = probed(600, size=100)
    assert [len(asked[name]) for name in ("now", "base")] == [len(found.items)] * 2
    assert len(set(asked["now"])) == len(found.items) == 600
    assert found.light.colour == "yellow"


def test_a_clear_light_needs_no_more_questions(scripted):
    scripted(base=set(), now={0})
    assert len(probed(600, size=100).items) == 100


@pytest.mark.parametrize(("before", "colour"), [(set(range(8)), "red"), ({0}, "yellow"), (None, "yellow")])
def test_two_checkpoints_in_a_row_are_red_and_one_alone_is_not(scripted, before, colour):
    wrong = {"base": set(), "now": set(range(9))} | ({} if before is None else {"before": before})
    scripted(**wrong)
    assert probed(1000).light.colour == colour


def test_names_that_look_like_markup_are_shown_as_they_are(run, call, tmp_path):
    path = tmp_path / "odd.jsonl"
    odd = [{**item, "category": "[/x]" if number % 2 else "[bold]z"} for number, item in enumerate(ITEMS)]
    path.write_text("".join(json.dumps(item) + "\n" for item in odd))
    code, out, err = call(f"{run}@6", "--items", path)
    assert (code, err) == (0, "")
    assert "[/x]" in out
    assert "[bold]z" in out


def test_a_base_is_asked_once(run, call, items_file, monkeypatch, store):
    first = json.loads(call(f"{run}@6", "--items", items_file, "--json")[1])
    asked = []
    monkeypatch.setattr(probing, "load_asked", lambda model: asked.append(model.name) or load_asked(model))
    assert json.loads(call(f"{run}@6", "--items", items_file, "--json")[1]) == first
    assert asked == [f"{run}@6"]
    assert list((store.root / ".evals").glob("*.json"))
